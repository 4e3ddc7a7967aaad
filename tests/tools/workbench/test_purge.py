"""What was purged stands in no byte of what toishi keeps, and everything else is as it was."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal, RunRow
from toishi.tools.workbench.labels.sidecar import Label, read_labels, update_labels
from toishi.tools.workbench.models.protocol import Message, Reply, Request
from toishi.tools.workbench.purge import Purge, Rows, purge_project, purge_rows, purge_run
from toishi.tools.workbench.runs import lock_file, log_file
from toishi.tools.workbench.settings import FOLDER
from toishi.tools.workbench.task import Task

ADA = Example("ada-row-1", {"text": "I am Ada Lovelace and my card is lost."}, "card", {"email": "ada@example.org"})
BOB = Example("bob-row-1", {"text": "Where is the parcel of Bob Roe?"}, "parcel", {"email": "bob@example.org"})

TASK = Task.model_validate(
    {
        "name": "Messages",
        "program": {"prompt": "prompt.txt"},
        "data": {"inputs": ["text"], "expected": "label", "file": "rows.csv"},
        "metric": {"kind": "exact"},
        "texts": {"prompt": {"path": "prompt.txt", "content": "Name the topic."}},
        "sources": {},
    }
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


async def add_run(journal: Journal, run: str, rows: list[Example], model: str = "openai/gpt-5-mini") -> None:
    """A run that asked about each row, with a log that quotes them."""
    journal.add_run(RunRow(run, "Messages", "gepa", "failed", 0, TASK.model_dump_json(), run))
    journal.add_examples(run, {"test": rows})
    for row in rows:
        messages = (Message("system", f"Name the topic for {run}."), Message("user", row.inputs["text"]))
        reply = Reply(f"{row.expected}, says {run}", "stop", 9, 1, 0.5, 0.1)
        await journal.add_reply(run, "rollout", Request(model, messages), reply)
    log_file(journal.project, run).parent.mkdir(exist_ok=True)
    log_file(journal.project, run).write_text("".join(f"failed on: {row.inputs['text']}\n" for row in rows))
    lock_file(journal.project, run).touch()


def add_labels(project: Path, name: str = "rows.labels.csv") -> Path:
    file = project / name
    rows = [Label(row.id, row.inputs, row.expected, "person", "confirmed", others=row.fields) for row in (ADA, BOB)]
    header = "id,text,expected,source,status,confidence,draft,email\n"
    file.write_text(header)
    update_labels(file, ["text"], lambda _: rows)
    return file


def holds(project: Path, text: str) -> bool:
    """Whether a text stands in any byte that toishi keeps, or in the labels."""
    files = [*(project / FOLDER).rglob("*"), *project.glob("*.labels.csv"), *project.glob(".*.toishi")]
    return any(text.lower().encode() in file.read_bytes().lower() for file in files if file.is_file())


def carry_out(purge: Purge) -> None:
    assert purge.found
    purge.carry_out()


ROWS = [
    pytest.param(Rows(ids=("ada-row-1",)), id="id"),
    pytest.param(Rows(where={"email": "ADA@example.org "}), id="field"),
    pytest.param(Rows(where={"text": "I am Ada Lovelace and my card is lost.", "email": "ada@example.org"}), id="both"),
    pytest.param(Rows(containing=("ada lovelace",)), id="text"),
]


@pytest.mark.parametrize("rows", ROWS)
async def test_purged_rows_leave_no_byte(journal: Journal, tmp_path: Path, rows: Rows) -> None:
    await add_run(journal, "r-1", [ADA, BOB])
    await add_run(journal, "r-2", [BOB])
    labels = add_labels(tmp_path)
    (tmp_path / ".rows.labels.csv.x1.toishi").write_text("half written: Ada Lovelace")
    told = ("Ada Lovelace", "ada-row-1", "ada@example.org", "card is lost")
    assert all(holds(tmp_path, text) for text in told)

    purge = purge_rows(journal, tmp_path, rows)
    assert all(holds(tmp_path, text) for text in told), "nothing goes before it is said"
    assert purge.found.deleted == {"examples": 1, "replies": 1, "messages": 1}
    assert purge.found.labels == {labels: 1}
    carry_out(purge)

    for text in told:
        assert not holds(tmp_path, text), text
    assert [row.id for row in read_labels(labels, ["text"])] == ["bob-row-1"]
    assert not log_file(tmp_path, "r-1").exists()
    assert "Bob Roe" in log_file(tmp_path, "r-2").read_text()
    assert [run.id for run in journal.runs()] == ["r-1", "r-2"]
    assert not purge_rows(journal, tmp_path, Rows(ids=("ada-row-1",), containing=("Ada Lovelace",))).found


async def test_a_purged_run_goes_with_its_log_and_lock(journal: Journal, tmp_path: Path) -> None:
    await add_run(journal, "r-1", [ADA])
    await add_run(journal, "r-2", [BOB])
    carry_out(purge_run(journal, tmp_path, "r-1"))
    assert not holds(tmp_path, "Ada Lovelace")
    assert not holds(tmp_path, "says r-1")
    assert sorted(file.name for file in (tmp_path / FOLDER / "runs").iterdir()) == ["r-2.lock", "r-2.log"]


async def test_what_is_left_of_a_damaged_journal_goes_whole(journal: Journal, tmp_path: Path) -> None:
    await add_run(journal, "r-1", [ADA])
    await add_run(journal, "r-2", [BOB])
    for name in ("toishi.damaged.db", "toishi.damaged.db-wal"):
        (tmp_path / FOLDER / name).write_bytes(b"\xff\x00 of r-1: Ada Lovelace \xff")
    (tmp_path / FOLDER / "other.damaged.db").write_bytes(b"of r-2")
    found = purge_rows(journal, tmp_path, Rows(containing=("Ada Lovelace",))).found
    assert {file.name for file in found.files} == {"toishi.damaged.db", "toishi.damaged.db-wal", "r-1.log"}
    carry_out(purge_run(journal, tmp_path, "r-1"))
    assert not holds(tmp_path, "Ada Lovelace")
    assert (tmp_path / FOLDER / "other.damaged.db").exists()


async def test_a_whole_project_is_purged_with_its_folder(journal: Journal, tmp_path: Path) -> None:
    await add_run(journal, "r-1", [ADA])
    labels = add_labels(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.txt").write_text("mine")
    (tmp_path / FOLDER / "link").symlink_to(tmp_path / "elsewhere")

    purge = purge_project(journal, tmp_path)
    assert purge.found.deleted == {"runs": 1, "examples": 1, "messages": 2, "replies": 1}
    carry_out(purge)

    assert not (tmp_path / FOLDER).exists()
    assert labels.exists()
    assert (tmp_path / "elsewhere" / "mine.txt").read_text() == "mine"


async def test_what_cannot_be_deleted_is_told(journal: Journal, tmp_path: Path) -> None:
    await add_run(journal, "r-1", [ADA])
    await add_run(journal, "r-2", [BOB], "openai/rules@http://127.0.0.1:8000/v1")
    data = "rows.csv: your own data stays; take the rows out there too, or the next run reads them again"
    own = "files that you had written elsewhere, such as marks for a judge, are yours and stay"
    sent = "openai: what was sent there cannot be deleted from here; ask there"
    assert purge_rows(journal, tmp_path, Rows(ids=("ada-row-1",))).found.left == (data, own, sent)
    assert purge_run(journal, tmp_path, "r-1").found.left == (sent,)
    # A model on this machine keeps nothing elsewhere.
    assert purge_run(journal, tmp_path, "r-2").found.left == ()


async def test_ones_own_files_that_hold_it_are_named(journal: Journal, tmp_path: Path) -> None:
    await add_run(journal, "r-1", [ADA])
    add_labels(tmp_path)
    written = {"prompt.txt": "- ADA LOVELACE: card", "rows.csv": "Ada Lovelace", "other.txt": "Bob Roe"}
    written |= {"long.txt": "x" * (2**20 - 3) + "Ada Lovelace" + "x", ".hidden": "Ada Lovelace"}
    for name, text in written.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "sheet.csv").write_text("Zoë\n", encoding="cp1252")
    left = purge_rows(journal, tmp_path, Rows(containing=("Ada Lovelace",))).found.left
    assert left[0].startswith("rows.csv: your own data stays")
    assert "prompt.txt, long.txt: yours, and still hold what is purged; take it out there too" in left
    # Also where toishi itself keeps nothing of it.
    only = purge_rows(journal, tmp_path, Rows(containing=("Zoë",))).found
    assert not only
    assert only.left == ("sheet.csv: yours, and still holds what is purged; take it out there too",)


async def test_nothing_is_purged_while_a_run_is_alive(journal: Journal, tmp_path: Path) -> None:
    await add_run(journal, "r-1", [ADA])
    purges = [purge_run(journal, tmp_path, "r-1"), purge_rows(journal, tmp_path, Rows(containing=("Ada Lovelace",)))]
    held = os.open(lock_file(tmp_path, "r-1"), os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        for begin in (
            lambda: purge_run(journal, tmp_path, "r-1"),
            lambda: purge_rows(journal, tmp_path, Rows(containing=("Ada Lovelace",))),
            lambda: purge_project(journal, tmp_path),
            # Also one that came to life while a person was asked.
            *(purge.carry_out for purge in purges),
        ):
            with pytest.raises(UsageError, match="Run r-1 is being worked on"):
                begin()
        assert holds(tmp_path, "Ada Lovelace")
    finally:
        os.close(held)


async def test_a_field_that_no_row_has_is_refused(journal: Journal, tmp_path: Path) -> None:
    await add_run(journal, "r-1", [ADA])
    with pytest.raises(UsageError, match="no row that toishi keeps has a field 'mail'; did you mean 'email'"):
        purge_rows(journal, tmp_path, Rows(where={"mail": "ada@example.org"}))


async def test_rows_that_are_labelled_and_in_no_run_are_found_too(journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    file = add_labels(tmp_path, "sub/other.labels.csv")
    carry_out(purge_rows(journal, tmp_path, Rows(containing=("Ada Lovelace",))))
    assert [row.id for row in read_labels(file, ["text"])] == ["bob-row-1"]
