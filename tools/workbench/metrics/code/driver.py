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
import types
from collections.abc import Mapping
from typing import Any

from toishi.tools.workbench.sandbox.inside import ANSWER, encoded, shown, told

TESTS = "tests.py"


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
