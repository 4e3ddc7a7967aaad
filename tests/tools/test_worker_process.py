"""A run as a real process against a real server: killed, resumed, cancelled."""

import json
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.bank_messages import PROMPT, write_project
from toishi.tools.workbench import changes
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.events import ChangeProposed, Event, Judged, Progress, RunFinished, RunStarted, RunStopped
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.runs import create_run, follow, is_alive, log_file, request_cancel, start_worker
from toishi.tools.workbench.task import load_task

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

KEY = "sk-a-key-that-must-not-be-written-down"
CONCURRENCY = 4
MAX_ROLLOUTS = 240
"""Enough for a second generation where the first has as many proposals side by side as this project's."""
LABELS = {
    "delivery": "card_arrival",
    "exchange": "exchange_rate",
    "passcode": "change_pin",
    "statement": "fees",
    "passport": "verify_identity",
    "refunded": "refund",
}
VALIDATION = 2 * len(LABELS)


def write_bank(folder: Path, server: "ModelServer") -> None:
    """Two feedback, two validation and five test rows for each label."""
    folder.mkdir()
    splits = ["feedback"] * 2 + ["validation"] * 2 + ["test"] * 5
    write_project(folder, server, LABELS, splits=splits, seed=5, concurrency=CONCURRENCY, max_rollouts=MAX_ROLLOUTS)


@pytest.fixture
def server(model_server: "ModelServer", monkeypatch: pytest.MonkeyPatch) -> "ModelServer":
    monkeypatch.setenv("TOISHI_API_KEY", KEY)
    return model_server


@pytest.fixture
def project(tmp_path: Path, server: "ModelServer") -> Path:
    write_bank(tmp_path / "bank", server)
    return tmp_path / "bank"


@pytest.fixture
def journal(project: Path) -> Iterator[Journal]:
    journal = Journal.open(project)
    yield journal
    journal.close()


def begin(journal: Journal) -> str:
    run = create_run(journal.project, journal, load_task(journal.project / "task.toml"), method="gepa")
    start_worker(journal.project, run)
    return run


def run_to_the_end(journal: Journal, run: str) -> list[Event]:
    return list(follow(journal, journal.project, run))


def decisions(journal: Journal, run: str) -> list[Event]:
    """A run's decisions without its id, which no two runs share."""
    return [
        event.model_copy(update={"run": ""}) if isinstance(event, RunStarted) else event
        for event in journal.decisions(run)
    ]


def scores(journal: Journal, run: str) -> dict[tuple[str, str, int], float]:
    """The score of every rollout."""
    return {(one.candidate, one.example, one.replicate): one.score for one in journal.rollouts(run)}


def paid_calls(calls: list[dict[str, Any]]) -> Counter[str]:
    """How often the server was asked each conversation."""
    return Counter(json.dumps([(one["role"], one["content"]) for one in call["messages"]]) for call in calls)


def recorded_calls(journal: Journal) -> Counter[str]:
    """How many replies the journal holds for each conversation."""
    rows = journal.read("SELECT messages FROM replies")
    messages = {row["id"]: (row["role"], row["content"]) for row in journal.read("SELECT * FROM messages")}
    return Counter(json.dumps([messages[one] for one in json.loads(row["messages"])]) for row in rows)


def test_a_run_that_was_killed_again_and_again_ends_like_an_undisturbed_one(
    tmp_path: Path, server: "ModelServer", journal: Journal
) -> None:
    run = begin(journal)
    events = run_to_the_end(journal, run)
    judged = next(event for event in events if isinstance(event, Judged))
    assert isinstance(events[-1], RunFinished)
    assert (events[-1].outcome, judged.seed_score, judged.examples) == ("improved", 0.0, 30)
    assert judged.best_score > 0.9
    assert server.calls()[0]["authorization"] == f"Bearer {KEY}"
    undisturbed = len(server.calls())

    write_bank(tmp_path / "disturbed", server)
    other = Journal.open(tmp_path / "disturbed")
    killed = begin(other)
    paid = undisturbed
    for moment in sorted(random.Random(1).sample(range(3, undisturbed - 3), 4)):
        # A call of this sitting shows that its worker is there to be killed.
        server.calls(at_least=max(undisturbed + moment, paid + 1))
        pid = other.run(killed).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        stopped = run_to_the_end(other, killed)[-1]
        assert isinstance(stopped, RunStopped)
        paid, known = len(server.calls()), recorded_calls(other)
        start_worker(other.project, killed)
    run_to_the_end(other, killed)
    assert paid_calls(server.calls()[paid:]) == recorded_calls(other) - known
    assert len(server.calls()) - undisturbed <= recorded_calls(other).total() + 4 * CONCURRENCY

    assert decisions(other, killed) == decisions(journal, run)
    assert scores(other, killed) == scores(journal, run)
    spent = [event for _, event in other.events(killed) if isinstance(event, Progress)][-1]
    assert spent.rollouts == len(other.rollouts(killed)) <= MAX_ROLLOUTS
    assert spent.tokens == sum(row["tokens"] for row in other.read("SELECT tokens FROM rollouts")) + sum(
        row[0] for row in other.read("SELECT prompt_tokens + completion_tokens FROM replies WHERE purpose='reflection'")
    )

    with pytest.raises(UsageError, match=f"Run {killed} has finished, so there is nothing to resume"):
        start_worker(other.project, killed)
    (change,) = [event.change for event in journal.decisions(run) if isinstance(event, ChangeProposed)]
    changes.apply(journal, journal.project, change)
    assert (journal.project / "prompt.txt").read_text().startswith(PROMPT)
    assert "If the message mentions" in (journal.project / "prompt.txt").read_text()
    for project in (journal.project, other.project):
        for file in (project / ".toishi").rglob("*"):
            assert file.is_dir() or KEY.encode() not in file.read_bytes()
    other.close()


def test_a_run_is_cancelled_by_a_wish_or_a_signal_and_goes_on_later(
    server: "ModelServer", journal: Journal, project: Path
) -> None:
    hold = {"kind": "hold"}
    server.fail(None, None, *[hold] * 100)
    run = begin(journal)
    server.calls(at_least=2 + CONCURRENCY)
    request_cancel(journal, run)
    stopped = run_to_the_end(journal, run)[-1]
    assert stopped == RunStopped(status="cancelled", sentence=f"The run was cancelled; go on with: toishi resume {run}")
    assert (journal.run(run).status, is_alive(project, run)) == ("cancelled", False)

    paid = len(server.calls())
    start_worker(project, run)
    server.calls(at_least=paid + CONCURRENCY)
    pid = journal.run(run).pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    assert run_to_the_end(journal, run)[-1] == stopped
    assert log_file(project, run).read_text() == f"{stopped.sentence}\n" * 2

    server.fail()
    server.release()
    start_worker(project, run)
    assert isinstance(run_to_the_end(journal, run)[-1], RunFinished)


def test_proposals_in_flight_are_cut_off_by_ctrl_c_and_taken_up_again(
    tmp_path: Path, server: "ModelServer", journal: Journal
) -> None:
    run = begin(journal)
    run_to_the_end(journal, run)
    undisturbed = len(server.calls())

    write_bank(tmp_path / "disturbed", server)
    with closing(Journal.open(tmp_path / "disturbed")) as other:
        # The seed's validation is answered, and as many calls of several proposals as are let in at once are not.
        answered = VALIDATION + CONCURRENCY
        server.fail(*[None] * answered, *[{"kind": "hold"}] * 100)
        stopped_run = begin(other)
        server.calls(at_least=undisturbed + answered + CONCURRENCY)
        pid = other.run(stopped_run).pid
        assert pid is not None
        os.kill(pid, signal.SIGINT)
        stopped = run_to_the_end(other, stopped_run)[-1]
        assert isinstance(stopped, RunStopped)
        assert stopped.status == "cancelled"
        assert log_file(other.project, stopped_run).read_text() == f"{stopped.sentence}\n"
        assert recorded_calls(other).total() == answered

        server.fail()
        server.release()
        start_worker(other.project, stopped_run)
        run_to_the_end(other, stopped_run)
        assert decisions(other, stopped_run) == decisions(journal, run)
        assert scores(other, stopped_run) == scores(journal, run)
        assert len(server.calls()) == 2 * undisturbed + CONCURRENCY
