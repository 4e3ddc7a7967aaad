"""The front of many candidates, and the one that is suggested."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.front import Front, dominates, front_of, knee, oriented, suggested
from toishi.tools.workbench.objectives import SCORE, Objective, Values, holds

LENGTH = Objective("prompt_characters", "lower")
SECONDS = Objective("seconds", "lower")
POLITE = Objective("polite", "higher")
ALL = (SCORE, LENGTH, POLITE)

# Few different values, so that ties, equals and long chains are common.
VALUE = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
CANDIDATES = st.lists(
    st.fixed_dictionaries({"score": VALUE, "prompt_characters": VALUE, "polite": VALUE | st.none()}),
    min_size=1,
    max_size=15,
).map(lambda rows: dict(enumerate(rows)))
LIMITS = st.tuples(*(VALUE | st.none() for _ in ALL)).map(
    lambda limits: tuple(replace(one, limit=limit) for one, limit in zip(ALL, limits, strict=True))
)


def pairs(*rows: tuple[float, float]) -> dict[int, Values]:
    """Scores and lengths by number."""
    return {number: {"score": score, "prompt_characters": length} for number, (score, length) in enumerate(rows)}


@given(CANDIDATES, LIMITS)
def test_a_front_holds_who_keeps_the_limits_and_is_dominated_by_nobody_who_does(
    candidates: dict[int, Values], objectives: tuple[Objective, ...]
) -> None:
    able = {number: oriented(objectives, one) for number, one in candidates.items() if holds(objectives, one)}
    expected = [
        number
        for number, vector in able.items()
        if not any(dominates(other, vector) or (other == vector and older < number) for older, other in able.items())
    ]
    assert list(front_of(objectives, candidates).numbers) == expected


@given(CANDIDATES)
def test_nobody_on_a_front_dominates_another(candidates: dict[int, Values]) -> None:
    points = front_of(ALL, candidates).points
    assert not any(dominates(one.vector, other.vector) for one in points for other in points)


@given(CANDIDATES)
def test_the_best_on_each_objective_is_on_the_front(candidates: dict[int, Values]) -> None:
    front = front_of(ALL, candidates)
    for place in range(len(ALL)):
        best = max(oriented(ALL, one)[place] for one in candidates.values())
        assert max(point.vector[place] for point in front.points) == best


@given(CANDIDATES, LIMITS, st.randoms(use_true_random=False))
def test_a_front_does_not_depend_on_the_order(
    candidates: dict[int, Values], objectives: tuple[Objective, ...], rng: random.Random
) -> None:
    shuffled = list(candidates.items())
    rng.shuffle(shuffled)
    assert front_of(objectives, dict(shuffled)) == front_of(objectives, candidates)


@given(CANDIDATES, LIMITS)
def test_a_front_tells_beforehand_whom_it_would_take(
    candidates: dict[int, Values], objectives: tuple[Objective, ...]
) -> None:
    front = Front(objectives)
    for number, one in candidates.items():
        taken = front.would_take(one)
        front = front.add(number, one)
        assert (number in front.numbers) is taken


@given(CANDIDATES, LIMITS)
def test_the_knee_and_the_suggested_are_on_the_front(
    candidates: dict[int, Values], objectives: tuple[Objective, ...]
) -> None:
    front = front_of(objectives, candidates)
    for chosen in (knee(front), suggested(front, candidates[0])):
        assert chosen in front.numbers if front.points else chosen is None


@given(CANDIDATES)
def test_the_suggested_scores_no_lower_than_the_seed_give_or_take_the_tolerance(candidates: dict[int, Values]) -> None:
    chosen = suggested(front_of(ALL, candidates), candidates[0])
    assert chosen is not None
    score, base = candidates[chosen]["score"], candidates[0]["score"]
    assert score is not None
    assert base is not None
    assert score >= base - 0.02


@given(CANDIDATES, st.floats(0.1, 1e4), st.floats(-100, 100))
def test_the_knee_does_not_depend_on_the_unit(candidates: dict[int, Values], scale: float, shift: float) -> None:
    def other(values: Values) -> Values:
        length = values["prompt_characters"]
        assert length is not None
        return {**values, "prompt_characters": length * scale + shift}

    there = {number: other(values) for number, values in candidates.items()}
    assert knee(front_of(ALL, there)) == knee(front_of(ALL, candidates))


def test_the_knee_is_farthest_from_the_chord() -> None:
    assert knee(front_of((SCORE, LENGTH), pairs((0.50, 100), (0.85, 300), (0.90, 2000), (0.55, 150)))) == 1


def test_of_equal_trade_offs_the_higher_score_wins_then_the_older() -> None:
    assert knee(front_of((SCORE, LENGTH), pairs((0.1, 100), (0.2, 200), (0.3, 300)))) == 2
    assert knee(front_of((SCORE, LENGTH), pairs((0.5, 100), (0.5, 100)))) == 0


def test_without_a_second_objective_the_best_score_is_the_knee() -> None:
    assert knee(front_of((SCORE,), pairs((0.5, 1), (0.7, 1), (0.7, 1)))) == 1


def test_an_empty_front_has_no_knee() -> None:
    assert knee(Front((SCORE,))) is None


def test_several_objectives_that_rise_and_fall_together_do_not_outvote_the_score() -> None:
    rows: dict[int, Values] = {
        0: {"score": 0.5, "prompt_characters": 100, "seconds": 1.0},
        1: {"score": 0.9, "prompt_characters": 900, "seconds": 9.0},
    }
    assert knee(front_of((SCORE, LENGTH, SECONDS), rows)) == 1


def test_what_is_unknown_is_the_worst() -> None:
    rows: dict[int, Values] = {0: {"score": 0.5, "seconds": None}, 1: {"score": 0.5, "seconds": 9.0}}
    front = front_of((SCORE, SECONDS), rows)
    assert front.numbers == (1,)
    assert oriented((SCORE, SECONDS), rows[0]) == (0.5, -math.inf)


def test_a_short_prompt_that_is_worse_than_the_seed_is_not_suggested() -> None:
    rows = pairs((0.6, 1000), (0.5, 100), (0.3, 50), (0.7, 1100))
    front = front_of((SCORE, LENGTH), rows)
    assert (knee(front), suggested(front, rows[0])) == (1, 3)


def test_a_seed_beyond_the_limit_is_no_measure_for_what_is_suggested() -> None:
    objectives = (SCORE, replace(LENGTH, limit=500))
    rows = pairs((0.9, 1000), (0.4, 300), (0.5, 400))
    assert suggested(front_of(objectives, rows), rows[0]) == 2


@pytest.mark.parametrize("seed", [(0.9, 1000), (0.9, 600)])
def test_nobody_is_suggested_where_nobody_keeps_the_limits(seed: tuple[float, float]) -> None:
    rows = pairs(seed, (0.95, 800))
    assert suggested(front_of((SCORE, replace(LENGTH, limit=500)), rows), rows[0]) is None
