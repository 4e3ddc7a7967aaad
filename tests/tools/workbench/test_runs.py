"""Runs seen from outside: made, found alive, followed to their end, asked to stop."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from toishi.tools.workbench.errors import DataError, TaskError, UsageError
from toishi.tools.workbench.events import Event, PhaseStarted, RunFinished, RunStopped
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.runs import (
    create_run,
    follow,
    is_alive,
    log_file,
    request_cancel,
    snapshot,
    start_worker,
    take_lock,
)
from toishi.tools.workbench.task import Task, load_task

ROWS = "text,label,split\n" + "".join(
    f"message {number} about {label},{label},{split}\n"
    for number, (label, split) in enumerate(
        (label, split) for split in ("feedback", "validation", "test") for label in ("cards", "fees")
    )
)
TASK = """
name = "Bank messages"
seed = 3
[program]
prompt = "prompt.txt"
[data]
file = "rows.csv"
inputs = ["text"]
expected = "label"
split = "split"
[metric]
kind = "choice"
[models]
task = "openai/rules"
"""

FINISHED = RunFinished(outcome="no_evidence", sentence="Nothing better was found.")
STOPPED = RunStopped(status="failed", sentence="The server is down.")


@pytest.fixture
def task(tmp_path: Path) -> Task:
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "prompt.txt").write_text("Name the topic.\n")
    (tmp_path / "task.toml").write_text(TASK)
    return load_task(tmp_path / "task.toml", project=tmp_path)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


def test_a_run_holds_all_it_needs_whatever_becomes_of_the_files(tmp_path: Path, journal: Journal, task: Task) -> None:
    run = journal.run(create_run(tmp_path, journal, task, method="gepa"))
    for name in ("rows.csv", "prompt.txt", "task.toml"):
        (tmp_path / name).unlink()
    stored, splits = snapshot(journal, run)
    assert (stored.texts["prompt"].content, run.data) == ("Name the topic.\n", splits.content_hash)
    assert [example.inputs["text"] for example in splits.test] == ["message 4 about cards", "message 5 about fees"]
    assert (len(splits.feedback), len(splits.validation)) == (2, 2)
    assert (run.name, run.method, run.status, run.seed) == ("Bank messages", "gepa", "queued", 3)
    assert str(tmp_path) not in run.task


def test_a_run_of_another_version_is_refused_with_a_sentence(tmp_path: Path, journal: Journal, task: Task) -> None:
    run = create_run(tmp_path, journal, task, method="gepa")
    journal.write([("UPDATE runs SET task = json_remove(task, '$.metric')", ())])
    with pytest.raises(UsageError, match=r"was made by another version of toishi \(the table \[metric\] is missing\)"):
        snapshot(journal, journal.run(run))


def test_a_run_whose_rows_were_purged_is_refused(tmp_path: Path, journal: Journal, task: Task) -> None:
    run = create_run(tmp_path, journal, task, method="gepa")
    journal.purge_examples(lambda example: "fees" in example.inputs["text"])
    with pytest.raises(UsageError, match=f"Rows of run {run} were purged, so that it cannot go on; start it anew"):
        snapshot(journal, journal.run(run))


def test_run_ids_are_short_sortable_and_never_given_twice(tmp_path: Path, journal: Journal, task: Task) -> None:
    runs = [create_run(tmp_path, journal, task, method="gepa") for _ in range(5)]
    assert len(set(runs)) == 5
    assert [run.id for run in journal.runs()] == runs
    assert all(run.startswith("r-20") and len(run) == len("r-20261122-1a2b") for run in runs)


def test_the_model_that_auto_stands_for_is_found_once(
    tmp_path: Path, journal: Journal, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-0123456789")
    auto = task.model_copy(update={"models": task.models.model_copy(update={"task": "auto"})})
    run = journal.run(create_run(tmp_path, journal, auto, method="gepa"))
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    models = snapshot(journal, run)[0].models
    assert models.task.startswith("anthropic/")
    assert models.reflection_name == models.task
    assert "sk-0123456789" not in run.task


def test_an_address_alone_names_no_model(tmp_path: Path, journal: Journal, task: Task) -> None:
    models = task.models.model_copy(update={"task": "auto", "base_url": "http://127.0.0.1:1/v1"})
    with pytest.raises(
        TaskError, match=r"models\.base_url = 'http://127\.0\.0\.1:1/v1' needs a model: models\.task = "
    ):
        create_run(tmp_path, journal, task.model_copy(update={"models": models}), method="gepa")


def test_a_run_with_unusable_data_is_not_made(tmp_path: Path, journal: Journal, task: Task) -> None:
    (tmp_path / "rows.csv").write_text("text,label\n")
    with pytest.raises(DataError):
        create_run(tmp_path, journal, task, method="gepa")
    assert journal.runs() == []


def test_a_run_is_alive_as_long_as_any_process_holds_its_lock(tmp_path: Path) -> None:
    assert not is_alive(tmp_path, "r-1")
    lock = take_lock(tmp_path, "r-1")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # Holds the inherited lock until the other end of the pipe is closed, then dies without letting go.
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    os.close(lock)
    assert is_alive(tmp_path, "r-1")
    assert not is_alive(tmp_path, "r-2")
    os.close(writing)
    os.waitpid(child, 0)
    assert not is_alive(tmp_path, "r-1")


def test_a_run_is_worked_on_by_one_process_at_a_time(tmp_path: Path, journal: Journal, task: Task) -> None:
    run = create_run(tmp_path, journal, task, method="gepa")
    lock = take_lock(tmp_path, run)
    with pytest.raises(UsageError, match=f"Run {run} is running already; follow it with: toishi resume {run}"):
        start_worker(tmp_path, run)
    os.close(lock)


def test_a_finished_run_is_neither_resumed_nor_cancelled(tmp_path: Path, journal: Journal, task: Task) -> None:
    run = create_run(tmp_path, journal, task, method="gepa")
    journal.recorder(run)(FINISHED)
    with pytest.raises(UsageError, match=f"Run {run} has finished, so there is nothing to resume"):
        start_worker(tmp_path, run)
    with pytest.raises(UsageError, match=f"Run {run} has finished, so there is nothing to cancel"):
        request_cancel(journal, run)


def test_following_gives_stored_events_then_new_ones_until_the_run_finished(
    tmp_path: Path, journal: Journal, task: Task
) -> None:
    run = create_run(tmp_path, journal, task, method="gepa")
    lock = take_lock(tmp_path, run)
    emit = journal.recorder(run)
    emit(PhaseStarted(phase="loading"))
    seen = follow(journal, tmp_path, run)
    assert next(seen) == PhaseStarted(phase="loading")
    emit(PhaseStarted(phase="baseline"))
    emit(FINISHED)
    assert list(seen) == [PhaseStarted(phase="baseline"), FINISHED]
    os.close(lock)


def test_following_goes_past_the_end_of_an_earlier_sitting(tmp_path: Path, journal: Journal, task: Task) -> None:
    run = create_run(tmp_path, journal, task, method="gepa")
    emit = journal.recorder(run)
    for event in (PhaseStarted(phase="loading"), STOPPED, PhaseStarted(phase="baseline"), STOPPED):
        emit(event)
    journal.close()
    journal = Journal.open(tmp_path)
    assert list(follow(journal, tmp_path, run)) == [
        PhaseStarted(phase="loading"),
        PhaseStarted(phase="baseline"),
        STOPPED,
    ]
    journal.close()


def test_a_worker_that_was_killed_ends_the_following_with_a_sentence(
    tmp_path: Path, journal: Journal, task: Task
) -> None:
    run = create_run(tmp_path, journal, task, method="gepa")
    journal.set_status(run, "running", pid=1)
    journal.recorder(run)(PhaseStarted(phase="loading"))
    events = list(follow(journal, tmp_path, run))
    assert events[0] == PhaseStarted(phase="loading")
    assert isinstance(events[1], RunStopped)
    assert f"go on with: toishi resume {run}" in events[1].sentence
    assert [event for _, event in journal.events(run)] == events[:1]


def test_a_run_that_nobody_works_on_is_cancelled_at_once(tmp_path: Path, journal: Journal, task: Task) -> None:
    run = create_run(tmp_path, journal, task, method="gepa")
    request_cancel(journal, run)
    request_cancel(journal, run)
    events: list[Event] = list(follow(journal, tmp_path, run))
    assert [event.kind for event in events] == ["run_stopped"]
    assert journal.run(run).status == "cancelled"


def test_a_run_that_is_alive_is_asked_to_stop(tmp_path: Path, journal: Journal, task: Task) -> None:
    run = create_run(tmp_path, journal, task, method="gepa")
    lock = take_lock(tmp_path, run)
    request_cancel(journal, run)
    assert journal.wanted(run) == "cancel"
    assert journal.events(run) == []
    os.close(lock)


def test_a_worker_says_in_its_events_and_its_log_why_it_failed(tmp_path: Path, journal: Journal, task: Task) -> None:
    run = create_run(tmp_path, journal, task, method="gepas")
    request_cancel(journal, run)
    start_worker(tmp_path, run)
    end = list(follow(journal, tmp_path, run, after=journal.events(run)[-1][0]))[-1]
    assert end == RunStopped(status="failed", sentence="there is no method 'gepas'; did you mean 'gepa'?")
    row = journal.run(run)
    assert (row.status, row.wanted) == ("failed", "")
    assert row.pid not in (None, os.getpid())
    assert log_file(tmp_path, run).read_text() == "there is no method 'gepas'; did you mean 'gepa'?\n"
    assert json.loads(row.task)["name"] == "Bank messages"
