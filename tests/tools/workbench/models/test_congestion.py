"""The limit falls by half and rises by one, and stays where it may be."""

from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.models.congestion import Congestion

Outcome = tuple[bool, int, int]  # whether it succeeded; how many rounds ago it began; how many were in flight


@given(st.integers(1, 200), st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(1, 200))))
def test_the_limit_stays_between_one_and_the_most(most: int, outcomes: list[Outcome]) -> None:
    congestion = Congestion(most)

    for succeeded, rounds_ago, in_flight in outcomes:
        if succeeded:
            congestion.succeeded()
        else:
            congestion.refused(congestion.round - rounds_ago, in_flight)

        assert 1 <= congestion.limit <= most


@given(st.integers(1, 100), st.integers(1, 100))
def test_a_crowd_that_is_refused_at_once_halves_the_limit_once(most: int, refused: int) -> None:
    congestion = Congestion(most)
    begun = congestion.round

    for _ in range(refused):
        congestion.refused(begun, most)

    assert congestion.limit == max(most // 2, 1)


@given(st.integers(2, 100))
def test_refusals_of_later_rounds_halve_it_again_until_one_is_left(most: int) -> None:
    congestion = Congestion(most)

    for _ in range(most):
        congestion.refused(congestion.round, congestion.limit)

    assert congestion.limit == 1


@given(st.integers(2, 60))
def test_about_a_window_of_successes_adds_one(most: int) -> None:
    congestion = Congestion(most)
    congestion.refused(congestion.round, most)
    before = congestion.limit

    for _ in range(before - 1):
        congestion.succeeded()
    assert congestion.limit <= before + 1
    for _ in range(2):
        congestion.succeeded()
    assert congestion.limit == min(before + 1, most)


def test_it_falls_from_what_was_in_flight_and_not_from_what_might_have_been() -> None:
    congestion = Congestion(1000)

    congestion.refused(congestion.round, 8)

    assert congestion.limit == 4


@given(st.integers(1, 30))
def test_enough_successes_bring_it_back_to_the_most(most: int) -> None:
    congestion = Congestion(most)
    congestion.refused(congestion.round, 1)

    for _ in range(most * most):
        congestion.succeeded()

    assert congestion.limit == most
