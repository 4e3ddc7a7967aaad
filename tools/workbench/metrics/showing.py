"""How feedback shows texts: whole where they are short, else the part that matters."""

from collections.abc import Sequence

LONGEST_SHOWN = 200
LEAD_SHOWN = 40


def quoted(text: str, longest: int = LONGEST_SHOWN) -> str:
    """The text in quotes, its end cut off where it is long."""
    text = text.strip()
    return f'"{text}"' if len(text) <= longest else f'"{text[:longest]}…"'


def listed(texts: Sequence[str], most: int = 8) -> str:
    """Texts in quotes behind one another, the first few of many."""
    shown = ", ".join(quoted(text, 60) for text in texts[:most])
    return shown + (f" and {len(texts) - most} more" if len(texts) > most else "")


def mismatch(expected: str, got: str) -> str:
    """`expected "…", got "…"`; of long texts the part where they begin to differ."""
    expected, got = expected.strip(), got.strip()
    if not got:
        return f"expected {quoted(expected)}, but the answer is empty"
    if max(len(expected), len(got)) <= LONGEST_SHOWN:
        return f"expected {quoted(expected)}, got {quoted(got)}"
    same = _alike(expected, got)
    if same <= LEAD_SHOWN:
        return f"expected {quoted(expected)}, got {quoted(got)}"
    start = same - LEAD_SHOWN
    return (
        f"the first {same} characters are as expected; from there on, "
        f"expected {_from(expected, start)}, got {_from(got, start)}"
    )


def _from(text: str, start: int) -> str:
    end = start + LONGEST_SHOWN
    return f'"…{text[start:end]}{"…" if len(text) > end else ""}"'


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))
