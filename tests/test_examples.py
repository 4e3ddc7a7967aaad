"""The examples are tasks that run as they stand."""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.servers.running import ModelServer
from toishi.tools.workbench.data import load_data
from toishi.tools.workbench.metrics.building import build_metric
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.own_code.trust import trust
from toishi.tools.workbench.task import load_task

ROOT = Path(__file__).resolve().parent.parent
TASKS = sorted((ROOT / "examples").rglob("task.toml"))


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.parent.name)
async def test_an_example_has_data_that_its_metric_can_judge(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    trust(path.parent)
    task = load_task(path, project=path.parent)
    splits = load_data(task, path.parent)
    metric = build_metric(task, splits.all, MetricContext(path.parent))
    found = [await metric(example, example.expected) for example in splits.all]
    if task.metric.kind in ("choice", "number", "f1"):
        assert {judgement.score for judgement in found} == {1.0}
    else:
        # What is judged by more than its text, or without any right answer, gets an empty answer here.
        assert all(0 <= judgement.score <= 1 and judgement.feedback for judgement in found)


def test_the_tickets_are_divided_evenly_over_the_queues() -> None:
    path = ROOT / "examples" / "tickets" / "task.toml"
    splits = load_data(load_task(path, project=path.parent), path.parent)
    for split in (splits.feedback, splits.validation, splits.test):
        counts = Counter(example.expected for example in split).values()
        assert len(counts) == 6
        assert max(counts) - min(counts) <= 1


def run(folder: Path, rollouts: int) -> dict[str, Any]:
    """What `toishi run` tells of the task in the folder, when it may spend so many rollouts."""
    command = [sys.executable, "-P", "-m", "toishi.assistant", "run", "task.toml", "--json"]
    answer = subprocess.run(
        [*command, "--max-rollouts", str(rollouts)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert answer.returncode in (0, 3, 5), answer.stderr
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    """A person's copy of the tickets."""
    return Path(shutil.copytree(ROOT / "examples" / "tickets", tmp_path / "tickets"))


def test_the_tickets_run_with_the_embedded_model_as_they_stand(tickets: Path) -> None:
    ending = run(tickets, rollouts=150)
    assert (ending["status"], ending["test_examples"], ending["cost"]) == ("finished", 43, 0)
    assert ending["rollouts"] <= 150


def test_the_tickets_run_on_any_server_by_the_two_lines_that_their_readme_names(
    tickets: Path, model_server: ModelServer
) -> None:
    task, readme = tickets / "task.toml", (tickets / "README.md").read_text()
    lines = re.findall(r'^(task|base_url) = "(.*)"$', readme, re.MULTILINE)
    assert dict(lines)["task"].startswith("openai/")
    text = task.read_text().replace("# task = ", "task = ").replace("# base_url = ", "base_url = ")
    text = text.replace('task = "embedded/mini"\n', "").replace(dict(lines)["task"], model_server.model)
    task.write_text(text.replace(dict(lines)["base_url"], model_server.base_url))

    ending = run(tickets, rollouts=1200)

    assert ending["outcome"] == "improved"
    assert ending["best_score"] > ending["seed_score"]
    assert model_server.calls()
