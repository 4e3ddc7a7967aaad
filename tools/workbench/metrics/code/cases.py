"""The tests of a row: what is executed in the sandbox, and what is expected of it.

Where the expected value is a literal, it stays outside: the sandbox only says what the code gave. Other assertions are
decided inside, in the process of the code that they judge, and so are as honest as that code.
"""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.answers import column
from toishi.tools.workbench.metrics.code.values import parsed
from toishi.tools.workbench.metrics.showing import LONGEST_SHOWN
from toishi.tools.workbench.task.kinds.code import CodeKind

CHECK = "check"


@dataclass(frozen=True)
class Step:
    """One piece of code beside the answer. `do`: `value` of an expression, `check` of assertions, or `run`.

    `equal` says how a value is held against `expected`; `same` is `values.same`. `run` is no test, it makes others
    possible.
    """

    do: str
    code: str
    shown: str
    expected: Any = None
    equal: Literal["==", "is", "same"] = "=="

    @property
    def is_test(self) -> bool:
        """Whether it counts."""
        return self.do != "run"


@dataclass(frozen=True)
class Printing:
    """A program that is given `stdin` and should print `expected`."""

    stdin: str
    expected: str


@dataclass(frozen=True)
class Cases:
    """The tests of a row: either steps behind one answer, or programs one by one."""

    function: str | None = None
    setup: str = ""
    steps: tuple[Step, ...] = ()
    printings: tuple[Printing, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.printings) + sum(step.is_test for step in self.steps)


def cases_of(section: CodeKind, example: Example) -> Cases:
    """The tests of a row; raises `ValueError`, with a sentence that goes on from the row's name, where it has none."""
    name = section.function
    if section.function_column is not None:
        name = column(example, section.function_column).strip()
        if not name.isidentifier():
            raise ValueError(f"its column '{section.function_column}' holds '{name}', which is no name of a function")
    setup = column(example, section.setup) if section.setup is not None else ""
    if section.tests is not None:
        steps, printings = _tests(column(example, section.tests), section.tests, name)
    elif name is not None:
        steps, printings = [_call(name, _arguments(section, example), parsed(example.expected))], []
    else:
        stdin = column(example, section.stdin) if section.stdin is not None else ""
        steps, printings = [], [Printing(stdin, example.expected)]
    return Cases(name, setup, tuple(steps), tuple(printings))


def _arguments(section: CodeKind, example: Example) -> Any:
    if section.arguments is None:
        return dict(example.inputs)
    text = column(example, section.arguments)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list | dict):
        raise ValueError(f"its column '{section.arguments}' holds '{text[:80]}', which is no JSON list or object")
    return found


def _call(function: str, arguments: Any, expected: Any) -> Step:
    """A list holds arguments by position, an object by name, and anything else is the only argument."""
    if isinstance(arguments, Mapping):
        given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    else:
        given = ", ".join(map(repr, arguments if isinstance(arguments, list) else [arguments]))
    code = f"{function}({given})"
    return Step("value", code, code, expected, "same")


def _tests(text: str, name: str, function: str | None) -> tuple[list[Step], list[Printing]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = text
    if isinstance(found, str):
        return _assertions(found, name, function), []
    if isinstance(found, list) and found and all(isinstance(one, str) for one in found):
        return _assertions("\n".join(found), name, function), []
    pairs = list(_pairs(found))
    if not pairs:
        raise ValueError(
            f"its column '{name}' holds no tests: it should hold Python assertions, or a JSON list of objects with "
            "input and output"
        )
    if function is not None:
        return [_call(function, given, expected) for given, expected in pairs], []
    return [], [Printing(_lines(given), _lines(expected)) for given, expected in pairs]


def _pairs(found: Any) -> Iterator[tuple[Any, Any]]:
    """Objects with `input` and `output`, or one with `inputs` and `outputs` as in APPS."""
    if isinstance(found, dict) and isinstance(found.get("inputs"), list) and isinstance(found.get("outputs"), list):
        yield from zip(found["inputs"], found["outputs"], strict=False)
    elif isinstance(found, list) and all(isinstance(one, dict) and {"input", "output"} <= one.keys() for one in found):
        yield from ((one["input"], one["output"]) for one in found)


def _lines(value: Any) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _assertions(source: str, name: str, function: str | None) -> list[Step]:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"its column '{name}' holds no tests that Python understands: {error}") from None
    steps = list(_steps(body, source, function))
    if not any(step.is_test for step in steps):
        raise ValueError(f"its column '{name}' holds no assertion")
    return steps


def _steps(body: Sequence[ast.stmt], source: str, function: str | None) -> Iterator[Step]:
    unfolded = False
    for statement in body:
        parameter = _parameter_of_check(statement)
        if parameter is not None and function is not None:
            # What is tested goes by the parameter's name, so each assertion counts by itself.
            assert isinstance(statement, ast.FunctionDef)
            yield Step("run", f"{parameter} = {function}", f"{parameter} = {function}")
            yield from _steps(statement.body, source, None)
            unfolded = True
        elif not (unfolded and _calls_check(statement)):
            yield _step(statement, source)


def _parameter_of_check(statement: ast.stmt) -> str | None:
    """The only parameter of a `def check(candidate)` whose body can stand by itself."""
    if not isinstance(statement, ast.FunctionDef) or statement.name != CHECK or len(statement.args.args) != 1:
        return None
    leaves = any(isinstance(node, ast.Return | ast.Yield | ast.Await) for node in ast.walk(statement))
    return None if leaves else statement.args.args[0].arg


def _calls_check(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.id == CHECK
    )


def _step(statement: ast.stmt, source: str) -> Step:
    code = ast.unparse(statement)
    written = ast.get_source_segment(source, statement) or code
    written = " ".join(written.split()) if "\n" in written else written
    shown = written if len(written) <= LONGEST_SHOWN else written[:LONGEST_SHOWN] + "…"
    if isinstance(statement, ast.Assert):
        compared = _literal_side(statement.test)
        if compared is not None:
            return Step("value", ast.unparse(compared[0]), shown, *compared[1:])
    defines = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    asserts = not defines and any(isinstance(node, ast.Assert) for node in ast.walk(statement))
    return Step("check" if asserts or _calls_check(statement) else "run", code, shown)


def _literal_side(test: ast.expr) -> tuple[ast.expr, Any, Literal["==", "is"]] | None:
    """The expression, the literal and the operator of `expression == literal`, or `is` a constant; in either order."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq | ast.Is):
        return None
    for expression, literal in ((test.left, test.comparators[0]), (test.comparators[0], test.left)):
        try:
            value = ast.literal_eval(literal)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if isinstance(test.ops[0], ast.Eq):
            return expression, value, "=="
        return (expression, value, "is") if value is None or isinstance(value, bool) else None
    return None
