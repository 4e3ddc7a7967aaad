"""What is wrong with a text is found by reading it, and nothing of it is ever run."""

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from toishi.tools.workbench.texts import KINDS, flaw, kind_problem, parted


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param("instruction", "Answer {text} with ( one label.", id="any words"),
        pytest.param("python", "print(input())", id="script"),
        pytest.param("python:solve", "def solve(a):\n    return a\n", id="function"),
        pytest.param(
            "python:solve", "try:\n    from math import gcd as solve\nexcept ImportError:\n    pass", id="import"
        ),
        pytest.param("python:solve", "if True:\n    solve = lambda a: a\n", id="assignment"),
        pytest.param("python:solve", "def solve(text):\n    return '\\d' in text", id="a warning is no error"),
        pytest.param("regex", r"^\d{4}-\d{2}$", id="pattern"),
        pytest.param("regex", "[[a]", id="a pattern that warns"),
        pytest.param("regex:year", r"(?P<year>\d{4})", id="named group"),
        pytest.param("regex:1", r"(\d)", id="numbered group"),
        pytest.param("sql", "-- all of it\nSELECT a, sum(b) FROM t WHERE c = :c GROUP BY a;", id="query"),
        pytest.param("sql", "WITH x AS (SELECT 1 AS a) SELECT a FROM x", id="common table"),
        pytest.param("json", '{"a": [1]}', id="json"),
        pytest.param("toml", "a = 1", id="toml"),
    ],
)
def test_a_text_of_its_kind_has_no_flaw(kind: str, text: str) -> None:
    assert flaw(kind, text) is None


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        pytest.param("python", "def f(:\n", "is no Python: invalid syntax (line 1)", id="no Python"),
        pytest.param("python", "return 1", "is no Python: 'return' outside function (line 1)", id="outside"),
        pytest.param("python", "-" * 20_000 + "1", "is no Python: it is nested too deeply", id="deep"),
        pytest.param("python:f", "def g(): pass", "does not define the function 'f'", id="another function"),
        pytest.param(
            "python:f", "class A:\n    def f(self): pass", "does not define the function 'f'", id="a method is none"
        ),
        pytest.param(
            "python:f", "async def f(): pass", "defines 'f' as async; it is called like any plain function", id="async"
        ),
        pytest.param("regex", "a(", "is no regular expression: missing ), unterminated subpattern", id="no pattern"),
        pytest.param(
            "regex", "(?:" * 3000 + ")" * 3000, "is no regular expression: maximum recursion depth", id="deep pattern"
        ),
        pytest.param("regex:2", "(a)", "has no group '2'", id="no such group"),
        pytest.param("sql", "SELECT a b c", 'is no query: near "c": syntax error', id="no SQL"),
        pytest.param("sql", "SELECT 1; SELECT 2", "is no query: You can only execute one statement", id="two"),
        pytest.param("sql", "DELETE FROM t", "is no query: it should begin with SELECT or WITH", id="writes"),
        pytest.param("sql", "", "is no query: it should begin with SELECT or WITH", id="no query"),
        pytest.param("json", '{"a": }', "is no JSON: Expecting value (line 1)", id="no JSON"),
        pytest.param("json", "[" * 100_000, "is no JSON: it is nested too deeply", id="deep JSON"),
        pytest.param("toml", "a =", "is no TOML: Invalid value", id="no TOML"),
        pytest.param("text", "a\ud800", "holds half a character, which no file can hold", id="surrogate"),
        pytest.param("instruction", "a\0b", "holds a NUL character", id="NUL"),
    ],
)
def test_what_is_wrong_with_a_text_is_one_sentence(kind: str, text: str, sentence: str) -> None:
    found = flaw(kind, text)
    assert found is not None
    assert found.startswith(sentence)


def test_a_text_is_not_run_to_look_at_it(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    code = f"open({str(trace)!r}, 'w').write('ran')\ndef f(): pass"
    assert flaw("python:f", code) is None
    assert flaw("sql", f"WITH a AS (SELECT 1) ATTACH '{trace}' AS b") is not None
    assert flaw("sql", f"SELECT writefile('{trace}', 'ran')") is None
    assert not trace.exists()


@given(st.sampled_from(list(KINDS)), st.text(max_size=200))
def test_any_text_gets_a_verdict(kind: str, text: str) -> None:
    found = flaw(kind, text)
    assert found is None or found


@pytest.mark.parametrize("kind", [*KINDS, "python:solve", "regex:1", "regex:year"])
def test_a_kind_may_name_the_part_that_is_wanted(kind: str) -> None:
    assert kind_problem(kind) is None
    assert parted(kind) == (kind.partition(":")[0], kind.partition(":")[2])


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("pyton", "'pyton' is no kind of text; did you mean 'python'?"),
        ("sql:orders", "'sql:orders' should be 'sql' alone; only python:FUNCTION and regex:GROUP name a part"),
        ("python:", "'' in 'python:' is no name of a part"),
        ("regex:-1", "'-1' in 'regex:-1' is no name of a part"),
    ],
)
def test_a_word_that_is_no_kind_is_answered_by_one_sentence(kind: str, sentence: str) -> None:
    assert kind_problem(kind) == sentence
