"""The best answer to each row over all candidates of a run: what a search at inference time is for.

There the rows are the very tasks to solve, and no claim is made about others: the best of many answers by the metric
that chose it is worth what the metric says about this answer, and nothing more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.rollout import PERFECT, Rollout


@dataclass(frozen=True)
class Answer:
    """The best rollout of a row, and the seed's score on it (None where the seed was not run)."""

    best: Rollout
    seed_score: float | None

    @property
    def gain(self) -> float:
        """How much better than the seed's answer; the whole score where the seed gave none."""
        return self.best.score - (self.seed_score or 0.0)


def best_answers(rollouts: Iterable[Rollout], *, seed: str) -> list[Answer]:
    """One for each row that any candidate was run on, in the order in which the rows were first run.

    `seed` is the seed's candidate id. Of equal scores an answer is better than a failure, and the earlier one is kept.
    """
    best: dict[str, Rollout] = {}
    first: dict[str, float] = {}
    for rollout in rollouts:
        if rollout.candidate == seed:
            first.setdefault(rollout.example, rollout.score)
        known = best.setdefault(rollout.example, rollout)
        if (rollout.score, rollout.error is None) > (known.score, known.error is None):
            best[rollout.example] = rollout
    return [Answer(rollout, first.get(example)) for example, rollout in best.items()]


def documents(answers: Iterable[Answer], examples: Iterable[Example]) -> list[dict[str, Any]]:
    """A row of a file for each answer, with the inputs that it answers, in the order of the examples."""
    found = {answer.best.example: answer for answer in answers}
    return [
        {
            "id": example.id,
            "inputs": dict(example.inputs),
            "answer": found[example.id].best.output,
            "score": found[example.id].best.score,
            "seed_score": found[example.id].seed_score,
            "feedback": found[example.id].best.feedback,
            "candidate": found[example.id].best.candidate,
        }
        for example in examples
        if example.id in found
    ]


def sentence(answers: Sequence[Answer]) -> str:
    """What was reached, in words and for these rows alone; there is at least one answer."""
    solved = sum(answer.best.score >= PERFECT for answer in answers)
    better = sum(answer.gain > 0 for answer in answers)
    before, after = (
        fmean(answer.seed_score or 0.0 for answer in answers),
        fmean(answer.best.score for answer in answers),
    )
    return (
        f"The best answers score {after:.3f} on average over {len(answers)} {'row' if len(answers) == 1 else 'rows'}, "
        f"the seed's {before:.3f}; better than the seed's: {better}, perfect: {solved}"
    )
