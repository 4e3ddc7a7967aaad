"""How a text falls into words, sentences and lines, for those who count them."""

import re

WORD = re.compile(r"\w+")
# With what joins their parts: well-known, U.S., AT&T, O'Keefe.
JOINED = re.compile(r"\w+(?:[-.&/'’]\w+)*")

SENTENCE_END = re.compile(r"""[.!?。！？।…]+["'”’)\]*_]*(?=\s|$)|[。！？।]""")
OPENING = "\"'“‘([*_#-–—•> \t\n"
TITLES = "mr mrs ms dr prof st sr jr rev gen col capt lt sgt hon messrs mt vs etc fig vol ed dept univ inc ltd co corp"
ABBREVIATED = frozenset(f"{TITLES} e.g i.e cf al approx no nos p pp a.m p.m u.s u.k u.n ph.d b.c a.d".split())
# Those that often end a sentence too; only a capital letter behind them tells.
CLOSING = frozenset(
    {"etc", "inc", "ltd", "co", "corp", "jr", "sr", "a.m", "p.m", "u.s", "u.k", "u.n", "ph.d", "b.c", "a.d", "al"}
)

# How far around a full stop one looks, in characters.
NEAR = 100


def words(text: str) -> list[str]:
    """Runs of letters, digits and underscores."""
    return WORD.findall(text)


def sentences(text: str) -> list[str]:
    """Passages that end with a full stop, a question mark or an exclamation mark, and the rest that has none.

    A full stop behind an abbreviation, an initial or the number of a list's item ends none, nor does one that a small
    letter follows.
    """
    found, start = [], 0
    for match in SENTENCE_END.finditer(text):
        if _ends(text, start, match):
            found.append(text[start : match.end()])
            start = match.end()
    found.append(text[start:])
    return [passage.strip() for passage in found if WORD.search(passage)]


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    after = text[match.end() : match.end() + NEAR].lstrip(OPENING)
    if not after:
        return True
    if after[0].islower() and match.group()[0] in ".…":
        return False
    if match.group()[0] != "." or len(match.group().rstrip("\"'”’)]*_")) > 1:
        return True
    before = text[max(start, match.start() - NEAR) : match.start()].split()
    last = before[-1].lstrip(OPENING) if before else ""
    if len(before) <= 1 and (last.isdigit() or len(last) == 1):
        return False
    if last.lower() in ABBREVIATED:
        return last.lower() in CLOSING and after[0].isupper()
    return not (len(last) == 1 and last.isupper() and last != "I")


def lines(text: str) -> list[str]:
    """Lines that hold something."""
    return [line for line in text.splitlines() if line.strip()]
