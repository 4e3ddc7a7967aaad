"""Shows enough of a personal value to recognise it, and too little to use it."""

import re

DOT = "•"


def masked(value: str) -> str:
    """Of every word its first letter stays, of every run of digits at most the last two at the value's end.

    What stands between them stays, so that the form can be seen: `a•••@e••••••.o••`, `+49 ••• ••••42`.
    """
    words = re.sub(r"[^\W\d_]+", lambda word: word[0][0] + DOT * (len(word[0]) - 1), value.strip())
    digits = len(re.findall(r"\d", words))
    kept = 2 if digits >= 6 else 0
    position = 0

    def dotted(_: re.Match[str]) -> str:
        nonlocal position
        position += 1
        return _[0] if position > digits - kept else DOT

    return " ".join(re.sub(r"\d", dotted, words).split())
