"""Which proposals pass on a few examples."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from toishi.tools.gepa.gate import holds, improves, perfect

SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=6)


@settings(deadline=None)
@given(SCORES)
def test_a_child_that_does_the_same_passes_only_where_equal_is_enough(scores: list[float]) -> None:
    assert not improves(scores, scores, "strict")
    assert improves(scores, scores, "equal")


@settings(deadline=None)
@given(SCORES, SCORES)
def test_the_sums_decide_and_never_both_ways(before: list[float], after: list[float]) -> None:
    assert improves(before, after, "strict") == (sum(after) > sum(before))
    assert improves(before, after, "strict") != improves(after, before, "equal")


@pytest.mark.parametrize(("merged", "passes"), [([1.0, 0.0], True), ([0.5, 0.0], False), ([1.0, 1.0], True)])
def test_a_merge_is_at_least_as_good_as_its_better_parent(merged: list[float], passes: bool) -> None:
    assert holds([0.0, 0.0], [0.5, 0.5], merged) is passes


def test_perfect_means_every_score() -> None:
    assert perfect([1.0, 1.0])
    assert not perfect([1.0, 0.99])
