"""Does a judge mark as a person does, and is what was marked enough to say so?

It knows marks only, as places on a scale; who judged, and what, it does not know.

- accuracy: the share of rows with the same mark, with Wilson's 95 % interval;
- kappa: Cohen's, by which agreement by chance counts as nothing (Cohen, *Educational and Psychological Measurement* 20,
  1960); on scales of more than two marks a miss weighs as the square of its distance (Cohen, *Psychological Bulletin*
  70, 1968; Fleiss & Cohen 1973), so it falls together with an intraclass correlation;
- Spearman's rank correlation of the marks with the judge's scores, which may lie between marks;
- 95 % intervals of the last two: percentile bootstrap over rows (scipy's).

Kappa of 0.6 or more is "substantial" agreement (Landis & Koch, *Biometrics* 33, 1977): so sure must one be to trust it.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from toishi.tools.workbench.seeds import derive_seed
from toishi.tools.workbench.statistics import LEVEL, RESAMPLES, proportion_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Indices = NDArray[np.int64]

SUBSTANTIAL = 0.6
FEWEST = 20
"""Rows below which no interval is to be believed."""

FEWEST_OTHERS = 5
"""Of the rows, so many must bear another mark than the commonest: on one bad answer no judge shows what it takes for
bad."""

MOST_MORE = 500
"""Beyond this, more marks are no way out."""

Verdict = Literal["trust", "mark more", "do not trust", "marks are all alike"]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Agreement:
    """A person's marks against a judge's, on the scale `values` from the worst to the best.

    `table[i][j]` counts the rows that the person marked `values[i]` and the judge `values[j]`. `kappa` and `spearman`
    are None where everything has one mark, so that there is nothing to tell apart. `more`: about how many more rows
    would settle it, where the verdict is to mark more.
    """

    values: tuple[str, ...]
    rows: int
    accuracy: Estimate
    kappa: Estimate | None
    spearman: Estimate | None
    table: tuple[tuple[int, ...], ...]
    verdict: Verdict
    more: int | None

    @property
    def sentence(self) -> str:
        """The verdict in words, with its figures."""
        low, high = (round(100 * bound) for bound in self.accuracy.interval)
        share = f"The judge agrees with you on {low} % to {high} % of such rows"
        if self.kappa is None:
            return (
                f"{share}, but your marks or the judge's are all alike: mark rows of which some are good and some bad."
            )
        kappa = f"kappa {self.kappa.value:.2f}, {self.kappa.interval[0]:.2f} to {self.kappa.interval[1]:.2f}"
        match self.verdict:
            case "trust":
                way_on = "trust it for this task"
            case "mark more":
                way_on = f"do not trust it yet: mark about {self.more} more rows"
            case _:
                way_on = (
                    "do not trust it: read the rows on which you differ, then make the rubric clearer or name a "
                    "stronger judge"
                )
        return f"{share} ({kappa}): {way_on}."


@dataclass(frozen=True)
class BetweenPeople:
    """How far several people agree with one another: the means over all pairs of them, each over the rows that both
    marked. `kappa` is None where no pair has marks to tell apart."""

    people: int
    accuracy: float
    kappa: float | None


def place_of(score: float, values: Sequence[str]) -> int:
    """The place on the scale that is nearest to a score in [0, 1]; half-way between two it is the better one."""
    return math.floor(score * (len(values) - 1) + 0.5)


def consensus(marks: Sequence[int], values: Sequence[str]) -> int | None:
    """One mark for several people's: of two marks the more frequent, None for a draw; on a longer scale the median, and
    of an even number of marks the lower of the middle two."""
    if len(values) > 2:
        return sorted(marks)[(len(marks) - 1) // 2] if marks else None
    best = [place for place in set(marks) if marks.count(place) == max(map(marks.count, set(marks)))]
    return best[0] if len(best) == 1 else None


def agree(marks: Sequence[int], scores: Sequence[float], values: Sequence[str], *, seed: int) -> Agreement:
    """Compares a person's marks (places on the scale) with a judge's scores in [0, 1] of the same rows, in one order.

    Raises `ValueError` for no rows, or different numbers of them.
    """
    import numpy as np

    if not marks or len(marks) != len(scores):
        raise ValueError(f"marks and scores must be paired and at least one, not {len(marks)} and {len(scores)}")
    judged = [place_of(score, values) for score in scores]
    many = len(values)
    table = [[0] * many for _ in range(many)]
    for mark, place in zip(marks, judged, strict=True):
        table[mark][place] += 1
    same = sum(table[place][place] for place in range(many))
    people, judge = np.asarray(marks), np.asarray(judged)
    accuracy = Estimate(same / len(marks), proportion_interval(same, len(marks)))
    kappa = spearman = None
    # Where the person marked all alike, nothing of what they find bad (or good) was seen, whatever the judge said.
    if len(set(marks)) > 1:
        kappa = _estimate(people, judge, lambda a, b: _kappa(a, b, many), derive_seed(seed, "agreement/kappa"))
        spearman = _estimate(people, np.asarray(scores), _spearman, derive_seed(seed, "agreement/spearman"))
    verdict, more = _verdict(len(marks), len(marks) - max(map(marks.count, range(many))), kappa)
    return Agreement(tuple(values), len(marks), accuracy, kappa, spearman, tuple(map(tuple, table)), verdict, more)


def between_people(raters: Mapping[str, Sequence[int | None]], values: Sequence[str]) -> BetweenPeople | None:
    """How people agree; `raters` holds each person's marks by row, None where it has none. None for fewer than two
    people, or where no two marked the same row."""
    import numpy as np

    shares, kappas = [], []
    for one, other in combinations(raters.values(), 2):
        both = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
        if both:
            shares.append(sum(a == b for a, b in both) / len(both))
            pairs = np.asarray(both)
            kappas.append(float(_kappa(pairs[:, 0], pairs[:, 1], len(values))))
    known = [kappa for kappa in kappas if math.isfinite(kappa)]
    if not shares:
        return None
    return BetweenPeople(len(raters), math.fsum(shares) / len(shares), math.fsum(known) / len(known) if known else None)


def _verdict(rows: int, others: int, kappa: Estimate | None) -> tuple[Verdict, int | None]:
    """`others`: rows with another mark than the commonest."""
    if kappa is None:
        return "marks are all alike", None
    if kappa.value <= SUBSTANTIAL:
        return "do not trust", None
    # An interval's width falls with the root of the rows: how many until its lower end reaches the threshold?
    widening = (kappa.value - kappa.interval[0]) / (kappa.value - SUBSTANTIAL)
    narrow = math.ceil(rows * widening**2) if kappa.interval[0] < SUBSTANTIAL else rows
    more = max(narrow, FEWEST, math.ceil(rows * FEWEST_OTHERS / others)) - rows
    if more <= 0:
        return "trust", None
    return ("mark more", more) if more <= MOST_MORE else ("do not trust", None)


def _estimate(first: Any, second: Any, statistic: Any, seed: int) -> Estimate | None:
    """The figure with its interval; None where it has no value. Resamples without a value do not count."""
    import numpy as np
    from scipy import stats

    value = float(statistic(first, second))
    if not math.isfinite(value):
        return None
    with warnings.catch_warnings():
        # Of resamples in which everything is alike; they are left out below.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        drawn = stats.bootstrap(
            (first, second),
            lambda a, b, axis=-1: statistic(a, b),
            paired=True,
            vectorized=True,
            n_resamples=RESAMPLES,
            batch=max(1, 10**6 // len(first)),
            method="percentile",
            rng=np.random.default_rng(seed),
        ).bootstrap_distribution
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.nanpercentile(drawn, [tail, 100 - tail])
    return Estimate(value, (float(low), float(high)))


def _kappa(first: "Indices", second: "Indices", many: int) -> "Numbers":
    """Shapes (…, rows) to (…): 1 minus the weight of the misses, by the weight to be expected by chance."""
    import numpy as np

    places = np.arange(many)
    distance = (places[:, None] - places[None, :]) ** 2
    weights = (distance / (many - 1) ** 2) if many > 2 else (distance > 0).astype(float)
    seen = weights[first, second].mean(axis=-1)
    shares = [(marks[..., None] == places).mean(axis=-2) for marks in (first, second)]
    chance = np.einsum("...i,ij,...j->...", shares[0], weights, shares[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(chance > 0, 1 - seen / np.where(chance > 0, chance, 1.0), np.nan))


def _spearman(first: Any, second: Any) -> "Numbers":
    """Shapes (…, rows) to (…): Pearson's correlation of the ranks."""
    import numpy as np
    from scipy import stats

    ranks = [stats.rankdata(values, axis=-1) for values in (first, second)]
    centred = [one - one.mean(axis=-1, keepdims=True) for one in ranks]
    spread = np.sqrt((centred[0] ** 2).sum(axis=-1) * (centred[1] ** 2).sum(axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(spread > 0, (centred[0] * centred[1]).sum(axis=-1) / spread, np.nan))
