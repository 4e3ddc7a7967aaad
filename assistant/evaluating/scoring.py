"""Scores versions of a program on a task's rows, here and now: what `toishi eval` does.

An evaluation is a run of its own in the journal (method `eval`). It takes known replies from there, so that scoring the
same version again costs nothing. The numbers are made by the workbench's statistics.
"""

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from toishi.assistant.at_work import at_work
from toishi.assistant.past.find_run import EVALUATION
from toishi.assistant.rows.reading import reading, tell_warnings
from toishi.tools.workbench.bench import Bench, open_bench
from toishi.tools.workbench.budget import Budget, Spent
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.data.splits import Split
from toishi.tools.workbench.errors import (
    JudgeUnreadable,
    MetricFailed,
    ModelUnavailable,
    NoVerdict,
    SandboxUnavailable,
)
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.checking import weaknesses
from toishi.tools.workbench.metrics.pairwise import Pairwise
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.rollout import ModuleCall, Rollout, failures
from toishi.tools.workbench.rollouts import RolloutRunner
from toishi.tools.workbench.runs import Consent, create_run, snapshot
from toishi.tools.workbench.seeds import streams
from toishi.tools.workbench.statistics import over_replicates
from toishi.tools.workbench.subgroups import require_fields
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.together import together

if TYPE_CHECKING:
    from toishi.assistant.evaluating.versions import Version
    from toishi.tools.workbench.data import Splits
    from toishi.tools.workbench.journal import Journal

Tick = Callable[[int], None]
Ticking = Callable[[int], AbstractContextManager[Tick]]

TICK_SECONDS = 0.1


@dataclass(frozen=True)
class Plan:
    """Which rows are scored (`rows` of each split, drawn by the task's seed; None: all), and how often each.

    `fields` are those by which the rows will be grouped.
    """

    splits: Sequence[Split]
    rows: int | None = None
    replicates: int = 1
    fields: Sequence[str] = ()


@dataclass(frozen=True)
class Scored:
    """Rollouts by (number of the version, split): a list for each replicate, in the order of the split's examples.

    `doubts` are sentences about the metric. `same`: there are two versions, and nothing tells one from the other.
    `models` are those that ran each version.
    """

    run: str
    task: Task
    examples: Mapping[Split, Sequence[Example]]
    rollouts: Mapping[tuple[int, Split], Sequence[Sequence[Rollout]]]
    spent: Spent
    doubts: Sequence[str] = ()
    same: bool = False
    models: Sequence[str] = ()

    def scores(self, version: int, split: Split) -> list[float]:
        """The score of each example, over its replicates."""
        return over_replicates([[one.score for one in once] for once in self.rollouts[version, split]])

    def objectives(self, version: int, split: Split) -> dict[str, float]:
        """The mean of each objective, over the rollouts that have it."""
        found: dict[str, list[float]] = {}
        for once in self.rollouts[version, split]:
            for rollout in once:
                for name, value in rollout.objectives.items():
                    found.setdefault(name, []).append(value)
        return {name: math.fsum(values) / len(values) for name, values in found.items()}


@dataclass(frozen=True)
class Sitting:
    """A run that is done here and now: its task with the models by name, its rows, and its budget."""

    run: str
    task: Task
    rows: "Splits"
    budget: Budget


@contextmanager
def sitting(
    journal: "Journal", project: Path, task: Task, *, method: str, consent: Consent | None, budget: Budget | None = None
) -> Iterator[Sitting]:
    """Makes a run, holds its lock, and writes down how it ended.

    Of the task's budget all limits hold but the one on rollouts, whose number is known; `budget` is one to be shared.
    """
    with reading() as progress:
        run = create_run(project, journal, task, method=method, consent=consent, progress=progress)
    tell_warnings(journal, run)
    bound, rows = snapshot(journal, journal.run(run))
    budget = budget or Budget(replace(bound.budget.limits(), max_rollouts=None))
    with at_work(journal, project, run, budget):
        yield Sitting(run, bound, rows, budget)


def failed_in(scored: Scored) -> str | None:
    """Where the task's own program failed on rows, how."""
    own = max(version for version, _ in scored.rollouts)
    rollouts = [
        rollout
        for (version, _), replicates in scored.rollouts.items()
        if version == own
        for replicate in replicates
        for rollout in replicate
    ]
    return failures(rollouts)


def score(
    journal: "Journal", versions: Sequence["Version"], plan: Plan, ticking: Ticking, consent: Consent | None = None
) -> Scored:
    """Runs every version on every row; the last one is the task's own, whose rows and metric count for all.

    A version with a program or with models of its own is a run of its own, under the same budget. `ticking` opens a
    context, for so many rollouts, with a function that is told how many are done. Raises `BudgetSpent`, and `NoVerdict`
    where a model, a judge or the sandbox was not there: that says nothing of the program.
    """
    try:
        return _scored(journal, versions, plan, ticking, consent)
    except (ModelUnavailable, JudgeUnreadable, SandboxUnavailable, MetricFailed) as error:
        raise NoVerdict(
            f"{error}. There is no verdict; the same `toishi eval` again goes on from the answers that have come"
        ) from error


def _scored(
    journal: "Journal", versions: Sequence["Version"], plan: Plan, ticking: Ticking, consent: Consent | None
) -> Scored:
    own = versions[-1]
    with ExitStack() as stack:
        budget = Budget(replace(own.task.budget.limits(), max_rollouts=None))
        made: dict[int, Sitting] = {}
        # The task's own comes last, so that the newest run is the one which holds what was found.
        for version in versions:
            if version.task is own.task and version is not own:
                continue
            task = version.task.model_copy(
                update={"data": own.task.data, "metric": own.task.metric, "seed": own.task.seed}
            )
            sat = sitting(journal, own.project, task, method=EVALUATION, consent=consent, budget=budget)
            made[id(version.task)] = stack.enter_context(sat)
        sittings = [made[id(version.task)] for version in versions]
        main = sittings[-1]
        examples = {split: drawn(getattr(main.rows, split), plan.rows, main.task.seed, split) for split in plan.splits}
        everything = [example for split in plan.splits for example in examples[split]]
        require_fields(everything, plan.fields, expected=main.task.data.expected)
        rollouts, doubts = asyncio.run(_score(journal, versions, sittings, examples, plan, ticking))
        models = [one.task.models.task for one in sittings]
        return Scored(main.run, main.task, examples, rollouts, main.budget.spent(), doubts, _same(versions), models)


def _same(versions: Sequence["Version"]) -> bool:
    """Whether there are two of them with the same program, models and texts, whose answers are the same then."""
    if len(versions) < 2:
        return False
    first, last = versions
    return first.texts == last.texts and first.project == last.project and first.task == last.task


def drawn(examples: Sequence[Example], rows: int | None, seed: int, purpose: str) -> list[Example]:
    """So many of the examples, in their order; all where there are no more."""
    if rows is None or rows >= len(examples):
        return list(examples)
    places = streams(seed)(f"sample/{purpose}", 0).sample(range(len(examples)), rows)
    return [examples[place] for place in sorted(places)]


@contextmanager
def ticked(budget: Budget, total: int, ticking: Ticking) -> Iterator[None]:
    """Tells how many rollouts are done, while the event loop runs and at the end."""

    async def beat(tick: Tick) -> None:
        while True:
            tick(budget.spent().rollouts)
            await asyncio.sleep(TICK_SECONDS)

    with ticking(total) as tick:
        beating = asyncio.create_task(beat(tick))
        try:
            yield
        finally:
            beating.cancel()
        tick(budget.spent().rollouts)


async def _score(
    journal: "Journal",
    versions: Sequence["Version"],
    sittings: Sequence[Sitting],
    examples: Mapping[Split, Sequence[Example]],
    plan: Plan,
    ticking: Ticking,
) -> tuple[dict[tuple[int, Split], Sequence[Sequence[Rollout]]], list[str]]:
    total = len(versions) * plan.replicates * sum(map(len, examples.values()))
    async with AsyncExitStack() as stack:
        # The task's own bench comes first, since its metric judges the others too.
        benches: dict[str, Bench] = {}
        for version, at in zip(reversed(versions), reversed(sittings), strict=True):
            if at.run not in benches:
                metric = next((bench.metric for bench in benches.values()), None)
                opened = open_bench(
                    journal, version.project, at.run, at.task, at.rows, at.budget, metric=metric, rewriting=False
                )
                benches[at.run] = await stack.enter_async_context(opened)
        runners = [benches[at.run].runner for at in sittings]
        candidates = [Candidate(dict(version.texts)) for version in versions]
        main = sittings[-1]
        metric = benches[main.run].metric
        doubts = [
            f"The metric may be satisfied without the task: {doubt}"
            for doubt in await weaknesses(main.task.metric, metric, main.rows.all)
        ]
        with ticked(main.budget, total, ticking):
            if len(versions) > 1 and isinstance(metric, Pairwise):
                return await _one_against_the_other(runners, candidates, examples, plan, metric), doubts
            ran = await together(
                _replicated(runner, candidate, examples[split], split, plan)
                for runner, candidate in zip(runners, candidates, strict=True)
                for split in plan.splits
            )
    wanted = [(number, split) for number in range(len(versions)) for split in plan.splits]
    return dict(zip(wanted, ran, strict=True)), doubts


async def _replicated(
    runner: RolloutRunner, candidate: Candidate, examples: Sequence[Example], split: Split, plan: Plan
) -> Sequence[Sequence[Rollout]]:
    return await together(
        runner.run(candidate, examples, split=split, replicate=number) for number in range(plan.replicates)
    )


class _Reference:
    """The metric of a version that others are compared with: it neither wins nor loses against itself."""

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        return Judgement(0.5, "the answer that the other version's is compared with")


async def _one_against_the_other(
    runners: Sequence[RolloutRunner],
    candidates: Sequence[Candidate],
    examples: Mapping[Split, Sequence[Example]],
    plan: Plan,
    metric: Pairwise,
) -> dict[tuple[int, Split], Sequence[Sequence[Rollout]]]:
    """Pairwise judging of two versions: each answer of the second against the first's, replicate by replicate."""
    found: dict[tuple[int, Split], Sequence[Sequence[Rollout]]] = {}
    for split in plan.splits:
        before = await _replicated(runners[0].judged_by(_Reference()), candidates[0], examples[split], split, plan)

        async def against(number: int, split: Split, answers: Sequence[Rollout]) -> Sequence[Rollout]:
            runner = runners[1].judged_by(metric.against({one.example: one.output for one in answers}))
            return await runner.run(candidates[1], examples[split], split=split, replicate=number)

        found[0, split] = before
        found[1, split] = await together(against(number, split, answers) for number, answers in enumerate(before))
    return found
