"""`toishi run`, `resume`, `cancel` and `eval` against a real server: the whole way, in real processes."""

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.assistant.conftest import Toishi
from tests.servers.running import ModelServer

WORDS = {"delivery": "card_arrival", "passcode": "change_pin", "cashback": "rewards", "mortgage": "loans"}
OPENINGS = ("my", "the", "a", "our", "your", "this", "that", "some", "any", "no")
ENDINGS = ("now", "soon")

SEED = "Answer with the label."
PERFECT = "\n".join([SEED, *(f"If the message mentions {word}, answer {label}." for word, label in WORDS.items())])
HALF = "\n".join(PERFECT.splitlines()[:3])

TASK = """\
name = "Tickets"

[program]
prompt = "prompt.txt"

[data]
file = "tickets.csv"
inputs = ["text"]
expected = "label"

[metric]
kind = "choice"

[models]
task = "openai/rules"
base_url = "{base_url}"
max_tokens = 16
reflection_max_tokens = 256

[budget]
max_rollouts = 200
"""


@pytest.fixture
def tickets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_server: ModelServer) -> Path:
    """A person's folder, which is also the current one, whose task names the server on loopback."""
    rows = [
        f'"{opening} {word} {ending}",{label}'
        for word, label in WORDS.items()
        for opening in OPENINGS
        for ending in ENDINGS
    ]
    (tmp_path / "tickets.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    (tmp_path / "prompt.txt").write_text(SEED + "\n")
    (tmp_path / "task.toml").write_text(TASK.format(base_url=model_server.base_url))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def prompt(folder: Path) -> str:
    return (folder / "prompt.txt").read_text()


def test_an_improvement_waits_for_a_person(toishi: Toishi, tickets: Path) -> None:
    answer = toishi("run", "task.toml")

    assert answer.exit_code == 5, answer.stderr
    run = json.loads(toishi("runs", "--json").stdout)["runs"][0]["run"]
    assert f"run {run} started: gepa, seed 0, 32 feedback, 24 validation, 24 test examples" in answer.stderr
    assert "Locked test, 24 examples: improved\n  seed prompt  0.000\n" in answer.stdout
    assert answer.stdout.endswith(
        f"The change to prompt.txt waits for you.\nRead the change:  toishi diff {run}\n"
        f"Apply it:         toishi apply {run}\n"
    )
    assert prompt(tickets) == SEED + "\n"

    # What was bought once is told again, and applied on request, without a new rollout.
    again = json.loads(toishi("resume", run, "--json").stdout)
    assert (again["exit_code"], again["outcome"], again["applied"]) == (5, "improved", False)
    approved = toishi("resume", run, "--yes")
    assert approved.exit_code == 0
    assert f"Applied to prompt.txt.\nRead the change:  toishi diff {run}\n" in approved.stdout
    assert prompt(tickets) != SEED + "\n"
    assert toishi("undo", run).exit_code == 0
    assert prompt(tickets) == SEED + "\n"


def test_with_yes_the_improvement_is_applied(toishi: Toishi, tickets: Path) -> None:
    answer = toishi("run", "task.toml", "--yes", "--json", "--seed", 4, "--max-rollouts", 180)

    told = json.loads(answer.stdout)
    assert answer.exit_code == told["exit_code"] == 0
    assert (told["status"], told["outcome"], told["applied"]) == ("finished", "improved", True)
    assert told["seed_score"] == 0.0
    assert told["best_score"] > 0.9
    assert told["interval"][0] > 0
    assert 0 < told["rollouts"] <= 180
    assert prompt(tickets).startswith(SEED + "\nIf the message mentions ")
    shown = json.loads(toishi("show", "--json").stdout)
    assert (shown["seed"], shown["plan"]["max_rollouts"]) == (4, 180)
    assert shown["change"] == {"hash": told["change"], "status": "applied", "purged": False}


def test_without_evidence_nothing_is_applied_even_with_yes(toishi: Toishi, tickets: Path) -> None:
    (tickets / "prompt.txt").write_text(PERFECT)

    answer = toishi("run", "task.toml", "--yes")

    assert answer.exit_code == 3
    assert "Locked test, 24 examples: no evidence of improvement\n" in answer.stdout
    assert "Nothing to apply: the seed prompt stands." in answer.stdout
    assert prompt(tickets) == PERFECT


def test_a_budget_that_cannot_pay_the_baseline_is_exit_code_4(toishi: Toishi, tickets: Path) -> None:
    answer = toishi("run", "task.toml", "--max-rollouts", 50, "--json")

    told = json.loads(answer.stdout)
    assert answer.exit_code == told["exit_code"] == 4
    assert told["outcome"] == "budget_spent_before_baseline"
    assert told["seed_score"] is None
    assert "The budget ended before the seed was scored" in told["sentence"]


def start(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "toishi.assistant", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_ctrl_c_stops_the_run_which_can_be_resumed(toishi: Toishi, tickets: Path, model_server: ModelServer) -> None:
    model_server.fail(*[None] * 30, *[{"kind": "hold"}] * 100)
    process = start("run", "task.toml")
    model_server.calls(at_least=31)

    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()

    run = json.loads(toishi("runs", "--json").stdout)["runs"][0]
    assert process.returncode == 130, stderr
    assert run["status"] == "cancelled"
    assert "the run is asked to stop" in stderr
    assert f"Go on where it stood:  toishi resume {run['run']}\n" in stdout

    model_server.fail()
    resumed = toishi("resume", "--json")
    assert resumed.exit_code == 5
    assert json.loads(resumed.stdout)["outcome"] == "improved"


def in_a_terminal(command: list[str], *, columns: int, lines: int) -> tuple[int, str]:
    """Runs a command in a pseudo-terminal of that size; gives its exit code and all that it drew."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    environment |= {"NO_COLOR": "1", "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    drawn = b""
    # The end of a terminal is an error on Linux: nobody holds its other side any more.
    with contextlib.suppress(OSError):
        while chunk := os.read(ours, 65536):
            drawn += chunk
    os.close(ours)
    return process.wait(), drawn.decode()


def test_on_a_terminal_one_frame_is_drawn_again_and_again(toishi: Toishi, tickets: Path) -> None:
    command = [sys.executable, "-m", "toishi.assistant", "run", "task.toml"]

    code, drawn = in_a_terminal(command, columns=80, lines=24)

    plain = re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", drawn)
    assert code == 5
    assert plain.count("candidates    ") > 1
    assert "in the pool" in plain
    assert "Ctrl-C stops the run, which can be resumed" in plain
    assert "Locked test, 24 examples: improved" in plain
    assert not re.search(r"\x1b\[[\d;]*3[0-7]m", drawn), "a colour in spite of NO_COLOR"
    assert max(len(line) for line in re.split(r"[\r\n]+", plain)) <= 80


def test_a_detached_run_is_cancelled_from_outside(toishi: Toishi, tickets: Path, model_server: ModelServer) -> None:
    model_server.fail(*[{"kind": "hold"}] * 100)
    started = toishi("run", "task.toml", "--detach", "--json")
    run = json.loads(started.stdout)["run"]
    model_server.calls(at_least=1)

    running = json.loads(toishi("runs", "--json").stdout)["runs"][0]["status"]
    cancelled = toishi("cancel", run, "--json")

    assert (started.exit_code, running) == (0, "running")
    assert json.loads(cancelled.stdout) == {"run": run, "status": "cancelled"}
    assert cancelled.exit_code == 0


def test_eval_scores_the_prompt_by_split(toishi: Toishi, tickets: Path, model_server: ModelServer) -> None:
    (tickets / "prompt.txt").write_text(HALF)

    first = toishi("eval", "task.toml", "--json")
    calls = len(model_server.calls())
    second = toishi("eval", "task.toml")

    told = json.loads(first.stdout)
    assert (first.exit_code, told["rollouts"], told["cost"]) == (0, 48, None)
    assert list(told["splits"]) == ["validation", "test"]
    assert told["splits"]["test"]["score"] == 0.5
    low, high = told["splits"]["test"]["interval"]
    assert 0 < low < 0.5 < high < 1
    assert "test        0.500  0." in second.stdout
    assert len(model_server.calls()) == calls == 48

    # An evaluation is among the runs, and improves nothing.
    rows = json.loads(toishi("runs", "--json").stdout)["runs"]
    assert [(row["method"], row["status"], row["test_seed"], row["test_best"]) for row in rows] == [
        ("eval", "finished", 0.5, None)
    ] * 2
    refused = toishi("diff", told["run"])
    assert refused.exit_code == 2
    assert f"Run {told['run']} is an evaluation, which improves nothing" in refused.stderr
    assert "\ntest        0.500  0." in toishi("show", told["run"]).stdout
    assert json.loads(toishi("show", told["run"], "--json").stdout)["evaluation"]["splits"] == told["splits"]


@pytest.mark.parametrize(
    ("before", "after", "code", "verdict"),
    [
        pytest.param(SEED, HALF, 0, "better", id="better"),
        pytest.param(HALF, SEED, 1, "worse", id="worse"),
        pytest.param(HALF, HALF + "\nBe kind.", 3, "no evidence", id="no evidence"),
    ],
)
def test_eval_is_a_gate(toishi: Toishi, tickets: Path, before: str, after: str, code: int, verdict: str) -> None:
    (tickets / "old.txt").write_text(before)
    (tickets / "prompt.txt").write_text(after)

    answer = toishi("eval", "task.toml", "--against", "old.txt", "--json")

    told = json.loads(answer.stdout)
    assert (answer.exit_code, told["verdict"]) == (code, verdict)
    assert told["splits"]["test"]["examples"] == 24
    assert len(told["splits"]["test"]["fixed" if code == 0 else "broke"]) == (0 if code == 3 else 12)


def test_eval_names_an_earlier_version_that_cannot_be_read(toishi: Toishi, tickets: Path) -> None:
    answer = toishi("eval", "task.toml", "--against", "nowhere.txt")

    assert answer.exit_code == 2
    assert answer.stderr == (
        "Error: nowhere.txt cannot be read: No such file or directory; name a text file with a prompt\n"
    )
