"""Values that came back from the sandbox, and how they are held against what was expected.

They are compared out here, where no answer can say what equal means.
"""

import ast
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

RELATIVE, ABSOLUTE = 1e-9, 1e-12


@dataclass(frozen=True)
class Other:
    """A value that is equal to no literal, by its type and its text."""

    kind: str
    text: str

    def __repr__(self) -> str:
        return self.text


def decoded(tagged: Any) -> Any:
    """The value that `driver.encoded` wrote; `ValueError` for anything else."""
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


def parsed(expected: str) -> Any:
    """What a column says: JSON, else a Python literal, else the text itself."""
    for reading in (json.loads, ast.literal_eval):
        try:
            return reading(expected.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return expected


def same(expected: Any, got: Any) -> bool:
    """Whether a value is the expected one, which was written down: numbers to 9 digits, lists and tuples alike."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, float | int) and isinstance(got, float | int | Fraction):
        if expected == got or (isinstance(expected, int) and isinstance(got, int)):
            return expected == got
        try:
            return math.isclose(expected, got, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
        except OverflowError:
            return False
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        return len(expected) == len(got) and all(map(same, expected, got))
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return expected.keys() == got.keys() and all(same(value, got[key]) for key, value in expected.items())
    return bool(expected == got)
