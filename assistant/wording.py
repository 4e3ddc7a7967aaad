"""How numbers read on every screen: one place, so that the same figure never reads in two ways."""

UNKNOWN = "unknown"


def score(value: float | None) -> str:
    """A score with three digits after the point."""
    return "–" if value is None else f"{value:.3f}"


def signed(value: float) -> str:
    """A difference of scores, with its sign."""
    return f"{value:+.3f}"


def interval(bounds: tuple[float, float]) -> str:
    """A 95 % interval of a difference."""
    return f"[{bounds[0]:+.3f}, {bounds[1]:+.3f}]"


def p_value(value: float) -> str:
    """A p-value; below a thousandth only that is said."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def money(dollars: float | None) -> str:
    """US dollars; an unknown price stays unknown."""
    if dollars is None:
        return UNKNOWN
    return f"${dollars:.2f}" if dollars == 0 or dollars >= 0.01 else f"${dollars:.4f}"


def count(number: int) -> str:
    """A whole number with thousands apart."""
    return f"{number:,}"


def duration(seconds: float | None) -> str:
    """Minutes and seconds, with hours where there are any."""
    if seconds is None:
        return UNKNOWN
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def shorten(text: str, width: int) -> str:
    """The text on one line of at most `width` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1].rstrip() + "…"


def ending(text: str, width: int) -> str:
    """The end of the text, where an answer stands, on one line of at most `width` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else "…" + flat[1 - width :].lstrip()


def plural(number: int, noun: str) -> str:
    """`1 candidate`, `2 candidates`."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def spent(rollouts: int, tokens: int, cost: float | None) -> str:
    """Rollouts, tokens and money in one line; an unknown price stays unknown."""
    dollars = "cost unknown" if cost is None else money(cost)
    return f"{plural(rollouts, 'rollout')}, {count(tokens)} tokens, {dollars}"
