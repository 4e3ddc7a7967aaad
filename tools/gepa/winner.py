"""Which member wins, corrected for having looked at many: the best of 30 equals looks better than each of them.

All functions see the pool as a matrix: one row of validation scores for each fully validated member, the oldest (the
seed) first, the same examples in the same order for all, several replicates averaged.

- Who may truly be the best: everybody who is not significantly below the highest mean, with all comparisons taken
  together (multiple comparisons with the best: Hsu, *Annals of Statistics* 12, 1984). These are worth replicates.
- Who wins in the end: the highest mean, where means with fewer replicates are drawn closer to the middle (James-Stein
  shrinkage in the form of Efron & Morris, *JASA* 70, 1975).
- What the winner's score is worth: the choice is made anew on resampled examples and scored on those left out
  (BBC-CV: Tsamardinos, Greasidou & Borboudakis, *Machine Learning* 107, 2018, Algorithm 5).
- Whether it is better than the seed at all: the p-value of the largest of all paired differences by chance, by changing
  signs (max-T: Westfall & Young, *Resampling-Based Multiple Testing*, 1993, section 2.3). As the signs of an example
  change for all members together, their correlation is kept.

They correct for the number of members and not for what the search learned from the same examples on the way to them;
that, only examples that nobody used can tell. Work grows with members x examples x resamples, and there are the fewer
resamples the larger the matrix: at most `WORK` products, or what `FEWEST` resamples take.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toishi.tools.workbench.seeds import derive_seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Scores = Sequence[Sequence[float]]

ALPHA = 0.05
WORK = 10**9
FEWEST, MOST = 200, 9999
# The mean of a bootstrap needs fewer resamples than the tail of a distribution.
BOOTSTRAPS = 2000
# Numbers held at a time (8 MB).
BATCH = 10**6
# Means that differ by less are equal: a tie is not decided by rounding.
ROUNDING = 1e-9
# How much members differ at the least, as a share of the variance of their means by noise: where all look alike, means
# are drawn together, and their order stays.
LEAST_SPREAD = 0.1


@dataclass(frozen=True)
class Corrected:
    """The winner's mean score as it looks (`raw`), and as it will be on other examples (`corrected`, never higher)."""

    raw: float
    corrected: float

    @property
    def optimism(self) -> float:
        """By how much the choice flatters the score."""
        return self.raw - self.corrected


def contenders(scores: Scores, *, most: int, seed: int, alpha: float = ALPHA) -> tuple[int, ...]:
    """Positions of the members that may truly be the best, the highest mean first, and last the oldest (the seed).

    At most `most` (at least 1) members, and the seed where it is none of them. The truly best one is missing with
    probability `alpha`, more where `most` cuts the list. Raises `ValueError` for no scores, or scores that are not
    finite or not paired.
    """
    matrix = _matrix(scores)
    means = _means(matrix)
    ranking = sorted(range(len(means)), key=lambda member: (-means[member], member))
    top = ranking[0]
    p_values = _p_values(matrix[top] - matrix, derive_seed(seed, "gepa/contenders"))
    # Of equal means the older one stands first, also where rounding says otherwise.
    chosen = [member for member in ranking if p_values[member] > alpha or member == top][: max(1, most)]
    return tuple(chosen) if 0 in chosen else (*chosen, 0)


def choose(scores: Scores, counts: Sequence[Sequence[int]] | None = None) -> int:
    """The position of the winner: the highest mean after shrinkage, the oldest one among equals.

    `counts` holds the replicates that each score is a mean of (None: one each). A mean is drawn towards that of all
    members the more, the larger the part of it that may be chance. How much chance there is between replicates is read
    off scores with several of them, as if all were 0 or 1, which is the most that it can be.
    """
    matrix = _matrix(scores)
    pull = _pull(matrix, counts)
    return _first_best(pull.of(matrix.mean(axis=1)))


def optimism(scores: Scores, counts: Sequence[Sequence[int]] | None = None, *, seed: int) -> Corrected:
    """What the mean of the winner, as `choose` chooses it, is worth.

    In each resample of the examples the best one is chosen anew, and all of equal ones count alike; on the examples
    left out it falls behind the actual winner, or not; so much lower, on average, is the corrected mean. With a single
    example nothing is ever left out: then it is the mean of all members, as if one had been chosen blindly.
    """
    import numpy as np

    matrix = _matrix(scores)
    members, examples = matrix.shape
    means = matrix.mean(axis=1)
    pull = _pull(matrix, counts)
    winner = _first_best(pull.of(means))
    raw = _means(matrix)[winner]
    if members == 1:
        return Corrected(raw, raw)
    if examples == 1:
        return Corrected(raw, min(raw, float(means.mean())))
    generator = np.random.default_rng(derive_seed(seed, "gepa/optimism"))
    behind, counted = 0.0, 0
    for size in _batches(min(BOOTSTRAPS, _resamples(2 * matrix.size)), max(matrix.shape)):
        drawn = generator.multinomial(examples, np.full(examples, 1 / examples), size=size).astype(np.float64)
        left_out = (drawn == 0).astype(np.float64)
        drawn, left_out = drawn[left_out.any(axis=1)], left_out[left_out.any(axis=1)]
        inside = pull.of(drawn @ matrix.T / examples)
        outside = left_out @ matrix.T / left_out.sum(axis=1, keepdims=True)
        best = inside >= inside.max(axis=1, keepdims=True) - ROUNDING
        behind += float(((outside * best).sum(axis=1) / best.sum(axis=1) - outside[:, winner]).sum())
        counted += len(drawn)
    return Corrected(raw, min(raw, raw + behind / counted))


def adjusted_p(baseline: Sequence[float], others: Scores, *, seed: int, winner: int | None = None) -> float:
    """The probability that, were nobody better than the baseline, any of the others would look as good as the winner.

    `baseline` are the scores of what the search started from; `winner` is a position in `others` (None: the highest
    mean). One-sided; 1 where there are no others.
    """
    if len(others) == 0:
        return 1.0
    matrix = _matrix([baseline, *others])
    if winner is None:
        winner = _first_best(matrix[1:].mean(axis=1))
    return float(_p_values(matrix[1:] - matrix[0], derive_seed(seed, "gepa/adjusted p"))[winner])


@dataclass(frozen=True)
class _Pull:
    """Shrinkage: how far each member's mean stays where it is (0 to 1), and to where all are drawn."""

    kept: "Floats"
    middle: float

    def of(self, means: "Floats") -> "Floats":
        """Shape (..., members) to the same."""
        shrunk: Floats = self.middle + self.kept * (means - self.middle)
        return shrunk


def _pull(matrix: "Floats", counts: Sequence[Sequence[int]] | None) -> _Pull:
    """The share of a mean's distance from the middle that is not chance: spread / (spread + chance)."""
    import numpy as np

    means = matrix.mean(axis=1)
    middle = float(means.mean())
    looks = np.ones_like(matrix) if counts is None else np.asarray(counts, dtype=np.float64)
    if looks.shape != matrix.shape or (looks < 1).any():
        raise ValueError("every score needs its number of replicates, at least 1")
    chance = _most_noise(matrix, looks) * (1 / looks).mean(axis=1) / matrix.shape[1]
    usual = float(chance.mean())
    if usual == 0 or np.ptp(chance) == 0:
        # Alike for all: it would change no order.
        return _Pull(np.ones_like(means), middle)
    spread = max(float(((means - middle) ** 2).mean()) - usual, LEAST_SPREAD * usual)
    return _Pull(spread / (spread + chance), middle)


def _most_noise(matrix: "Floats", looks: "Floats") -> float:
    """The variance between replicates that scores of 0 and 1 with these means have; of other scores it is the bound."""
    repeated = looks > 1
    if not repeated.any():
        return 0.0
    means, replicates = matrix[repeated], looks[repeated]
    return float((means * (1 - means) * replicates / (replicates - 1)).mean())


def _p_values(differences: "Floats", seed: int) -> "Floats":
    """Shape (members, examples) to (members,): how often chance gives any member a sum as large as this one's.

    Sums are in units of their own spread, the root of the sum of squares. All patterns of signs are tried where they
    are few. A member that differs nowhere has 1.
    """
    import numpy as np

    p_values: Floats = np.ones(len(differences))
    changed = (differences != 0).any(axis=1)
    if not changed.any():
        return p_values
    rows = differences[changed]
    rows = rows[:, (rows != 0).any(axis=0)]
    rows = rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))
    members, examples = rows.shape
    resamples = _resamples(rows.size)
    exact = 2**examples <= resamples
    if exact:
        patterns = (np.arange(2**examples)[:, None] >> np.arange(examples)) % 2 * 2.0 - 1
        highest = (patterns @ rows.T).max(axis=1)
    else:
        generator = np.random.default_rng(seed)
        highest = np.concatenate(
            [
                ((generator.integers(0, 2, size=(size, examples)) * 2.0 - 1) @ rows.T).max(axis=1)
                for size in _batches(resamples, max(members, examples))
            ]
        )
    highest.sort()
    as_large = len(highest) - np.searchsorted(highest, rows.sum(axis=1) - ROUNDING)
    p_values[changed] = as_large / len(highest) if exact else (as_large + 1) / (len(highest) + 1)
    return p_values


def _resamples(products: int) -> int:
    """How many resamples, where each takes so many products."""
    return max(FEWEST, min(MOST, WORK // products))


def _batches(resamples: int, numbers: int) -> list[int]:
    """Sizes of batches that hold about `BATCH` numbers, where each resample holds so many."""
    size = max(1, BATCH // numbers)
    return [min(size, resamples - start) for start in range(0, resamples, size)]


def _matrix(scores: Scores) -> "Floats":
    """Shape (members, examples)."""
    import numpy as np

    lengths = {len(row) for row in scores}
    if len(lengths) != 1 or lengths == {0}:
        raise ValueError(f"members need scores on the same examples, at least one, not on {sorted(lengths)} of them")
    matrix = np.array(scores, dtype=np.float64)
    if not np.isfinite(matrix).all():
        raise ValueError("a score is not finite")
    return matrix


def _means(matrix: "Floats") -> list[float]:
    """Exact sums, so that equal scores in another order have equal means."""
    return [math.fsum(row) / matrix.shape[1] for row in matrix]


def _first_best(means: "Floats") -> int:
    import numpy as np

    return int(np.argmax(means >= means.max() - ROUNDING))
