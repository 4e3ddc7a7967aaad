"""Exact: the answer is the expected text but for blanks at its ends."""

import pytest

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.exact import Exact


@pytest.mark.parametrize(
    ("answer", "score", "feedback"),
    [
        pytest.param(" 42\n", 1.0, "correct", id="blanks"),
        pytest.param("43", 0.0, "expected 42, got 43", id="wrong"),
        pytest.param("4 2", 0.0, "expected 42, got 4 2", id="blank inside"),
        pytest.param("", 0.0, "expected 42, got ", id="nothing"),
        pytest.param("x" * 200, 0.0, "expected 42, got " + "x" * 200, id="long"),
        pytest.param("x" * 201, 0.0, "expected 42, got " + "x" * 200 + "…", id="too long to show"),
    ],
)
async def test_score_and_feedback(answer: str, score: float, feedback: str) -> None:
    judgement = await Exact()(Example("1", {"text": "6 * 7"}, "42 "), answer)
    assert (judgement.score, judgement.feedback) == (score, feedback)


async def test_case_counts() -> None:
    assert (await Exact()(Example("1", {}, "Yes"), "yes")).score == 0.0
