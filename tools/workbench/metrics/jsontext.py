"""JSON as models write it: alone, in a fence, or among words."""

import json
import re
from typing import Any

FENCE = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL)
OPENING = re.compile(r"[{\[]")
# Places where a value may begin, each tried in turn; an answer with more opening brackets is none in JSON.
MOST_TRIED = 200


class NotJson(ValueError):
    """The sentence goes on from `the answer`."""


def parse(text: str) -> Any:
    """The value of a text that is JSON and nothing else. Raises `NotJson`: `is not valid JSON (…)`."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        near = text[max(0, error.pos - 20) : error.pos + 20].replace("\n", " ")
        at = f'line {error.lineno}, near "{near}"' if near.strip() else f"line {error.lineno}"
        raise NotJson(f"is not valid JSON ({error.msg[:1].lower()}{error.msg[1:]}, {at})") from None
    except (ValueError, RecursionError) as error:
        raise NotJson(f"is not valid JSON ({_told(error)})") from None


def find(text: str) -> Any:
    """The value that an answer gives: the whole of it, else what stands in its last fence, else its longest value.

    Among words only objects and lists count. Raises `NotJson` where there is none.
    """
    try:
        return parse(text)
    except NotJson as error:
        first = error
    fences: list[str] = FENCE.findall(text)
    for body in reversed(fences):
        try:
            return parse(body)
        except NotJson as error:
            first = error
    found = _longest(text)
    if found is not None:
        return found[0]
    raise first if OPENING.search(text) or fences else NotJson("holds no JSON")


def _longest(text: str) -> tuple[Any] | None:
    """The longest object or list in a text, None where there is none."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    best: tuple[int, Any] | None = None
    place, tried = 0, 0
    while (match := OPENING.search(text, place)) is not None and tried < MOST_TRIED:
        tried += 1
        try:
            value, place = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            place = match.start() + 1
            continue
        if best is None or place - match.start() > best[0]:
            best = (place - match.start(), value)
    return None if best is None else (best[1],)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _told(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
