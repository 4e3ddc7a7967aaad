"""Contains: certain texts stand in the answer, or do not."""

from typing import Any

import pytest

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.contains import Contains
from toishi.tools.workbench.task.kinds.answers import ContainsKind


def metric(**keys: Any) -> Contains:
    return Contains(ContainsKind(kind="contains", **keys))


@pytest.mark.parametrize(
    ("keys", "output", "score", "feedback"),
    [
        pytest.param({}, "It is Paris.", 1.0, "correct", id="the expected answer"),
        pytest.param({}, "it is PARIS", 1.0, "correct", id="in another case"),
        pytest.param(
            {"case": True},
            "it is PARIS",
            0.0,
            'the answer "it is PARIS" should hold "Paris", and does not',
            id="case counts",
        ),
        pytest.param({"texts": ["new  york"]}, "New\nYork", 1.0, "correct", id="blanks are one"),
        pytest.param(
            {"texts": ["a", "b", "z"]},
            "b or a",
            pytest.approx(2 / 3),
            'the answer "b or a" should hold "z", and does not, only "a", "b"',
            id="all: a share",
        ),
        pytest.param({"texts": ["a", "b"], "need": "any"}, "b", 1.0, "correct", id="any"),
        pytest.param(
            {"texts": ["a", "b"], "need": "any"},
            "c",
            0.0,
            'the answer "c" holds none of "a", "b"; one of them should be',
            id="none of any",
        ),
        pytest.param({"texts": ["sorry"], "need": "none"}, "Gladly.", 1.0, "correct", id="none"),
        pytest.param(
            {"texts": ["sorry", "cannot"], "need": "none"},
            "Sorry!",
            0.0,
            'the answer "Sorry!" holds "sorry", which should not stand in it',
            id="what should not be there",
        ),
    ],
)
async def test_score_and_feedback(keys: dict[str, Any], output: str, score: float, feedback: str) -> None:
    judgement = await metric(**keys)(Example("1", {}, "Paris"), output)
    assert (judgement.score, judgement.feedback) == (score, feedback)


@pytest.mark.parametrize(("written", "score"), [('["cat", "mat"]', 1.0), ("cat", 1.0), ('["cat", "dog"]', 0.5)])
async def test_the_texts_may_stand_in_a_column(written: str, score: float) -> None:
    example = Example("1", {}, "", {"must": written})
    assert (await metric(texts_column="must")(example, "the cat on the mat")).score == score


@pytest.mark.parametrize("written", ["", "[]", '[" "]'])
def test_a_row_that_names_no_text_is_a_problem(written: str) -> None:
    problem = metric(texts_column="must").problem(Example("1", {}, "", {"must": written}))
    assert problem == "its column 'must' names no text to look for"


async def test_several_expected_answers_are_told_apart_by_a_separator() -> None:
    judgement = await metric(separator=";", need="any")(Example("1", {}, "NYC; New York"), "in new york")
    assert judgement.score == 1.0
