"""Runs that wait for their first sitting, in this very process."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.sittings import LABELS, TEST, Begin, Project
from toishi.tools.workbench.models import registry
from toishi.tools.workbench.task import load_task


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Makes projects with a run that waits for its first sitting."""
    # What a test registers ends with it.
    monkeypatch.setattr(registry, "_factories", {})
    projects: list[Project] = []

    def begin(prompt: str = "Name the topic.", *, budget: str = "", gepa: str = "", models: str = "") -> Project:
        folder = tmp_path / str(len(projects))
        folder.mkdir()
        splits = ["feedback"] * 2 + ["validation"] * 3 + ["test"] * (TEST // len(LABELS))
        rows = [
            {"id": f"{label}-{number}", "text": f"No. {number}, my {word}", "label": label, "split": split}
            for word, label in LABELS.items()
            for number, split in enumerate(splits)
        ]
        (folder / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
        (folder / "prompt.txt").write_text(prompt)
        (folder / "task.toml").write_text(f"""
name = "Bank messages"
[program]
prompt = "prompt.txt"
[data]
file = "rows.jsonl"
inputs = ["text"]
expected = "label"
split = "split"
[metric]
kind = "choice"
[models]
task = "scripted/rules"
max_tokens = 8
reflection_max_tokens = 100
{models}
[budget]
{budget}
[gepa]
{gepa}
""")
        projects.append(Project(folder, load_task(folder / "task.toml", project=folder)))
        return projects[-1]

    yield begin
    for project in projects:
        project.journal.close()
