"""A change is written as approved, whole or not at all, and can be taken back."""

import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from toishi.tools.workbench import changes
from toishi.tools.workbench.changes import Change, FileEdit
from toishi.tools.workbench.errors import ChangeConflict, UsageError
from toishi.tools.workbench.journal import Journal

BEFORE = {"prompt.txt": "Answer.\r\n", "more/second.txt": "Zwei — ü\n", "third.txt": "drei"}
AFTER = {"prompt.txt": "Answer in one word.\r\n", "more/second.txt": "Zwei — ö\n", "third.txt": ""}
MODES = {"prompt.txt": 0o640, "more/second.txt": 0o755, "third.txt": 0o600}
CHANGE = Change(tuple(FileEdit(path, BEFORE[path], AFTER[path]) for path in BEFORE), {"before": 0.5, "after": 0.75})

# Intent, then draft and rename for each of three files, then the end.
STEPS = 8


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "more").mkdir()
    for path, text in BEFORE.items():
        (tmp_path / path).write_bytes(text.encode())
        (tmp_path / path).chmod(MODES[path])
    return tmp_path


@pytest.fixture
def journal(project: Path) -> Iterator[Journal]:
    journal = Journal.open(project)
    yield journal
    journal.close()


def files(project: Path) -> dict[str, str]:
    """Every file of the project but toishi's own, so that leftovers show."""
    return {
        path.relative_to(project).as_posix(): path.read_bytes().decode()
        for path in project.rglob("*")
        if path.is_file() and ".toishi" not in path.relative_to(project).parts
    }


def modes(project: Path) -> dict[str, int]:
    return {path: stat.S_IMODE((project / path).stat().st_mode) for path in BEFORE}


def test_apply_writes_and_undo_restores_bytes_and_modes(project: Path, journal: Journal) -> None:
    change = changes.propose(journal, "r-1", CHANGE)
    changes.apply(journal, project, change)
    assert (files(project), modes(project)) == (AFTER, MODES)
    (project / "prompt.txt").chmod(0o666)
    changes.undo(journal, project, change)
    assert (files(project), modes(project)) == (BEFORE, MODES)
    changes.apply(journal, project, change)
    assert files(project) == AFTER


@pytest.mark.parametrize("killed_after", range(1, STEPS + 1))
@pytest.mark.parametrize("taking_back", [False, True], ids=["apply", "undo"])
def test_a_kill_between_any_two_steps_never_leaves_a_mix(project: Path, taking_back: bool, killed_after: int) -> None:
    journal = Journal.open(project)
    change = changes.propose(journal, "r-1", CHANGE)
    if taking_back:
        changes.apply(journal, project, change)
    journal.close()

    kill_in_child(project, changes.undo_steps if taking_back else changes.apply_steps, change, killed_after)

    journal = Journal.open(project)
    assert (files(project), modes(project)) == (BEFORE if taking_back else AFTER, MODES)
    assert changes.find(journal, change).status == ("undone" if taking_back else "applied")
    journal.close()


def test_a_half_written_change_goes_back_where_somebody_else_wrote_meanwhile(project: Path) -> None:
    journal = Journal.open(project)
    change = changes.propose(journal, "r-1", CHANGE)
    journal.close()
    kill_in_child(project, changes.apply_steps, change, killed_after=4)
    (project / "third.txt").write_text("mine")

    journal = Journal.open(project)
    assert files(project) == {**BEFORE, "third.txt": "mine"}
    assert changes.find(journal, change).status == "proposed"
    journal.close()


def test_what_another_process_is_writing_is_left_alone(project: Path, journal: Journal) -> None:
    change = changes.propose(journal, "r-1", CHANGE)
    steps = changes.apply_steps(journal, project, change)
    for _ in range(3):
        next(steps)
    half_way = files(project)
    with pytest.raises(ChangeConflict, match="Another toishi is writing a change in"):
        changes.apply(journal, project, change)
    Journal.open(project).close()
    assert files(project) == half_way
    for _ in steps:
        pass
    assert files(project) == AFTER


def test_a_file_that_changed_is_never_overwritten(project: Path, journal: Journal) -> None:
    change = changes.propose(journal, "r-1", CHANGE)
    (project / "third.txt").write_text("drei\n")
    with pytest.raises(ChangeConflict, match=r"third\.txt was changed since the run read it; nothing was written"):
        changes.apply(journal, project, change)
    assert files(project) == {**BEFORE, "third.txt": "drei\n"}

    (project / "third.txt").write_text("drei")
    changes.apply(journal, project, change)
    (project / "prompt.txt").write_text("mine")
    with pytest.raises(ChangeConflict, match=r"prompt\.txt was changed since the change was applied; nothing was wri"):
        changes.undo(journal, project, change)
    assert files(project) == {**AFTER, "prompt.txt": "mine"}


def test_a_file_that_changes_during_the_write_is_not_overwritten(project: Path, journal: Journal) -> None:
    change = changes.propose(journal, "r-1", CHANGE)
    steps = changes.apply_steps(journal, project, change)
    for _ in range(4):
        next(steps)
    (project / "more/second.txt").write_text("mine")
    with pytest.raises(ChangeConflict, match=r"more/second\.txt was changed at this moment"):
        list(steps)
    assert files(project) == {**BEFORE, "more/second.txt": "mine"}
    assert changes.find(journal, change).status == "proposed"


def test_what_the_disk_refuses_is_told_and_the_rest_taken_back(project: Path, journal: Journal) -> None:
    change = changes.propose(journal, "r-1", CHANGE)
    # Stands where the draft of the last file is to be written.
    (project / f".third.txt.{change[:8]}.toishi").mkdir()
    with pytest.raises(ChangeConflict, match=r"\.third\.txt\..* cannot be written \(.*\); nothing was changed"):
        changes.apply(journal, project, change)
    assert (files(project), modes(project)) == (BEFORE, MODES)
    assert changes.find(journal, change).status == "proposed"


def test_a_write_that_can_neither_be_finished_nor_taken_back_stays_marked(project: Path) -> None:
    journal = Journal.open(project)
    change = changes.propose(journal, "r-1", CHANGE)
    journal.close()
    kill_in_child(project, changes.apply_steps, change, killed_after=3)
    obstacles = [project / f".{name}.{change[:8]}.toishi" for name in ("prompt.txt", "third.txt")]
    for obstacle in obstacles:
        obstacle.mkdir()
    journal = Journal.open(project)
    with pytest.raises(ChangeConflict, match=r"A write of prompt\.txt, .* was cut off and cannot be finished; make"):
        changes.apply(journal, project, change)
    journal.close()
    for obstacle in obstacles:
        obstacle.rmdir()
    journal = Journal.open(project)
    assert (files(project), changes.find(journal, change).status) == (AFTER, "applied")
    journal.close()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        pytest.param("../outside.txt", "lies outside the project", id="above"),
        pytest.param("/etc/hostname", "lies outside the project", id="absolute"),
        pytest.param("more/../../outside.txt", "lies outside the project", id="above on the way"),
        pytest.param("link.txt", "reached through the symbolic link", id="link to a file"),
        pytest.param("folder/second.txt", "reached through the symbolic link", id="link to a folder"),
        pytest.param("missing.txt", "is not a file of the project", id="missing"),
        pytest.param("more", "is not a file of the project", id="folder"),
    ],
)
def test_only_real_files_inside_the_project_are_written(
    project: Path, journal: Journal, path: str, sentence: str
) -> None:
    outside = project.parent / "outside.txt"
    outside.write_text("x")
    (project / "link.txt").symlink_to(project / "prompt.txt")
    (project / "folder").symlink_to(project / "more")
    change = changes.propose(journal, "r-1", Change((FileEdit(path, "x", "y"),), {}))
    with pytest.raises(ChangeConflict, match=sentence):
        changes.apply(journal, project, change)
    assert outside.read_text() == "x"
    assert (project / "more/second.txt").read_bytes().decode() == BEFORE["more/second.txt"]


def test_only_what_was_approved_is_written(project: Path, journal: Journal) -> None:
    change = changes.propose(journal, "r-1", CHANGE)
    with pytest.raises(UsageError, match="There is no change 'abc' in this project"):
        changes.apply(journal, project, "abc")
    journal.write([("UPDATE changes SET files = replace(files, 'one word', 'two words')", ())])
    with pytest.raises(ChangeConflict, match="is not what was approved; it will not be written"):
        changes.apply(journal, project, change)
    assert files(project) == BEFORE


def test_a_change_is_applied_once_and_undone_once(project: Path, journal: Journal) -> None:
    change = changes.propose(journal, "r-1", CHANGE)
    with pytest.raises(ChangeConflict, match="is not applied, so there is nothing to undo"):
        changes.undo(journal, project, change)
    changes.apply(journal, project, change)
    with pytest.raises(ChangeConflict, match="is already applied; take it back with: toishi undo"):
        changes.apply(journal, project, change)
    changes.undo(journal, project, change)
    with pytest.raises(ChangeConflict, match="is not applied, so there is nothing to undo"):
        changes.undo(journal, project, change)


def test_the_hash_names_files_and_evidence() -> None:
    edit = CHANGE.files[0]
    others = [
        Change((edit,), CHANGE.evidence),
        Change(CHANGE.files, {"before": 0.5, "after": 0.76}),
        Change((FileEdit(edit.path, edit.before, edit.after + " "), *CHANGE.files[1:]), CHANGE.evidence),
    ]
    assert len({CHANGE.hash, *(other.hash for other in others)}) == 4
    assert Change(tuple(CHANGE.files), dict(reversed(list(CHANGE.evidence.items())))).hash == CHANGE.hash


def kill_in_child(
    project: Path, steps: Callable[[Journal, Path, str], Iterator[None]], change: str, killed_after: int
) -> None:
    """Runs the steps in a process of its own, which is killed after so many of them."""
    child = os.fork()
    if child == 0:
        # No exception may reach pytest's copy in this process.
        try:
            for number, _ in enumerate(steps(Journal.open(project), project, change), start=1):
                if number == killed_after:
                    os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
