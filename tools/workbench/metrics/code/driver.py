"""What runs inside the sandbox: it executes an answer and one test after the other, and tells of each.

Only its text is used here: the sandbox runs it as a program. The job comes on stdin as JSON, and each result goes to
descriptor 3 as a line of JSON, so that those before a test that never ends are known. The token in each line is not
known to an answer that writes there by itself, unless it searches the memory of its process for it.
"""

import ast
import io
import json
import linecache
import os
import sys
import traceback
import types
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

ANSWER, TESTS = "answer.py", "tests.py"
LONGEST_SHOWN = 300


def encoded(value: Any) -> Any:
    """A value as tagged JSON, by what it is equal to: a named tuple is a tuple here, a NumPy scalar its number.

    What is equal to no literal is told by its name and its text.
    """
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
            return [name, *map(encoded, value)]
    if isinstance(value, dict):
        return ["dict", *([encoded(key), encoded(one)] for key, one in value.items())]
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


def result(step: Mapping[str, str], names: dict[str, Any]) -> dict[str, Any]:
    """What came of one step: a value, that it passed, the two sides of a comparison that does not hold, or an error."""
    try:
        if step["do"] == "value":
            return {"value": encoded(eval(compile(step["code"], TESTS, "eval"), names))}
        exec(compile(step["code"], TESTS, "exec"), names)
        return {"passed": True}
    except AssertionError as error:
        found = told(error)
        # An assertion of the answer itself is an error like any other.
        return found if step["do"] == "run" or "line" in found else {"failed": True, **sides(step["code"], names)}
    except BaseException as error:
        return told(error)


def sides(code: str, names: dict[str, Any]) -> dict[str, Any]:
    """The values on both sides of the assertion, where it is one comparison."""
    test = ast.parse(code).body[0]
    if not (isinstance(test, ast.Assert) and isinstance(test.test, ast.Compare) and len(test.test.ops) == 1):
        return {}
    try:
        left, right = (
            shown(eval(compile(ast.Expression(side), TESTS, "eval"), names))
            for side in (test.test.left, test.test.comparators[0])
        )
        return {"left": left, "right": right}
    except BaseException:
        return {}


def main() -> None:
    """Reads the job, executes the answer, then the tests, each of which is told at once."""
    job = json.load(sys.stdin)
    sys.stdin = io.StringIO()

    def tell(number: int, found: dict[str, Any]) -> None:
        os.write(3, json.dumps({**found, "number": number, "token": job["token"]}).encode() + b"\n")

    module = types.ModuleType("answer")
    sys.modules["answer"] = module
    names = module.__dict__
    linecache.cache[ANSWER] = (len(job["answer"]), None, job["answer"].splitlines(keepends=True), ANSWER)
    try:
        exec(compile(job["setup"], "setup.py", "exec", dont_inherit=True), names)
        exec(compile(job["answer"], ANSWER, "exec", dont_inherit=True), names)
    except BaseException as error:
        tell(-1, told(error))
        return
    tell(-1, {"passed": True})
    for number, step in enumerate(job["steps"]):
        tell(number, result(step, names))


if __name__ == "__main__":
    main()
