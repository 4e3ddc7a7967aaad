"""An edit of a text, as a model is shown it."""

import difflib


def edit_lines(before: str, after: str) -> str:
    """The changed lines only, removed ones behind `-`, added ones behind `+`."""
    delta = difflib.ndiff(before.splitlines(), after.splitlines())
    return "\n".join(line[0] + line[2:] for line in delta if line[0] in "+-") or "(no change)"
