"""Whether a proposal is worth a validation: child and parent compared on a few examples.

Two gates: the paper's, on the sums of the examples that the reflector was shown, and a sequential test on these and on
others. The shown ones were chosen for the parent's failures, so that under noise a child like its parent passes the
paper's gate a third to three quarters of the time. The test compares the child with a second rollout of the parent,
which chose no rows; so a child like its parent passes as often as it is told to, and one that mends what it was shown
is found soon.

Where rollouts repeat exactly there is no second one. A child that does the same as its parent is then never accepted;
one that is as good and right on other rows passes more often than the test is told, since the shown rows are those on
which its parent failed. In simulations at a rate of 0.2 these were 20 to 42 of 100 where chance decided 15 % of the
rows, and 31 to 85 where it decided all of them. Such a child is left to the validation.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from toishi.tools.gepa.settings import GepaSettings
from toishi.tools.workbench.rollout import PERFECT
from toishi.tools.workbench.sequential import SequentialTest, Verdict, looks_for

FEWEST_ROWS = 6
"""Paired rows below which no test can tell anything; the gate is then the paper's."""


def perfect(scores: Iterable[float]) -> bool:
    """Every score is the best possible, so there is nothing to learn from them."""
    return all(score >= PERFECT for score in scores)


def improves(before: Sequence[float], after: Sequence[float], accept: Literal["strict", "equal"]) -> bool:
    """Algorithm 1: the child's sum on the minibatch is higher than its parent's (`equal`: or the same)."""
    return sum(after) >= sum(before) if accept == "equal" else sum(after) > sum(before)


def holds(first: Sequence[float], second: Sequence[float], merged: Sequence[float]) -> bool:
    """Algorithm 3: on the examples of its gate the merged candidate is at least as good as the better parent."""
    return sum(merged) >= max(sum(first), sum(second))


@dataclass(frozen=True)
class Gate:
    """The sequential gate for a feedback set of so many `examples`."""

    examples: int
    test: SequentialTest

    @classmethod
    def of(cls, settings: GepaSettings, examples: int) -> "Gate | None":
        """None where the gate is the paper's: by the settings, or since there are too few examples for a test."""
        rows = min(settings.gate_rows, examples)
        if settings.gate == "minibatch" or rows < FEWEST_ROWS:
            return None
        return cls(examples, SequentialTest(settings.gate_alpha, looks_for(rows)))

    @property
    def looks(self) -> list[tuple[int, int]]:
        """Where each look begins and ends in `rows`."""
        ends = self.test.looks
        return list(zip((0, *ends), ends, strict=False))

    def rows(self, shown: Sequence[int], rng: random.Random) -> list[int]:
        """Positions in the feedback set in the order in which they are run: those that were shown, then others.

        With the same draw, children of one parent meet the same rows, so that its rollouts serve them all. They share
        its luck, too: how often a child like its parent passes is a mean over parents.
        """
        order = list(range(self.examples))
        rng.shuffle(order)
        first = list(dict.fromkeys(shown))
        return [*first, *(position for position in order if position not in first)][: self.test.looks[-1]]

    def verdict(self, before: Sequence[float], after: Sequence[float], luck: float) -> Verdict:
        """The test's word on the paired scores of parent and child so far."""
        return self.test.verdict([new - old for old, new in zip(before, after, strict=True)], luck)
