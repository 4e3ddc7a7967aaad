"""Runs as processes: made, started, watched and stopped from outside, through the journal and one lock file each.

The lock is taken before the worker's process exists and handed down to it, and the system lets go of it when that
process ends, however it ends: so whether a run is alive is never guessed from a process number.
"""

import fcntl
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from toishi.tools.workbench.access import open_private
from toishi.tools.workbench.budget import Budget
from toishi.tools.workbench.data import Splits, load_data
from toishi.tools.workbench.data.first_pass import Progress
from toishi.tools.workbench.errors import JournalError, TaskError, UsageError
from toishi.tools.workbench.events import Event, RunFinished, RunStopped, Warned
from toishi.tools.workbench.journal import PURGED, Journal, RunRow
from toishi.tools.workbench.models.discovery import choose_default
from toishi.tools.workbench.settings import FOLDER
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.validation import explain

AUTO = "auto"
CANCEL = "cancel"
PAUSE_SECONDS = 0.05

# Whoever asks whether a run is alive holds its lock for an instant.
ATTEMPTS = 20

# Bytes for the last word of a sitting.
ROOM = 4096


Consent = Callable[[Task, Splits], None]
"""Is told the task, with its models by name, and its rows; raises where they may not be sent to these models."""


def create_run(
    project: Path,
    journal: Journal,
    task: Task,
    *,
    method: str,
    consent: Consent | None = None,
    progress: Progress | None = None,
) -> str:
    """Stores a run with all it needs to be repeated (the task, its texts, rows and models), and gives its id.

    `consent` comes before anything is stored; `progress` is told how many rows were read. What is to be known of the
    rows (some left out, some alike) are the run's first events. Raises `DataError` where the data cannot be used, and
    `ModelUnknown` where no model is named and none is found.
    """
    splits = load_data(task, project, progress=progress)
    task = with_models(task)
    if consent is not None:
        consent(task, splits)
    journal.add_examples(
        splits.content_hash, {"feedback": splits.feedback, "validation": splits.validation, "test": splits.test}
    )
    run = add_run(journal, task, method=method, data=splits.content_hash)
    emit = journal.recorder(run)
    for problem in splits.problems:
        emit(Warned(message=problem))
    # Telemetry is written soon; what is written behind it is waited for, so that whoever looks now finds it.
    journal.set_status(run, "queued")
    return run


def add_run(journal: Journal, task: Task, *, method: str, data: str) -> str:
    """Stores a run whose rows are stored as `data`, and gives its id."""
    run = f"r-{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(2)}"
    while journal.has_run(run):
        run = f"{run[:-4]}{secrets.token_hex(2)}"
    journal.add_run(RunRow(run, task.name, method, "queued", task.seed, task.model_dump_json(), data))
    return run


def with_models(task: Task) -> Task:
    """The same task with its models by name: what `auto` stands for is found once, so that a resumed run has the same.

    Raises `ModelUnknown` where nothing is found, and `TaskError` where an address is given without a model's name.
    """
    if task.models.task != AUTO:
        return task
    if task.models.base_url is not None:
        raise TaskError(f"models.base_url = '{task.models.base_url}' needs a model: models.task = \"openai/NAME\"")
    found = choose_default()
    models = task.models.model_copy(update={"task": found.model, "base_url": found.base_url})
    return task.model_copy(update={"models": models})


def snapshot(journal: Journal, row: RunRow) -> tuple[Task, Splits]:
    """The task and its rows as they were when the run was made, whatever became of their files.

    Raises `UsageError` where another version of toishi wrote something that this one does not understand, and where
    rows of it were purged.
    """
    if row.data.startswith(PURGED):
        raise UsageError(f"Rows of run {row.id} were purged, so that it cannot go on; start it anew")
    try:
        task = Task.model_validate_json(row.task)
    except ValidationError as error:
        raise UsageError(
            f"Run {row.id} was made by another version of toishi ({explain(error, Task)}); start it anew"
        ) from None
    feedback, validation, test = (journal.examples(row.data, split) for split in ("feedback", "validation", "test"))
    return task, Splits(feedback, validation, test)


def take_over_spending(journal: Journal, run: str, budget: Budget) -> None:
    """Counts in a fresh budget all that earlier sittings of a run paid."""
    (rollouts,) = journal.read("SELECT count(*) FROM rollouts WHERE run = ?", (run,))[0]
    replies = journal.read("SELECT prompt_tokens + completion_tokens, cost FROM replies WHERE run = ?", (run,))
    budget.take_over(rollouts, map(tuple, replies))


def start_worker(project: Path, run: str) -> None:
    """Starts the run's process, which outlives this one, and returns at once; its output goes to the run's log.

    Raises `UsageError` where one is alive, or the run has finished.
    """
    _reap()
    journal = Journal.open(project)
    try:
        refuse_finished(journal.run(run))
        lock = take_lock(project, run)
        try:
            journal.set_wanted(run, "")
            command = [sys.executable, "-P", "-m", "toishi.tools.worker", run, "--project", str(project.absolute())]
            with os.fdopen(open_private(log_file(project, run), os.O_WRONLY | os.O_APPEND), "ab") as log:
                process = subprocess.Popen(
                    [*command, "--lock", str(lock)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=project,
                    start_new_session=True,
                    pass_fds=(lock,),
                )
            _started.append(process)
        finally:
            os.close(lock)
    finally:
        journal.close()


def refuse_finished(row: RunRow) -> None:
    """Raises `UsageError` for a run that came to its end: it cannot be resumed."""
    if row.status == "finished":
        raise UsageError(f"Run {row.id} has finished, so there is nothing to resume; see: toishi show {row.id}")


def take_lock(project: Path, run: str) -> int:
    """The descriptor that holds the run's lock until it is closed everywhere; `UsageError` where it is held."""
    path = lock_file(project, run)
    try:
        descriptor = open_private(path, os.O_RDWR)
    except OSError as error:
        raise JournalError(f"{path} cannot be made ({error.strerror}); make its folder writable") from error
    for _ in range(ATTEMPTS):
        if _locks(descriptor, fcntl.LOCK_EX):
            _leave_room(descriptor)
            return descriptor
        time.sleep(PAUSE_SECONDS)
    os.close(descriptor)
    raise UsageError(f"Run {run} is running already; follow it with: toishi resume {run}")


def leave_word(lock: int, sentence: str) -> None:
    """Says why a sitting ended where the journal cannot be told; `lock` is the descriptor of the run's lock."""
    with suppress(OSError):
        os.pwrite(lock, sentence.encode()[:ROOM], 0)


def is_alive(project: Path, run: str) -> bool:
    """Whether a process works on the run."""
    _reap()
    try:
        descriptor = os.open(lock_file(project, run), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _locks(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def refuse_alive(project: Path) -> None:
    """Raises `UsageError` where a process works on any run of the project."""
    for lock in sorted((project / FOLDER / "runs").glob("*.lock")):
        if is_alive(project, lock.stem):
            raise UsageError(f"Run {lock.stem} is being worked on; wait for its end, or: toishi cancel {lock.stem}")


def request_cancel(journal: Journal, run: str) -> None:
    """Asks a run to stop; where nobody works on it, that is all there is to do. `UsageError` for a finished one."""
    row = journal.run(run)
    if row.status == "finished":
        raise UsageError(f"Run {row.id} has finished, so there is nothing to cancel; see: toishi show {row.id}")
    if is_alive(journal.project, row.id):
        journal.set_wanted(row.id, CANCEL)
    elif row.status != "cancelled":
        journal.recorder(row.id)(cancelled(row.id))


def follow(journal: Journal, project: Path, run: str, after: int = 0) -> Iterator[Event]:
    """A run's events with a number greater than `after`, the stored ones at once, the others as they come.

    Ends with `RunFinished` or with the `RunStopped` of the newest sitting; where the worker was killed, that one says
    so and is not in the journal. Those of earlier sittings are left out.
    """
    stopped: RunStopped | None = None
    while True:
        # Asked before reading: what a worker wrote before it died is then among the events.
        alive = is_alive(project, run)
        events = journal.events(run, after)
        for number, event in events:
            after = number
            stopped = event if isinstance(event, RunStopped) else None
            if stopped is None:
                yield event
            if isinstance(event, RunFinished):
                return
        if not alive and not events:
            break
        if not events:
            time.sleep(PAUSE_SECONDS)
    status = journal.run(run).status
    if stopped is not None:
        yield stopped
    elif status == "cancelled":
        yield cancelled(run)
    elif status != "finished":
        yield _killed(project, run)


def cancelled(run: str) -> RunStopped:
    """The end of a sitting that a person ended."""
    return RunStopped(status="cancelled", sentence=f"The run was cancelled; go on with: toishi resume {run}")


def log_file(project: Path, run: str) -> Path:
    """Where the output of the run's processes goes."""
    return project / FOLDER / "runs" / f"{run}.log"


def lock_file(project: Path, run: str) -> Path:
    """What the run's process holds while it lives."""
    return project / FOLDER / "runs" / f"{run}.lock"


def _killed(project: Path, run: str) -> RunStopped:
    """How a sitting ended that its events do not tell."""
    way_out = f"go on with: toishi resume {run}"
    try:
        word = lock_file(project, run).read_bytes().strip(b"\0").decode(errors="replace")
    except FileNotFoundError:
        word = ""
    silent = (
        f"The run's process ended without a word, as when it is killed (its log: {log_file(project, run)}); "
        "nothing recorded is lost"
    )
    return RunStopped(status="failed", sentence=f"{word}; {way_out}" if word else f"{silent}, {way_out}")


def _leave_room(lock: int) -> None:
    """Room for `leave_word`, without what an earlier sitting left, taken while the disk still has some."""
    with suppress(OSError):
        os.ftruncate(lock, 0)
        os.posix_fallocate(lock, 0, ROOM)


def _locks(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# Processes started from here, so that those which ended do not stay in the system's table as long as this one lives.
_started: list["subprocess.Popen[bytes]"] = []


def _reap() -> None:
    _started[:] = [process for process in _started if process.poll() is None]
