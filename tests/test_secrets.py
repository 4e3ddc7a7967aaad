"""A key that is set in the environment goes to the server, and nowhere else, whatever the server does with it."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

KEY = "sk-must-not-be-written-0123456789"
WORDS = {"delivery": "card_arrival", "exchange": "exchange_rate", "passcode": "change_pin"}
TASK = """\
name = "Bank messages"
[program]
prompt = "prompt.txt"
[data]
file = "rows.jsonl"
inputs = ["text"]
expected = "label"
split = "split"
[metric]
kind = "choice"
[models]
task = "openai/rules"
base_url = "{base_url}"
[budget]
max_rollouts = 60
"""


@pytest.fixture
def project(tmp_path: Path, model_server: "ModelServer") -> Path:
    folder = tmp_path / "bank"
    folder.mkdir()
    rows = [
        {"text": f"No. {number}, my {word}", "label": label, "split": split}
        for word, label in WORDS.items()
        for number, split in enumerate(("feedback", "feedback", "validation", "test", "test", "test"))
    ]
    (folder / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (folder / "prompt.txt").write_text("Name the topic of the message.\n")
    (folder / "task.toml").write_text(TASK.format(base_url=model_server.base_url))
    return folder


def toishi(project: Path, *arguments: str) -> str:
    """What a real process says, on both streams."""
    done = subprocess.run(
        [sys.executable, "-m", "toishi.assistant", *arguments],
        cwd=project,
        env={**os.environ, "TOISHI_API_KEY": KEY, "XDG_STATE_HOME": str(project.parent / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def everything_written(folder: Path) -> dict[str, bytes]:
    """Every file, and every row of every table as text."""
    written = {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    with sqlite3.connect(folder / "bank" / ".toishi" / "toishi.db") as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = database.execute(f'SELECT * FROM "{table}"').fetchall()
            written[table] = "\n".join(str(row) for row in rows).encode()
    database.close()
    return written


def test_a_key_that_a_server_sends_back_is_written_nowhere(
    project: Path, tmp_path: Path, model_server: "ModelServer"
) -> None:
    said = []
    echo = {"echo": True}
    status = {"kind": "status", "echo": True}
    model_server.fail(*[echo] * 8, {**status, "status": 500}, None, {**status, "status": 429}, *[echo] * 40)
    said.append(toishi(project, "run", "task.toml", "--json", "--yes"))
    run = json.loads(toishi(project, "runs", "--json"))["runs"][0]["run"]
    model_server.fail(*[{"kind": "nonsense", **echo}] * 40)
    (project / "prompt.txt").write_text("Name the topic, briefly.\n")
    said.append(toishi(project, "eval", "task.toml", "--json"))
    model_server.fail(*[{**status, "status": 401}] * 40)
    (project / "prompt.txt").write_text("Name the topic in one word.\n")
    said.append(toishi(project, "--debug", "eval", "task.toml"))
    said += [toishi(project, "show", run, "--json"), toishi(project, "diff", run)]

    written = everything_written(tmp_path)

    assert {call["authorization"] for call in model_server.calls()} == {f"Bearer {KEY}"}
    # It came back, and its name stands where it was.
    assert "Bearer [TOISHI_API_KEY]" in written["replies"].decode()
    assert any("Bearer [TOISHI_API_KEY]" in text for text in said)
    assert [place for place, content in written.items() if KEY.encode() in content] == []
    assert [text for text in said if KEY in text] == []
