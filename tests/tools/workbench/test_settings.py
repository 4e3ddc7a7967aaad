"""Where a project begins."""

from pathlib import Path

import pytest

from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.settings import find_project, journal_file


def test_the_nearest_folder_with_toishi_in_it_is_the_project(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / ".toishi").mkdir()
    assert find_project(inner / "task.toml") == tmp_path
    assert find_project(inner) == tmp_path
    (tmp_path / "a" / ".toishi").mkdir()
    assert find_project(inner / "task.toml") == tmp_path / "a"


def test_a_task_in_a_new_place_makes_its_own_folder_the_project(tmp_path: Path) -> None:
    assert find_project(tmp_path / "task.toml") == tmp_path


def test_without_a_task_it_is_looked_for_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    assert find_project() == inner
    (tmp_path / ".toishi").mkdir()
    assert find_project() == tmp_path
    assert find_project(Path("task.toml")) == tmp_path


def test_a_file_called_toishi_is_no_project(tmp_path: Path) -> None:
    (tmp_path / ".toishi").write_text("")
    inner = tmp_path / "inner"
    inner.mkdir()
    assert find_project(inner) == inner


def test_the_journal_lies_where_it_is_opened(tmp_path: Path) -> None:
    Journal.open(tmp_path).close()
    assert journal_file(tmp_path).is_file()
