"""Whether a child deserves a validation although its score did not pass the gate: it may be better at something else.

It sees parent and child on the same rows. For every objective there are the differences row by row, turned so that
positive is better; what is measured on the texts alone is one difference that no chance is in.

The rule is asked once for a child, when the test of its score has ended without accepting it. The child passes where

- its score is not lower by more than the score's tolerance (0.02 unless the task says otherwise), as the mean of the
  differences on the rows that were run. A test would need 183 rows to rule out a drop of two points, and a gate has a
  few: so this is a filter and no proof, which is left to the validation; and
- some other objective is better by more than its tolerance: what is measured on texts, as it is; of what is measured on
  rows, the mean difference is above the tolerance, and a one-sided sign test of the rows that differ (exact; for scores
  of 0 and 1 it is McNemar's) has a p-value of at most alpha, divided by the number of such objectives (Bonferroni). The
  sign test takes no shape of distribution for granted, and seconds have long tails.

Simulated with scores of 0 and 1 that differ by chance on a fifth of the rows, at alpha = 0.05: with 3, 6, 12 and 24
rows a shorter child with the same true score passes in 77, 69, 63 and 60 of 100 cases, and one that is 10 points worse
in 64, 47, 33 and 19. A child that is no faster passes for its speed (log-normal, sigma 0.8) in at most 2 of 100, one
that takes half the time in 15 with 5 rows and in 40 with 24; with fewer than five nothing that is measured on rows can
pass.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toishi.tools.workbench.objectives import (
    EVERYBODY,
    SCORE,
    Groups,
    Objective,
    Values,
    row_values,
    shown,
)
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.statistics import ALPHA


@dataclass(frozen=True)
class Gain:
    """What a child gained on one objective, positive where it is better.

    `rows` holds the gain on each row, in their order, and nothing where texts are measured; `mean` is their mean, or
    the one difference. A gain of at most `margin` counts as none.
    """

    objective: Objective
    mean: float
    rows: tuple[float, ...]
    margin: float

    @property
    def p_value(self) -> float:
        """Of the one-sided sign test that the child is no better; 0 where no chance is involved."""
        return sign_test(self.rows) if self.rows else 0.0


@dataclass(frozen=True)
class Worth:
    """Whether a child passes, and why, in words that go on from its number or name."""

    passes: bool
    reason: str


def gains(
    objectives: Sequence[Objective],
    before: Sequence[Rollout],
    after: Sequence[Rollout],
    *,
    parent: Mapping[str, float] | None = None,
    child: Mapping[str, float] | None = None,
    groups: Groups = EVERYBODY,
) -> list[Gain]:
    """From rollouts of parent and child on the same examples in the same order, at least one.

    `parent` and `child` are their values of what is measured on texts (`of_texts`), the parent's as it entered the
    pool. An objective that either has no value of, on these rows or at all, is left out. Raises `ValueError` where the
    rollouts are not of the same examples.
    """
    if not before or [one.example for one in before] != [one.example for one in after]:
        raise ValueError("parent and child should be run on the same examples in the same order, at least one")
    found = []
    for one in objectives:
        if one.kind.of_texts:
            old, new = (parent or {}).get(one.name), (child or {}).get(one.name)
            if old is not None and new is not None:
                found.append(Gain(one, one.gain(old, new), (), one.margin(old)))
            continue
        # Together, so that a row without a value counts as the worst of both.
        both = row_values(one, [*before, *after], groups)
        if both is not None:
            olds, news = both[: len(both) // 2], both[len(both) // 2 :]
            rows = tuple(one.gain(old, new) for old, new in zip(olds, news, strict=True))
            found.append(Gain(one, _mean(rows), rows, one.margin(_mean(olds))))
    return found


def worth_validating(found: Sequence[Gain], *, alpha: float = ALPHA) -> Worth:
    """Whether a child whose score was not accepted is to be validated for another objective's sake."""
    score = next((one for one in found if one.objective.name == SCORE.name), None)
    if score is None or score.mean < -score.margin:
        lost = "" if score is None else f" ({score.mean:+.3f} on {len(score.rows)} rows)"
        return Worth(False, f"not better, and its score is lower{lost}")
    others = [one for one in found if one is not score]
    level = alpha / max(1, sum(bool(one.rows) for one in others))
    better = [one for one in others if one.mean > one.margin and one.p_value <= level]
    if not better:
        return Worth(False, "not better on any objective")
    told = ", ".join(f"{one.objective.name} better by {shown(one.mean)}" for one in better)
    return Worth(True, f"{told}, and its score is not lower ({score.mean:+.3f} on {len(score.rows)} rows)")


def beyond_limits(objectives: Sequence[Objective], parent: Values, child: Mapping[str, float]) -> str | None:
    """Why a child's texts alone rule it out, before any rollout is paid for; None where they do not.

    A limit that the parent breaks too may be broken, but no more than by the parent: the way back to a limit may take
    several steps. `child` are its values of what is measured on texts.
    """
    for one in objectives:
        value, old = child.get(one.name), parent.get(one.name)
        if value is None or one.holds(value):
            continue
        if old is None or one.holds(old) or one.gain(old, value) < 0:
            return f"{one.name} is {shown(value)}, and should be {one.demand}"
    return None


def sign_test(rows: Sequence[float]) -> float:
    """One-sided p-value of the exact sign test: how likely so many positive rows are where either sign is.

    Rows of 0 say nothing and are left out (Dixon & Mood, *JASA* 41, 1946).
    """
    better, worse = sum(row > 0 for row in rows), sum(row < 0 for row in rows)
    trials = better + worse
    return float(sum(math.comb(trials, count) for count in range(better, trials + 1)) / 2**trials)


def _mean(rows: Sequence[float]) -> float:
    return math.fsum(rows) / len(rows)
