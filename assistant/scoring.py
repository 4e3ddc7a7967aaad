"""Scores prompts on a task's rows, here and now: what `toishi eval` does.

An evaluation is a run of its own in the journal (method `eval`). It takes known replies from there, so that scoring the
same prompt again costs nothing. The numbers are made by the workbench's statistics.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from toishi.assistant.find_run import EVALUATION
from toishi.tools.workbench.bench import Bench, open_bench
from toishi.tools.workbench.budget import Budget, Spent
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.data.splits import Split
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.runs import Consent, create_run, snapshot, take_lock
from toishi.tools.workbench.statistics import compare
from toishi.tools.workbench.task import PROMPT, Task

if TYPE_CHECKING:
    from toishi.tools.workbench.data import Splits
    from toishi.tools.workbench.journal import Journal

Tick = Callable[[int], None]
Ticking = Callable[[int], AbstractContextManager[Tick]]

TICK_SECONDS = 0.1


@dataclass(frozen=True)
class Scored:
    """Rollouts by (number of the prompt, split), in the order of the examples."""

    run: str
    rollouts: Mapping[tuple[int, Split], Sequence[Rollout]]
    spent: Spent

    def scores(self, prompt: int, split: Split) -> list[float]:
        """The scores of one prompt on one split."""
        return [rollout.score for rollout in self.rollouts[prompt, split]]


@dataclass(frozen=True)
class Mean:
    """A mean score with its 95 % interval."""

    score: float
    interval: tuple[float, float]
    examples: int


def mean_of(scores: Sequence[float], *, seed: int) -> Mean:
    """The mean and its interval: the bootstrap of the workbench, of the difference from nothing."""
    found = compare([0.0] * len(scores), scores, seed=seed)
    return Mean(found.after, found.interval, found.examples)


def score(
    journal: "Journal",
    project: Path,
    task: Task,
    prompts: Sequence[str],
    splits: Sequence[Split],
    ticking: Ticking,
    consent: Consent | None = None,
) -> Scored:
    """Runs every prompt on every split once; the task's own prompt is one that the caller names like any other.

    `ticking` opens a context, for so many rollouts, with a function that is told how many are done. Of the task's
    budget all limits hold but the one on rollouts, whose number is known. Raises `BudgetSpent`.
    """
    run = create_run(project, journal, task, method=EVALUATION, consent=consent)
    bound, rows = snapshot(journal, journal.run(run))
    budget = Budget(replace(bound.budget.limits(), max_rollouts=None))
    status: Literal["finished", "cancelled", "failed"] = "failed"
    lock = take_lock(project, run)
    journal.set_status(run, "running", pid=os.getpid())
    try:
        rollouts = asyncio.run(_score(journal, project, run, bound, rows, budget, prompts, splits, ticking))
        status = "finished"
    except KeyboardInterrupt:
        status = "cancelled"
        raise
    finally:
        journal.set_seconds(run, budget.spent().seconds)
        journal.set_status(run, status)
        os.close(lock)
    return Scored(run, rollouts, budget.spent())


async def _score(
    journal: "Journal",
    project: Path,
    run: str,
    task: Task,
    rows: "Splits",
    budget: Budget,
    prompts: Sequence[str],
    splits: Sequence[Split],
    ticking: Ticking,
) -> dict[tuple[int, Split], Sequence[Rollout]]:
    wanted = [(number, split) for number in range(len(prompts)) for split in splits]
    examples = {split: getattr(rows, split) for split in splits}
    async with open_bench(journal, project, run, task, rows, budget) as bench:
        with ticking(sum(len(examples[split]) for _, split in wanted)) as tick:
            ticker = asyncio.create_task(_tick(bench, tick))
            try:
                done = await asyncio.gather(
                    *(
                        bench.runner.run(Candidate({PROMPT: prompts[number]}), examples[split], split=split)
                        for number, split in wanted
                    )
                )
            finally:
                ticker.cancel()
            tick(budget.spent().rollouts)
    return dict(zip(wanted, done, strict=True))


async def _tick(bench: Bench, tick: Tick) -> None:
    while True:
        tick(bench.budget.spent().rollouts)
        await asyncio.sleep(TICK_SECONDS)
