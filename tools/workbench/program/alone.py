"""Programs that are one text which runs by itself, without a model and without code of the person's own.

A regular expression is matched against the row's input: the answer is `yes` or `no`, or what a group captured. A
function gets the row's inputs, one after another, and its value is the answer; a script reads them and prints it.
"""

import ast
import json
from collections.abc import Awaitable, Callable, Sequence

from toishi.tools.workbench.errors import SandboxUnavailable, TaskError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.program.program import Call
from toishi.tools.workbench.sandbox import available
from toishi.tools.workbench.texts import parted

TIMES = 5
"""How often a function is timed on a row."""

YES, NO = "yes", "no"

Run = Callable[[Example, Call], Awaitable[str]]


def alone_run(module: str, kind: str, seed: str, inputs: Sequence[str]) -> Run:
    """How the text of a module runs on one example; `seed` is the text that the person has, `inputs` the columns.

    Raises `TaskError` for a regular expression with more than one input, and `SandboxUnavailable` where it cannot be
    confined.
    """
    missing = available("pure")
    if missing is not None:
        raise SandboxUnavailable(f"program.modules.{module} cannot run here: {missing}")
    name, detail = parted(kind)
    if name == "regex":
        if len(inputs) != 1:
            raise TaskError(
                f"a regular expression looks at one input, not {', '.join(inputs)}; name one in data.inputs"
            )
        return _matching(module, detail)
    return _calling(module, detail, texts_of(seed, detail)) if detail else _scripting(module)


def _matching(module: str, group: str) -> Run:
    async def run(example: Example, call: Call) -> str:
        (text,) = example.inputs.values()
        matches = await call.regex(module, text)
        if not group:
            return YES if matches else NO
        return matches[0].group(group) if matches else ""

    return run


def _calling(module: str, function: str, texts: Sequence[int]) -> Run:
    async def run(example: Example, call: Call) -> str:
        given = [value if place in texts else _read(value) for place, value in enumerate(example.inputs.values())]
        ran = await call.python(module, function, arguments=given, times=TIMES)
        return ran.text

    return run


def _scripting(module: str) -> Run:
    async def run(example: Example, call: Call) -> str:
        inputs = dict(example.inputs)
        stdin = next(iter(inputs.values())) if len(inputs) == 1 else json.dumps(inputs, ensure_ascii=False)
        ran = await call.python(module, stdin=stdin)
        return ran.printed.rstrip()

    return run


def texts_of(source: str, function: str) -> list[int]:
    """The places of the parameters that are annotated as `str`: their inputs stay text, whatever they look like."""
    found = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and node.name == function
    ]
    parameters = [*found[-1].args.posonlyargs, *found[-1].args.args] if found else []
    return [
        place
        for place, parameter in enumerate(parameters)
        if isinstance(parameter.annotation, ast.Name) and parameter.annotation.id == "str"
    ]


def _read(value: str) -> object:
    """An input that is JSON as what it says, any other as text."""
    try:
        found: object = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found
