"""Paths stay inside the project and what was named: whatever a task says, and whatever a folder was packed with."""

import os
from pathlib import Path

import pytest

from toishi.tools.workbench.errors import DataError, TaskError, UsageError
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.labels.sidecar import read_labels
from toishi.tools.workbench.settings import FOLDER, find_project
from toishi.tools.workbench.task import load_task

PROMPT = 'prompt = "prompt.txt"'
DATA = 'file = "rows.csv"'
METRIC = 'kind = "exact"'
MODULES = '[program.modules]\nask = "inside.txt"'

# Every key that names a file: the table it stands in, what is written there, and the file that it needs.
KEYS = {
    "program.prompt": ("program", PROMPT, 'prompt = "{path}"', "prompt.txt"),
    "program.code": ("program", PROMPT, f'code = "{{path}}:run"\n{MODULES}', "program.py"),
    "program.graph": ("program", PROMPT, f'graph = "{{path}}:graph"\noutput = "answer"\n{MODULES}', "agent.py"),
    "program.modules.ask": (
        "program",
        PROMPT,
        'code = "inside.py:run"\n[program.modules]\nask = "{path}"',
        "ask.txt",
    ),
    "program.retrievers.search.file": (
        "program",
        PROMPT,
        'code = "inside.py:run"\n[program.modules]\nask = "inside.txt"\n[program.retrievers.search]\nfile = "{path}"',
        "corpus.jsonl",
    ),
    "data.file": ("data", DATA, 'file = "{path}"', "rows.csv"),
    "data.train": ("data", DATA, 'train = "{path}"\ntest = "inside.csv"', "rows.csv"),
    "data.test": ("data", DATA, 'train = "inside.csv"\ntest = "{path}"', "rows.csv"),
    "data.requests": ("data", DATA, 'file = "inside.csv"\nrequests = "{path}"', "requests.jsonl"),
    "data.labels": ("data", DATA, 'file = "inside.csv"\nlabels = "{path}"', "rows.labels.csv"),
    "metric.function": ("metric", METRIC, 'kind = "python"\nfunction = "{path}:score"', "metric.py"),
    "metric.rubric_file": ("metric", METRIC, 'kind = "judge"\nrubric_file = "{path}"', "rubric.txt"),
    "metric.schema_file": (
        "metric",
        METRIC,
        'kind = "json"\ncompare = "nothing"\nschema_file = "{path}"',
        "schema.json",
    ),
}

# Only data may be read elsewhere, and only where a person wrote the whole path.
MAY_LIE_OUTSIDE = ("data.file", "data.train", "data.test", "data.requests")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project beside a folder that is none of its business."""
    (tmp_path / "project").mkdir()
    (tmp_path / "outside").mkdir()
    for name in {file for *_, file in KEYS.values()}:
        (tmp_path / "outside" / name).write_text('{"a": "secret"}\n')
    inside = tmp_path / "project"
    for name in ("inside.py", "inside.txt", "inside.csv", "rows.csv", "prompt.txt"):
        (inside / name).write_text("text,label\na,b\n")
    return inside


def task(project: Path, key: str, path: str) -> Path:
    _, before, after, _ = KEYS[key]
    lines = {"program": PROMPT, "data": DATA, "metric": METRIC}
    text = "\n".join(
        f"[{table}]\n{line.replace(before, after.format(path=path))}"
        + ('\ninputs = ["text"]\nexpected = "label"' if table == "data" else "")
        for table, line in lines.items()
    )
    file = project / "task.toml"
    file.write_text(f'name = "Paths"\n{text}\n')
    return file


def outside(project: Path, key: str) -> Path:
    return project.parent / "outside" / KEYS[key][3]


@pytest.mark.parametrize("key", KEYS)
def test_a_path_with_dots_does_not_lead_out(project: Path, key: str) -> None:
    with pytest.raises(TaskError, match=rf"{key} = .* leads out of the project folder"):
        load_task(task(project, key, f"../outside/{KEYS[key][3]}"), project=project)


@pytest.mark.parametrize("key", KEYS)
def test_a_link_does_not_lead_out(project: Path, key: str) -> None:
    (project / "links").symlink_to(project.parent / "outside")
    link = project / f"link{outside(project, key).suffix}"
    link.symlink_to(outside(project, key))
    for path in (link.name, f"links/{KEYS[key][3]}"):
        with pytest.raises(TaskError, match=rf"{key} = .* leads out of the project folder"):
            load_task(task(project, key, path), project=project)


@pytest.mark.parametrize("key", sorted(set(KEYS) - set(MAY_LIE_OUTSIDE)))
def test_an_absolute_path_does_not_lead_out(project: Path, key: str) -> None:
    with pytest.raises(TaskError, match=rf"{key} = .* leads out of the project folder"):
        load_task(task(project, key, str(outside(project, key))), project=project)


@pytest.mark.parametrize("key", MAY_LIE_OUTSIDE)
def test_data_may_be_named_by_its_whole_path(project: Path, key: str) -> None:
    loaded = load_task(task(project, key, str(outside(project, key))), project=project)
    assert str(outside(project, key)) in (*loaded.data.files().values(), loaded.data.requests)


def test_labels_need_a_folder_and_not_a_file(project: Path) -> None:
    loaded = load_task(task(project, "data.labels", "new.labels.csv"), project=project)
    assert loaded.data.labels == "new.labels.csv"
    with pytest.raises(TaskError, match=r"data\.labels = 'sub/new\.csv' lies in a folder that does not exist"):
        load_task(task(project, "data.labels", "sub/new.csv"), project=project)
    (project / "folder").mkdir()
    with pytest.raises(TaskError, match=r"data\.labels = 'folder' is no file"):
        load_task(task(project, "data.labels", "folder"), project=project)


def test_labels_are_not_read_or_written_through_a_link(project: Path) -> None:
    (project / "rows.labels.csv").symlink_to(project.parent / "outside" / "rows.labels.csv")
    with pytest.raises(DataError, match=r"rows\.labels\.csv is a symbolic link"):
        read_labels(project / "rows.labels.csv", ["text"])


@pytest.mark.parametrize("place", [FOLDER, f"{FOLDER}/toishi.db", f"{FOLDER}/runs", f"{FOLDER}/.gitignore"])
def test_a_packed_link_does_not_make_the_journal_write_elsewhere(project: Path, place: str) -> None:
    target = project.parent / "outside" / "target"
    if place in (FOLDER, f"{FOLDER}/runs"):
        target.mkdir()
    else:
        target.write_bytes(b"")
    link = project / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target)

    with pytest.raises(UsageError, match=rf"{link} is a link that leads out of the project to {target}; remove it"):
        Journal.open(project)

    assert not list(target.iterdir()) if target.is_dir() else not target.read_bytes()


def test_a_folder_of_another_account_is_no_project_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / "mine").mkdir()
    assert find_project(tmp_path / "mine") == tmp_path
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert find_project(tmp_path / "mine") == tmp_path / "mine"
