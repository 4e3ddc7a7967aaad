"""`--trust`, and the question in a terminal: a person's own code runs after they said so once, and not before."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.assistant.conftest import Toishi
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.runs import create_run
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
kind = "python"
function = "metric.py:score"

[models]
task = "openai/never-called"
base_url = "http://127.0.0.1:9/v1"
"""

# Both leave a mark where they are loaded, and no model is asked.
PROGRAM = "open('program-ran', 'w').close()\n\n\nasync def run(example, call):\n    return 'yes'\n"
METRIC = "open('metric-ran', 'w').close()\n\n\ndef score(example, output):\n    return 1.0, 'fine'\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder with code of their own, which is also the current one; the trust is kept beside it."""
    made = tmp_path / "project"
    made.mkdir()
    (made / "task.toml").write_text(TASK)
    (made / "program.py").write_text(PROGRAM)
    (made / "metric.py").write_text(METRIC)
    (made / "prompt.txt").write_text("Answer.\n")
    (made / "rows.csv").write_text("question,answer\n" + "".join(f"question {n},answer {n}\n" for n in range(40)))
    monkeypatch.chdir(made)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return made


def ran(folder: Path) -> bool:
    return (folder / "program-ran").exists() or (folder / "metric-ran").exists()


@pytest.mark.parametrize("verb", ["run", "eval"])
def test_headless_it_waits_for_a_person(toishi: Toishi, folder: Path, verb: str) -> None:
    answer = toishi(verb, "task.toml")

    assert (answer.exit_code, answer.stdout) == (5, "")
    assert answer.stderr == (
        f"Error: This task runs code of the project {folder} (program.py, metric.py), and nobody has said yet that it "
        "may; read the code, then say so once with --trust\n"
    )
    assert json.loads(toishi(verb, "task.toml", "--json").stdout) == {"error": answer.stderr[7:-1]}
    assert not ran(folder)


def test_said_once_it_holds(toishi: Toishi, folder: Path) -> None:
    first = toishi("eval", "task.toml", "--trust", "--json")
    second = toishi("eval", "task.toml", "--json")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert json.loads(second.stdout)["splits"]["test"]["score"] == 1.0
    assert ran(folder)


def test_a_run_is_not_resumed_where_trust_is_gone(toishi: Toishi, folder: Path) -> None:
    journal = Journal.open(folder)
    run = create_run(folder, journal, load_task(folder / "task.toml", project=folder), method="gepa")
    journal.close()

    answer = toishi("resume", run)

    assert (answer.exit_code, "say so once with --trust" in answer.stderr) == (5, True)
    assert not ran(folder)


@pytest.mark.parametrize(
    ("answer", "code"),
    [pytest.param(b"n\n", 5, id="no"), pytest.param(b"\n", 5, id="enter"), pytest.param(b"y\n", 0, id="yes")],
)
def test_in_a_terminal_it_asks(folder: Path, answer: bytes, code: int) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "toishi.assistant", "eval", "task.toml"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "dumb"},
    ) as process:
        os.close(theirs)
        said = b""
        while b"[y/N]:" not in said:
            said += os.read(ours, 1000)
        assert b"This task runs code of yours: program.py, metric.py. Run it?" in said
        assert not ran(folder)
        os.write(ours, answer)
        printed, _ = process.communicate()
    os.close(ours)

    assert process.returncode == code
    assert ran(folder) == (code == 0)
    assert (b"1.000" in printed) == (code == 0)
