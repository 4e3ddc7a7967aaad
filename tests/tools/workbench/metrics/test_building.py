"""The metric that a task names."""

from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.building import build_metric
from toishi.tools.workbench.metrics.choice import Choice
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.exact import Exact
from toishi.tools.workbench.task import Task

CONTEXT = MetricContext(Path("/nowhere"))


def task(**metric: Any) -> Task:
    data = {"file": "m.csv", "inputs": ["text"], "expected": "label"}
    sections = {"program": {"prompt": "p.txt"}, "data": data, "metric": metric}
    return Task.model_validate({"name": "Messages", "texts": {}, "sources": {}, **sections})


def examples(*labels: str) -> list[Example]:
    return [Example(str(number), {"text": "hi"}, label) for number, label in enumerate(labels)]


def test_exact_needs_no_labels() -> None:
    assert isinstance(build_metric(task(kind="exact"), examples("a"), CONTEXT), Exact)


def test_the_labels_of_the_data_are_the_choices_where_none_are_written() -> None:
    metric = build_metric(task(kind="choice"), examples("b", "a", "b"), CONTEXT)
    assert isinstance(metric, Choice)
    assert metric.choices == ("a", "b")


def test_written_choices_win() -> None:
    metric = build_metric(task(kind="choice", choices=["c", "a", "b"]), examples("a"), CONTEXT)
    assert isinstance(metric, Choice)
    assert metric.choices == ("c", "a", "b")


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["a", "a"], "every row has the label 'a'; a choice needs at least two, so name metric.choices"),
        (["no", "Yes", "yes"], "the labels 'Yes' and 'yes' differ in case only; write them alike in the data"),
    ],
)
def test_labels_that_make_no_choice_are_refused(labels: list[str], sentence: str) -> None:
    with pytest.raises(DataError) as raised:
        build_metric(task(kind="choice"), examples(*labels), CONTEXT)
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("metric", "row", "sentence"),
    [
        pytest.param(
            {"kind": "number"},
            Example("r-2", {"text": "hi"}, "many"),
            "metric.kind = 'number' cannot judge the row r-2: the expected answer \"many\" holds no number",
            id="a row that cannot be judged",
        ),
        pytest.param(
            {"kind": "regex", "pattern_column": "patern"},
            Example("r-2", {"text": "hi"}, "", {"pattern": "a"}),
            "metric.pattern_column = 'patern' is no column of the data; did you mean 'pattern'?",
            id="a column that is not there",
        ),
        pytest.param(
            {"kind": "several", "parts": [{"name": "right", "kind": "number"}]},
            Example("r-2", {"text": "hi"}, "many"),
            "metric.kind = 'several' cannot judge the row r-2: the expected answer \"many\" holds no number (right)",
            id="in a part",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused_before_anything_is_paid(
    metric: dict[str, Any], row: Example, sentence: str
) -> None:
    with pytest.raises(DataError) as raised:
        build_metric(task(**metric), [row], CONTEXT)
    assert str(raised.value) == sentence


def test_a_column_may_be_an_input_too() -> None:
    row = Example("1", {"text": "hi", "pattern": "^h"}, "")
    assert build_metric(task(kind="regex", pattern_column="pattern"), [row], CONTEXT) is not None
