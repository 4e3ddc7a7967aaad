"""Json: the answer is JSON, follows a schema, and says what is expected."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.metrics.structure import Structure, build
from toishi.tools.workbench.task.kinds.forms import JsonKind

ORDER = {
    "type": "object",
    "required": ["name", "items"],
    "properties": {
        "name": {"type": "string"},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
    },
    "$defs": {"item": {"type": "object", "properties": {"count": {"type": "integer", "minimum": 1}}}},
}


async def judged(output: str, expected: str = "", **keys: Any) -> Judgement:
    metric = build(JsonKind(kind="json", **keys), MetricContext(Path("/nowhere")))
    return await metric(Example("1", {}, expected), output)


@pytest.mark.parametrize(
    ("output", "score", "feedback"),
    [
        ('{"a": 1}', 1.0, "correct"),
        ("Sure:\n```json\n[1]\n```", 1.0, "correct"),
        ("Sure!", 0.0, 'the answer should be JSON, but it holds no JSON: "Sure!"'),
    ],
)
async def test_valid_json_is_enough_where_nothing_more_is_asked(output: str, score: float, feedback: str) -> None:
    judgement = await judged(output)
    assert (judgement.score, judgement.feedback) == (score, feedback)


async def test_words_around_the_json_may_be_refused() -> None:
    judgement = await judged("Sure: [1]", around="refused")
    assert judgement.score == 0.0
    assert judgement.feedback.startswith("the answer should be JSON, but it is not valid JSON (expecting value, line 1")


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ({"name": "Ann", "items": [{"count": 2}]}, ""),
        ({"items": []}, "'name' is a required property"),
        ({"name": 3, "items": []}, "at name, 3 is not of type 'string'"),
        ({"name": "Ann", "items": [{"count": 0}]}, "at items[0].count, 0 is less than the minimum of 1"),
        ([], "[] is not of type 'object'"),
    ],
)
async def test_a_schema_is_held_against_the_answer(value: Any, problems: str) -> None:
    judgement = await judged(json.dumps(value), json_schema=ORDER)
    assert judgement.score == float(not problems)
    assert judgement.feedback == (f"the JSON breaks its schema: {problems}" if problems else "correct")


EXPECTED = '{"name": "Ann", "items": [{"id": 7}, {"id": 8}], "paid": true, "a.b": 1}'


@pytest.mark.parametrize(
    ("output", "score", "feedback"),
    [
        pytest.param(
            '{"a.b": 1.0, "paid": true, "items": [{"id": 7}, {"id": 8}], "name": " Ann "}', 1.0, "correct", id="same"
        ),
        pytest.param(
            '{"name": "Bob", "items": [{"id": 7}], "paid": 1, "a.b": 1}',
            0.4,
            '3 of 5 fields wrong: name: expected "Ann", got "Bob"; items[1].id: expected 8, which is missing; '
            "paid: expected true, got 1",
            id="parts",
        ),
        pytest.param(
            "[]",
            0.0,
            '5 of 5 fields wrong: name: expected "Ann", which is missing; items[0].id: expected 7, which is missing; '
            "items[1].id: expected 8, which is missing; paid: expected true, which is missing; "
            "a.b: expected 1, which is missing",
            id="another shape",
        ),
    ],
)
async def test_fields_are_compared_one_by_one(output: str, score: float, feedback: str) -> None:
    judgement = await judged(output, EXPECTED, compare="fields")
    assert judgement.score == pytest.approx(score)
    assert judgement.feedback == feedback


async def test_only_the_named_fields_count() -> None:
    judgement = await judged('{"name": "Ann", "items": []}', EXPECTED, compare="fields", fields=["name", "items[0].id"])
    assert judgement.score == 0.5


@pytest.mark.parametrize(
    ("output", "score", "feedback"),
    [
        ('{"b": [1, {}], "a": "x"}', 1.0, "correct"),
        ('{"a": "x", "b": [1, {}], "c": 2}', 0.0, "c: not expected, got 2"),
        ('{"a": "y", "b": [1, {}]}', 0.0, 'a: expected "x", got "y"'),
        ("3", 0.0, 'a: expected "x", which is missing; b[0]: expected 1, which is missing; '
         "b[1]: expected {}, which is missing; the whole: not expected, got 3"),
    ],
)  # fmt: skip
async def test_all_must_be_as_expected_and_nothing_else(output: str, score: float, feedback: str) -> None:
    judgement = await judged(output, '{"a": "x", "b": [1, {}]}', compare="all")
    assert (judgement.score, judgement.feedback) == (score, feedback)


async def test_each_row_may_bring_its_schema() -> None:
    metric = Structure(JsonKind(kind="json", schema_column="form"))
    number, text = ({"form": json.dumps({"type": kind})} for kind in ("number", "string"))
    assert (await metric(Example("1", {}, "", number), "3")).score == 1.0
    assert (await metric(Example("2", {}, "", text), "3")).score == 0.0


@pytest.mark.parametrize(
    ("keys", "expected", "form", "problem"),
    [
        ({"compare": "all"}, "{a}", "", 'the expected answer "{a}" is not valid JSON'),
        ({"compare": "fields", "fields": ["x"]}, '{"a": 1}', "", 'the expected answer "{"a": 1}" has no field \'x\''),
        ({"schema_column": "form"}, "", "", "its column 'form' is no JSON Schema: Expecting value"),
        ({"schema_column": "form"}, "", '{"type": "thing"}', "its column 'form' is no JSON Schema: $.type: "),
        ({"schema_column": "form"}, "", "[]", "its column 'form' is no JSON Schema: it should be an object, not list"),
    ],
)
def test_a_row_that_cannot_be_judged_is_a_problem(keys: dict[str, Any], expected: str, form: str, problem: str) -> None:
    said = Structure(JsonKind(kind="json", **keys)).problem(Example("1", {}, expected, {"form": form}))
    assert said is not None
    assert said.startswith(problem)


async def test_a_schema_without_end_is_no_crash() -> None:
    judgement = await judged("{}", json_schema={"$ref": "#"})
    assert (judgement.score, judgement.feedback) == (0.0, 'the JSON is nested too deeply: "{}"')


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.[0]", max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(values)
async def test_what_is_expected_is_right(value: Any) -> None:
    text = json.dumps(value)
    assert (await judged(text, text, compare="all")).score == 1.0


@given(values, values)
async def test_a_score_is_perfect_for_what_is_the_same_only(one: Any, other: Any) -> None:
    judgement = await judged(json.dumps(other), json.dumps(one), compare="all")
    assert (judgement.score == 1.0) == (judgement.feedback == "correct")
    if json.dumps(one, sort_keys=True).replace(" ", "") == json.dumps(other, sort_keys=True).replace(" ", ""):
        assert judgement.score == 1.0
    partly = await judged(json.dumps(other), json.dumps(one), compare="fields")
    assert judgement.score <= partly.score <= 1.0
