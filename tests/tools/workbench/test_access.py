"""What toishi keeps is its owner's alone, whatever the umask, unless they share it on purpose."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from toishi.tools.workbench import changes
from toishi.tools.workbench.changes import Change, FileEdit
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.runs import take_lock


@pytest.fixture(autouse=True, params=[0o022, 0o000], ids=["usual umask", "open umask"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def work(project: Path) -> Iterator[None]:
    """Makes every kind of file that toishi keeps; stops while the database is open."""
    journal = Journal.open(project)
    (project / "prompt.txt").write_text("old")
    change = changes.propose(journal, "r-1", Change((FileEdit("prompt.txt", "old", "new"),), {}))
    changes.apply(journal, project, change)
    changes.undo(journal, project, change)
    os.close(take_lock(project, "r-1"))
    yield
    journal.close()


def modes(project: Path) -> dict[str, int]:
    folder = project / ".toishi"
    return {str(path.relative_to(project)): stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}


FILES = ("toishi.db", "toishi.db-wal", "toishi.db-shm", "changes.lock", ".gitignore", "runs/r-1.lock")
OWNERS = {".toishi": 0o700, ".toishi/runs": 0o700} | {f".toishi/{name}": 0o600 for name in FILES}


def test_all_that_is_kept_is_the_owners_alone(tmp_path: Path) -> None:
    for _ in work(tmp_path):
        assert modes(tmp_path) == OWNERS


def test_what_lay_open_is_closed_when_it_is_next_opened(tmp_path: Path) -> None:
    for _ in work(tmp_path):
        pass
    elsewhere = tmp_path / "mine.txt"
    elsewhere.write_text("mine")
    elsewhere.chmod(0o644)
    (tmp_path / ".toishi" / "link").symlink_to(elsewhere)
    for path in (tmp_path / ".toishi").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (tmp_path / ".toishi").chmod(0o755)
    for _ in work(tmp_path):
        (tmp_path / ".toishi" / "link").unlink()
        assert modes(tmp_path) == OWNERS
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644


def test_a_folder_that_is_shared_on_purpose_stays_so_for_its_group(tmp_path: Path) -> None:
    Journal.open(tmp_path).close()
    for path in (tmp_path / ".toishi").iterdir():
        path.chmod(0o666)
    (tmp_path / ".toishi").chmod(0o2775)
    Journal.open(tmp_path).close()
    assert modes(tmp_path)[".toishi"] == 0o2770
    assert modes(tmp_path)[".toishi/toishi.db"] == 0o660


def test_a_shared_parent_hands_its_group_down(tmp_path: Path, umask: int) -> None:
    tmp_path.chmod(0o2775)
    for _ in work(tmp_path):
        shared = {name: mode | (0o2070 if mode == 0o700 else 0o060) for name, mode in OWNERS.items()}
        assert modes(tmp_path) == {name: mode & ~umask for name, mode in shared.items()}
