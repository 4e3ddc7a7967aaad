"""Damage is told where it is met, and costs what lay on the damaged pages and nothing else."""

import random
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.errors import JournalError
from toishi.tools.workbench.events import PhaseStarted
from toishi.tools.workbench.journal import Journal, RunRow, records
from toishi.tools.workbench.journal.salvage import LOST, ONE_BY_ONE, behind_damage, salvage
from toishi.tools.workbench.models.protocol import Message, Reply
from toishi.tools.workbench.rollout import ModuleCall, Rollout
from toishi.tools.workbench.settings import journal_file

PAGE = 4096
ROLLOUTS = 400


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a journal with one run and many rollouts, each on a message of its own."""
    project = tmp_path_factory.mktemp("whole")
    with closing(Journal.open(project)) as journal:
        journal.add_run(RunRow("r-1", "Task", "gepa", "failed", 0, "{}"))
        journal.recorder("r-1")(PhaseStarted(phase="search"))
        journal.write(
            [one for number in range(ROLLOUTS) for one in records.rollout_statements("r-1", "test", rollout(number))]
        )
    return journal_file(project).read_bytes()


def rollout(number: int) -> Rollout:
    messages = (Message("system", "Answer."), Message("user", f"No. {number}, " + "please " * 60))
    call = ModuleCall("prompt", {"text": str(number)}, messages, Reply("yes" * 300, "stop", 9, 1, 0.0, 0.1))
    return Rollout("c", str(number), 0, "yes" * 300, 1.0, "", (call,), 10, 0.0, 0.1)


def damage(project: Path, whole: bytes, pages: list[int]) -> Path:
    body = bytearray(whole)
    for page in pages:
        body[page * PAGE : (page + 1) * PAGE] = b"\xff" * PAGE
    path = journal_file(project)
    path.parent.mkdir()
    path.write_bytes(body)
    return path


def test_damage_inside_is_told_with_the_way_out(tmp_path: Path, whole: bytes) -> None:
    pages = len(whole) // PAGE
    damage(tmp_path, whole, list(range(pages // 2, pages // 2 + 10)))
    with closing(Journal.open(tmp_path)) as damaged:
        for look in (lambda: damaged.rollouts("r-1"), damaged.check):
            with pytest.raises(JournalError, match=rf"is damaged \(.*\); move it away .* --project {tmp_path}$"):
                look()


@pytest.mark.parametrize("seed", range(4))
def test_every_row_on_a_whole_page_is_saved(tmp_path: Path, whole: bytes, seed: int) -> None:
    pages = range(40, len(whole) // PAGE)
    damage(tmp_path, whole, random.Random(seed).sample(pages, 6))

    saved = salvage(journal_file(tmp_path))

    with closing(Journal.open(tmp_path)) as journal:
        journal.check()
        found = journal.rollouts("r-1")
        assert ROLLOUTS - 60 < len(found) == saved.rows["rollouts"] <= ROLLOUTS
        assert journal.run("last").name == "Task"
        assert journal.decisions("r-1") == [PhaseStarted(phase="search")]
        for one in found:
            original = rollout(int(one.example))
            assert (one.output, one.calls[0].reply) == (original.output, original.calls[0].reply)
            for message, before in zip(one.calls[0].messages, original.calls[0].messages, strict=True):
                assert message == before or message.content == LOST
    assert saved.damaged.exists()


@given(first=st.integers(0, 500), damaged=st.integers(1, 10**6))
def test_rows_behind_any_damage_are_found_from_the_first(first: int, damaged: int) -> None:
    assert behind_damage(first, lambda number: number >= first + damaged) == first + damaged
    assert behind_damage(first, lambda number: False) is None


@given(damaged=st.sets(st.integers(0, ONE_BY_ONE), min_size=1))
def test_no_row_is_passed_over_near_the_damage(damaged: set[int]) -> None:
    first = min(damaged)
    following = next(number for number in range(first + 1, ONE_BY_ONE + 2) if number not in damaged)
    assert behind_damage(first, lambda number: number not in damaged) == following


def test_a_whole_journal_is_saved_whole(tmp_path: Path, whole: bytes) -> None:
    damage(tmp_path, whole, [])
    salvage(journal_file(tmp_path))
    with closing(Journal.open(tmp_path)) as journal:
        assert journal.rollouts("r-1") == [rollout(number) for number in range(ROLLOUTS)]


def test_where_nothing_can_be_read_all_stays_as_it_is(tmp_path: Path) -> None:
    path = damage(tmp_path, b"this was a database once" * 500, [])
    with pytest.raises(JournalError, match=r"Nothing in the damaged journal .* can be read; move it away to start"):
        salvage(path)
    assert [file.name for file in path.parent.glob("toishi*")] == ["toishi.db"]
    assert path.read_bytes() == b"this was a database once" * 500
