"""How sure a mean score is, and two versions judged on the same examples: is the difference real?

- interval of a mean: Wilson's (Wilson 1927; scipy's `binomtest`) where every score is 0 or 1, since the bootstrap of
  ten right answers in ten knows no doubt; else the bootstrap below;
- interval of a difference: bootstrap of the mean paired difference, BCa (Efron & Tibshirani, *An Introduction to the
  Bootstrap*, 1993, section 14.3);
- most that a score may have dropped: the lower end of that interval, or, where it lies lower, what the examples that
  nobody saw leave open, since the bootstrap knows no change but those among the examples. Of a kind of change that none
  of n examples shows, the exact bound on its share is 1 - 0.025^(1/n) (Clopper & Pearson, *Biometrika* 26, 1934; for
  none of n: Hanley & Lippman-Hand, *JAMA* 249, 1983), and so large a share is taken to lose everything;
- p-value: paired permutation test of the same mean, two-sided: under the null hypothesis each difference is as likely
  with the other sign (ibid., chapter 15; Fisher's randomisation test). Exact where the sign patterns are few;
- several tests at once: Holm's step-down correction (Holm, *Scandinavian Journal of Statistics* 6, 1979).

The resampling is scipy's, which is imported when it is needed.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toishi.tools.workbench.seeds import derive_seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Differences = NDArray[np.float64]

LEVEL = 0.95
ALPHA = 0.05
RESAMPLES = 9999
# Numbers drawn at a time (8 MB of memory) and about how many in all, so that thousands of examples take seconds.
BATCH, DRAWS = 10**6, 2 * 10**7
# BCa's correction needs the jackknife, whose work grows with the square of the examples and whose effect fades with it.
LARGEST_FOR_BCA = 2000


@dataclass(frozen=True)
class Mean:
    """A mean score with its 95 % interval."""

    score: float
    interval: tuple[float, float]
    examples: int


@dataclass(frozen=True)
class Comparison:
    """Mean scores of the two versions and their paired difference, after minus before.

    `interval` holds the difference with 95 % confidence; `improved`: it lies above 0, and `p_value` is below 0.05.
    """

    before: float
    after: float
    difference: float
    interval: tuple[float, float]
    p_value: float
    examples: int

    @property
    def improved(self) -> bool:
        """Whether the evidence speaks for the newer version."""
        return self.interval[0] > 0 and self.p_value < ALPHA

    @property
    def worse(self) -> bool:
        """Whether the evidence speaks against the newer version."""
        return self.interval[1] < 0 and self.p_value < ALPHA

    @property
    def most_dropped(self) -> float:
        """The drop of the mean score below which the true one lies with (one-sided) 97.5 % confidence.

        At most 1; below 0 where even a gain is sure.
        Exact where nothing changed or everything dropped. In simulations of scores of 0 and 1 with 8 to 150 examples
        the true drop lay beyond it in at most 7 of 100 cases, and beyond the bootstrap's interval in up to 82.
        """
        unseen = _unseen(self.examples)
        return max(-self.interval[0], unseen - (1 - unseen) * self.difference)

    def keeps(self, max_drop: float) -> bool:
        """Whether the evidence rules out a loss of `max_drop` or more.

        A test of non-inferiority at one-sided 2.5 % (Schuirmann, *Journal of Pharmacokinetics and Biopharmaceutics* 15,
        1987, of which it is one half).
        """
        return self.most_dropped < max_drop

    @property
    def sentence(self) -> str:
        """The verdict in words, with its figures."""
        verdict = "improved" if self.improved else "got worse" if self.worse else "no evidence of improvement"
        low, high = self.interval
        examples = "1 example" if self.examples == 1 else f"{self.examples} examples"
        p = "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"
        return (
            f"{verdict[0].upper()}{verdict[1:]}: {self.before:.3f} before, {self.after:.3f} after; difference "
            f"{self.difference:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}, {p}, {examples}."
        )


def examples_to_rule_out(drop: float) -> int:
    """How many examples it takes to rule out a drop of so much (from 0 to 1) where none of them changes."""
    if drop <= 0 or drop > 1:
        raise ValueError(f"a drop that can be ruled out lies above 0 and is at most 1, not {drop}")
    return 1 if drop == 1 else math.floor(math.log((1 - LEVEL) / 2) / math.log1p(-drop)) + 1


def _unseen(examples: int) -> float:
    """The largest share, with one-sided 97.5 % confidence, of a kind that none of so many examples is of."""
    return 1.0 - float(((1 - LEVEL) / 2) ** (1 / examples))


def mean_of(scores: Sequence[float], *, seed: int) -> Mean:
    """The mean of at least one score in [0, 1], with its interval; `ValueError` for none, or one that is not finite."""
    import numpy as np

    if not scores or not all(map(math.isfinite, scores)):
        raise ValueError(f"a mean needs finite scores, at least one, not {list(scores)[:3]}")
    mean = math.fsum(scores) / len(scores)
    if set(scores) <= {0.0, 1.0}:
        return Mean(mean, proportion_interval(round(sum(scores)), len(scores)), len(scores))
    interval = _interval(np.asarray(scores, dtype=np.float64), derive_seed(seed, "statistics/bootstrap"))
    return Mean(mean, interval, len(scores))


def proportion_interval(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share: never empty, also where all or none succeed."""
    from scipy import stats

    interval = stats.binomtest(successes, trials).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def over_replicates(replicates: Sequence[Sequence[float]]) -> list[float]:
    """Scores of shape (replicates, examples) to each example's mean: examples, not replicates, are independent."""
    return [math.fsum(scores) / len(scores) for scores in zip(*replicates, strict=True)]


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values, each corrected so that the chance of any false finding among all of them stays below the level.

    Of m sorted ascending, the i-th (from 0) is multiplied by m - i, and none is below an earlier one or above 1.
    """
    adjusted, highest, many = [0.0] * len(p_values), 0.0, len(p_values)
    for rank, place in enumerate(sorted(range(many), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, p_values[place] * (many - rank)))
        adjusted[place] = highest
    return adjusted


def compare(before: Sequence[float], after: Sequence[float], *, seed: int) -> Comparison:
    """Compares scores of the same examples in the same order.

    Where all differences are the same, the interval is that one value, and the p-value alone says how little a few
    examples prove. Raises `ValueError` for no examples, for different numbers of them, and for a score that is not
    finite.
    """
    import numpy as np

    if len(before) != len(after) or not before:
        raise ValueError(f"scores must be paired and at least one, not {len(before)} before and {len(after)} after")
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if not (np.isfinite(old).all() and np.isfinite(new).all()):
        raise ValueError("a score is not finite")
    differences = new - old
    return Comparison(
        before=math.fsum(before) / len(before),
        after=math.fsum(after) / len(after),
        difference=math.fsum(differences) / len(before),
        interval=_interval(differences, derive_seed(seed, "statistics/bootstrap")),
        p_value=_p_value(differences, derive_seed(seed, "statistics/permutation")),
        examples=len(before),
    )


def _interval(differences: "Differences", seed: int) -> tuple[float, float]:
    """Shape (examples,) to the bounds."""
    import numpy as np
    from scipy import stats

    count = len(differences)
    if np.ptp(differences) == 0:
        return float(differences[0]), float(differences[0])

    def bounds(method: str) -> tuple[float, float]:
        with warnings.catch_warnings():
            # Told by a result that is not a number, and answered below.
            warnings.simplefilter("ignore", stats.DegenerateDataWarning)
            interval = stats.bootstrap(
                (differences,),
                np.mean,
                confidence_level=LEVEL,
                n_resamples=_resamples(count),
                batch=max(1, BATCH // count),
                vectorized=True,
                method=method,
                rng=np.random.default_rng(seed),
            ).confidence_interval
        return float(interval.low), float(interval.high)

    if count <= LARGEST_FOR_BCA:
        low, high = bounds("BCa")
        if math.isfinite(low) and math.isfinite(high):
            return low, high
    return bounds("percentile")


def _p_value(differences: "Differences", seed: int) -> float:
    """Shape (examples,) to the probability of a mean at least as far from 0 by chance."""
    import numpy as np
    from scipy import stats

    # A difference of 0 has no sign to change; without them the exact test reaches further.
    changed = differences[differences != 0]
    count = len(changed)
    if count < 2:
        return 1.0
    result = stats.permutation_test(
        (changed,),
        np.sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=_resamples(count),
        batch=max(1, BATCH // count),
        alternative="two-sided",
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def _resamples(count: int) -> int:
    return max(999, min(RESAMPLES, DRAWS // count))
