"""Agreement of a judge with people: known figures, and a verdict that asks for more where little was marked."""

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toishi.tools.workbench.judges.agreement import (
    Agreement,
    BetweenPeople,
    agree,
    between_people,
    consensus,
    place_of,
)

PASS = ("fail", "pass")
FIVE = ("1", "2", "3", "4", "5")


def score_of(place: int, values: Sequence[str]) -> float:
    """The score in [0, 1] of a place on the scale."""
    return place / (len(values) - 1)


def binary(table: list[list[int]]) -> Agreement:
    """From counts by (person, judge) to the agreement."""
    rows = [(mark, place) for mark in (0, 1) for place in (0, 1) for _ in range(table[mark][place])]
    return agree([mark for mark, _ in rows], [float(place) for _, place in rows], PASS, seed=0)


def test_kappa_of_two_marks_is_the_one_in_the_literature() -> None:
    # Artstein & Poesio, Inter-coder agreement for computational linguistics (2008), table 1: 0.348.
    found = binary([[20, 20], [10, 50]])
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0.34782608695652173)
    assert (found.accuracy.value, found.table) == (0.7, ((20, 20), (10, 50)))


@pytest.mark.parametrize(
    ("first", "second", "values", "kappa"),
    [
        # scikit-learn's `cohen_kappa_score(…, weights="quadratic")`.
        ([0] * 46 + [1] * 44 + [2] * 10, [0] * 52 + [1] * 32 + [2] * 16, FIVE[:3], 0.8776508972267537),
        ([0] * 46 + [1] * 44 + [2] * 10, [0] * 50 + [1] * 40 + [2] * 10, FIVE[:3], 0.9541284403669725),
        ([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 2, 2], [0, 1, 2, 3, 4, 1, 1, 3, 3, 3, 0, 2], FIVE, 0.8205128205128205),
    ],
)
def test_kappa_of_a_scale_weighs_misses_by_their_square(
    first: list[int], second: list[int], values: tuple[str, ...], kappa: float
) -> None:
    found = agree(first, [score_of(place, values) for place in second], values, seed=0)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(kappa)
    assert found.kappa.interval[0] < kappa < found.kappa.interval[1]


def test_the_rank_correlation_is_scipys() -> None:
    from scipy import stats

    generator = random.Random(4)
    marks = [generator.randrange(5) for _ in range(40)]
    scores = [min(1.0, max(0.0, mark / 4 + generator.gauss(0, 0.3))) for mark in marks]
    found = agree(marks, scores, FIVE, seed=0)
    assert found.spearman is not None
    assert found.spearman.value == pytest.approx(stats.spearmanr(marks, scores).statistic)


@settings(max_examples=15)
@given(rows=st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0])), min_size=1, max_size=30))
def test_any_marks_give_figures_inside_their_intervals(rows: list[tuple[int, float]]) -> None:
    found = agree([mark for mark, _ in rows], [score for _, score in rows], FIVE, seed=1)
    assert found.rows == sum(map(sum, found.table)) == len(rows)
    low, high = found.accuracy.interval
    assert 0 <= low <= found.accuracy.value <= high <= 1
    for figure in (found.kappa, found.spearman):
        assert figure is None or all(-1.0000001 <= bound <= 1.0000001 for bound in figure.interval)
    assert (found.more is not None) == (found.verdict == "mark more")
    assert found.sentence.endswith(".")


def test_a_judge_that_agrees_on_enough_rows_is_trusted() -> None:
    found = binary([[18, 1], [2, 29]])
    assert found.verdict == "trust"
    assert found.sentence == (
        "The judge agrees with you on 84 % to 98 % of such rows (kappa 0.87, 0.71 to 1.00): trust it for this task."
    )


def test_a_good_judge_on_few_rows_is_not_trusted_yet() -> None:
    few = binary([[3, 0], [0, 4]])
    assert (few.verdict, few.more) == ("mark more", 13)
    thin = binary([[9, 2], [2, 12]])
    assert thin.verdict == "mark more"
    assert thin.more is not None
    assert 20 < thin.more < 500
    assert f"do not trust it yet: mark about {thin.more} more rows." in thin.sentence


def test_one_bad_answer_does_not_show_what_a_judge_takes_for_bad() -> None:
    found = binary([[2, 0], [0, 38]])
    assert (found.verdict, found.more) == ("mark more", 60)


def test_as_many_more_rows_as_were_asked_for_settle_it() -> None:
    thin = binary([[9, 2], [2, 12]])
    assert thin.more is not None
    times = math.ceil((thin.rows + thin.more) / thin.rows)
    assert binary([[9 * times, 2 * times], [2 * times, 12 * times]]).verdict == "trust"


def test_a_judge_that_guesses_is_not_trusted_however_much_was_marked() -> None:
    found = binary([[100, 100], [100, 100]])
    assert (found.verdict, found.more) == ("do not trust", None)
    assert "do not trust it: read the rows on which you differ" in found.sentence


@pytest.mark.parametrize("table", [[[0, 0], [3, 30]], [[0, 0], [0, 30]], [[30, 0], [0, 0]]])
def test_marks_that_are_all_alike_prove_nothing(table: list[list[int]]) -> None:
    found = binary(table)
    assert (found.verdict, found.kappa, found.spearman) == ("marks are all alike", None, None)
    assert "mark rows of which some are good and some bad" in found.sentence


def test_a_judge_that_always_says_the_same_is_worth_nothing() -> None:
    found = binary([[0, 10], [0, 30]])
    assert found.kappa is not None
    assert (found.kappa.value, found.spearman, found.verdict) == (0.0, None, "do not trust")


@pytest.mark.parametrize(
    ("score", "values", "place"), [(0.0, PASS, 0), (0.49, PASS, 0), (0.5, PASS, 1), (1.0, PASS, 1), (0.62, FIVE, 2)]
)
def test_a_score_has_its_nearest_mark(score: float, values: tuple[str, ...], place: int) -> None:
    assert place_of(score, values) == place


def test_several_people_make_one_mark() -> None:
    assert consensus([1, 1, 0], PASS) == 1
    assert consensus([1, 0], PASS) is None
    assert consensus([], FIVE) is None
    assert consensus([4, 1, 2], FIVE) == 2
    assert consensus([3, 2], FIVE) == 2


def test_people_are_compared_with_one_another() -> None:
    raters: dict[str, list[int | None]] = {
        "anna": [1, 1, 0, 0, None],
        "ben": [1, 0, 0, 0, 1],
        "cleo": [None, None, None, None, 1],
    }
    found = between_people(raters, PASS)
    assert found == BetweenPeople(3, (0.75 + 1.0) / 2, 0.5)
    assert between_people({"anna": [1, 0]}, PASS) is None


def test_what_is_not_paired_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="at least one, not 0 and 0"):
        agree([], [], PASS, seed=0)
