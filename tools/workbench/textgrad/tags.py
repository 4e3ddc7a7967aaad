"""The text in a reply: what stands between its tags, with tolerance for what models write around them.

A text may be code, so that it may hold code fences, and the tags themselves inside a string. What cannot be told apart
for sure is refused: a wrong text would cost rollouts, a refused reply costs one call.
"""

import re

OPENING, CLOSING = "<instruction>", "</instruction>"

_OPEN, _CLOSE = r"<[ \t]*instruction[ \t]*>", r"<[ \t]*/[ \t]*instruction[ \t]*>"
TAG = re.compile(rf"(?P<open>{_OPEN})|(?P<close>{_CLOSE})", re.IGNORECASE)
# From the surest way of telling the tags from their mentions to the least sure one.
ALONE = re.compile(rf"^[ \t]*(?P<open>{_OPEN})[ \t]*$|^[ \t]*(?P<close>{_CLOSE})[ \t]*$", re.IGNORECASE | re.MULTILINE)
AT_EDGES = re.compile(rf"^[ \t]*(?P<open>{_OPEN})|(?P<close>{_CLOSE})[ \t]*$", re.IGNORECASE | re.MULTILINE)
FENCED = re.compile(r"(?P<fence>`{3,}|~{3,})[^\n`]*\n(?P<text>.*?)\n?[ \t]*(?P=fence)[ \t]*", re.DOTALL)
FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})", re.MULTILINE)


class ReflectionRejected(ValueError):
    """The reply cannot be used as a text; the message says why, in one sentence."""


def text_in(reply: str) -> str:
    """The text between the tags of a reply, without the line breaks next to them and a code fence around all of it.

    Tags on lines of their own count before others, and of several pairs of those the last, since a model may show the
    old text first. A reply without tags that is nothing but one fenced block is that block. Raises
    `ReflectionRejected` where there is no text, or more than one that may be meant.
    """
    if TAG.search(reply) is None and FENCED.fullmatch(reply.strip()) is not None:
        return _without_fence(reply)
    for pattern, several in ((ALONE, True), (AT_EDGES, True), (TAG, False)):
        tags = list(pattern.finditer(reply))
        pairs = list(zip(tags[::2], tags[1::2], strict=False))
        if not pairs or len(tags) % 2 or not all(one["open"] and other["close"] for one, other in pairs):
            continue
        if len(pairs) > 1 and not several:
            break
        opening, closing = pairs[-1]
        text = reply[opening.end() : closing.start()]
        if _ends_inside(text):
            break
        return _without_fence(text)
    raise ReflectionRejected(_problem(reply))


def _ends_inside(text: str) -> bool:
    """Whether a closing tag inside may be the end of the text, and not a part of it as in a string of code."""
    closing = [tag for tag in TAG.finditer(text) if tag["close"]]
    return any(
        not text[tag.end() :].partition("\n")[0].strip() or TAG.match(text[tag.end() :].lstrip()) for tag in closing
    )


def _without_fence(text: str) -> str:
    """Without a fence around the whole; a text that begins and ends with blocks of its own stays as it is."""
    block = FENCED.fullmatch(text.strip())
    inner = text if block is None or FENCE.search(block["text"]) else block["text"]
    return inner.strip("\r\n")


def _problem(reply: str) -> str:
    """Why a reply has no text that is meant for sure."""
    counts = {
        OPENING: sum(bool(tag["open"]) for tag in TAG.finditer(reply)),
        CLOSING: sum(bool(tag["close"]) for tag in TAG.finditer(reply)),
    }
    for tag, count in counts.items():
        if count != 1:
            return f"the reply must hold {tag} exactly once, and holds it {count} times"
    return f"the reply holds {CLOSING} before {OPENING}"
