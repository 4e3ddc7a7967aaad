"""The end of a run: seed against best on the locked test, looked at once, and the change that follows from it."""

import asyncio
from typing import Any

from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.changes import Change, FileEdit
from toishi.tools.workbench.data import Splits
from toishi.tools.workbench.events import Judged
from toishi.tools.workbench.rollouts import RolloutRunner
from toishi.tools.workbench.statistics import Comparison, compare
from toishi.tools.workbench.task import Task


async def judge(runner: RolloutRunner, splits: Splits, seed: Candidate, best: Candidate, *, stream: int) -> Comparison:
    """Both on every test example, all in flight together; where they are one candidate, it is run once.

    `stream` seeds the resampling. Raises `BudgetSpent` where the test could not be finished.
    """
    versions = [seed] if best.id == seed.id else [seed, best]
    ends = await asyncio.gather(
        *(runner.run(version, splits.test, split="test") for version in versions), return_exceptions=True
    )
    scores = []
    for end in ends:
        if isinstance(end, BaseException):
            raise end
        scores.append([rollout.score for rollout in end])
    return compare(scores[0], scores[-1], seed=stream)


def judged(comparison: Comparison) -> Judged:
    """The comparison as an event."""
    return Judged(
        seed_score=comparison.before,
        best_score=comparison.after,
        difference=comparison.difference,
        interval=comparison.interval,
        p_value=comparison.p_value,
        examples=comparison.examples,
        improved=comparison.improved,
        sentence=comparison.sentence,
    )


def change_to(task: Task, best: Candidate, *, validation: tuple[float, float], test: Comparison | None) -> Change:
    """The edits of the modules' files from the seed to `best`, with their evidence.

    `validation` holds the mean scores of seed and best; `test` is None where the budget did not carry the test.
    """
    edits = tuple(
        FileEdit(file.path, file.content, file.with_text(best.texts[module]))
        for module, file in task.texts.items()
        if best.texts[module] != file.text
    )
    evidence: dict[str, Any] = {
        "task": task.name,
        "seed": task.seed,
        "validation": {"before": validation[0], "after": validation[1]},
        "test": None if test is None else judged(test).model_dump(mode="json", exclude={"kind", "version"}),
    }
    return Change(edits, evidence)
