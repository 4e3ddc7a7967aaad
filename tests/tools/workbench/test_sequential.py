"""The sequential test: its one promise counted out sign by sign, and what it may never do."""

import math
import random
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toishi.tools.workbench.sequential import SequentialTest, Verdict, looks_for

ORDER: dict[Verdict, int] = {"reject": 0, "continue": 1, "accept": 2}
PATIENT = SequentialTest(0.2, (8, 13, 20, 31, 48))

alphas = st.sampled_from([0.01, 0.05, 0.1, 0.2, 0.25, 0.4])
lucks = st.floats(0, 1, exclude_max=True)
binary = st.sampled_from([-1.0, 0.0, 1.0])
graded = st.sampled_from([-1.0, -0.5, -1 / 3, -0.01, 0.0, 0.25, 0.4, 1.0])
real = st.floats(-1, 1)


def schedules(most: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Up to four looks, the last one after at most so many pairs."""
    return st.sets(st.integers(1, most), min_size=1, max_size=4).map(lambda looks: tuple(sorted(looks)))


@st.composite
def trials(draw: st.DrawFn, scores: st.SearchStrategy[float], most: int) -> tuple[SequentialTest, list[float]]:
    """A test and all the differences that it may want to see."""
    test = SequentialTest(draw(alphas), draw(schedules(most)))
    return test, draw(st.lists(scores, min_size=test.looks[-1], max_size=test.looks[-1]))


anything = trials(binary, 30) | trials(graded, 30) | trials(real, 30)


def with_signs(sizes: Sequence[float]) -> list[list[float]]:
    """The same differences with every pattern of signs."""
    return [
        [sign * size for sign, size in zip(signs, sizes, strict=True)] for signs in product((1, -1), repeat=len(sizes))
    ]


def chance(test: SequentialTest, differences: Sequence[float]) -> float:
    """The probability, over the draw, that the test accepts."""
    lucky, unlucky = (test.verdict(differences, luck) == "accept" for luck in (0.0, math.nextafter(1, 0)))
    if lucky == unlucky:
        return float(lucky)
    share = test.bounds(differences)[-1].draw
    assert share is not None
    assert test.verdict(differences, share * 0.999) == "accept"
    assert test.verdict(differences, share) == "reject"
    return share


@settings(max_examples=60)
@given(trials(binary, 8) | trials(graded, 8))
def test_equal_versions_are_accepted_as_often_as_promised_and_never_more(
    trial: tuple[SequentialTest, list[float]],
) -> None:
    test, differences = trial
    patterns = with_signs([abs(difference) for difference in differences])
    accepted = math.fsum(chance(test, pattern) for pattern in patterns) / len(patterns)
    assert accepted <= test.alpha + 1e-9
    # Less only where sums above 0 are too rare, or where nothing differs at first.
    positive = sum(sum(round(300 * one) for one in pattern) > 0 for pattern in patterns) / len(patterns)
    if positive >= test.alpha and any(differences[: test.looks[0]]):
        assert accepted == pytest.approx(test.alpha, abs=1e-9)


@given(anything, lucks)
def test_a_sum_that_is_not_above_zero_is_never_accepted(trial: tuple[SequentialTest, list[float]], luck: float) -> None:
    test, differences = trial
    for look in test.looks:
        verdict = test.verdict(differences[:look], luck)
        if verdict != "continue":
            assert verdict == "reject" or sum(round(300 * one) for one in differences[:look]) > 0
            return
    pytest.fail("the last look decides")


@given(anything, lucks, st.data())
def test_a_loss_that_becomes_a_gain_never_hurts(
    trial: tuple[SequentialTest, list[float]], luck: float, data: st.DataObject
) -> None:
    test, differences = trial
    place = data.draw(st.integers(0, len(differences) - 1))
    better = [abs(one) if position == place else one for position, one in enumerate(differences)]
    for look in test.looks:
        assert ORDER[test.verdict(better[:look], luck)] >= ORDER[test.verdict(differences[:look], luck)]


@given(anything, lucks)
def test_more_luck_never_hurts_and_the_same_luck_decides_the_same(
    trial: tuple[SequentialTest, list[float]], luck: float
) -> None:
    test, differences = trial
    assert test.verdict(differences, luck) == test.verdict(differences, luck)
    assert ORDER[test.verdict(differences, luck / 2)] >= ORDER[test.verdict(differences, luck)]


@given(anything, lucks)
def test_a_verdict_stands_whatever_comes_after_it(trial: tuple[SequentialTest, list[float]], luck: float) -> None:
    test, differences = trial
    bounds = test.bounds(differences)
    decided = [test.verdict(differences[:look], luck) for look in test.looks]
    assert decided[-1] != "continue"
    for look, (earlier, later) in zip(test.looks, pairwise(decided), strict=False):
        assert earlier in ("continue", later)
        assert test.bounds(differences[:look]) == bounds[: test.looks.index(look) + 1]


@given(anything, lucks, st.randoms(use_true_random=False))
def test_the_order_between_two_looks_does_not_matter(
    trial: tuple[SequentialTest, list[float]], luck: float, shuffle: random.Random
) -> None:
    test, differences = trial
    parts = [differences[earlier:look] for earlier, look in pairwise((0, *test.looks))]
    for part in parts:
        shuffle.shuffle(part)
    assert test.verdict([one for part in parts for one in part], luck) == test.verdict(differences, luck)


@given(alphas, st.lists(graded, min_size=1, max_size=12), st.integers(1, 12), lucks)
def test_pairs_without_a_difference_change_nothing_at_a_single_look(
    alpha: float, differences: list[float], same: int, luck: float
) -> None:
    short, long = (SequentialTest(alpha, (len(differences) + more,)) for more in (0, same))
    assert short.verdict(differences, luck) == long.verdict([*differences, *[0.0] * same], luck)


@given(trials(binary, 30), lucks, st.integers(1, 300))
def test_the_unit_of_the_scores_does_not_matter(
    trial: tuple[SequentialTest, list[float]], luck: float, unit: int
) -> None:
    test, differences = trial
    shrunk = [one * unit / 300 for one in differences]
    assert test.verdict(shrunk, luck) == test.verdict(differences, luck)


@pytest.mark.parametrize("luck", [0.0, 0.5])
def test_a_version_that_does_the_same_is_dropped_once_a_better_one_would_have_shown(luck: float) -> None:
    assert [PATIENT.verdict([0.0] * look, luck) for look in PATIENT.looks[:4]] == [*["continue"] * 3, "reject"]
    assert SequentialTest(0.2, (4,)).verdict([0.0] * 4, luck) == "reject"


def test_a_clearly_better_version_is_accepted_and_a_clearly_worse_one_dropped_at_the_first_look() -> None:
    assert PATIENT.verdict([1.0] * 6 + [0.0] * 2, luck=0.99) == "accept"
    assert PATIENT.verdict([-1.0] * 4 + [0.0] * 4, luck=0.0) == "reject"
    assert PATIENT.verdict([0.4, 0.3, 0.5, 0.1, 0.35, 0.2, 0.15, 0.3], luck=0.99) == "accept"


def test_pairs_after_a_complete_look_wait_for_the_next_one() -> None:
    assert PATIENT.verdict([], luck=0.0) == "continue"
    assert PATIENT.verdict([1.0] * 7, luck=0.0) == "continue"
    assert PATIENT.verdict([1.0] * 8 + [-1.0] * 4, luck=0.0) == "accept"


def test_the_bounds_of_four_pairs_are_those_that_can_be_counted_by_hand() -> None:
    # One pattern of sixteen has four gains, and four have three gains and a loss: 0.2 = 1/16 + 0.55 · 4/16.
    (bounds,) = SequentialTest(0.2, (4,)).bounds([1.0, -1.0, 1.0, 1.0])
    assert (bounds.accept, bounds.reject) == (4.0, 0.0)
    assert bounds.draw == pytest.approx(0.55)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_promise_holds_in_simulation_for_scores_of_any_kind(alpha: float) -> None:
    generator = random.Random(5)
    test = SequentialTest(alpha, (8, 13, 20))
    accepted, trials = 0, 600
    for _ in range(trials):
        differences = [generator.choice([-1, 1]) * generator.betavariate(1, 3) for _ in range(20)]
        accepted += test.verdict(differences, generator.random()) == "accept"
    assert abs(accepted - alpha * trials) < 4 * math.sqrt(trials * alpha * (1 - alpha))


@pytest.mark.parametrize("alpha", [0.0, -0.1, 0.5, 1.0, math.nan])
def test_an_alpha_that_promises_nothing_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match=rf"above 0 and below 0\.5, for example 0\.2, not {alpha}"):
        SequentialTest(alpha, (8,))


@pytest.mark.parametrize("looks", [(), (0, 4), (8, 8), (8, 4)])
def test_looks_that_do_not_increase_are_refused(looks: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="increasing numbers of pairs"):
        SequentialTest(0.2, looks)


@pytest.mark.parametrize(
    ("differences", "luck", "problem"),
    [
        ([1.5], 0.0, "lies from -1 to 1, not at 1.5"),
        ([math.nan], 0.0, "not at nan"),
        ([0.0] * 3, 0.0, "ends after 2 pairs, not 3"),
        ([0.0], 1.0, "below 1, not 1.0"),
    ],
)
def test_what_is_no_pair_or_no_luck_is_refused(differences: list[float], luck: float, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        SequentialTest(0.2, (2,)).verdict(differences, luck)


@pytest.mark.parametrize(
    ("rows", "looks"),
    [(1, (1,)), (4, (4,)), (9, (8, 9)), (20, (8, 13, 20)), (48, (8, 13, 20, 31, 48)), (500, (8, 13, 20, 31, 48))],
)
def test_looks_grow_evenly_to_all_rows_or_to_the_most(rows: int, looks: tuple[int, ...]) -> None:
    assert looks_for(rows) == looks


@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 300))
def test_any_number_of_rows_has_looks(rows: int, first: int, most: int) -> None:
    looks = looks_for(rows, first, most)
    assert SequentialTest(0.2, looks).looks[-1] == min(rows, most)
    assert looks[0] == min(rows, first, most)


def test_no_rows_have_no_looks() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0, 8 and 48"):
        looks_for(0)


def test_numpy_is_imported_when_it_is_needed() -> None:
    code = "import sys, toishi.tools.workbench.sequential; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
