"""What so many test rows can prove, and how many it takes.

The verdict of a run is a paired comparison on the test rows, so what counts are the rows on which two versions differ.

- At the very best nothing gets worse. Then k rows that got better have a two-sided p-value of 2 · 2^-k (sign test), and
  k = 6 is the fewest below 0.05: fewer than six test rows prove nothing, whatever happens.
- In practice some rows get worse: a share w of d / 2, where d is the difference of the two shares of right answers, and
  never below one in twenty. Then a share of s = d + 2 w differs, and n rows show d in four of five cases (power 0.8,
  alpha 0.05, two-sided) where n >= (1.96 · sqrt(s) + 0.84 · sqrt(s - d²))² / d² (Connor, *Sample size for testing
  differences in proportions for the paired-sample design*, Biometrics 43, 1987).
"""

import math
from statistics import NormalDist

FEWEST = 6
ALPHA, POWER = 0.05, 0.8
WORSE, FEWEST_WORSE = 0.5, 0.05
"""Share of the rows that get worse: as a multiple of the difference that is looked for, and at least."""


def rows_needed(difference: float) -> int:
    """Test rows that show a difference of two shares, in (0, 1], in four of five cases."""
    if not 0 < difference <= 1:
        raise ValueError(f"a difference of shares lies above 0 and is at most 1, not {difference}")
    apart = min(1.0, difference + 2 * max(WORSE * difference, FEWEST_WORSE))
    normal = NormalDist()
    chance = normal.inv_cdf(1 - ALPHA / 2) * math.sqrt(apart)
    luck = normal.inv_cdf(POWER) * math.sqrt(apart - difference**2)
    return max(FEWEST, math.ceil((chance + luck) ** 2 / difference**2))


def smallest_difference(rows: int) -> float | None:
    """The smallest difference of two shares that so many test rows show in four of five cases; None where none."""
    if rows < FEWEST:
        return None
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if rows_needed(middle) <= rows else (middle, high)
    return high


def sentence(rows: int) -> str:
    """The same in plain words."""
    smallest = smallest_difference(rows)
    noun = "1 test row" if rows == 1 else f"{rows:,} test rows"
    if smallest is None:
        return f"{noun} can prove nothing: even if each of them got better, it could be chance (it takes {FEWEST})"
    points = f"{100 * smallest:.0f}" if smallest >= 0.03 else f"{100 * smallest:.1f}"
    return (
        f"with {noun}, a prompt that answers {points} more of every 100 rows right is proved better four times in "
        "five; a smaller gain may go unproved"
    )
