"""What drivers inside the sandbox share: how they tell of values and errors. See `driving`.

Only its text is used, in front of a driver's own, so it imports nothing but the standard library.
"""

import traceback
from decimal import Decimal
from fractions import Fraction
from typing import Any

ANSWER = "answer.py"
"""What the code that is driven is called in tracebacks."""

LONGEST_SHOWN = 300
DEEPEST = 200


def encoded(value: Any, depth: int = 0) -> Any:
    """A value as tagged JSON, by what it is equal to: a named tuple is a tuple here, a NumPy scalar its number.

    What is equal to no literal is told by its name and its text. Raises `RecursionError` for what is nested deeper than
    `DEEPEST` levels.
    """
    if depth > DEEPEST:
        raise RecursionError(f"it is nested deeper than {DEEPEST} levels")
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return ["int", format(int(value), "x")]
    if isinstance(value, float):
        return ["float", float.hex(value)]
    if isinstance(value, complex):
        return ["complex", value.real.hex(), value.imag.hex()]
    if isinstance(value, str):
        return ["str", str.__str__(value)]
    if isinstance(value, bytes):
        return ["bytes", bytes.hex(value)]
    if isinstance(value, Decimal | Fraction):
        return ["ratio", *(format(part, "x") for part in value.as_integer_ratio())]
    for kind, name in ((tuple, "tuple"), (list, "list"), ((set, frozenset), "set")):
        if isinstance(value, kind):
            return [name, *(encoded(one, depth + 1) for one in value)]
    if isinstance(value, dict):
        return ["dict", *([encoded(key, depth + 1), encoded(one, depth + 1)] for key, one in value.items())]
    return ["other", type(value).__name__, shown(value)]


def shown(value: Any) -> str:
    """The value's text, cut off where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def told(error: BaseException) -> dict[str, Any]:
    """The error's last line, and the line of the answer where it happened."""
    last = traceback.format_exception_only(type(error), error)[-1].strip()
    found: dict[str, Any] = {"error": last if len(last) <= LONGEST_SHOWN else last[:LONGEST_SHOWN] + "…"}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == ANSWER]
    if isinstance(error, SyntaxError) and error.filename == ANSWER:
        return {**found, "line": error.lineno, "code": (error.text or "").strip()}
    return {**found, "line": frames[-1].lineno, "code": frames[-1].line} if frames else found
