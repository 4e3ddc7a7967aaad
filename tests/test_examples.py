"""The examples are tasks that run as they stand."""

from collections import Counter
from pathlib import Path

import pytest

from toishi.tools.workbench.data import load_data
from toishi.tools.workbench.metrics.building import build_metric
from toishi.tools.workbench.task import load_task

ROOT = Path(__file__).resolve().parent.parent
TASKS = sorted((ROOT / "examples").rglob("task.toml"))


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.parent.name)
async def test_an_example_has_data_that_its_metric_can_judge(path: Path) -> None:
    task = load_task(path, project=path.parent)
    splits = load_data(task, path.parent)
    examples = [*splits.feedback, *splits.validation, *splits.test]
    metric = build_metric(task, examples)
    assert {(await metric(example, example.expected)).score for example in examples} == {1.0}


def test_the_tickets_are_divided_evenly_over_the_queues() -> None:
    path = ROOT / "examples" / "tickets" / "task.toml"
    splits = load_data(load_task(path, project=path.parent), path.parent)
    for split in (splits.feedback, splits.validation, splits.test):
        counts = Counter(example.expected for example in split).values()
        assert len(counts) == 6
        assert max(counts) - min(counts) <= 1
