"""Trust in a person's own code: kept outside the project, by its path, and asked for before anything runs."""

import json
import multiprocessing
from pathlib import Path

import pytest

from toishi.tools.workbench.errors import TrustNeeded, UsageError
from toishi.tools.workbench.own_code import trust
from toishi.tools.workbench.task import load_task

TASK = """\
name = "Own code"

[program]
code = "program.py:run"

[program.modules]
answer = "prompt.txt"

[data]
file = "rows.csv"
inputs = ["question"]
expected = "answer"

[metric]
kind = "several"

[[metric.parts]]
kind = "exact"
name = "exact"

[[metric.parts]]
kind = "python"
function = "metric.py:score"
name = "mine"
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which trust is kept."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "toishi" / "trusted.json"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_no_project_is_trusted_before_somebody_says_so(project: Path, state: Path) -> None:
    assert not trust.is_trusted(project)
    with pytest.raises(TrustNeeded) as refused:
        trust.require(project, "metric.py")
    assert str(refused.value) == (
        f"This task runs code of the project {project} (metric.py), and nobody has said yet that it may; "
        "read the code, then say so once with --trust"
    )
    assert not state.exists()


def test_once_said_it_holds_for_this_project_and_no_other(project: Path, tmp_path: Path, state: Path) -> None:
    trust.trust(project)

    trust.require(project, "metric.py")
    assert not trust.is_trusted(tmp_path)
    assert not trust.is_trusted(project / "inner")
    assert oct(state.stat().st_mode)[-3:] == "600"
    assert list(json.loads(state.read_text())["projects"]) == [str(project)]


def test_a_project_is_known_by_where_it_really_lies(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project)
    trust.trust(tmp_path / "link")
    assert trust.is_trusted(project)

    moved = project.rename(tmp_path / "moved")
    assert not trust.is_trusted(moved)


def test_a_project_cannot_bring_its_own_trust(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (project / ".toishi", project / ".local" / "state" / "toishi", project / "toishi"):
        place.mkdir(parents=True)
        (place / "trusted.json").write_text(json.dumps({"projects": {str(project): "2026-01-01"}}))
    monkeypatch.chdir(project)

    assert not trust.is_trusted(project)
    monkeypatch.setenv("XDG_STATE_HOME", ".")
    monkeypatch.setenv("HOME", str(project.parent))
    assert not trust.is_trusted(project)


def test_what_others_could_have_written_says_nothing(project: Path, state: Path) -> None:
    trust.trust(project)
    state.chmod(0o666)

    with pytest.raises(UsageError, match=r"trusted\.json can be written by others, so it says nothing; remove it"):
        trust.is_trusted(project)


@pytest.mark.parametrize("content", ["", "[]", '{"projects": []}', "{", '{"projects": {"a"'])
def test_a_damaged_file_is_told_and_trusts_nobody(project: Path, state: Path, content: str) -> None:
    state.parent.mkdir(parents=True)
    state.write_text(content)
    state.chmod(0o600)

    with pytest.raises(UsageError, match=r"trusted\.json is damaged; remove it"):
        trust.require(project, "metric.py")


def test_a_folder_that_cannot_be_written_is_told(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    with pytest.raises(UsageError, match=r"trusted\.json cannot be written"):
        trust.trust(project)


def test_all_who_say_it_at_once_are_heard(tmp_path: Path) -> None:
    projects = [tmp_path / str(number) for number in range(8)]
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(trust.trust, projects)

    assert [trust.is_trusted(project) for project in projects] == [True] * 8


def test_own_code_is_what_a_run_executes(project: Path) -> None:
    for name, text in (
        ("task.toml", TASK),
        ("program.py", "async def run(example, call): return ''\n"),
        ("metric.py", "def score(example, output): return 1.0\n"),
        ("prompt.txt", "Answer.\n"),
        ("rows.csv", "question,answer\n" + "".join(f"q{n},a{n}\n" for n in range(9))),
    ):
        (project / name).write_text(text)

    assert trust.own_code(load_task(project / "task.toml", project=project)) == ("program.py", "metric.py")

    plain = TASK.replace('code = "program.py:run"\n\n[program.modules]\nanswer =', "prompt =").partition("[metric]")[0]
    (project / "task.toml").write_text(plain + '[metric]\nkind = "exact"\n')
    assert trust.own_code(load_task(project / "task.toml", project=project)) == ()
