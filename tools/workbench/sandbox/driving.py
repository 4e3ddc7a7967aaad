"""Drivers: programs of ours that run other code inside the sandbox, and tell of it on the value descriptor.

A driver reads its job from stdin as JSON, and tells each result at once as a line of JSON, so that those before an end
by force are known. What it says of values comes back as tagged JSON and is never unpickled.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

from toishi.tools.workbench.sandbox import inside

OWN = "from toishi."
MOST_ALIKE = 100
# In hexadecimal digits: Python writes no number of more than 4300 decimal ones.
LONGEST_NUMBER = 3570


@cache
def driver_text(driver: Path) -> str:
    """What the sandbox runs: the driver's text behind what drivers share, which cannot be imported there."""
    texts = [Path(inside.__file__).read_text(encoding="utf-8"), driver.read_text(encoding="utf-8")]
    return "\n".join(line for text in texts for line in text.splitlines() if not line.startswith(OWN)) + "\n"


def told_lines(value: bytes, token: str) -> dict[int, dict[str, Any]]:
    """The lines that know the token, by the number of the step. The others, however many, are not looked at."""
    found: dict[int, dict[str, Any]] = {}
    for line in _lines_with(token.encode(), value):
        try:
            result = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(result, dict) and result.get("token") == token and isinstance(result.get("number"), int):
            found.setdefault(result["number"], result)
    return found


def _lines_with(needle: bytes, text: bytes) -> Iterator[bytes]:
    end, at = 0, text.find(needle)
    while at >= 0:
        begin = max(end, text.rfind(b"\n", end, at) + 1)
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        yield text[begin:end]
        at = text.find(needle, end)


@dataclass(frozen=True)
class Other:
    """A value that is equal to no literal, by its type and its text."""

    kind: str
    text: str

    def __repr__(self) -> str:
        return self.text


def decoded(tagged: Any, depth: int = 0) -> Any:
    """The value that `inside.encoded` wrote; `ValueError` for anything else, and for what is made to be a burden.

    That is what is nested so deep that its text could not be made, and keys that nothing tells apart but their
    comparison: a set of them would take for ever. A number with more digits than Python writes is told by its length.
    """
    if tagged is None or isinstance(tagged, bool):
        return tagged
    if depth > inside.DEEPEST:
        raise ValueError(f"it is nested deeper than {inside.DEEPEST} levels")
    inner = partial(decoded, depth=depth + 1)
    match tagged:
        case ["int", str(text)]:
            return int(text, 16) if len(text) <= LONGEST_NUMBER else _long("int", text)
        case ["float", str(text)]:
            return float.fromhex(text)
        case ["complex", str(real), str(imaginary)]:
            return complex(float.fromhex(real), float.fromhex(imaginary))
        case ["str", str(text)]:
            return text
        case ["bytes", str(text)]:
            return bytes.fromhex(text)
        case ["ratio", str(numerator), str(denominator)]:
            longest = max(numerator, denominator, key=len)
            if len(longest) > LONGEST_NUMBER:
                return _long("Fraction", longest)
            return Fraction(int(numerator, 16), int(denominator, 16))
        case ["tuple", *items]:
            return tuple(map(inner, items))
        case ["list", *items]:
            return list(map(inner, items))
        case ["set", *items]:
            return set(_told_apart(list(map(inner, items))))
        case ["dict", *pairs]:
            keys = _told_apart([inner(key) for key, _ in pairs])
            return dict(zip(keys, (inner(value) for _, value in pairs), strict=True))
        case ["other", str(kind), str(text)]:
            return Other(kind, text)
    raise ValueError("it is no value")


def _long(kind: str, digits: str) -> Other:
    return Other(kind, f"<{kind} of {4 * len(digits)} bits>")


def _told_apart(keys: list[Any]) -> list[Any]:
    """The keys, where no more than a few of them have the same hash; that of numbers is easily foreseen."""
    alike = max((len(list(same)) for _, same in groupby(sorted(map(hash, keys)))), default=0)
    if alike > MOST_ALIKE:
        raise ValueError(f"{alike} of its keys have the same hash")
    return keys
