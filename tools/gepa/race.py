"""Validation where it decides: a child races, chunk by chunk, against the incumbent and the front (no paper's part).

The incumbent is the fully validated member with the highest mean; the front is, for every validation row, the best
score in the pool. After each chunk a child goes on, or it ends: **finished** on all rows; **abandoned**, since it can
neither beat the incumbent nor enter the front; or a **specialist**, which can no longer beat the incumbent but has
solved what nobody else did. A specialist enters the pool with the rows it has, may be a parent, and is never chosen as
the best.

Whether a child can still beat the incumbent is told first by what the rows ahead can give at most, and then by the
predictive probability of ending strictly above it over the finite number of rows ahead. Rows where the incumbent
scored high can mostly be lost and the others won, so the two kinds are extrapolated apart (post-stratification): each
is a Pólya urn of the differences seen so far and of one imaginary row, half of it all lost and half of it all won.
For scores of 0 and 1 that is the beta-binomial distribution under Jeffreys' prior, and exact; for others its mean and
variance are, and its shape is taken as normal.

Nothing here knows what a rollout costs or how it is run; decisions are functions of the scores known so far.
"""

import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

Outcome = Literal["running", "finished", "specialist", "abandoned"]

# Sums of scores that differ by less are equal: a tie is not decided by rounding.
ROUNDING = 1e-9
# Jeffreys' prior: the weight of each half of the imaginary row.
PRIOR = 0.5


@dataclass(frozen=True)
class RaceRules:
    """When a child is given up.

    `doubt`: it is given up when its chance to end strictly above the incumbent is at most this (0: by the exact bound
    alone). The chance is looked at after every chunk, so that of the children that would have ended above, more than
    this share may be lost: in simulations of children truly 5 and 10 points better, on 30 to 300 rows with scores of 0
    and 1, 0 to 2 % where rollouts repeat exactly and 3 to 8 % where they are noisy, and at most 4 % of their gains. Of
    a mixture with 15 % of such children, 40 to 58 % of the rows were run.

    `first` and `share`: the first chunk has at least so many rows, and at least this share of all; `growth`: each look
    comes after so many times the rows of the look before. `margin`: a score enters the front where it lies at least so
    far above the row's best. `probes`: a child that cannot beat the incumbent is still run on rows that leave room
    above the front, until it has seen so many of them.
    """

    doubt: float = 0.05
    first: int = 8
    share: float = 0.12
    growth: float = 1.3
    margin: float = 0.1
    probes: int = 0


@dataclass(frozen=True)
class Step:
    """Where a race stands.

    `rows` are to be run next, in this order (none once it has ended); `chance` is the probability that the child ends
    strictly above the incumbent; `expected` its predicted mean over all rows (the true one once it is finished);
    `entered` the rows on which it entered the front.
    """

    outcome: Outcome
    rows: tuple[int, ...]
    chance: float
    expected: float
    entered: tuple[int, ...]


@dataclass(frozen=True)
class _Stratum:
    """Rows of one kind: how many are ahead, and mean and variance of the urn that their differences are drawn from."""

    ahead: int
    weight: float
    mean: float
    variance: float


def row_order(incumbent: Sequence[float], front: Sequence[float], rng: random.Random) -> tuple[int, ...]:
    """All rows, so that every beginning is a fair sample of each kind of row.

    Kinds are: the incumbent's score is above its mean or not, and the front leaves room or not. Within a kind the order
    is random; the kinds are interleaved in proportion to their sizes.
    """
    high = _high(incumbent)
    kinds: dict[tuple[bool, bool], list[int]] = {}
    for row, best in enumerate(front):
        kinds.setdefault((high[row], best < 1.0), []).append(row)
    placed: list[tuple[float, int]] = []
    for kind in sorted(kinds):
        rows = kinds[kind]
        rng.shuffle(rows)
        offset = rng.random()
        placed += [((place + offset) / len(rows), row) for place, row in enumerate(rows)]
    return tuple(row for _, row in sorted(placed))


def chunk_ends(rows: int, rules: RaceRules) -> tuple[int, ...]:
    """How many of `rows` are known at each look, ascending; the last one is all of them.

    There is no look right before the end: at least half a chunk would have to be saved by it.
    """
    ends: list[int] = []
    end = float(max(rules.first, rules.share * rows))
    while rows - end >= max(1.0, end * (rules.growth - 1) / 2):
        ends.append(round(end))
        end = max(end * rules.growth, end + 1)
    return (*ends, rows)


def advance(
    order: Sequence[int],
    known: Mapping[int, float],
    incumbent: Sequence[float],
    front: Sequence[float],
    rules: RaceRules,
) -> Step:
    """What comes next for a child whose scores by row are `known` (none at the start).

    `incumbent` and `front` hold a score in [0, 1] for every row, at least one; `order` holds every row once. The
    incumbent and the front may be others than at the look before, since a race remembers nothing but its scores. Rows
    that were known before the race count too. The front may be that of a part of the pool, as of its undominated
    members.
    """
    ahead = tuple(row for row in order if row not in known)
    strata = _strata(known, ahead, incumbent)
    entered = entries(known, front, rules.margin)
    gain = math.fsum(score - incumbent[row] for row, score in known.items())
    rest = math.fsum(stratum.ahead * stratum.mean for stratum in strata)
    # The prior may foretell more lost than there is to lose.
    expected = min(max((math.fsum(incumbent) + gain + rest) / len(incumbent), 0.0), 1.0)
    chance = _chance(gain, known, ahead, strata, incumbent)

    def step(outcome: Outcome, rows: Sequence[int] = ()) -> Step:
        return Step(outcome, tuple(rows), chance, expected, entered)

    if not ahead:
        return step("finished")
    if chance > (rules.doubt if known else 0.0):
        return step("running", ahead[: _next_end(order, known, rules) - len(known)])
    if entered:
        return step("specialist")
    tried = sum(_leaves_room(front[row], rules.margin) for row in known)
    probes = [row for row in ahead if _leaves_room(front[row], rules.margin)][: max(0, rules.probes - tried)]
    return step("running", probes) if probes else step("abandoned")


def entries(known: Mapping[int, float], front: Sequence[float], margin: float) -> tuple[int, ...]:
    """The rows whose best score is exceeded by at least `margin`, ascending."""
    return tuple(sorted(row for row, score in known.items() if score - front[row] >= margin - ROUNDING))


def _leaves_room(best: float, margin: float) -> bool:
    return 1.0 - best >= margin - ROUNDING


def _next_end(order: Sequence[int], known: Collection[int], rules: RaceRules) -> int:
    return next(end for end in chunk_ends(len(order), rules) if end > len(known))


def _high(incumbent: Sequence[float]) -> list[bool]:
    mean = math.fsum(incumbent) / len(incumbent)
    return [score > mean for score in incumbent]


def _strata(known: Mapping[int, float], ahead: Sequence[int], incumbent: Sequence[float]) -> tuple[_Stratum, _Stratum]:
    """Where the incumbent scored low, and where it scored high."""
    high = _high(incumbent)

    def stratum(kind: bool) -> _Stratum:
        scores = [score for score, is_high in zip(incumbent, high, strict=True) if is_high == kind]
        # Of a kind without rows nothing is drawn.
        level = math.fsum(scores) / len(scores) if scores else float(kind)
        seen = [score - incumbent[row] for row, score in known.items() if high[row] == kind]
        return _urn(sum(high[row] == kind for row in ahead), seen, level)

    return stratum(False), stratum(True)


def _urn(ahead: int, seen: Sequence[float], level: float) -> _Stratum:
    """Mean and variance of the differences `seen` and of half a row each that loses the `level` and gains the rest."""
    weight = len(seen) + 2 * PRIOR
    mean = (math.fsum(seen) + PRIOR * (1.0 - 2 * level)) / weight
    squares = math.fsum((one - mean) ** 2 for one in seen)
    squares += PRIOR * ((-level - mean) ** 2 + (1.0 - level - mean) ** 2)
    return _Stratum(ahead, weight, mean, squares / weight)


def _chance(
    gain: float,
    known: Mapping[int, float],
    ahead: Sequence[int],
    strata: tuple[_Stratum, _Stratum],
    incumbent: Sequence[float],
) -> float:
    """The probability that `gain` and what the rows ahead will add lie above 0."""
    if gain + math.fsum(1.0 - incumbent[row] for row in ahead) <= ROUNDING:
        return 0.0
    if gain - math.fsum(incumbent[row] for row in ahead) > ROUNDING:
        return 1.0
    if all(score in (0.0, 1.0) for score in (*incumbent, *known.values())):
        return _chance_exactly(round(gain), *strata)
    mean = math.fsum(stratum.ahead * stratum.mean for stratum in strata)
    variance = math.fsum(
        stratum.ahead * stratum.variance * (stratum.weight + stratum.ahead) / (stratum.weight + 1) for stratum in strata
    )
    return 0.5 * math.erfc(-(gain + mean) / math.sqrt(2 * variance))


def _chance_exactly(gain: int, low: _Stratum, high: _Stratum) -> float:
    """The same where all scores are 0 or 1: a row of the low kind can only be won, of the high one only be lost."""
    wins = _beta_binomial(low.ahead, low.weight * low.mean, low.weight * (1.0 - low.mean))
    losses = _beta_binomial(high.ahead, -high.weight * high.mean, high.weight * (1.0 + high.mean))
    at_most = list(accumulate(losses))
    return math.fsum(
        probability * at_most[min(gain + count - 1, high.ahead)]
        for count, probability in enumerate(wins)
        if gain + count > 0
    )


def _beta_binomial(trials: int, successes: float, failures: float) -> list[float]:
    """The probabilities of 0 to `trials` successes after so many, prior included."""
    constant = (
        math.lgamma(trials + 1)
        + math.lgamma(successes + failures)
        - math.lgamma(successes)
        - math.lgamma(failures)
        - math.lgamma(trials + successes + failures)
    )
    return [
        math.exp(
            constant
            - math.lgamma(count + 1)
            - math.lgamma(trials - count + 1)
            + math.lgamma(successes + count)
            + math.lgamma(failures + trials - count)
        )
        for count in range(trials + 1)
    ]
