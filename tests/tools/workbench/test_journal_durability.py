"""Nothing that an append returned from is lost, and a database that cannot be used is answered by one sentence."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from toishi.tools.workbench.errors import JournalError, UsageError
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.journal.schema import open_database
from toishi.tools.workbench.journal.writer import Writer
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.settings import journal_file

# Appends so many rollouts, eight at a time, and prints each one's number once its append returned.
APPENDER = """
import asyncio, sys
from pathlib import Path
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.rollout import Rollout

journal = Journal.open(Path(sys.argv[1]))
run, end = sys.argv[2], int(sys.argv[3])
numbers = iter(range(end))

async def append():
    for number in numbers:
        await journal.add_rollout(run, "test", Rollout("c", str(number), 0, "yes", 1.0, "ok", (), 1, 0.0, 0.1))
        print(number, flush=True)

async def main():
    await asyncio.gather(*(append() for _ in range(8)))
    journal.close()

asyncio.run(main())
"""


def start_appender(project: Path, run: str, end: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-P", "-c", APPENDER, str(project), run, str(end)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_whatever_an_append_returned_from_survives_a_kill(tmp_path: Path) -> None:
    draws = random.Random(1)
    for kill in range(5):
        process = start_appender(tmp_path, f"r-{kill}", 10**9)
        assert process.stdout is not None
        returned = [process.stdout.readline() for _ in range(draws.randrange(1, 900))]
        process.send_signal(signal.SIGKILL)
        # A line may be torn by the kill; the pipe's rest was printed before it.
        rest = process.stdout.read()
        process.stdout.close()
        process.wait()
        returned += rest.splitlines(keepends=True)
        numbers = {line.strip() for line in returned if line.endswith("\n")}
        journal = Journal.open(tmp_path)
        stored = {rollout.example for rollout in journal.rollouts(f"r-{kill}")}
        journal.close()
        assert numbers
        assert numbers <= stored


def test_two_processes_write_into_one_project(tmp_path: Path) -> None:
    processes = [start_appender(tmp_path, f"r-{number}", 300) for number in range(2)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    journal = Journal.open(tmp_path)
    assert [len(journal.rollouts(f"r-{number}")) for number in range(2)] == [300, 300]
    journal.close()


def test_a_full_disk_is_told_and_loses_nothing_that_was_written(tmp_path: Path) -> None:
    path = journal_file(tmp_path)
    connection = open_database(path)
    connection.execute("CREATE TABLE notes (text TEXT)")
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    writer = Writer(connection, path)
    writer.append([("INSERT INTO notes VALUES (?)", ("kept",))]).result()
    with pytest.raises(JournalError, match=r"The disk of the journal .* is full; free some space, then resume"):
        writer.append([("INSERT INTO notes VALUES (?)", ("x" * 100_000,))]).result()
    writer.append([("INSERT INTO notes VALUES (?)", ("also kept",))]).result()
    writer.close()
    reopened = sqlite3.connect(path)
    assert reopened.execute("SELECT text FROM notes").fetchall() == [("kept",), ("also kept",)]
    reopened.close()


def test_a_group_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    with pytest.raises(JournalError, match="UNIQUE constraint failed"):
        journal.write([("INSERT INTO messages (id, role, content) VALUES (?, ?, ?)", ("1", "user", "hi"))] * 2)
    assert journal.read("SELECT * FROM messages") == []
    journal.close()


def test_a_locked_database_is_told(tmp_path: Path) -> None:
    Journal.open(tmp_path).close()
    path = journal_file(tmp_path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer = Writer(open_database(path, patience=0.0), path)
    with pytest.raises(JournalError, match="is locked by another program; close that program and try again"):
        writer.append([("DELETE FROM runs", ())]).result()
    other.execute("ROLLBACK")
    writer.append([("DELETE FROM runs", ())]).result()
    writer.close()
    other.close()


def test_a_damaged_database_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = journal_file(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"this was a database once" * 500)
    with pytest.raises(JournalError, match=r"is damaged \(file is not a database\); move it away to start afresh"):
        Journal.open(tmp_path)
    assert path.read_bytes() == b"this was a database once" * 500


def test_damage_inside_is_told_where_it_is_met(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    for number in range(200):
        rollout = Rollout("c", str(number), 0, "yes" * 500, 1.0, "", (), 1, 0.0, 0.1)
        asyncio.run(journal.add_rollout("r-1", "test", rollout))
    journal.close()
    path = journal_file(tmp_path)
    body = bytearray(path.read_bytes())
    middle = len(body) // 2
    body[middle : middle + 40_000] = b"\xff" * 40_000
    path.write_bytes(body)
    damaged = Journal.open(tmp_path)
    with pytest.raises(JournalError, match="is damaged"):
        damaged.rollouts("r-1")
    damaged.close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Journal.open(tmp_path).close()
    connection = sqlite3.connect(journal_file(tmp_path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalError, match=r"was written by a newer toishi \(schema 99, this one knows \d+\); upgrade"):
        Journal.open(tmp_path)


def test_a_folder_that_is_missing_or_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"The project folder .*nowhere does not exist"):
        Journal.open(tmp_path / "nowhere")
    (tmp_path / ".toishi").write_text("a file")
    with pytest.raises(JournalError, match=r"cannot be made \(File exists\); make .* writable or start toishi in"):
        Journal.open(tmp_path)


def test_a_read_only_project_is_told(tmp_path: Path) -> None:
    Journal.open(tmp_path).close()
    child = os.fork()
    if child == 0:
        os._exit(_open_without_rights(tmp_path))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _open_without_rights(project: Path) -> int:
    """0 where the sentence came; in a process of its own, since root may write anywhere and must step down for good."""
    database = journal_file(project)
    if os.getuid() == 0:
        # pytest closes its folders to others.
        for folder in (project, *project.parents[:2]):
            folder.chmod(0o755)
        os.setuid(65534)
    else:
        database.parent.chmod(0o555)
        database.chmod(0o444)
    try:
        Journal.open(project)
    except JournalError as error:
        return 0 if "is not writable; change the permissions" in str(error) else 1
    return 2
