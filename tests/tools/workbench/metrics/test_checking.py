"""Answers that do not do the task, and metrics that pay for them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.building import build_kind
from toishi.tools.workbench.metrics.checking import weaknesses
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.task.metric import MetricSection

ROWS = [Example(str(number), {"text": f"row {number}"}, "odd" if number % 2 else "even") for number in range(300)]


async def found(rows: list[Example], **keys: Any) -> list[str]:
    section = MetricSection.model_validate(keys)
    return await weaknesses(section, build_kind(section.root, rows, MetricContext(Path("/nowhere"))), rows)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"kind": "exact"}, id="exact"),
        pytest.param({"kind": "choice"}, id="choice"),
        pytest.param({"kind": "f1"}, id="f1"),
        pytest.param({"kind": "regex", "pattern": "(?i)therefore"}, id="regex"),
        pytest.param({"kind": "json"}, id="json"),
    ],
)
async def test_nothing_is_said_of_a_metric_that_asks_for_the_task(keys: dict[str, Any]) -> None:
    assert await found(ROWS, **keys) == []


ANYTHING = (
    "an empty answer or an answer that repeats the row's inputs or the answer 'Lorem ipsum dolor sit amet.' "
    "scores 1.00 on average, whatever the row asks"
)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        pytest.param({"kind": "regex", "pattern": ".*"}, ANYTHING, id="a pattern that matches everything"),
        pytest.param({"kind": "contains", "texts": ["sorry"], "need": "none"}, ANYTHING, id="texts that nobody writes"),
        pytest.param(
            {"kind": "contains"},
            "an answer that lists every expected answer scores 1.00 on average, whatever the row asks",
            id="all labels at once",
        ),
        pytest.param(
            {"kind": "regex", "pattern": "row"},
            "an answer that repeats the row's inputs scores 1.00 on average, whatever the row asks",
            id="inputs copied",
        ),
        pytest.param(
            {"kind": "several", "parts": [{"name": "a", "kind": "regex", "pattern": ".*"}]}, ANYTHING, id="in a part"
        ),
    ],
)
async def test_a_metric_that_pays_for_nothing_is_named(keys: dict[str, Any], sentence: str) -> None:
    assert await found(ROWS, **keys) == [sentence]


async def test_rows_that_all_expect_the_same_are_named() -> None:
    rows = [example for example in ROWS if example.expected == "odd"]
    assert await found(rows, kind="text") == [
        "every row that was looked at expects 'odd', so one answer for all scores best"
    ]


async def test_a_label_that_nearly_all_rows_expect_is_named() -> None:
    rows = [Example(str(number), {"text": "x"}, "rare" if number % 20 == 0 else "usual") for number in range(100)]
    assert await found(rows, kind="exact") == ["the answer 'usual' scores 0.95 on average, whatever the row asks"]


async def test_a_metric_that_costs_something_is_not_tried() -> None:
    class Unasked:
        async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
            raise AssertionError("nobody should ask it")

    section = MetricSection.model_validate({"kind": "python", "function": "metric.py:score"})
    assert await weaknesses(section, Unasked(), ROWS) == []
