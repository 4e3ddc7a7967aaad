"""Modules whose text is code: what they give, how they fail, and that nothing of them gets out of the sandbox."""

import json
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from toishi.tools.workbench.program.code import Match, Ran, Rows, TextFailed, run_python, run_regex, run_sql
from toishi.tools.workbench.program.code.python import LONGEST_SHOWN, plain

WORDS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
ORDERS = {
    "orders": [
        {"id": 1, "customer": "Ada", "total": 12.5},
        {"id": 2, "customer": "Bo", "total": 3},
        {"id": 3, "customer": "Ada", "total": None, "tags": ["late"]},
    ]
}


async def test_a_function_is_called_with_arguments_by_place_or_by_name() -> None:
    text = "def add(a, b=2):\n    print('adding')\n    return a + b"
    by_place = await run_python(text, function="add", arguments=[1])
    by_name = await run_python(text, function="add", arguments={"b": 4, "a": 1})
    assert (by_place.value, by_name.value, by_place.printed) == (3, 5, "adding\n")


async def test_a_script_reads_what_it_is_given() -> None:
    ran = await run_python("import sys\nprint(input()[::-1])\nsys.exit(0)", stdin="abc")
    assert (ran.value, ran.printed) == (None, "cba\n")


@settings(deadline=None, max_examples=25)
@given(JSON)
async def test_values_come_back_as_they_were(value: object) -> None:
    ran = await run_python("def same(value):\n    return value", function="same", arguments=[value])
    assert ran.value == value
    assert json.loads(json.dumps(plain(ran.value))) == value


async def test_a_value_that_is_no_json_is_told_as_near_as_json_can() -> None:
    value = "{(1, 2): {3, 1}, 'b': b'a', 'f': Fraction(1, 4), 'o': int}"
    ran = await run_python(f"from fractions import Fraction\ndef odd():\n    return {value}", function="odd")
    assert json.loads(ran.text) == {"[1, 2]": [1, 3], "b": "61", "f": 0.25, "o": "<class 'int'>"}


async def test_what_no_database_can_hold_is_told_as_near_as_one_can() -> None:
    ran = await run_python("def half():\n    return 'a\\ud800'", function="half")
    assert (ran.text, json.loads(ran.shown())["value"]) == ("a?", "a?")
    with pytest.raises(TextFailed, match="f raises ValueError: a\\?"):
        await run_python("def f():\n    raise ValueError('a\\ud800')", function="f")


async def test_times_are_the_least_of_several_calls_each_on_its_own() -> None:
    text = "seen = []\ndef f(a):\n    seen.append(a)\n    return len(seen)"
    ran = await run_python(text, function="f", arguments=[3], times=4)
    assert (ran.value, ran.times, ran.reference_seconds, ran.speedup) == (1, 4, None, None)
    assert ran.seconds > 0


async def test_arguments_that_a_call_changes_are_new_for_the_next_one() -> None:
    ran = await run_python("def f(a):\n    a.append(0)\n    return len(a)", function="f", arguments=[[1]], times=3)
    assert ran.value == 2


async def test_printing_is_wanted_once() -> None:
    ran = await run_python("def f():\n    print('hi')", function="f", times=3)
    assert ran.printed == "hi\n"


async def test_a_text_is_held_against_another_in_turn() -> None:
    slow = "def f(n):\n    return sum(1 for _ in range(n))"
    ran = await run_python("def f(n):\n    return n", function="f", arguments=[20_000], times=3, against=slow)
    assert ran.reference_seconds is not None
    assert ran.speedup is not None
    assert ran.speedup == pytest.approx(ran.reference_seconds / ran.seconds)
    assert ran.value == 20_000
    assert json.loads(ran.shown())["speedup"] == round(ran.speedup, 3)


async def test_where_the_other_text_fails_the_program_is_told() -> None:
    with pytest.raises(ValueError, match="the text that it is held against fails: f raises ZeroDivisionError"):
        await run_python("def f():\n    return 1", function="f", against="def f():\n    return 1 / 0")


async def test_repetitions_end_before_the_limit_does() -> None:
    text = "import time\ndef f():\n    time.sleep(0.2)\n    return 1"
    ran = await run_python(text, function="f", times=100, seconds=1.0)
    assert 1 <= ran.times <= 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            "def f():\n    return 1 / 0",
            "f raises ZeroDivisionError: division by zero (line 2: return 1 / 0)",
            id="raises",
        ),
        pytest.param("x = y\ndef f(): pass", "f raises NameError: name 'y' is not defined (line 1: x = y)", id="load"),
        pytest.param("def g(): pass", "f raises NameError: there is no function 'f'", id="another name"),
        pytest.param("def f(:", "f raises SyntaxError: invalid syntax (line 1: def f(:)", id="no Python"),
        pytest.param(
            "import numpy",
            "f raises ModuleNotFoundError: No module named 'numpy'; there is only the standard library (line 1",
            id="a package",
        ),
        pytest.param("def f():\n    open('/etc/passwd')", "f tried to open a file", id="a file"),
        pytest.param("import os\ndef f():\n    os.fork()", "f tried to start", id="a process"),
        pytest.param("def f():\n    while True: pass", "f ran longer than 0.5 s", id="endless"),
        pytest.param("def f():\n    return [0] * 10**10", "f used more than 512 MB (line 2", id="memory"),
        pytest.param("import os\ndef f():\n    os._exit(0)", "f ended the process before it gave a value", id="exit"),
        pytest.param("def f():\n    raise SystemExit", "f raises SystemExit (line 2: raise SystemExit)", id="exits"),
        pytest.param("def f():\n    print('x' * 10**6)", "f printed more than 64 kB", id="prints"),
        pytest.param(
            "import builtins\ndef f():\n    builtins.n = getattr(builtins, 'n', 0) + 1\n    return builtins.n",
            "f gives another value when it is called again",
            id="remembers",
        ),
        pytest.param(
            "def f():\n    a = []\n    a.append(a)\n    return a",
            "f raises ValueError: what it gives cannot be written down",
            id="no end",
        ),
        pytest.param(
            'import os\ndef f():\n    os.write(3, b\'{"number": 0, "value": 1}\')\n    os._exit(0)',
            "f ended the process before it gave a value",
            id="a result of its own",
        ),
    ],
)
async def test_what_fails_says_so_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(TextFailed) as failed:
        await run_python(text, function="f", times=3, seconds=0.5)
    assert str(failed.value).startswith(sentence)
    assert "\n" not in str(failed.value)


async def test_a_failure_leaves_its_traceback_and_what_was_printed() -> None:
    with pytest.raises(TextFailed) as failed:
        await run_python("def g(a):\n    return a[3]\ndef f():\n    print('so far')\n    return g([])", function="f")
    assert failed.value.logs.startswith("printed:\nso far\ntraceback:\nTraceback (most recent call last):\n")
    assert 'File "answer.py", line 2, in g' in failed.value.logs
    assert "driver" not in failed.value.logs


async def test_a_clock_that_is_put_back_measures_nothing_else() -> None:
    text = "import time\ntime.perf_counter_ns = lambda: 0\ndef f():\n    return sum(range(100_000))"
    assert (await run_python(text, function="f")).seconds > 1e-6


async def test_arguments_are_json() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        await run_python("def f(a): pass", function="f", arguments=[object()])


def test_a_long_value_is_cut_off_in_the_trace() -> None:
    shown = json.loads(Ran("x" * 3 * LONGEST_SHOWN, "said " * LONGEST_SHOWN, 0.5, 1).shown())
    assert shown["value"] == "x" * LONGEST_SHOWN + "…"
    assert len(shown["printed"]) == LONGEST_SHOWN


async def test_all_matches_are_found_with_their_groups() -> None:
    found = await run_regex(r"(?P<letter>[a-z])(\d)?", "a1 b")
    assert found == (
        Match("a1", 0, 2, ("a", "1"), {"letter": "a"}),
        Match("b", 3, 4, ("b", None), {"letter": "b"}),
    )
    assert [found[0].group(which) for which in ("", "0", "2", "letter")] == ["a1", "a1", "1", "a"]
    assert found[1].group("2") == ""
    assert await run_regex("[a-z]", "ab", whole=True) == ()
    assert [match.text for match in await run_regex("[a-z]+", "ab", whole=True)] == ["ab"]


@pytest.mark.parametrize(
    ("pattern", "text", "sentence"),
    [
        pytest.param(r"(a+)+b", "a" * 40, "the pattern ran longer than 0.5 s", id="catastrophic"),
        pytest.param("a(", "a", "the pattern raises re.error: missing ), unterminated subpattern", id="no pattern"),
        pytest.param("", "a" * 1001, "the pattern raises ValueError: it matches more than 1000 times", id="many"),
    ],
)
async def test_a_pattern_that_fails_or_takes_for_ever_says_so(pattern: str, text: str, sentence: str) -> None:
    with pytest.raises(TextFailed) as failed:
        await run_regex(pattern, text, seconds=0.5)
    assert str(failed.value).startswith(sentence)


async def test_a_query_gives_columns_and_rows() -> None:
    query = "SELECT customer, sum(total) AS total FROM orders WHERE id < :most GROUP BY customer ORDER BY customer"
    found = await run_sql(query, tables=ORDERS, parameters={"most": 3})
    assert found == Rows(("customer", "total"), (("Ada", 12.5), ("Bo", 3)))
    assert found.shown() == '[["customer", "total"], [["Ada", 12.5], ["Bo", 3]]]'
    assert (await run_sql("SELECT tags FROM orders WHERE id = ?", tables=ORDERS, parameters=[3])).rows == (
        ('["late"]',),
    )


async def test_a_query_that_sorts_much_needs_no_file() -> None:
    table = [{"a": number, "b": "x" * 50} for number in range(9_000)]
    found = await run_sql("SELECT a, b FROM t ORDER BY b || a DESC, a", tables={"t": table})
    assert len(found.rows) == 9_000
    assert found.shown().endswith("… 9000 rows")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        pytest.param("SELECT x FROM orders", "the query raises sqlite3.OperationalError: no such column: x", id="col"),
        pytest.param("SELECT 1 FROM nowhere", "the query raises sqlite3.OperationalError: no such table", id="table"),
        pytest.param("DELETE FROM orders", "the query raises sqlite3.DatabaseError: not authorized", id="deletes"),
        pytest.param(
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
            "the query ran longer than 0.5 s",
            id="endless",
        ),
        pytest.param(
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 20000) SELECT x FROM c",
            "the query raises ValueError: it gives more than 10000 rows",
            id="many rows",
        ),
    ],
)
async def test_a_query_that_fails_says_so(query: str, sentence: str) -> None:
    with pytest.raises(TextFailed) as failed:
        await run_sql(query, tables=ORDERS, seconds=0.5)
    assert str(failed.value).startswith(sentence)


async def test_a_query_reaches_no_file(tmp_path: Path) -> None:
    outside = tmp_path / "outside.db"
    with pytest.raises(TextFailed, match="the query raises"):
        await run_sql(f"ATTACH '{outside}' AS o", tables=ORDERS)
    assert not outside.exists()


FORGERY = """
import json, os, re, sys

def forge():
    frame, told = sys._getframe(), ""
    while frame:
        told += repr(frame.f_locals)
        frame = frame.f_back
    for token in set(re.findall("[0-9a-f]{32}", told)):
        os.write(3, (json.dumps({"token": token, "number": 0, "same": True, **LINE}) + chr(10)).encode())
    os._exit(0)
"""


@pytest.mark.parametrize(
    "line",
    [
        pytest.param({"nanoseconds": 1, "value": ["int", 7]}, id="a value that is none"),
        pytest.param({"nanoseconds": None, "value": None}, id="a time that is none"),
        pytest.param({"value": None}, id="no time"),
    ],
)
async def test_a_line_that_is_forged_badly_is_a_failure_of_the_text(line: dict[str, object]) -> None:
    text = f"LINE = {line!r}\n{FORGERY}"
    with pytest.raises(TextFailed, match="forge gives back what cannot be read"):
        await run_python(text, function="forge")
