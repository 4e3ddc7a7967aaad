"""Rollouts count once each, in the order of decisions."""

import random

import hypothesis.strategies as st
from hypothesis import given

from toishi.tools.gepa.ledger import Used

NOTED = st.lists(
    st.tuples(
        st.sampled_from(["ab", "cd"]),
        st.sampled_from(["feedback", "validation"]),
        st.lists(st.integers(0, 40), max_size=5),
        st.integers(0, 1),
    ),
    max_size=6,
)

Noted = list[tuple[str, str, list[int], int]]


def used(noted: Noted) -> Used:
    one = Used()
    for candidate, split, positions, replicate in noted:
        one.add(candidate, split, positions, replicate)
    return one


def rollouts(noted: Noted) -> set[tuple[str, str, int, int]]:
    return {
        (candidate, split, position, replicate)
        for candidate, split, positions, replicate in noted
        for position in positions
    }


@given(st.lists(NOTED, max_size=6))
def test_taking_over_counts_what_nobody_before_had_used(proposals: list[Noted]) -> None:
    all_together, known = Used(), set[tuple[str, str, int, int]]()
    for noted in proposals:
        assert all_together.take(used(noted)) == len(rollouts(noted) - known)
        known |= rollouts(noted)


@given(st.lists(NOTED, max_size=6), st.randoms(use_true_random=False))
def test_the_sum_is_the_same_in_any_order(proposals: list[Noted], rng: random.Random) -> None:
    shuffled = rng.sample(proposals, len(proposals))
    sums = []
    for order in (proposals, shuffled):
        all_together = Used()
        sums.append(sum(all_together.take(used(noted)) for noted in order))
    assert sums[0] == sums[1]


@given(NOTED)
def test_nothing_counts_twice(noted: Noted) -> None:
    all_together = Used()
    assert all_together.take(used(noted)) == len(rollouts(noted))
    assert all_together.take(used([*noted, *noted])) == 0


def test_who_is_taken_over_stays_as_it_was() -> None:
    first, second = Used(), used([("ab", "feedback", [1, 2], 0)])
    assert first.take(second) == 2
    first.add("ab", "feedback", [3])
    assert Used().take(second) == 2
