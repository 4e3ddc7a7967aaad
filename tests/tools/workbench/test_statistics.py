"""Paired statistics: they agree with what can be counted by hand, and find nothing where there is nothing."""

import math
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toishi.tools.workbench.statistics import Comparison, compare, examples_to_rule_out, holm, mean_of, over_replicates

scores = st.lists(st.tuples(*[st.sampled_from([0.0, 0.25, 0.5, 1.0])] * 2), min_size=1, max_size=30)


def binary(lost: int, won: int, same: int) -> Comparison:
    return compare([1.0] * lost + [0.0] * won + [1.0] * same, [0.0] * lost + [1.0] * won + [1.0] * same, seed=0)


@settings(max_examples=25, deadline=None)
@given(pairs=scores, seed=st.integers(0, 1000))
def test_any_scores_give_an_interval_around_their_difference(pairs: list[tuple[float, float]], seed: int) -> None:
    before, after = zip(*pairs, strict=True)
    result = compare(before, after, seed=seed)
    assert result.difference == pytest.approx(result.after - result.before)
    assert -1 <= result.interval[0] <= result.difference <= result.interval[1] <= 1
    assert 0 < result.p_value <= 1
    assert not (result.improved and result.worse)
    assert result == compare(before, after, seed=seed)


@settings(max_examples=10, deadline=None)
@given(pairs=scores)
def test_the_verdict_turns_round_with_the_versions(pairs: list[tuple[float, float]]) -> None:
    before, after = zip(*pairs, strict=True)
    there, back = compare(before, after, seed=0), compare(after, before, seed=0)
    assert there.difference == -back.difference
    assert there.p_value == pytest.approx(back.p_value, abs=0.03)


@pytest.mark.parametrize(("lost", "won"), [(0, 2), (0, 5), (1, 5), (3, 3), (2, 10), (0, 13)])
def test_wins_and_losses_are_tested_exactly_as_coin_throws(lost: int, won: int) -> None:
    throws = lost + won
    tail = sum(math.comb(throws, heads) for heads in range(max(lost, won), throws + 1)) / 2**throws
    assert binary(lost, won, same=40).p_value == pytest.approx(min(1.0, 2 * tail))


def test_the_interval_is_close_to_the_textbook_one_for_many_examples() -> None:
    generator = random.Random(1)
    differences = [generator.gauss(0.1, 0.3) for _ in range(400)]
    result = compare([0.0] * 400, differences, seed=0)
    mean = sum(differences) / 400
    half = 1.96 * math.sqrt(sum((one - mean) ** 2 for one in differences) / 399 / 400)
    assert result.interval == pytest.approx((mean - half, mean + half), abs=0.005)


def test_many_examples_are_compared_too() -> None:
    generator = random.Random(2)
    before = [generator.random() for _ in range(2001)]
    assert compare(before, [score + 0.01 for score in before[:2000]] + [0.0], seed=0).improved


def test_a_clear_improvement_is_found_and_turned_round_a_loss() -> None:
    assert binary(lost=1, won=14, same=45).improved
    assert binary(lost=14, won=1, same=45).worse


def test_few_wins_are_no_evidence() -> None:
    result = binary(lost=1, won=4, same=55)
    assert not result.improved
    assert result.sentence.startswith("No evidence of improvement: 0.933 before, 0.983 after; difference +0.050, 95 % ")


@pytest.mark.parametrize(
    ("count", "improved", "p_value"), [(1, False, 1.0), (3, False, 0.25), (5, False, 0.0625), (6, True, 0.03125)]
)
def test_where_every_example_gains_the_same_their_number_decides(count: int, improved: bool, p_value: float) -> None:
    result = compare([0.0] * count, [1.0] * count, seed=0)
    assert (result.interval, result.p_value, result.improved) == ((1.0, 1.0), p_value, improved)


def test_equal_scores_are_no_evidence() -> None:
    result = compare([0.3, 0.7, 1.0], [0.3, 0.7, 1.0], seed=0)
    assert (result.difference, result.interval, result.p_value, result.improved) == (0.0, (0.0, 0.0), 1.0, False)


def test_a_single_changed_example_is_no_evidence() -> None:
    assert not binary(lost=0, won=1, same=99).improved


@pytest.mark.parametrize("drop", [0.001, 0.02, 0.1, 0.5, 0.9])
def test_a_drop_is_ruled_out_by_so_many_unchanged_examples_and_no_fewer(drop: float) -> None:
    least = examples_to_rule_out(drop)
    assert binary(lost=0, won=0, same=least).keeps(drop)
    assert not binary(lost=0, won=0, same=least - 1).keeps(drop)
    # The chance of not seeing what so large a share of examples does.
    assert (1 - drop) ** least <= 0.025 < (1 - drop) ** (least - 1)


def test_few_examples_rule_nothing_out() -> None:
    assert not binary(lost=0, won=0, same=2).keeps(0.5)
    assert not binary(lost=0, won=1, same=7).keeps(0.25)
    assert not binary(lost=0, won=3, same=0).keeps(0.0)
    assert binary(lost=0, won=40, same=0).keeps(0.0)


def test_the_drop_that_is_left_open_is_seldom_exceeded() -> None:
    generator = random.Random(4)
    trials, missed, missed_by_the_interval = 150, 0, 0
    for trial in range(trials):
        differences = [-1.0 if generator.random() < 0.03 else 0.0 for _ in range(40)]
        result = compare([1.0] * 40, [1.0 + one for one in differences], seed=trial)
        missed += result.most_dropped < 0.03
        missed_by_the_interval += -result.interval[0] < 0.03
    assert missed <= trials * 0.025
    assert missed_by_the_interval > trials * 0.2


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (
            Comparison(0.5, 0.8, 0.3, (0.1, 0.45), 0.0002, 60),
            "Improved: 0.500 before, 0.800 after; difference +0.300, 95 % interval +0.100 to +0.450, p < 0.001, "
            "60 examples.",
        ),
        (
            Comparison(0.8, 0.5, -0.3, (-0.45, -0.1), 0.0312, 60),
            "Got worse: 0.800 before, 0.500 after; difference -0.300, 95 % interval -0.450 to -0.100, p = 0.031, "
            "60 examples.",
        ),
        (
            Comparison(0.0, 1.0, 1.0, (1.0, 1.0), 1.0, 1),
            "No evidence of improvement: 0.000 before, 1.000 after; difference +1.000, 95 % interval +1.000 to +1.000, "
            "p = 1.000, 1 example.",
        ),
    ],
    ids=["improved", "worse", "nothing"],
)
def test_the_verdict_in_words(result: Comparison, sentence: str) -> None:
    assert result.sentence == sentence


def test_two_equal_versions_seldom_look_different() -> None:
    generator = random.Random(3)
    trials, found, improved, missed = 80, 0, 0, 0
    for trial in range(trials):
        before, after = ([float(generator.random() < 0.6) for _ in range(30)] for _ in range(2))
        result = compare(before, after, seed=trial)
        found += result.p_value < 0.05
        improved += result.improved
        missed += not result.interval[0] <= 0 <= result.interval[1]

    def at_most(share: float) -> float:
        return trials * share + 3 * math.sqrt(trials * share * (1 - share))

    assert found <= at_most(0.05)
    assert improved <= at_most(0.025)
    # The bootstrap's 95 % are 93 to 95 % for so few examples.
    assert missed <= at_most(0.07)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ([], [], "at least one, not 0 before and 0 after"),
        ([1.0], [1.0, 0.0], "paired and at least one, not 1 before and 2 after"),
        ([1.0], [math.nan], "not finite"),
    ],
)
def test_scores_that_cannot_be_compared(before: list[float], after: list[float], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        compare(before, after, seed=0)


@pytest.mark.parametrize(
    ("right", "wrong", "interval"),
    # The intervals of statsmodels' `proportion_confint(…, method="wilson")`.
    [(18, 2, (0.698966, 0.972134)), (10, 0, (0.722467, 1.0)), (0, 10, (0.0, 0.277533))],
)
def test_the_mean_of_right_and_wrong_is_a_share(right: int, wrong: int, interval: tuple[float, float]) -> None:
    found = mean_of([1.0] * right + [0.0] * wrong, seed=0)
    assert (found.score, found.examples) == (right / (right + wrong), right + wrong)
    assert found.interval == pytest.approx(interval, abs=1e-5)


def test_the_mean_of_other_scores_is_bootstrapped() -> None:
    found = mean_of([0.2, 0.4, 0.6, 0.8] * 10, seed=0)
    half = 1.96 * math.sqrt(0.05 * 40 / 39 / 40)
    assert found.interval == pytest.approx((0.5 - half, 0.5 + half), abs=0.01)
    with pytest.raises(ValueError, match="at least one"):
        mean_of([], seed=0)


def test_p_values_are_corrected_as_statsmodels_does() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005, 0.6]) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.6])
    assert holm([]) == []


@given(p_values=st.lists(st.floats(0, 1), max_size=8))
def test_corrected_p_values_keep_their_order_and_never_shrink(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(old <= new <= 1 for old, new in zip(p_values, corrected, strict=True))
    assert sorted(range(len(corrected)), key=lambda place: (p_values[place], corrected[place])) == sorted(
        range(len(corrected)), key=lambda place: (corrected[place], p_values[place])
    )


def test_replicates_are_averaged_by_example() -> None:
    assert over_replicates([[1.0, 0.0, 0.5], [0.0, 0.0, 0.5]]) == [0.5, 0.0, 0.5]


def test_a_drop_is_ruled_out_only_by_evidence() -> None:
    assert Comparison(0.8, 0.8, 0.0, (-0.019, 0.019), 1.0, 400).keeps(0.02)
    assert not Comparison(0.8, 0.82, 0.02, (-0.021, 0.06), 0.4, 60).keeps(0.02)


def test_scipy_is_imported_when_it_is_needed() -> None:
    code = "import sys, toishi.tools.workbench.statistics; sys.exit('scipy' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
