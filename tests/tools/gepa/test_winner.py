"""The winner among many: who may be the best, who is chosen, and what its score is worth."""

import math
import random
import subprocess
import sys
from itertools import product

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from toishi.tools.gepa.winner import adjusted_p, choose, contenders, optimism

Matrix = list[list[float]]

POOLS = st.integers(1, 8).flatmap(
    lambda examples: st.lists(
        st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=examples, max_size=examples), min_size=1, max_size=12
    )
)


def equals(members: int, examples: int, seed: int) -> Matrix:
    """Members that all solve any example with probability 0.6."""
    rng = random.Random(seed)
    return [[float(rng.random() < 0.6) for _ in range(examples)] for _ in range(members)]


def with_one_better(members: int, examples: int, seed: int, gain: float) -> Matrix:
    """The same, but for the last one, which solves more."""
    rng = random.Random(f"better {seed}")
    better = [float(rng.random() < 0.6 + gain) for _ in range(examples)]
    return [*equals(members - 1, examples, seed), better]


def shuffled(scores: Matrix, seed: int) -> tuple[Matrix, list[int]]:
    """The members in another order, the seed still first, and where each came from."""
    order = list(range(1, len(scores)))
    random.Random(seed).shuffle(order)
    order = [0, *order]
    return [scores[member] for member in order], order


def test_the_best_of_many_equals_looks_better_than_it_is_and_the_corrected_score_does_not() -> None:
    results = [optimism(equals(30, 30, seed), seed=seed) for seed in range(40)]
    raw = sum(one.raw for one in results) / 40
    corrected = sum(one.corrected for one in results) / 40
    assert raw == pytest.approx(0.776, abs=0.02)
    assert corrected == pytest.approx(0.6, abs=0.03)
    assert sum(one.optimism for one in results) / 40 == pytest.approx(raw - corrected)


def test_a_winner_that_leaves_no_doubt_is_hardly_corrected() -> None:
    scores = [[0.0] * 50, [float(row % 5 > 0) for row in range(50)], [float(row % 10 == 0) for row in range(50)]]
    result = optimism(scores, seed=0)
    assert result.raw == 0.8
    assert result.corrected == pytest.approx(0.8, abs=0.001)


def test_a_single_member_needs_no_correction() -> None:
    scores = [[1.0, 0.0, 0.5]]
    assert optimism(scores, seed=0).optimism == 0.0
    assert choose(scores) == 0
    assert contenders(scores, most=4, seed=0) == (0,)
    assert adjusted_p(scores[0], [], seed=0) == 1.0


def test_a_single_example_tells_nothing() -> None:
    scores = [[0.0], [1.0], [0.5]]
    assert contenders(scores, most=4, seed=0) == (1, 2, 0)
    assert choose(scores) == 1
    assert adjusted_p(scores[0], scores[1:], seed=0) == 0.5
    result = optimism(scores, seed=0)
    assert (result.raw, result.corrected) == (1.0, 0.5)


@settings(deadline=None, max_examples=50)
@given(POOLS, st.integers(0, 100))
def test_any_pool_has_a_winner_and_a_corrected_score_that_is_not_above_the_raw_one(scores: Matrix, seed: int) -> None:
    winner, result = choose(scores), optimism(scores, seed=seed)
    assert result.raw == math.fsum(scores[winner]) / len(scores[winner])
    assert result.corrected <= result.raw
    assert result == optimism(scores, seed=seed)
    assert all(sum(scores[winner]) >= sum(row) for row in scores)


@settings(deadline=None, max_examples=50)
@given(POOLS, st.integers(0, 100), st.integers(1, 5))
def test_contenders_hold_the_top_one_first_the_seed_and_no_more_than_asked_for(
    scores: Matrix, seed: int, most: int
) -> None:
    found = contenders(scores, most=most, seed=seed)
    assert found[0] == choose(scores)
    assert 0 in found
    assert len(set(found)) == len(found) <= most + 1
    assert len([member for member in found if member != 0]) <= most


@settings(deadline=None, max_examples=30)
@given(POOLS, st.integers(0, 100))
def test_the_order_of_the_members_decides_nothing_but_ties(scores: Matrix, seed: int) -> None:
    other, order = shuffled(scores, seed)
    chosen, again = choose(scores), order[choose(other)]
    assert sum(scores[chosen]) == sum(scores[again])
    for member in set(contenders(scores, most=99, seed=seed)) ^ {
        order[place] for place in contenders(other, most=99, seed=seed)
    }:
        # Who is compared with another one of equal tops may be judged differently.
        assert chosen != again, member
    winner = order.index(chosen)
    if chosen:
        p_value = adjusted_p(scores[0], scores[1:], seed=seed, winner=chosen - 1)
        assert adjusted_p(other[0], other[1:], seed=seed, winner=winner - 1) == pytest.approx(p_value)


@pytest.mark.parametrize("seed", range(5))
def test_the_corrected_score_and_the_p_value_do_not_depend_on_the_order_of_the_members(seed: int) -> None:
    scores = with_one_better(20, 40, seed, gain=0.3)
    other, _ = shuffled(scores, seed)
    assert optimism(other, seed=1) == pytest.approx(optimism(scores, seed=1))
    assert adjusted_p(other[0], other[1:], seed=1) == pytest.approx(adjusted_p(scores[0], scores[1:], seed=1))


def test_of_equal_means_the_oldest_wins() -> None:
    assert choose([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]) == 0
    assert choose([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.2, 0.2, 0.2]]) == 0
    assert contenders([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]], most=1, seed=0) == (0,)


def test_equal_members_all_contend_and_prove_nothing() -> None:
    scores = [[1.0, 0.0, 1.0]] * 4
    assert contenders(scores, most=9, seed=0) == (0, 1, 2, 3)
    assert adjusted_p(scores[0], scores[1:], seed=0) == 1.0
    assert optimism(scores, seed=0).optimism == 0.0


def test_who_is_clearly_below_the_top_does_not_contend() -> None:
    scores = [[0.0] * 40, [1.0] * 40, [float(row > 0) for row in range(40)], [float(row % 2) for row in range(40)]]
    assert contenders(scores, most=9, seed=0) == (1, 2, 0)


def test_the_truly_best_one_of_equals_is_seldom_missing_among_the_contenders() -> None:
    missing = sum(7 not in contenders(equals(20, 40, seed), most=20, seed=seed) for seed in range(100))
    assert missing <= 10


def test_the_p_value_is_exact_where_the_patterns_of_signs_are_few() -> None:
    baseline, others = [0.0] * 6, [[1.0, 1.0, 1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.5, 0.0, 1.0, 1.0]]
    sums = []
    for signs in product((-1, 1), repeat=6):
        sums.append(
            max(
                sum(sign * score for sign, score in zip(signs, row, strict=True))
                / math.sqrt(sum(score**2 for score in row))
                for row in others
            )
        )
    expected = sum(one >= 4 / math.sqrt(4) - 1e-9 for one in sums) / 64
    assert adjusted_p(baseline, others, seed=0) == expected


def test_where_nobody_is_better_a_small_p_value_is_as_rare_as_it_says() -> None:
    p_values = []
    for seed in range(200):
        scores = equals(20, 40, seed)
        p_values.append(adjusted_p(scores[0], scores[1:], seed=seed))
    assert sum(p < 0.05 for p in p_values) <= 200 * 0.1
    assert sum(p < 0.3 for p in p_values) <= 200 * 0.4


def test_a_real_improvement_has_a_small_p_value_in_spite_of_the_others() -> None:
    p_values = []
    for seed in range(20):
        scores = with_one_better(20, 150, seed, gain=0.3)
        p_values.append(adjusted_p(scores[0], scores[1:], seed=seed))
    assert sum(p < 0.05 for p in p_values) >= 18


def test_more_looks_make_the_same_winner_less_certain() -> None:
    scores = with_one_better(30, 60, 3, gain=0.25)
    alone = adjusted_p(scores[0], [scores[-1]], seed=0)
    among_many = adjusted_p(scores[0], scores[1:], seed=0, winner=len(scores) - 2)
    assert alone < among_many


def test_a_high_mean_that_was_seen_once_yields_to_one_that_was_seen_often() -> None:
    rng = random.Random(0)
    scores = [[float(rng.random() < 0.55) for _ in range(40)] for _ in range(20)]
    lucky = [1.0] * 30 + [0.0] * 10
    often = [0.75] * 36 + [0.6] * 4
    counts = [[1] * 40] * 21 + [[4] * 40]
    assert sum(lucky) > sum(often)
    assert choose([*scores, lucky, often]) == 20
    assert choose([*scores, lucky, often], counts) == 21


def test_the_corrected_score_is_that_of_the_member_that_is_chosen() -> None:
    scores = [[0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.0], [0.75, 0.75, 0.5, 0.75]]
    counts = [[1] * 4, [1] * 4, [4] * 4]
    winner = choose(scores, counts)
    assert optimism(scores, counts, seed=0).raw == sum(scores[winner]) / 4


@pytest.mark.parametrize(
    "scores",
    [
        pytest.param([], id="no members"),
        pytest.param([[], []], id="no examples"),
        pytest.param([[1.0], [1.0, 0.0]], id="not paired"),
        pytest.param([[1.0, math.nan]], id="not run"),
    ],
)
def test_scores_must_be_finite_and_paired(scores: Matrix) -> None:
    for function in (choose, lambda rows: optimism(rows, seed=0), lambda rows: contenders(rows, most=2, seed=0)):
        with pytest.raises(ValueError, match="score"):
            function(scores)


def test_every_score_needs_a_count() -> None:
    with pytest.raises(ValueError, match="replicates"):
        choose([[1.0, 0.0]], [[1, 0]])


def test_a_large_pool_is_looked_at_with_fewer_resamples() -> None:
    scores = (np.random.default_rng(0).random((3000, 40)) < 0.6).astype(float).tolist()
    scores[1700] = [1.0] * 40
    assert contenders(scores, most=3, seed=0)[0] == 1700
    assert adjusted_p(scores[0], scores[1:], seed=0) < 0.1
    assert optimism(scores, seed=0).corrected < 1.0


def test_importing_it_loads_no_numpy() -> None:
    program = "import sys, toishi.tools.gepa.winner; print('numpy' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout == "False\n"
