"""The end of a run: seed against best on the locked test, looked at once, and the change that follows from it."""

import asyncio
from typing import Any

from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.changes import Change, FileEdit
from toishi.tools.workbench.data import Splits
from toishi.tools.workbench.events import Judged, SubgroupJudged
from toishi.tools.workbench.rollouts import RolloutRunner
from toishi.tools.workbench.statistics import compare
from toishi.tools.workbench.subgroups import Subgroup, by_subgroup, warnings
from toishi.tools.workbench.task import Task


async def judge(
    runner: RolloutRunner, task: Task, splits: Splits, seed: Candidate, best: Candidate
) -> tuple[Judged, list[str]]:
    """Both on every test example, all in flight together; where they are one candidate, it is run once.

    With the verdict come sentences about subgroups that got worse. Raises `BudgetSpent` where the test could not be
    finished.
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
    before, after = scores[0], scores[-1]
    comparison = compare(before, after, seed=task.seed)
    fields, expected = task.data.subgroups, task.data.expected
    groups = by_subgroup(splits.test, before, after, fields, task.seed, expected=expected) if fields else ()
    judged = Judged(
        seed_score=comparison.before,
        best_score=comparison.after,
        difference=comparison.difference,
        interval=comparison.interval,
        p_value=comparison.p_value,
        examples=comparison.examples,
        improved=comparison.improved,
        sentence=comparison.sentence,
        subgroups=tuple(map(_subgroup, groups)),
    )
    return judged, warnings(groups)


def _subgroup(group: Subgroup) -> SubgroupJudged:
    change, verdict, adjusted = group.change, group.verdict, group.adjusted_p
    assert change is not None
    assert verdict is not None
    assert adjusted is not None
    return SubgroupJudged(
        field=group.field,
        value=group.value,
        seed_score=change.before,
        best_score=change.after,
        interval=change.interval,
        adjusted_p=adjusted,
        examples=change.examples,
        verdict=verdict,
    )


def change_to(task: Task, best: Candidate, *, validation: tuple[float, float], test: Judged | None) -> Change:
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
        "test": None if test is None else test.model_dump(mode="json", exclude={"kind", "version"}),
    }
    return Change(edits, evidence)
