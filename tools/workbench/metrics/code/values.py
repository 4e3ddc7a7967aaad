"""Values that came back from the sandbox, and how they are held against what was expected.

They are compared out here, where no answer can say what equal means.
"""

import ast
import json
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

RELATIVE, ABSOLUTE = 1e-9, 1e-12


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
