"""Which candidates are worth choosing from, where several things are wanted of them: the front, and the knee in it.

It knows numbers of candidates and their values of objectives. Values are compared as they are: a tolerance is for the
gate, since "about equal" is not transitive and would make a front depend on the order of entry.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from toishi.tools.workbench.objectives import SCORE, Objective, Values, holds

Vector = tuple[float, ...]

DIGITS = 9
"""Digits after the point to which trade-offs are compared, so that equal ones are not told apart by rounding."""


@dataclass(frozen=True)
class Point:
    """A candidate by its number, with its values; `vector` holds the same so that higher is better, unknown lowest."""

    number: int
    values: Values
    vector: Vector


@dataclass(frozen=True)
class Front:
    """The candidates that keep all limits and that no other one dominates, by number; of equals the oldest.

    It is the same whatever the order in which they were added. Adding one to a front of size F takes O(F · objectives).
    """

    objectives: tuple[Objective, ...]
    points: tuple[Point, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Who is in it, the oldest first."""
        return tuple(point.number for point in self.points)

    def add(self, number: int, values: Values) -> "Front":
        """The front once this candidate is known too: the same where it has no place in it."""
        if not holds(self.objectives, values):
            return self
        new = Point(number, values, oriented(self.objectives, values))
        if any(dominates(old.vector, new.vector) or _is_older_equal(old, new) for old in self.points):
            return self
        kept = (old for old in self.points if not dominates(new.vector, old.vector) and old.vector != new.vector)
        return replace(self, points=tuple(sorted((*kept, new), key=lambda point: point.number)))

    def would_take(self, values: Values) -> bool:
        """Whether a new candidate with these values would enter.

        With the best values that one may still reach, it tells whether going on with it makes sense.
        """
        if not holds(self.objectives, values):
            return False
        vector = oriented(self.objectives, values)
        return not any(old.vector == vector or dominates(old.vector, vector) for old in self.points)


def front_of(objectives: Sequence[Objective], candidates: Mapping[int, Values]) -> Front:
    """The front of many candidates, by number."""
    front = Front(tuple(objectives))
    for number, values in candidates.items():
        front = front.add(number, values)
    return front


def oriented(objectives: Sequence[Objective], values: Values) -> Vector:
    """The values in the order of the objectives, so that higher is better; minus infinity for one that is unknown."""
    found = []
    for one in objectives:
        value = values.get(one.name)
        found.append(-math.inf if value is None else value if one.direction == "higher" else -value)
    return tuple(found)


def dominates(first: Vector, second: Vector) -> bool:
    """Whether the first is nowhere worse, and somewhere better (Pareto)."""
    return first != second and all(one >= other for one, other in zip(first, second, strict=True))


def knee(front: Front) -> int | None:
    """The number of the candidate with the best trade-off between the score and the rest; None for an empty front.

    Each objective is scaled to run from 0 (the worst on the front) to 1 (the best). With two objectives the knee is the
    point farthest from the chord between the two ends (Das, *On characterizing the "knee" of the Pareto curve based on
    normal-boundary intersection*, Structural Optimization 18, 1999): beyond it, much of one has to be given for little
    of the other. With more, the others count together as much as the score, as the mean of their scaled values:
    tokens, cost and length rise and fall together, and would outvote the score otherwise. Among equals the higher score
    wins, then the older candidate.
    """
    if not front.points:
        return None
    columns = [_scaled([point.vector[place] for point in front.points]) for place in range(len(front.objectives))]
    place = _place_of_score(front.objectives)
    others = [column for other, column in enumerate(columns) if other != place and column is not None]

    def trade_off(row: int) -> float:
        score = columns[place]
        mean = math.fsum(column[row] for column in others) / len(others) if others else 0.0
        return round((score[row] if score is not None else 0.0) + mean, DIGITS)

    best = max(
        range(len(front.points)),
        key=lambda row: (trade_off(row), front.points[row].vector[place], -front.points[row].number),
    )
    return front.points[best].number


def suggested(front: Front, seed: Values) -> int | None:
    """The number of the candidate to put before a person; None where none keeps the limits.

    The knee of those that score at least as well as the seed, give or take the score's tolerance: the short prompt that
    answers worse than what one has is on the front, and is no proposal. Where the seed itself breaks a limit it is no
    measure, and the knee is that of the whole front.
    """
    objectives = front.objectives
    place = _place_of_score(objectives)
    base = seed.get(objectives[place].name)
    if base is None or not holds(objectives, seed):
        return knee(front)
    least = base - objectives[place].margin(base)
    return knee(replace(front, points=tuple(point for point in front.points if point.vector[place] >= least)))


def _place_of_score(objectives: Sequence[Objective]) -> int:
    return next(place for place, one in enumerate(objectives) if one.name == SCORE.name)


def _is_older_equal(old: Point, new: Point) -> bool:
    return old.vector == new.vector and old.number <= new.number


def _scaled(column: Sequence[float]) -> list[float] | None:
    """From 0 (the lowest that is known, and what is unknown) to 1 (the highest); None where all are the same."""
    known = [value for value in column if math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    if low == high and len(known) == len(column):
        return None
    span = high - low
    return [0.0 if value == -math.inf else (value - low) / span if span else 1.0 for value in column]
