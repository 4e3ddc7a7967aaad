"""Runs as real processes on a journal that fails, and two of them on one journal."""

import json
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.bank_messages import write_project
from toishi.tools.workbench import runs
from toishi.tools.workbench.events import Event, RunFinished, RunStarted, RunStopped
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.runs import create_run, follow, start_worker
from toishi.tools.workbench.task import load_task

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

LABELS = {"delivery": "card_arrival", "exchange": "exchange_rate", "passcode": "change_pin"}
CONCURRENCY = 4


@pytest.fixture
def journal(tmp_path: Path, model_server: "ModelServer", monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """The journal of a project whose prompt can be made better."""
    monkeypatch.setenv("TOISHI_API_KEY", "sk-0123456789")
    splits = ["feedback"] * 2 + ["validation"] * 2 + ["test"] * 4
    write_project(tmp_path, model_server, LABELS, splits=splits, seed=5, concurrency=CONCURRENCY, max_rollouts=80)
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()
    for process in runs._started:
        process.wait()


def begin(journal: Journal) -> str:
    task = load_task(journal.project / "task.toml", project=journal.project)
    run = create_run(journal.project, journal, task, method="gepa")
    start_worker(journal.project, run)
    return run


def to_the_end(journal: Journal, run: str) -> Event:
    return list(follow(journal, journal.project, run))[-1]


def decisions(journal: Journal, run: str) -> list[Event]:
    """A run's decisions without its id, which no two runs share."""
    return [
        event.model_copy(update={"run": ""}) if isinstance(event, RunStarted) else event
        for event in journal.decisions(run)
    ]


def asked(server: "ModelServer") -> list[str]:
    """Each request that reached the server, as a text."""
    calls: list[dict[str, Any]] = server.calls()
    return [json.dumps(call["messages"]) for call in calls]


def test_a_run_whose_disk_is_full_stops_with_a_sentence_and_is_resumed(
    journal: Journal, model_server: "ModelServer"
) -> None:
    healthy = 7
    model_server.fail(*[None] * healthy, *[{"kind": "hold"}] * CONCURRENCY)
    run = begin(journal)
    model_server.calls(at_least=healthy + 1)
    pid = journal.run(run).pid
    assert pid is not None
    # From now on the system refuses the process every write behind the first page of a file.
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, -1))
    model_server.release()

    stopped = to_the_end(journal, run)

    assert isinstance(stopped, RunStopped)
    assert stopped.status == "failed"
    assert "refuses to read or write (disk I/O error), as when it is full, failing or gone" in stopped.sentence
    assert stopped.sentence.endswith(f"go on with: toishi resume {run}")
    recorded = len(journal.read("SELECT 1 FROM replies"))
    assert recorded >= healthy - CONCURRENCY

    start_worker(journal.project, run)
    assert isinstance(to_the_end(journal, run), RunFinished)
    paid = asked(model_server)
    assert len(paid) - len(set(paid)) <= CONCURRENCY, "only what was in flight is paid again"
    assert len(paid) - len(set(paid)) == len(paid) - len(journal.read("SELECT 1 FROM replies"))


def test_two_runs_at_once_on_one_journal_end_as_each_alone(journal: Journal) -> None:
    first, second = begin(journal), begin(journal)
    for run in (first, second):
        assert isinstance(to_the_end(journal, run), RunFinished)
    assert decisions(journal, first) == decisions(journal, second)
    rollouts = [journal.rollouts(run, split="test") for run in (first, second)]
    assert [len(one) for one in rollouts] == [24, 24]
    assert {(one.candidate, one.example, one.score) for one in rollouts[0]} == {
        (one.candidate, one.example, one.score) for one in rollouts[1]
    }
