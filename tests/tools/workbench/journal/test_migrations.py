"""A journal that an older toishi wrote is brought up to date once, and everything in it still reads."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from toishi.tools.workbench.events import Warned
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.journal.migrations import MIGRATIONS
from toishi.tools.workbench.models.protocol import Message, Reply, Request
from toishi.tools.workbench.rollout import ModuleCall, Rollout
from toishi.tools.workbench.settings import journal_file

MESSAGE = Message("user", "hello")
REPLY = Reply("yes", "stop", 10, 1, 0.25, 0.5, (1, 2), (-0.5, -0.25))
CALL = ModuleCall("prompt", {"text": "hello"}, (MESSAGE,), REPLY)
OLD_ROLLOUT = Rollout("c", "e1", 0, "yes", 1.0, "correct", (CALL,), 11, 0.25, 0.5)

# As the first version wrote them.
MESSAGE_ID = "fa82b1cf60263d970c98f29e8420cbd6"
CALLS = (
    '[{"module":"prompt","inputs":{"text":"hello"},"messages":["MESSAGE"],"reply":{"text":"yes","finish_reason":"stop",'
    '"prompt_tokens":10,"completion_tokens":1,"cost":0.25,"seconds":0.5,"token_ids":[1,2],"logprobs":[-0.5,-0.25]},'
    '"error":null}]'
).replace("MESSAGE", MESSAGE_ID)
ROWS = (
    f"INSERT INTO messages VALUES ('{MESSAGE_ID}', 'user', 'hello')",
    "INSERT INTO runs VALUES ('r-1', 'Bank', 'gepa', 'finished', 7, '{}', 'd', '2026-01-01', 1.5, 42, '', '')",
    """INSERT INTO examples VALUES ('d', 'test', 0, 'e1', '{"text":"hello"}', 'yes')""",
    f"INSERT INTO replies VALUES ('{Request('some/model', (MESSAGE,)).key}', 'r-1', 'rollout', 'some/model', "
    f"""'["{MESSAGE_ID}"]', 0.0, 1.0, 512, 0, 0, 'yes', 'stop', 10, 1, 0.25, 0.5, '[1,2]', '[-0.5,-0.25]', '2026')""",
    "INSERT INTO rollouts VALUES (1, 'r-1', 'c', 'e1', 0, 'test', 1.0, 'yes', 'correct', NULL, 11, 0.25, 0.5, '{}', "
    f"'{CALLS}', '2026')",
    """INSERT INTO events VALUES (1, 'r-1', NULL, 'warned', '{"kind":"warned","message":"slow"}', '2026')""",
)

OPENER = """
import sys
from pathlib import Path
import sqlite_utils
from toishi.tools.workbench.journal import Journal

print("ready", flush=True)
sys.stdin.readline()
Journal.open(Path(sys.argv[1])).close()
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A project whose journal the first version wrote."""
    path = journal_file(tmp_path)
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        MIGRATIONS[0](Database(connection, execute_plugins=False))
        for row in ROWS:
            connection.execute(row)
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    return tmp_path


@pytest.fixture
def journal(old: Path) -> Iterator[Journal]:
    journal = Journal.open(old)
    yield journal
    journal.close()


def test_what_the_first_version_wrote_reads_as_ever(journal: Journal) -> None:
    assert journal.read("PRAGMA user_version")[0][0] == len(MIGRATIONS)
    assert (journal.run("r-1").name, journal.run("r-1").pid) == ("Bank", 42)
    assert journal.examples("d", "test") == [Example("e1", {"text": "hello"}, "yes")]
    found = journal.find_reply(Request("some/model", (MESSAGE,)).key)
    assert found is not None
    assert found.reply == REPLY
    assert journal.rollouts("r-1") == [OLD_ROLLOUT]
    assert journal.events("r-1") == [(1, Warned(message="slow"))]


def test_processes_that_find_it_at_once_bring_it_up_to_date_once(old: Path) -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-P", "-c", OPENER, str(old)]
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in processes] == [""] * 3
    with closing(Journal.open(old)) as journal:
        assert journal.rollouts("r-1") == [OLD_ROLLOUT]
