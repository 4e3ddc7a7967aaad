"""Code: the answer runs in the sandbox, against tests of its row, and the feedback says what went wrong."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.code import Code, build
from toishi.tools.workbench.metrics.code.cases import cases_of
from toishi.tools.workbench.metrics.code.values import parsed, same
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.sandbox import available, run_pure
from toishi.tools.workbench.task.kinds.code import CodeKind

ADD = "Here it is:\n\n```python\ndef add(a, b):\n    return a + b\n```\n\nIt adds."
SUBTRACT = "```python\ndef add(a, b):\n    return a - b\n```"


@pytest.fixture(autouse=True)
def confined() -> None:
    missing = available("pure")
    if missing is not None:
        pytest.skip(missing)


def judge(
    output: str,
    *,
    expected: str = "",
    inputs: dict[str, str] | None = None,
    fields: dict[str, str] | None = None,
    **keys: Any,
) -> Judgement:
    """The judgement on one answer; the row has the columns in `fields`, and `tests` names one of them."""
    metric = build(CodeKind(kind="code", **keys), MetricContext(Path()))
    assert isinstance(metric, Code)
    example = Example("r1", inputs or {"question": "?"}, expected, fields or {})
    assert metric.problem(example) is None
    return asyncio.run(metric(example, output))


def scored(output: str, tests: str, **keys: Any) -> tuple[float, str]:
    judgement = judge(output, fields={"tests": tests}, tests="tests", **keys)
    return judgement.score, judgement.feedback


@pytest.mark.parametrize(
    "tests",
    [
        pytest.param("assert add(1, 2) == 3\nassert add('a', 'b') == 'ab'", id="text"),
        pytest.param(json.dumps(["assert add(1, 2) == 3", "assert 3 == add(1, 2), 'adds'"]), id="list"),
        pytest.param("import math\nx = add(1, 2)\nassert math.isclose(x, 3) and x is not None", id="with preparation"),
        pytest.param("for i in range(9):\n    assert add(i, 1) == i + 1", id="loop"),
        pytest.param("def check(candidate):\n    assert candidate(1, 2) == 3\n\ncheck(add)", id="check that is called"),
        pytest.param("assert add(1, 2) is not None\nassert (add(0, 0) == 1) is False", id="constants"),
        pytest.param("assert add([1], [(2,)]) == [1, (2,)]\nassert add(0.1, 0.2) == 0.30000000000000004", id="values"),
    ],
)
def test_assertions_that_hold_are_worth_everything(tests: str) -> None:
    assert scored(ADD, tests) == (1.0, "correct")


def test_the_share_of_assertions_that_hold_and_the_first_that_does_not() -> None:
    tests = "assert add(0, 0) == 0\nassert add(1, 2) == 3\nassert add(5, 5) == 10"

    assert scored(SUBTRACT, tests) == (1 / 3, "1 of 3 tests passed; assert add(1, 2) == 3: expected 3, got -1")
    assert scored(SUBTRACT, tests, score="all") == (
        0.0,
        "1 of 3 tests passed; assert add(1, 2) == 3: expected 3, got -1",
    )


@pytest.mark.parametrize(
    ("code", "test", "feedback"),
    [
        pytest.param(
            "def f(x):\n    y = 1 / x\n    return y",
            "assert f(0) == 1",
            "assert f(0) == 1 raises ZeroDivisionError: division by zero (line 2: y = 1 / x)",
            id="error",
        ),
        pytest.param(
            "def g(x): return x",
            "assert f(0) == 1",
            "assert f(0) == 1 raises NameError: name 'f' is not defined",
            id="name",
        ),
        pytest.param(
            "def f(x:\n    return x",
            "assert f(0) == 1",
            "the code, before any test, raises SyntaxError: '(' was never closed (line 1: def f(x:)",
            id="syntax",
        ),
        pytest.param(
            "import requests\ndef f(x): return x",
            "assert f(0) == 1",
            "the code, before any test, raises ModuleNotFoundError: No module named 'requests'; there is only the "
            "standard library (line 1: import requests)",
            id="module",
        ),
        pytest.param(
            "def f(x): return set(x)",
            "assert sorted(f([2, 1])) == sorted([1, 3])",
            "assert sorted(f([2, 1])) == sorted([1, 3]) does not hold: [1, 2] on the left, [1, 3] on the right",
            id="two sides",
        ),
        pytest.param(
            "def f(x):\n    assert x > 0, 'positive'\n    return x",
            "assert f(0) == 1",
            "assert f(0) == 1 raises AssertionError: positive (line 2: assert x > 0, 'positive')",
            id="assertion of the answer",
        ),
        pytest.param(
            "def f(x):\n    return open('/etc/passwd').read()",
            "assert f(0) == 1",
            "assert f(0) == 1: the code tried to open a file (openat) (line 2: return open('/etc/passwd').read())",
            id="file",
        ),
        pytest.param(
            "import os\ndef f(x): return os.fork()",
            "assert f(0) == 1",
            "assert f(0) == 1: the code tried to start a process (clone) (line 2: def f(x): return os.fork())",
            id="process",
        ),
        pytest.param(
            "def f(x): return bytearray(10**10)",
            "assert f(0) == 1",
            "assert f(0) == 1: the code used more than 512 MB (line 1: def f(x): return bytearray(10**10))",
            id="memory",
        ),
        pytest.param(
            "import os\nos._exit(0)", "assert f(0) == 1", "the code ended by itself before any test", id="exit"
        ),
        pytest.param(
            "import sys\nsys.exit(0)",
            "assert f(0) == 1",
            "the code, before any test, raises SystemExit: 0 (line 2: sys.exit(0))",
            id="exit as an exception",
        ),
        pytest.param(
            "def f(x): return [f]",
            "assert f(0) == 1",
            "assert f(0) == 1: expected 1, got [<function f at 0x",
            id="value that is no literal",
        ),
        pytest.param(
            "x = []\nx.append(x)\ndef f(_): return x",
            "assert f(0) == 1",
            "assert f(0) == 1 raises RecursionError",
            id="cycle",
        ),
        pytest.param("  \n", "assert f(0) == 1", "the answer holds no code", id="empty"),
    ],
)
def test_what_went_wrong_is_said(code: str, test: str, feedback: str) -> None:
    score, said = scored(code, test)

    assert (score, said[: len(feedback)]) == (0.0, feedback)


def test_a_test_that_never_ends_is_told_and_those_before_it_count() -> None:
    code = "def f(x):\n    while x == 1: pass\n    return x"

    score, feedback = scored(code, "assert f(0) == 0\nassert f(1) == 1\nassert f(2) == 2", seconds=0.5)

    assert (score, feedback) == (1 / 3, "1 of 3 tests passed; the code ran longer than 0.5 s in assert f(1) == 1")


def test_what_is_prepared_and_fails_is_why_later_tests_fail() -> None:
    score, feedback = scored("def f(x): return 1 / x", "assert f(1) == 1\ny = f(0)\nassert y == 1")

    assert (score, feedback) == (
        0.5,
        "1 of 2 tests passed; y = f(0) raises ZeroDivisionError: division by zero (line 1: def f(x): return 1 / x)",
    )


def test_humaneval_s_check_counts_by_assertion() -> None:
    tests = "METADATA = {}\n\ndef check(candidate):\n    assert candidate(0, 0) == 0\n    assert candidate(1, 2) == 3\n"

    assert scored(ADD, tests, function="add") == (1.0, "correct")
    score, feedback = scored(SUBTRACT, tests + "\ncheck(add)", function="add")
    assert (score, feedback) == (0.5, "1 of 2 tests passed; assert candidate(1, 2) == 3: expected 3, got -1")


def test_the_name_of_the_function_may_stand_in_the_row() -> None:
    tests = "def check(candidate):\n    assert candidate(1, 2) == 3"

    found = judge(ADD, fields={"tests": tests, "entry": "add"}, tests="tests", function_column="entry")

    assert found.score == 1.0


def test_pairs_of_input_and_output_are_calls_where_a_function_is_named() -> None:
    pairs = json.dumps([{"input": [1, 2], "output": 3}, {"input": {"a": 2, "b": 2}, "output": 5}])

    assert scored(ADD, pairs, function="add") == (0.5, "1 of 2 tests passed; add(a=2, b=2): expected 5, got 4")


def test_pairs_of_input_and_output_are_programs_where_none_is() -> None:
    code = "a, b = map(int, input().split())\nprint(a // b)"
    pairs = json.dumps({"inputs": ["6 3", "7 2", "1 0"], "outputs": ["2\n", "4", "0"]})

    score, feedback = scored(code, pairs)

    assert (score, feedback) == (
        1 / 3,
        '1 of 3 tests passed; the code prints something else with the input 7 2: expected "4", got "3"',
    )
    _, feedback = scored(code, json.dumps([{"input": "1 0", "output": "0"}]))
    assert feedback == (
        "the code fails with the input 1 0: ZeroDivisionError: integer division or modulo by zero (line 2: "
        "print(a // b))"
    )


def test_programs_behind_one_that_never_ends_are_not_run() -> None:
    pairs = json.dumps([{"input": str(n), "output": str(n)} for n in (0, 1, 2)])

    score, feedback = scored("n = int(input())\nwhile n == 1: pass\nprint(n)", pairs, seconds=0.5)

    assert (score, feedback) == (1 / 3, "1 of 3 tests passed; the code ran longer than 0.5 s with the input 1")


def test_what_the_code_prints_is_judged_where_nothing_else_is_named() -> None:
    assert judge("print('a ')\nprint(2)\n", expected="a\n2").feedback == "correct"
    assert judge("print(input()[::-1])", expected="cba", fields={"given": "abc"}, stdin="given").score == 1.0
    wrong = judge("print(1)", expected="2")
    assert (wrong.score, wrong.feedback) == (0.0, 'the code prints something else: expected "2", got "1"')


def test_what_a_function_returns_is_judged_where_one_is_named() -> None:
    code = "def solve(n, k='1'):\n    return {'sum': int(n) + int(k), 'parts': (n, k)}"

    by_name = judge(code, expected='{"sum": 3, "parts": ["2", "1"]}', inputs={"n": "2"}, function="solve")
    by_place = judge(
        code, expected="{'sum': 5, 'parts': (2, 3)}", fields={"args": "[2, 3]"}, function="solve", arguments="args"
    )
    wrong = judge(code, expected="4", inputs={"n": "2"}, function="solve")

    assert (by_name.feedback, by_place.feedback) == ("correct", "correct")
    assert wrong.feedback == "solve(n='2'): expected 4, got {'sum': 3, 'parts': ('2', '1')}"


def test_code_to_prepare_comes_from_the_row() -> None:
    code = "def area(r: Real) -> Real:\n    return tau * r * r / 2"
    setup = "from math import tau\nfrom numbers import Real"

    found = judge(code, fields={"tests": "assert 3.14 < area(1) < 3.15", "setup": setup}, tests="tests", setup="setup")

    assert found.feedback == "correct"


def test_packages_may_be_named() -> None:
    code = "import numpy as np\ndef f(x): return np.asarray(x).sum()"

    assert scored(code, "assert f([1, 2]) == 3", modules=["numpy"]) == (1.0, "correct")
    _, feedback = scored("import scipy\n" + code, "assert f([1, 2]) == 3", modules=["numpy"])
    assert "there is only the standard library, numpy (line 1: import scipy)" in feedback
    with pytest.raises(TaskError, match=r"metric\.modules names 'no_such_module', which is not installed"):
        build(CodeKind(kind="code", modules=("no_such_module",)), MetricContext(Path()))


CHEATS = {
    "equal to everything": "class E:\n    def __eq__(self, other): return True\ndef add(a, b): return E()",
    "subclass that says it is equal": "class I(int):\n    def __eq__(self, o): return True\ndef add(a, b): return I(0)",
    "output that says passed": 'print(\'{"number": -1, "passed": true}\')\ndef add(a, b): return 0',
    "results written beforehand": (
        "import os, json\nfor n in (-1, 0, 1):\n"
        "    os.write(3, json.dumps({'number': n, 'passed': True, 'value': ['int', '3']}).encode() + b'\\n')\n"
        "os._exit(0)"
    ),
    "assertions switched off": "import builtins\nbuiltins.AssertionError = ValueError\ndef add(a, b): return 0",
    "the driver's own words": "import __main__\n__main__.encoded = lambda value: ['int', '9']\ndef add(a, b): return 0",
}


@pytest.mark.parametrize("code", [pytest.param(code, id=name) for name, code in CHEATS.items()])
def test_nothing_but_the_right_value_is_worth_anything(code: str) -> None:
    score, _ = scored(code, "assert add(1, 2) == 3\nassert add(2, 2) == 4")

    assert score == 0.0


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"function": "f", "function_column": "g"}, "function and function_column are both given; take one out"),
        ({"function": "a b"}, "function = 'a b' is no name of a function"),
        ({"arguments": "a"}, "arguments has a meaning only with function or function_column, and without tests"),
        ({"stdin": "a", "tests": "t"}, "stdin has a meaning only without tests and function"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(keys: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        CodeKind(kind="code", **keys)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tests", "problem"),
    [
        ("", "its column 'tests' holds no assertion"),
        ("x = 1", "its column 'tests' holds no assertion"),
        ("assert (", "its column 'tests' holds no tests that Python understands: '(' was never closed"),
        (
            "[1, 2]",
            "its column 'tests' holds no tests: it should hold Python assertions, or a JSON list of objects with",
        ),
        ('[{"input": 1}]', "its column 'tests' holds no tests: it should hold Python assertions, or"),
    ],
)
def test_a_row_without_tests_is_told(tests: str, problem: str) -> None:
    metric = Code(CodeKind(kind="code", tests="tests"))

    found = metric.problem(Example("r1", {}, "", {"tests": tests}))

    assert found is not None
    assert found.startswith(problem)


def test_rows_whose_columns_hold_something_else_are_told() -> None:
    by_name = Code(CodeKind(kind="code", function_column="name"))
    by_place = Code(CodeKind(kind="code", function="f", arguments="given"))

    assert by_name.problem(Example("r1", {}, "1", {"name": "a-b"})) == (
        "its column 'name' holds 'a-b', which is no name of a function"
    )
    assert by_place.problem(Example("r1", {}, "1", {"given": "3"})) == (
        "its column 'given' holds '3', which is no JSON list or object"
    )


def test_the_columns_that_it_reads_are_known() -> None:
    section = CodeKind(kind="code", tests="t", setup="s", function_column="f")

    assert section.columns("metric") == {"metric.tests": "t", "metric.function_column": "f", "metric.setup": "s"}
    assert (section.needs_expected, CodeKind(kind="code").needs_expected) == (False, True)


def test_a_literal_that_is_expected_never_enters_the_sandbox() -> None:
    cases = cases_of(CodeKind(kind="code", tests="t"), Example("r1", {}, "", {"t": "assert f(1) == 'the-answer'"}))

    assert [(step.do, step.code, step.expected) for step in cases.steps] == [("value", "f(1)", "the-answer")]


SIMPLE = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.binary(max_size=5)
)
VALUES = st.recursive(
    SIMPLE,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.integers() | st.text(max_size=3), inner, max_size=3)
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=6,
)


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_what_a_function_gives_comes_back_as_it_is(values: list[Any]) -> None:
    tests = "\n".join(f"assert f({number}) == {value!r}" for number, value in enumerate(values))
    literal = [value for value in values if "frozenset" not in repr(value)]

    assert scored(f"inf = float('inf')\ndef f(n): return {values!r}[n]", "inf = float('inf')\n" + tests)[0] == 1.0
    assert all(same(value, value) for value in literal)


@given(VALUES)
def test_a_literal_in_a_column_is_read_as_it_was_written(value: Any) -> None:
    if "inf" in repr(value) or isinstance(value, str) or "frozenset" in repr(value):
        return
    assert same(parsed(repr(value)), value)


@pytest.mark.parametrize(
    ("expected", "got", "right"),
    [
        (0.3, 0.1 + 0.2, True),
        (3, 3.0, True),
        (3, 3.0000001, False),
        (1, True, False),
        (True, 1, False),
        ([1, 2], (1, 2), True),
        ([1, 2], [1, 2, 3], False),
        ({"a": [0.1]}, {"a": (0.1,)}, True),
        ({"a": 1}, {"b": 1}, False),
        ("1", 1, False),
        (None, 0, False),
        (10**400, 1.0, False),
    ],
)
def test_values_are_the_same_but_for_rounding_and_brackets(expected: Any, got: Any, right: bool) -> None:
    assert same(expected, got) == right


async def test_hundreds_of_answers_are_judged_at_once() -> None:
    metric = Code(CodeKind(kind="code", tests="tests"))
    examples = [Example(str(n), {}, "", {"tests": f"assert f() == {n}"}) for n in range(200)]

    judged = await asyncio.gather(*(metric(one, f"def f(): return {int(one.id) % 100}") for one in examples))

    assert [one.score for one in judged] == [1.0] * 100 + [0.0] * 100
    assert (await run_pure("print(1)")).stdout == "1\n"
