"""Is the newer version better, decided as early as the evidence allows: a paired group-sequential sign-flip test.

Scores of the same examples are compared in looks, after 8, 13, 20 … pairs. The null hypothesis is that both versions
are equal, so that each difference is as likely with the other sign (Fisher's randomisation test), and the test keeps
one promise: over all looks together, equal versions are accepted with probability `alpha`, whatever the scores are. It
knows differences and nothing of programs, examples or costs, and it says nothing of how much better a version is.

- Exact: at each look the null distribution of the running sum, given the sizes of the differences and among the paths
  that are still running, is a convolution on a grid of 1/300. Scores of 0 and 1 lie on it, and so do halves to sixths,
  tenths, twelfths and hundredths; other differences are rounded to it, which costs no exactness, since the rounded ones
  are as symmetric as the others.
- Accepting: `alpha` is spent in proportion to the pairs seen (Lan & DeMets, *Biometrika* 70, 1983, their third spending
  function). A sum is accepted where all of its probability can be paid; what the lattice of sums leaves over is spent
  later, and at the last look a draw decides at the one sum that can be paid in part. In simulations with 48 pairs this
  gave up half a point of power against spending with the square of the share, and decided up to a tenth earlier.
- Dropping: a sum from which a version better by what a single test of all pairs finds with probability 0.8 would on
  average end below the last boundary (on the scale of the B-value: Lan & Wittes, *Biometrics* 44, 1988). The rule is
  binding: dropped paths leave the distribution, and what they would have spent is spent by others. It yields where too
  few would be left to spend it, so that the promise holds to the digit.
- Never accepted: a sum of 0 or less. Where differences are so few that sums above 0 have a probability below `alpha`,
  and where versions are dropped since nothing differed so far, equal ones are accepted less often than promised.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Chances = NDArray[np.float64]

RESOLUTION = 300
"""Differences are rounded to multiples of 1/300."""

HOPED_POWER = 0.8
"""The probability with which a single test of all pairs would find the improvement that dropping allows for."""

GROWTH = 1.6
"""About how many times as many pairs each look has seen as the one before."""

# Far above the rounding errors of sums of probabilities, and far below any probability that matters.
_TINY = 1e-12

Verdict = Literal["accept", "reject", "continue"]


@dataclass(frozen=True)
class Bounds:
    """What a sum of differences leads to at one look: from `accept` on it is accepted, up to `reject` rejected.

    In between the test goes on, or, at the last look, accepts with probability `draw` (None before it).
    """

    accept: float
    reject: float
    draw: float | None = None

    def verdict(self, total: float, luck: float) -> Verdict:
        """What this sum leads to; `luck` in [0, 1) is the test's one draw."""
        if total >= self.accept:
            return "accept"
        if total <= self.reject:
            return "reject"
        if self.draw is None:
            return "continue"
        return "accept" if luck < self.draw else "reject"


@dataclass(frozen=True)
class SequentialTest:
    """A test that accepts equal versions with probability `alpha`, with looks after so many pairs in all.

    Raises `ValueError` for an alpha that is not above 0 and below 0.5, and for looks that are none, below 1, or do not
    increase.
    """

    alpha: float
    looks: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 0.5:
            raise ValueError(f"alpha must be above 0 and below 0.5, for example 0.2, not {self.alpha}")
        if not self.looks or any(later <= earlier for earlier, later in pairwise((0, *self.looks))):
            raise ValueError(f"looks must be increasing numbers of pairs, for example (8, 13, 20), not {self.looks}")

    def verdict(self, differences: Sequence[float], luck: float) -> Verdict:
        """What the pairs so far decide; never `continue` once all pairs of the last look are there.

        `differences` are the newer version's scores minus the older's, each in [-1, 1], in the order in which they
        came; those after the last complete look wait for the next one. `luck` in [0, 1) is drawn once per test. The
        verdict of an earlier look stands, whatever came after it. Raises `ValueError` for a difference or luck outside
        its range, and for more pairs than the last look has.
        """
        if not 0 <= luck < 1:
            raise ValueError(f"luck is a number from 0 on and below 1, not {luck}")
        units = [_units(difference) for difference in differences]
        for look, bounds in zip(self.looks, self.bounds(differences), strict=False):
            verdict = bounds.verdict(sum(units[:look]) / RESOLUTION, luck)
            if verdict != "continue":
                return verdict
        return "continue"

    def bounds(self, differences: Sequence[float]) -> tuple[Bounds, ...]:
        """The bounds of each complete look; they depend on the sizes of the differences and not on their signs."""
        if len(differences) > self.looks[-1]:
            raise ValueError(f"the test ends after {self.looks[-1]} pairs, not {len(differences)}")
        sizes = [abs(_units(difference)) for difference in differences]
        # A coarser grid that holds all sums gives the same probabilities in less time: 0 and 1 become single steps.
        step = math.gcd(*sizes) or 1
        walk, found = _Walk.start(), []
        for earlier, look in pairwise((0, *self.looks)):
            if look > len(sizes):
                break
            walk = walk.after([size // step for size in sizes[earlier:look] if size])
            accept, reject, draw = self._decide(walk, look)
            lowest, highest = walk.lowest_from(accept), walk.highest_below(reject + 1)
            found.append(Bounds(lowest * step / RESOLUTION, highest * step / RESOLUTION, draw))
            walk = walk.between(reject, accept)
        return tuple(found)

    def _decide(self, walk: "_Walk", look: int) -> tuple[int, int, float | None]:
        """The sums, in steps, from which on paths are accepted and up to which rejected, and the chance in between."""
        accept = walk.payable(self.alpha * look / self.looks[-1])
        if look < self.looks[-1]:
            return accept, self._hopeless(walk, accept, look), None
        atom = walk.highest_below(accept)
        if atom <= 0:
            return accept, accept - 1, 0.0
        left = self.alpha - walk.accepted - walk.above(accept - 1)
        return accept, int(atom) - 1, max(0.0, left / walk.at(int(atom)))

    def _hopeless(self, walk: "_Walk", accept: int, look: int) -> int:
        """The highest sum below `accept` that is dropped, in steps."""
        share = look / self.looks[-1]
        needed, hoped = NormalDist().inv_cdf(1 - self.alpha), NormalDist().inv_cdf(HOPED_POWER)
        line = needed * share - hoped * (1 - share)
        if not walk.most:
            return 0 if line > 0 else -1
        wanted = math.ceil(line * math.sqrt(walk.squares / share)) - 1
        left = self.alpha - walk.accepted - walk.above(accept - 1)
        return walk.expendable(min(wanted, accept - 1), accept, left)


def looks_for(rows: int, first: int = 8, most: int = 48) -> tuple[int, ...]:
    """Looks for so many examples: at `first`, then each about 1.6 times as far, evenly, to all, or `most` of them.

    A single look where there are no more than `first`. Raises `ValueError` for a number below 1.
    """
    if min(rows, first, most) < 1:
        raise ValueError(f"rows, first and most must be at least 1, not {rows}, {first} and {most}")
    last = min(rows, most)
    if last <= first:
        return (last,)
    steps = max(1, round(math.log(last / first, GROWTH)))
    looks = (round(first * (last / first) ** (step / steps)) for step in range(steps + 1))
    return tuple(dict.fromkeys(looks))


def _units(difference: float) -> int:
    if not -1 <= difference <= 1:
        raise ValueError(f"a difference of two scores lies from -1 to 1, not at {difference}")
    return round(difference * RESOLUTION)


@dataclass(frozen=True)
class _Walk:
    """The null distribution of the running sum, in steps.

    `chances` of shape (2 · `most` + 1,) holds at `most` + s the probability to be running still, with sum s. `squares`
    is the sum of all squared sizes, the variance of the sum before anybody stopped; `accepted` the probability to have
    been accepted.
    """

    chances: "Chances"
    most: int
    squares: int
    accepted: float

    @staticmethod
    def start() -> "_Walk":
        import numpy as np

        return _Walk(np.ones(1), most=0, squares=0, accepted=0.0)

    def after(self, sizes: Sequence[int]) -> "_Walk":
        """The walk after steps of these sizes in either direction."""
        import numpy as np

        chances = np.zeros(len(self.chances) + 2 * sum(sizes))
        chances[: len(self.chances)] = self.chances
        filled = len(self.chances)
        for size in sizes:
            chances[:filled] /= 2
            # numpy copies what overlaps.
            chances[2 * size : filled + 2 * size] += chances[:filled]
            filled += 2 * size
        squares = self.squares + sum(size * size for size in sizes)
        return _Walk(chances, self.most + sum(sizes), squares, self.accepted)

    def between(self, reject: int, accept: int) -> "_Walk":
        """The walk of those who go on; those from `accept` on are accepted."""
        chances = self.chances.copy()
        chances[: max(0, self.most + reject + 1)] = 0
        chances[self.most + accept :] = 0
        return _Walk(chances, self.most, self.squares, self.accepted + self.above(accept - 1))

    def at(self, total: int) -> float:
        return float(self.chances[self.most + total])

    def above(self, total: int) -> float:
        """The probability of a sum above this one, among those running."""
        return float(self.chances[max(0, self.most + total + 1) :].sum())

    def payable(self, spending: float) -> int:
        """The lowest sum above 0 from which on all can be accepted if `spending` in all may have been accepted."""
        positive = self.chances[self.most + 1 :][::-1].cumsum()
        return self.most + 1 - int(positive.searchsorted(spending - self.accepted + _TINY, side="right"))

    def lowest_from(self, total: int) -> float:
        """The lowest sum that somebody running has and that is not below this one; infinity where there is none."""
        held = self.chances[self.most + total :].nonzero()[0]
        return float(held[0]) + total if len(held) else math.inf

    def highest_below(self, total: int) -> float:
        """The highest sum below this one that somebody running has; minus infinity where there is none."""
        held = self.chances[: max(0, self.most + total)].nonzero()[0]
        return float(held[-1]) - self.most if len(held) else -math.inf

    def expendable(self, wanted: int, accept: int, left: float) -> int:
        """The highest sum up to `wanted` below which all can be dropped while `left` can still be spent at the end.

        The rest of the path is symmetric, so a mixture of steps to x and -x, of sizes that nobody knows yet. With T(s)
        for the probability of going on above s, the sum ends above 0 with a probability of at least half the lowest
        T(x) + T(-x); after dropping up to f, of T(max(x, f)) + T(max(-x, f)).
        """
        import numpy as np

        going_on = self.between(-self.most - 1, accept).chances
        # tails[most + s] is T(s), and pairs[x] is T(x) + T(-x).
        tails = going_on.sum() - going_on.cumsum()
        pairs = np.minimum.accumulate(tails[self.most :] + tails[self.most :: -1])
        enough = tails >= 2 * left - _TINY
        enough[: self.most + 1] &= pairs[::-1] >= 2 * left - _TINY
        candidates = enough[: max(0, self.most + wanted + 1)].nonzero()[0]
        return int(candidates[-1]) - self.most if len(candidates) else -self.most - 1
