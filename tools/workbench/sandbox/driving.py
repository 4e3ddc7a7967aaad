"""Drivers: programs of ours that run other code inside the sandbox, and tell of it on the value descriptor.

A driver reads its job from stdin as JSON, and tells each result at once as a line of JSON, so that those before an end
by force are known. What it says of values comes back as tagged JSON and is never unpickled.
"""

import json
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from toishi.tools.workbench.sandbox import inside

OWN = "from toishi."


@cache
def driver_text(driver: Path) -> str:
    """What the sandbox runs: the driver's text behind what drivers share, which cannot be imported there."""
    texts = [Path(inside.__file__).read_text(encoding="utf-8"), driver.read_text(encoding="utf-8")]
    return "\n".join(line for text in texts for line in text.splitlines() if not line.startswith(OWN)) + "\n"


def told_lines(value: bytes, token: str) -> dict[int, dict[str, Any]]:
    """The lines that know the token, by the number of the step."""
    found: dict[int, dict[str, Any]] = {}
    for line in value.splitlines():
        try:
            result = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(result, dict) and result.get("token") == token and isinstance(result.get("number"), int):
            found.setdefault(result["number"], result)
    return found


@dataclass(frozen=True)
class Other:
    """A value that is equal to no literal, by its type and its text."""

    kind: str
    text: str

    def __repr__(self) -> str:
        return self.text


def decoded(tagged: Any) -> Any:
    """The value that `inside.encoded` wrote; `ValueError` for anything else."""
    if tagged is None or isinstance(tagged, bool):
        return tagged
    match tagged:
        case ["int", str(text)]:
            return int(text, 16)
        case ["float", str(text)]:
            return float.fromhex(text)
        case ["complex", str(real), str(imaginary)]:
            return complex(float.fromhex(real), float.fromhex(imaginary))
        case ["str", str(text)]:
            return text
        case ["bytes", str(text)]:
            return bytes.fromhex(text)
        case ["ratio", str(numerator), str(denominator)]:
            return Fraction(int(numerator, 16), int(denominator, 16))
        case ["tuple", *items]:
            return tuple(map(decoded, items))
        case ["list", *items]:
            return list(map(decoded, items))
        case ["set", *items]:
            return set(map(decoded, items))
        case ["dict", *pairs]:
            return {decoded(key): decoded(value) for key, value in pairs}
        case ["other", str(kind), str(text)]:
            return Other(kind, text)
    raise ValueError(f"{tagged!r} is no value")
