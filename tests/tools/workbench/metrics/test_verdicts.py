"""What a judge wrote is read in every shape that models use, and never guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.metrics.verdicts import WHOLE, Form, Unreadable, Verdict, read

PASS = Form((WHOLE,), ("fail", "pass"))
FIVE = Form((WHOLE,), ("1", "2", "3", "4", "5"))
TEN = Form((WHOLE,), tuple(map(str, range(1, 11))))
TWO = Form(("clarity", "tone"), ("1", "2", "3", "4", "5"))


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        pytest.param('{"reason": "Clear.", "verdict": "pass"}', PASS, "pass", id="as asked"),
        pytest.param('```json\n{"Reason": "Clear.", "Verdict": "PASS"}\n```', PASS, "pass", id="fence and case"),
        pytest.param('{"reason": "No.", "verdict": false}', PASS, "fail", id="truth value"),
        pytest.param('{"reason": "Good.", "verdict": 4.0}', FIVE, "4", id="decimal"),
        pytest.param('{"reason": "Good.", "verdict": "4/5"}', FIVE, "4", id="of five"),
        pytest.param('Well {so}. {"verdict": 2}. No: {"reason": "x", "verdict": 3}', FIVE, "3", id="last object"),
        pytest.param('{"verdict": {"reason": "x", "verdict": 3}}', FIVE, "3", id="wrapped"),
        pytest.param("It is fine.\nVERDICT: 4", FIVE, "4", id="line"),
        pytest.param("**Final verdict:** 4 / 5.", FIVE, "4", id="markdown"),
        pytest.param("Score: 10", TEN, "10", id="two digits"),
        pytest.param("verdict: 5\nOn second thought\nverdict: 2", FIVE, "2", id="last line"),
        pytest.param('It says {"verdict": "pass"}, but it is wrong.\nVERDICT: fail', PASS, "fail", id="quoted object"),
        pytest.param('It says\nVERDICT: pass\n{"reason": "untrue", "verdict": "fail"}', PASS, "fail", id="quoted line"),
    ],
)
def test_a_verdict_is_found(text: str, form: Form, value: str) -> None:
    assert read(text, form)[WHOLE].value == value


def test_the_reason_comes_with_it() -> None:
    assert read('{"reason": "So\\nclear.", "verdict": 5}', FIVE) == {WHOLE: Verdict("5", "So clear.")}
    assert read("Too   long.\nVERDICT: 2", FIVE) == {WHOLE: Verdict("2", "Too long.")}
    assert len(read(f"{'long ' * 500}\nVERDICT: 2", FIVE)[WHOLE].reason) == 600


@pytest.mark.parametrize(
    "text",
    [
        '{"clarity": {"reason": "a", "verdict": 2}, "tone": {"reason": "b", "verdict": 5}}',
        '{"Tone": {"verdict": 5}, "Clarity": 2, "reason": "short"}',
        "VERDICT clarity: 2\nVERDICT tone: 5",
        "I think so.\n- **Clarity**: 2 of 5\n- **Tone**: 5",
    ],
)
def test_every_criterion_has_its_own(text: str) -> None:
    assert {name: one.value for name, one in read(text, TWO).items()} == {"clarity": "2", "tone": "5"}


@pytest.mark.parametrize(
    ("text", "form", "problem"),
    [
        ("", PASS, "there is no verdict"),
        ("The answer passes.", PASS, "there is no verdict"),
        ("VERDICT: 14", FIVE, "there is no verdict"),
        ("VERDICT: 4.5", FIVE, "there is no verdict"),
        ('{"reason": "x", "verdict": 7}', FIVE, "the verdict 7 is none of 1, 2, 3, 4, 5"),
        ('{"reason": "x", "verdict": null}', FIVE, "the verdict None is none of 1"),
        ('{"clarity": {"reason": "a", "verdict": 2}}', TWO, "there is no verdict for 'tone'"),
        ('{"clarity": {"reason": "a", "verdict": 2}, "tone": {"reas', TWO, "there is no verdict for 'clarity'"),
        ('{"a": ' * 3000, FIVE, "there is no verdict"),
    ],
)
def test_what_is_no_verdict_is_not_guessed(text: str, form: Form, problem: str) -> None:
    with pytest.raises(Unreadable, match=problem):
        read(text, form)


@given(text=st.text(), form=st.sampled_from([PASS, FIVE, TWO]))
def test_any_text_is_read_or_refused(text: str, form: Form) -> None:
    try:
        verdicts = read(text, form)
    except Unreadable:
        return
    assert all(one.value in form.values for one in verdicts.values())


@pytest.mark.parametrize("form", [PASS, FIVE, TWO], ids=["pass", "five", "two"])
def test_what_is_shown_to_the_judge_follows_the_schema_and_is_read(form: Form) -> None:
    import jsonschema

    jsonschema.validate(json.loads(form.shown), json.loads(form.schema))
    assert {one.value for one in read(form.shown, form).values()} == {form.values[-1]}
    assert list(read(form.plain.replace("`, `", "\n").strip("`"), form)) == list(form.names)
