"""Whether a judge was checked: any change of it makes it another judge."""

import json
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.journal import Journal, RunRow
from toishi.tools.workbench.judges.checks import CHECK, fingerprint, judges_of, judging_model, unproved
from toishi.tools.workbench.task import Task, load_task

TASK = """\
name = "Letters"
[program]
prompt = "prompt.txt"
[data]
file = "letters.csv"
inputs = ["text"]
expected = "label"
[metric]
{metric}
[models]
{models}
"""
JUDGE = 'kind = "judge"\nrubric = "Is it kind?"'
MODELS = 'task = "openai/small"\njudge = "openai/large"'


def task(folder: Path, metric: str = JUDGE, models: str = MODELS) -> Task:
    (folder / "prompt.txt").write_text("Answer.")
    (folder / "letters.csv").write_text("text,label\na,b\n")
    (folder / "task.toml").write_text(TASK.format(metric=metric, models=models))
    return load_task(folder / "task.toml", project=folder)


def checked(journal: Journal, task: Task, run: str, **result: Any) -> None:
    (judge,) = judges_of(task)
    row = RunRow(run, task.name, CHECK, "finished", 0, task.model_dump_json(), created=f"2026-01-01T00:00:00+{run}")
    journal.add_run(row)
    found = {"judge": fingerprint(judge, judging_model(task)), "verdict": "trust", "rows": 40}
    journal.set_result(run, {**found, **result})


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


def test_a_judge_that_nobody_checked_is_told(tmp_path: Path, journal: Journal) -> None:
    assert unproved(journal, task(tmp_path)) == (
        "The judge (openai/large) was never checked against a person's marks, so its scores may not be yours; begin "
        "with: toishi judge TASK.toml --draft marks.csv"
    )


def test_a_metric_without_a_judge_needs_no_check(tmp_path: Path, journal: Journal) -> None:
    assert unproved(journal, task(tmp_path, 'kind = "exact"')) is None


def test_a_judge_that_is_trusted_is_not_mentioned(tmp_path: Path, journal: Journal) -> None:
    checked(journal, task(tmp_path), "r-1")
    assert unproved(journal, task(tmp_path)) is None


def test_the_last_check_counts(tmp_path: Path, journal: Journal) -> None:
    checked(journal, task(tmp_path), "r-1")
    checked(journal, task(tmp_path), "r-2", verdict="mark more", rows=12)
    assert unproved(journal, task(tmp_path)) == (
        "The judge (openai/large) was checked on 12 rows, and is not to be trusted yet (mark more)"
    )


@pytest.mark.parametrize(
    ("metric", "models"),
    [
        pytest.param(JUDGE.replace("kind?", "true?"), MODELS, id="rubric"),
        pytest.param(JUDGE + "\nscale = 5", MODELS, id="scale"),
        pytest.param(JUDGE + "\nsamples = 3", MODELS, id="samples"),
        pytest.param(JUDGE, MODELS.replace("large", "huge"), id="model"),
        pytest.param(JUDGE, MODELS + '\nbase_url = "http://127.0.0.1:8000/v1"', id="server"),
    ],
)
def test_another_judge_is_unchecked(tmp_path: Path, journal: Journal, metric: str, models: str) -> None:
    checked(journal, task(tmp_path), "r-1")
    assert "was never checked" in (unproved(journal, task(tmp_path, metric, models)) or "")


def test_a_judge_stays_the_same_as_a_part_of_several(tmp_path: Path, journal: Journal) -> None:
    checked(journal, task(tmp_path), "r-1")
    several = 'kind = "several"\n[[metric.parts]]\nname = "kind"\n' + JUDGE
    several += '\nweight = 2.0\n[[metric.parts]]\nname = "same"\nkind = "exact"'
    assert unproved(journal, task(tmp_path, several)) is None


def test_the_rubric_of_a_file_is_part_of_the_judge(tmp_path: Path) -> None:
    (tmp_path / "rubric.md").write_text("Is it kind?\n")
    by_file = task(tmp_path, 'kind = "judge"\nrubric_file = "rubric.md"')
    (one,), (other,) = judges_of(task(tmp_path)), judges_of(by_file)
    assert fingerprint(one, "m") == fingerprint(other, "m")
    restored = Task.model_validate_json(by_file.model_dump_json())
    assert json.loads(restored.model_dump_json())["metric"]["rubric"] == "Is it kind?"
