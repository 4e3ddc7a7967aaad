"""The end of a run: seed against best on the locked test, looked at once, and the change that follows from it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.changes import Change, FileEdit
from toishi.tools.workbench.data import Splits
from toishi.tools.workbench.events import ChoiceJudged, Judged, ObjectiveJudged, SubgroupJudged
from toishi.tools.workbench.method import Choice
from toishi.tools.workbench.objectives import Groups, Objective, groups_of, of_texts, values_of
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.rollouts import RolloutRunner
from toishi.tools.workbench.statistics import Comparison, compare, holm
from toishi.tools.workbench.subgroups import Subgroup, by_subgroup, warnings
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.task.objectives import wanted
from toishi.tools.workbench.worth import gains, worth_validating


async def judge(
    runner: RolloutRunner,
    task: Task,
    splits: Splits,
    seed: Candidate,
    best: Candidate,
    front: Sequence[Choice] = (),
) -> tuple[Judged, list[str]]:
    """Seed, best and the others of the `front` on every test example, all in flight together, each run once.

    With the verdict come sentences about subgroups that got worse. Where several things are wanted, it is an
    improvement, too, if another objective is better and nothing speaks against the score. Raises `BudgetSpent` where
    the test could not be finished.
    """
    others = [choice for choice in front if choice.candidate.id not in (seed.id, best.id)]
    versions = {one.id: one for one in (seed, best, *(choice.candidate for choice in others))}
    ends = await asyncio.gather(
        *(runner.run(version, splits.test, split="test") for version in versions.values()), return_exceptions=True
    )
    rollouts: dict[str, list[Rollout]] = {}
    for version, end in zip(versions, ends, strict=True):
        if isinstance(end, BaseException):
            raise end
        rollouts[version] = end
    old, new = rollouts[seed.id], rollouts[best.id]
    before, after = _scores(old), _scores(new)
    comparison = compare(before, after, seed=task.seed)
    fields, expected = task.data.subgroups, task.data.expected
    subgroups = by_subgroup(splits.test, before, after, fields, task.seed, expected=expected) if fields else ()
    objectives = wanted(task.objectives)
    groups = groups_of(objectives, splits.all, expected=expected)
    improved, sentence = _verdict(comparison, objectives, groups, (seed, old), (best, new))
    judged = Judged(
        candidate=best.id,
        seed_score=comparison.before,
        best_score=comparison.after,
        difference=comparison.difference,
        interval=comparison.interval,
        p_value=comparison.p_value,
        examples=comparison.examples,
        improved=improved,
        sentence=sentence,
        subgroups=tuple(map(_subgroup, subgroups)),
        objectives=_objectives(objectives, groups, (seed, old), (best, new)),
        front=_front(others, rollouts, before, comparison, objectives, groups, task.seed),
    )
    return judged, warnings(subgroups)


_Run = tuple[Candidate, Sequence[Rollout]]


def _verdict(
    comparison: Comparison, objectives: Sequence[Objective], groups: Groups, old: _Run, new: _Run
) -> tuple[bool, str]:
    """Whether it is an improvement, and the verdict in words."""
    if comparison.improved or len(objectives) == 1 or new[0].id == old[0].id:
        return comparison.improved, comparison.sentence
    texts = of_texts(objectives, old[0]), of_texts(objectives, new[0])
    worth = worth_validating(gains(objectives, old[1], new[1], parent=texts[0], child=texts[1], groups=groups))
    if comparison.worse or not worth.passes:
        return False, comparison.sentence
    return True, f"Improved: {worth.reason}. Of the score: {comparison.sentence[0].lower()}{comparison.sentence[1:]}"


def _objectives(objectives: Sequence[Objective], groups: Groups, old: _Run, new: _Run) -> tuple[ObjectiveJudged, ...]:
    before, after = (values_of(objectives, *version, groups=groups) for version in (old, new))
    named = [one.name for one in objectives[1:]]
    return tuple(ObjectiveJudged(name=name, seed=before[name], best=after[name]) for name in named)


def _front(
    choices: Sequence[Choice],
    rollouts: dict[str, list[Rollout]],
    before: Sequence[float],
    best: Comparison,
    objectives: Sequence[Objective],
    groups: Groups,
    seed: int,
) -> tuple[ChoiceJudged, ...]:
    """The others against the seed; their p-values are corrected for all that were tested, the best among them."""
    comparisons = [compare(before, _scores(rollouts[choice.candidate.id]), seed=seed) for choice in choices]
    adjusted = holm([best.p_value, *(one.p_value for one in comparisons)])[1:]
    return tuple(
        ChoiceJudged(
            number=choice.number,
            candidate=choice.candidate.id,
            score=comparison.after,
            interval=comparison.interval,
            p_value=comparison.p_value,
            adjusted_p=p_value,
            objectives={
                name: value
                for name, value in values_of(
                    objectives[1:], choice.candidate, rollouts[choice.candidate.id], groups=groups
                ).items()
                if value is not None
            },
        )
        for choice, comparison, p_value in zip(choices, comparisons, adjusted, strict=True)
    )


def _scores(rollouts: Sequence[Rollout]) -> list[float]:
    return [rollout.score for rollout in rollouts]


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
