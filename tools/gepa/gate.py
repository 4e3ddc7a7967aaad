"""Whether a proposal is worth a run over the whole validation set: sums of scores on a few examples, compared."""

from collections.abc import Iterable, Sequence
from typing import Literal

from toishi.tools.workbench.rollout import PERFECT


def perfect(scores: Iterable[float]) -> bool:
    """Every score is the best possible, so there is nothing to learn from them."""
    return all(score >= PERFECT for score in scores)


def improves(before: Sequence[float], after: Sequence[float], accept: Literal["strict", "equal"]) -> bool:
    """Algorithm 1: the child's sum on the minibatch is higher than its parent's (`equal`: or the same)."""
    return sum(after) >= sum(before) if accept == "equal" else sum(after) > sum(before)


def holds(first: Sequence[float], second: Sequence[float], merged: Sequence[float]) -> bool:
    """Algorithm 3: on the examples of its gate the merged candidate is at least as good as the better parent."""
    return sum(merged) >= max(sum(first), sum(second))
