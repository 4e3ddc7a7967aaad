"""What holds for every metric that needs no model and no code."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.building import build_kind
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Metric
from toishi.tools.workbench.task.metric import MetricSection

INSTRUCTIONS = {
    "instruction_id_list": json.dumps(["punctuation:no_comma", "length_constraints:number_sentences"]),
    "kwargs": json.dumps([{}, {"relation": "less than", "num_sentences": 3}]),
}

# Each with rows, and an answer that is right for each of them.
METRICS: dict[str, tuple[dict[str, Any], list[tuple[Example, str]]]] = {
    "exact": ({"kind": "exact"}, [(Example("1", {}, "a b"), "a b")]),
    "text": ({"kind": "text"}, [(Example("1", {}, "The cat!"), "cat"), (Example("2", {}, "A"), "a")]),
    "number": ({"kind": "number"}, [(Example("1", {}, "-1,234.5"), "So -1234.50."), (Example("2", {}, "0"), "0")]),
    "tolerance": ({"kind": "number", "relative": 0.1}, [(Example("1", {}, "100"), "it is 109")]),
    "choice": ({"kind": "choice"}, [(Example("1", {}, "yes"), "Yes."), (Example("2", {}, "no"), "no")]),
    "f1": ({"kind": "f1"}, [(Example("1", {}, "a cat"), "Cat."), (Example("2", {}, "yes"), "yes")]),
    "contains": ({"kind": "contains", "separator": "|"}, [(Example("1", {}, "cat|dog"), "dogs and cats")]),
    "regex": ({"kind": "regex", "pattern": "x=(.+?);", "group": 1}, [(Example("1", {}, "1"), "x=1;")]),
    "json": ({"kind": "json", "compare": "fields"}, [(Example("1", {}, '{"a": [1, 2]}'), '{"a": [1, 2]}')]),
    "ifeval": ({"kind": "ifeval"}, [(Example("1", {}, "", INSTRUCTIONS), "One. Two.")]),
    "several": (
        {"kind": "several", "parts": [{"kind": "f1", "name": "a"}, {"kind": "number", "name": "b", "weight": 0.5}]},
        [(Example("1", {}, "cat 7"), "the cat 7")],
    ),
}


def built(name: str) -> tuple[Metric, list[tuple[Example, str]]]:
    keys, rows = METRICS[name]
    section = MetricSection.model_validate(keys)
    return build_kind(section.root, [row for row, _ in rows], MetricContext(Path("/nowhere"))), rows


@pytest.mark.parametrize("name", METRICS)
async def test_a_right_answer_has_the_whole_score_and_is_called_correct(name: str) -> None:
    metric, rows = built(name)
    for example, answer in rows:
        judgement = await metric(example, answer)
        assert (judgement.score, judgement.feedback) == (1.0, "correct")


@pytest.mark.parametrize("name", METRICS)
async def test_an_empty_answer_is_worth_nothing(name: str) -> None:
    metric, rows = built(name)
    for example, _ in rows:
        judgement = await metric(example, " \n")
        assert judgement.score == 0.0
        assert judgement.feedback not in ("", "correct")


OUTPUTS = st.text(max_size=60) | st.text('{}[]",:1a`#\\.-/%|;=x yes no cat\n', max_size=60)


@pytest.mark.parametrize("name", METRICS)
@given(output=OUTPUTS)
async def test_any_text_has_a_score_and_words_that_go_with_it(name: str, output: str) -> None:
    metric, rows = built(name)
    for example, _ in rows:
        judgement = await metric(example, output)
        assert 0.0 <= judgement.score <= 1.0
        assert (judgement.score == 1.0) == (judgement.feedback == "correct")
        assert judgement.feedback
        assert all(0.0 <= value <= 1.0 for value in judgement.objectives.values())
        assert await metric(example, output) == judgement


@pytest.mark.parametrize("name", METRICS)
async def test_feedback_stays_short_however_long_the_answer(name: str) -> None:
    metric, rows = built(name)
    for example, _ in rows:
        judgement = await metric(example, "many words, and [1, " * 20_000)
        assert len(judgement.feedback) < 2_000
