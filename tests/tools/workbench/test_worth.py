"""Whether a child deserves a validation for something else than its score."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toishi.tools.workbench.objectives import SCORE, Objective
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.worth import Gain, beyond_limits, gains, sign_test, worth_validating

LENGTH = Objective("prompt_characters", "lower")
SECONDS = Objective("seconds", "lower")
RUDE = Objective("rude", "lower")


def rollouts(scores: list[float], seconds: list[float] | None = None) -> list[Rollout]:
    times = seconds or [1.0] * len(scores)
    return [
        Rollout("c", str(place), 0, "", score, "", (), 10, None, time)
        for place, (score, time) in enumerate(zip(scores, times, strict=True))
    ]


def shorter(scores_before: list[float], scores_after: list[float], *, by: float = 100) -> list[Gain]:
    """Of a child whose prompt of 1,000 characters became shorter."""
    return gains(
        (SCORE, LENGTH),
        rollouts(scores_before),
        rollouts(scores_after),
        parent={"prompt_characters": 1000},
        child={"prompt_characters": 1000 - by},
    )


def test_gains_are_paired_and_positive_where_the_child_is_better() -> None:
    score, seconds = gains((SCORE, SECONDS), rollouts([0.0, 1.0], [2.0, 4.0]), rollouts([1.0, 1.0], [1.0, 5.0]))
    assert (score.rows, score.mean, score.margin) == ((1.0, 0.0), 0.5, 0.02)
    assert (seconds.rows, seconds.mean) == ((1.0, -1.0), 0.0)
    assert seconds.margin == pytest.approx(0.15)


def test_what_is_measured_on_texts_is_one_difference_without_chance() -> None:
    (_, length) = shorter([1.0], [1.0])
    assert (length.mean, length.rows, length.margin, length.p_value) == (100, (), 50, 0.0)


def test_a_shorter_child_that_scores_the_same_passes() -> None:
    worth = worth_validating(shorter([1.0, 0.0, 1.0], [1.0, 0.0, 1.0]))
    assert worth.passes
    assert worth.reason == "prompt_characters better by 100, and its score is not lower (+0.000 on 3 rows)"


def test_a_shorter_child_that_scores_lower_does_not_pass() -> None:
    worth = worth_validating(shorter([1.0, 1.0, 1.0], [1.0, 0.0, 1.0]))
    assert not worth.passes
    assert worth.reason == "not better, and its score is lower (-0.333 on 3 rows)"


def test_a_child_that_is_shorter_by_no_more_than_the_tolerance_does_not_pass() -> None:
    worth = worth_validating(shorter([1.0, 0.0], [1.0, 0.0], by=50))
    assert (worth.passes, worth.reason) == (False, "not better on any objective")


@pytest.mark.parametrize(("rows", "passes"), [(4, False), (5, True)])
def test_it_takes_five_rows_to_show_that_a_child_is_faster(rows: int, passes: bool) -> None:
    found = gains((SCORE, SECONDS), rollouts([1.0] * rows, [2.0] * rows), rollouts([1.0] * rows, [1.0] * rows))
    assert worth_validating(found).passes is passes


def test_the_more_is_measured_on_rows_the_more_evidence_is_asked_for() -> None:
    before = rollouts([1.0] * 5, [2.0] * 5)
    after = rollouts([1.0] * 5, [1.0] * 5)
    found = gains((SCORE, SECONDS, Objective("tokens", "lower")), before, after)
    assert not worth_validating(found).passes


def test_rows_on_which_the_child_failed_count_against_it() -> None:
    before = [Rollout("c", "a", 0, "", 1.0, "", (), 1, None, 1.0, {"rude": 2.0})]
    after = [Rollout("d", "a", 0, "", 0.0, "", (), 1, None, 1.0, {})]
    (_, rude) = gains((SCORE, RUDE), before, after)
    assert rude.rows == (0.0,)


def test_what_nobody_measured_is_left_out() -> None:
    found = gains((SCORE, Objective("cost", "lower"), LENGTH), rollouts([1.0]), rollouts([1.0]))
    assert [one.objective.name for one in found] == ["score"]
    assert not worth_validating(found).passes


def test_rows_that_are_not_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="the same examples in the same order"):
        gains((SCORE,), rollouts([1.0, 1.0]), rollouts([1.0]))


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), max_size=30))
def test_the_sign_test_is_scipy_s(rows: list[float]) -> None:
    from scipy.stats import binomtest

    changed = [row for row in rows if row]
    expected = binomtest(changed.count(1.0), len(changed), alternative="greater").pvalue if changed else 1.0
    assert sign_test(rows) == pytest.approx(expected)


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 2**32))
def test_a_child_that_differs_by_chance_only_seldom_passes_for_its_speed(seed: int) -> None:
    rng = random.Random(seed)
    passed = 0
    for _ in range(200):
        before, after = ([rng.lognormvariate(0, 0.8) for _ in range(12)] for _ in range(2))
        found = gains((SCORE, SECONDS), rollouts([1.0] * 12, before), rollouts([1.0] * 12, after))
        passed += worth_validating(found, alpha=0.05).passes
    assert passed <= 0.05 * 200 + 15


@pytest.mark.parametrize(
    ("parent", "child", "reason"),
    [
        (400.0, 500.0, None),
        (400.0, 600.0, "prompt_characters is 600, and should be at most 500"),
        (900.0, 800.0, None),
        (900.0, 950.0, "prompt_characters is 950, and should be at most 500"),
    ],
)
def test_texts_beyond_a_limit_cost_no_rollout_unless_they_lead_back(
    parent: float, child: float, reason: str | None
) -> None:
    limited = Objective("prompt_characters", "lower", limit=500)
    found = beyond_limits((SCORE, limited), {"prompt_characters": parent}, {"prompt_characters": child})
    assert found == reason
