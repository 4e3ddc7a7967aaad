"""The process in which a run lives: `python -m toishi.tools.worker RUN --project FOLDER`.

It reads the run from the journal, hands a bench to the method and writes down what comes of it. Killed at any moment
and started again, it makes the same decisions again from the rollouts and replies that the journal holds, pays for none
of them twice, and goes on from there. With `compose`, it is the only module that knows several methods.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from toishi.tools.workbench import changes
from toishi.tools.workbench.answers import best_answers, sentence
from toishi.tools.workbench.bench import Bench, open_bench
from toishi.tools.workbench.budget import Budget
from toishi.tools.workbench.data import Splits
from toishi.tools.workbench.errors import BudgetSpent, ToishiError, UsageError
from toishi.tools.workbench.events import (
    ChangeProposed,
    Judged,
    PhaseStarted,
    RunFinished,
    RunStarted,
    RunStopped,
    SandboxUsed,
    Warned,
)
from toishi.tools.workbench.journal import Journal, RunRow
from toishi.tools.workbench.judges.checks import unproved
from toishi.tools.workbench.judging import change_to, judge
from toishi.tools.workbench.method import Found, Method
from toishi.tools.workbench.metrics.checking import weaknesses
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.redaction import RedactedStream, redact
from toishi.tools.workbench.runs import (
    cancelled,
    leave_word,
    log_file,
    refuse_finished,
    snapshot,
    take_lock,
    take_over_spending,
)
from toishi.tools.workbench.sandbox import level
from toishi.tools.workbench.sitting import Chronicle, Heartbeat
from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task import Task

FINISHED, FAILED, CANCELLED = 0, 1, 130


def gepa() -> Method:
    """Imported when it is wanted, as a worker needs one method."""
    from toishi.tools.gepa import method

    return method


# `auto` is the method that suits a prompt program.
METHODS: dict[str, Callable[[], Method]] = {"auto": gepa, "gepa": gepa}


def method_named(name: str) -> Method:
    """Raises `UsageError` for a name that no method has."""
    method = METHODS.get(name)
    if method is None:
        raise UsageError(f"there is no method '{name}'; {did_you_mean(name, list(METHODS))}")
    return method()


class Sitting:
    """One attempt to bring a run to its end."""

    def __init__(self, journal: Journal, project: Path, row: RunRow) -> None:
        self.journal = journal
        self.project = project
        self.row = row
        self.task, self.splits = snapshot(journal, row)
        self.budget = Budget(self.task.budget.limits(), seconds_before=row.seconds)
        take_over_spending(journal, row.id, self.budget)
        self.chronicle = Chronicle(journal.recorder(row.id), journal.decisions(row.id))
        self.heartbeat = Heartbeat(journal, row.id, self.budget, self.chronicle)
        self.gateway: Gateway | None = None

    async def until_stopped(self) -> bool:
        """Works until the run has finished (True) or somebody wants it to stop (False)."""
        work = asyncio.create_task(self._work())
        stop = asyncio.create_task(self.heartbeat.until_stop_is_wanted())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.cancel)
        await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
        if self.gateway is not None:
            self.gateway.begin_nothing_more()
        for task in (work, stop):
            task.cancel()
        # What is in flight is cut off here; replies that have come are still written.
        await asyncio.wait((work, stop))
        if not work.cancelled():
            work.result()
        elif not stop.cancelled():
            stop.result()
        self.heartbeat.tell()
        return not work.cancelled()

    async def _work(self) -> None:
        method = method_named(self.row.method)
        self.chronicle(_plan(self.row, self.task, self.splits, self.budget))
        forecast = method.forecast_of(self.task, self.splits)
        if forecast is not None and forecast.warning is not None:
            self.chronicle(Warned(message=forecast.warning))
        self.budget.set_aside(method.tested(self.task) * len(self.splits.test))
        if self.task.runs_code:
            self.chronicle(SandboxUsed(level=await asyncio.to_thread(level, "pure")))
        self.chronicle(PhaseStarted(phase="loading"))
        async with open_bench(self.journal, self.project, self.row.id, self.task, self.splits, self.budget) as bench:
            self.gateway = bench.gateway
            for doubt in await weaknesses(self.task.metric, bench.metric, self.splits.all):
                self.chronicle(Warned(message=f"The metric may be satisfied without the task: {doubt}"))
            unchecked = unproved(self.journal, self.task)
            if unchecked is not None:
                self.chronicle(Warned(message=unchecked))
            left, needed = self.budget.rollouts_left(), len(self.splits.validation)
            if left is not None and left < needed:
                return self._finish_without_baseline(
                    f"of the rollouts {left} are left after those of the locked test, and one look at the validation "
                    f"rows needs {needed}"
                )
            try:
                found = await method.run(bench, self.chronicle)
            except BudgetSpent as spent:
                return self._finish_without_baseline(str(spent))
            await self._conclude(bench, found)

    def _finish_without_baseline(self, why: str) -> None:
        self.heartbeat.tell()
        told = f"The budget ended before the seed was scored: {why}; raise the limits in [budget]"
        self.chronicle(RunFinished(outcome="budget_spent_before_baseline", sentence=told))

    def _conclude_answers(self, bench: Bench, found: Found) -> None:
        """The last word where the rows themselves were to be solved: the best answer to each is in the journal."""
        answers = best_answers(self.journal.rollouts(self.row.id), seed=bench.seed.id)
        self.heartbeat.tell()
        better = any(answer.gain > 0 for answer in answers)
        end = RunFinished(outcome="solved" if better else "no_evidence", sentence=sentence(answers))
        self.journal.set_result(self.row.id, _result(found, None, "", end, self.budget))
        self.chronicle(end)

    async def _conclude(self, bench: Bench, found: Found) -> None:
        """The locked test, the change and the last word."""
        if self.task.solves:
            return self._conclude_answers(bench, found)
        self.chronicle(PhaseStarted(phase="test"))
        self.budget.release_aside()
        judged, verdict = await self._judge(bench, found)
        change = ""
        if found.best.id == bench.seed.id:
            verdict = "No better prompt than the seed was found" if judged is not None else verdict
        else:
            self.chronicle(PhaseStarted(phase="change"))
            proposed = change_to(self.task, found.best, validation=found.validation, test=judged)
            change = changes.propose(self.journal, self.row.id, proposed)
            self.chronicle(ChangeProposed(change=change))
        self.heartbeat.tell()
        end = RunFinished(outcome=outcome_of(judged), sentence=verdict)
        self.journal.set_result(self.row.id, _result(found, judged, change, end, self.budget))
        self.chronicle(end)

    async def _judge(self, bench: Bench, found: Found) -> tuple[Judged | None, str]:
        """The verdict on the locked test, in numbers and in words."""
        try:
            judged, doubts = await judge(bench.runner, self.task, self.splits, bench.seed, found.best, found.front)
        except BudgetSpent as spent:
            return None, f"The budget ended before the locked test did, so nothing is proved: {spent}"
        self.chronicle(judged)
        for doubt in doubts:
            self.chronicle(Warned(message=doubt))
        return judged, judged.sentence


def outcome_of(judged: Judged | None) -> Literal["improved", "no_evidence", "worse"]:
    """What the locked test showed; None where it was not finished."""
    if judged is None:
        return "no_evidence"
    return "improved" if judged.improved else "worse" if judged.worse else "no_evidence"


def _plan(row: RunRow, task: Task, splits: Splits, budget: Budget) -> RunStarted:
    limits = budget.limits
    return RunStarted(
        run=row.id,
        method=row.method,
        seed=task.seed,
        feedback_examples=len(splits.feedback),
        validation_examples=len(splits.validation),
        test_examples=len(splits.test),
        max_rollouts=limits.max_rollouts,
        max_tokens=limits.max_tokens,
        max_cost=limits.max_cost,
        max_seconds=limits.max_seconds,
    )


def _result(found: Found, judged: Judged | None, change: str, end: RunFinished, budget: Budget) -> dict[str, object]:
    spent = budget.spent()
    left_out = {"kind", "version", "sentence"}
    test = {} if judged is None else judged.model_dump(mode="json", exclude=left_out)
    return {
        "outcome": end.outcome,
        **test,
        "validation_seed": found.validation[0],
        "validation_best": found.validation[1],
        "validation_corrected": found.corrected,
        "validation_p": found.validation_p,
        "best": found.best.id,
        "change": change,
        "search_ended": found.stopped,
        "rollouts": spent.rollouts,
        "tokens": spent.tokens,
        "cost": spent.cost,
        "seconds": spent.seconds,
    }


def sit(journal: Journal, project: Path, row: RunRow) -> int:
    """One sitting from its start to its exit code; how it ended is the run's last event."""
    sitting = None
    try:
        journal.set_status(row.id, "running", pid=os.getpid())
        sitting = Sitting(journal, project, row)
        if asyncio.run(sitting.until_stopped()):
            return FINISHED
        end, code = cancelled(row.id), CANCELLED
    except ToishiError as error:
        end, code = _failed(str(error)), FAILED
    except Exception as error:
        traceback.print_exc()
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        end, code = _failed(f"{what} (traceback: {log_file(project, row.id)})"), FAILED
    print(end.sentence, file=sys.stderr)
    (sitting.chronicle if sitting else journal.recorder(row.id))(end)
    return code


def _failed(sentence: str) -> RunStopped:
    return RunStopped(status="failed", sentence=redact(sentence))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of the process: 0 finished, 1 failed, 2 usage, 130 cancelled."""
    parser = argparse.ArgumentParser(prog="python -m toishi.tools.worker", description="Runs one run to its end.")
    parser.add_argument("run", help="id of a run in the project's journal")
    parser.add_argument("--project", type=Path, default=Path.cwd(), help="project folder; default: the current one")
    parser.add_argument("--lock", type=int, help="descriptor of the run's lock, where the parent holds it already")
    options = parser.parse_args(arguments)
    project: Path = options.project.absolute()
    with contextlib.redirect_stderr(RedactedStream(sys.stderr)):
        try:
            journal = Journal.open(project)
            with contextlib.closing(journal):
                row = journal.run(options.run)
                refuse_finished(row)
                lock = take_lock(project, row.id) if options.lock is None else options.lock
                os.set_inheritable(lock, False)
                code = sit(journal, project, row)
            # Nobody has to wait until the libraries have gone, too, which takes seconds.
            os.close(lock)
            return code
        except ToishiError as error:
            print(error, file=sys.stderr)
            if options.lock is not None:
                leave_word(options.lock, redact(str(error)))
            return 2 if isinstance(error, UsageError) else FAILED


if __name__ == "__main__":
    sys.exit(main())
