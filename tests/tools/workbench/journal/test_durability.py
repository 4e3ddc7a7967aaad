"""Nothing that an append returned from is lost, and a database that cannot be used is answered by one sentence."""

import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest

from toishi.tools.workbench.errors import JournalError, UsageError
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.journal.schema import open_database
from toishi.tools.workbench.journal.writer import Writer
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


# Opens a journal that nobody made yet, at the same moment as others.
OPENER = """
import sys
from pathlib import Path
import sqlite_utils
from toishi.tools.workbench.journal import Journal

print("ready", flush=True)
sys.stdin.readline()
Journal.open(Path(sys.argv[1])).close()
"""


def start_appender(project: Path, run: str, end: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-P", "-c", APPENDER, str(project), run, str(end)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_whatever_an_append_returned_from_survives_a_kill(tmp_path: Path) -> None:
    draws = random.Random(1)
    for kill in range(5):
        process = start_appender(tmp_path, f"r-{kill}", 10**9)
        assert process.stdout is not None
        returned = [process.stdout.readline() for _ in range(draws.randrange(1, 900))]
        process.send_signal(signal.SIGKILL)
        # A line may be torn by the kill; the pipe's rest was printed before it.
        rest = process.stdout.read()
        process.communicate()
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
        _, problem = process.communicate()
        assert (process.returncode, problem) == (0, "")
    journal = Journal.open(tmp_path)
    assert [len(journal.rollouts(f"r-{number}")) for number in range(2)] == [300, 300]
    journal.close()


def test_a_new_journal_is_made_once_however_many_open_it(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", OPENER, str(tmp_path)]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(5)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in processes] == [""] * 5
    journal = Journal.open(tmp_path)
    assert journal.runs() == []
    journal.close()


def test_a_disk_that_refuses_to_write_is_told_and_what_was_written_stays(tmp_path: Path) -> None:
    process = start_appender(tmp_path, "r-1", 10**9)
    assert process.stdout is not None
    returned = [process.stdout.readline() for _ in range(200)]
    # The system now refuses every write behind this byte of any file, as it does on a disk without room.
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (journal_file(tmp_path).stat().st_size, -1))
    rest, problem = process.communicate()
    assert process.returncode == 1
    assert re.search(r"JournalError: The disk of the journal .* refuses to read or write \(disk I/O error\)", problem)
    assert "mend that, then resume the run, or give the same command again: what was written before is kept" in problem
    numbers = {line.strip() for line in [*returned, *rest.splitlines()]}
    journal = Journal.open(tmp_path)
    assert numbers <= {rollout.example for rollout in journal.rollouts("r-1")}
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


def test_an_append_that_fails_for_any_reason_keeps_nobody_waiting(tmp_path: Path) -> None:
    class Refuses(Sequence[object]):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: Any) -> Any:
            raise KeyError("no such value")

    journal = Journal.open(tmp_path)
    with pytest.raises(JournalError, match=r"cannot be written: KeyError\('no such value'\)"):
        journal.write([("DELETE FROM runs WHERE id = ?", Refuses())])
    journal.write([("DELETE FROM runs", ())])
    journal.close()


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
    with pytest.raises(JournalError, match=r"\.toishi is a file, where toishi keeps a folder; move it away"):
        Journal.open(tmp_path)


# Root may write anywhere, so it steps down for good, in a process of its own.
OPEN_WITHOUT_RIGHTS = """
import os, sys
from pathlib import Path
from toishi.tools.workbench.errors import JournalError
from toishi.tools.workbench.journal import Journal
if os.getuid() == 0:
    os.setuid(65534)
try:
    Journal.open(Path(sys.argv[1]))
except JournalError as error:
    print(error)
"""


def test_a_read_only_project_is_told(tmp_path: Path) -> None:
    Journal.open(tmp_path).close()
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path(gettempdir()) and folder.is_relative_to(gettempdir()):
            # pytest closes its folders to others.
            folder.chmod(0o755)
    database = journal_file(tmp_path)
    database.parent.chmod(0o555)
    database.chmod(0o444)
    answer = subprocess.run(
        [sys.executable, "-c", OPEN_WITHOUT_RIGHTS, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "is not writable; change the permissions" in answer.stdout
