"""Several metrics on the same answer."""

from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.building import build_kind
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Choosy, Metric
from toishi.tools.workbench.task.metric import MetricSection

EXAMPLE = Example("1", {}, "4")


def several(*parts: dict[str, Any]) -> Metric:
    section = MetricSection.model_validate({"kind": "several", "parts": list(parts)})
    return build_kind(section.root, [EXAMPLE], MetricContext(Path("/nowhere")))


RIGHT = {"name": "right", "kind": "number", "weight": 3.0}
BRIEF = {"name": "brief", "kind": "regex", "pattern": "^.{1,10}$", "weight": 1.0}
POLITE = {"name": "polite", "kind": "contains", "texts": ["please", "thank you"], "weight": 0.0}


async def test_the_score_is_the_weighted_mean_and_each_part_is_an_objective() -> None:
    judgement = await several(RIGHT, BRIEF, POLITE)(EXAMPLE, "it is 4, please believe me")
    assert judgement.score == 0.75
    assert judgement.objectives == {"right": 1.0, "brief": 0.0, "polite": 0.5}


async def test_the_feedback_is_that_of_the_parts_that_are_not_perfect() -> None:
    judgement = await several(RIGHT, BRIEF, POLITE)(EXAMPLE, "5 please")
    assert judgement.feedback.splitlines() == [
        "right: expected 4, got 5 (the last number in it)",
        'polite: the answer "5 please" should hold "thank you", and does not, only "please"',
    ]


async def test_where_all_parts_are_perfect_it_is_correct() -> None:
    judgement = await several(RIGHT, BRIEF)(EXAMPLE, "4")
    assert (judgement.score, judgement.feedback) == (1.0, "correct")


@pytest.mark.parametrize("weights", [(0.1, 0.2, 0.7), (1 / 3, 1 / 3, 1 / 3), (1e-9, 1e9, 3.0)])
async def test_a_perfect_answer_scores_no_more_than_1(weights: tuple[float, ...]) -> None:
    parts = [
        {**part, "weight": weight} for part, weight in zip((RIGHT, BRIEF, RIGHT | {"name": "b"}), weights, strict=True)
    ]
    assert (await several(*parts)(EXAMPLE, "4")).score == pytest.approx(1.0)
    assert (await several(*parts)(EXAMPLE, "4")).score <= 1.0


async def test_the_objectives_of_a_part_bear_its_name() -> None:
    row = Example("1", {}, "", {"instruction_id_list": '["punctuation:no_comma"]', "kwargs": "[{}]"})
    judgement = await several({"name": "form", "kind": "ifeval"}, BRIEF)(row, "a, b")
    assert judgement.objectives["form"] == 0.0
    assert judgement.objectives["form.prompt_loose"] == 0.0


def test_a_row_that_one_part_cannot_judge_is_a_problem() -> None:
    metric = several(RIGHT, BRIEF)
    assert isinstance(metric, Choosy)
    assert metric.problem(Example("1", {}, "four")) == 'the expected answer "four" holds no number (right)'
    assert metric.problem(EXAMPLE) is None
