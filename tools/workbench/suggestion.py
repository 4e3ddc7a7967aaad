"""What a person probably meant by a word that is not known."""

import difflib
from collections.abc import Collection


def did_you_mean(word: str, known: Collection[str]) -> str:
    """The end of a sentence about an unknown word: the nearest known one, or up to 12 where none is near."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    if not known:
        return "there are none"
    shown = ", ".join(f"'{name}'" for name in list(known)[:12])
    return f"known are {shown}" + (f" and {len(known) - 12} more" if len(known) > 12 else "")
