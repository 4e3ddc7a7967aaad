"""A budget is a wall: no order of reserving, settling and releasing gets past it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.budget import Budget, Limits, Reservation
from toishi.tools.workbench.errors import BudgetSpent, UsageError

amounts = st.tuples(st.integers(0, 9), st.integers(0, 900), st.floats(0, 0.5))
steps = st.lists(st.tuples(st.sampled_from(["reserve", "settle", "release"]), amounts, st.floats(0, 1)), max_size=60)
limits = st.builds(
    Limits,
    max_rollouts=st.none() | st.integers(0, 30),
    max_tokens=st.none() | st.integers(0, 3000),
    max_cost=st.none() | st.floats(0, 2),
)


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(limits=limits, aside=st.integers(0, 10), steps=steps)
def test_no_interleaving_exceeds_a_limit(limits: Limits, aside: int, steps: list) -> None:  # type: ignore[type-arg]
    budget = Budget(limits)
    budget.set_aside(aside)
    open_work: list[tuple[Reservation, int, float]] = []
    for action, (rollouts, tokens, cost), share in steps:
        if action == "reserve":
            try:
                open_work.append((budget.reserve(rollouts=rollouts, tokens=tokens, cost=cost), tokens, cost))
            except BudgetSpent:
                continue
        elif open_work:
            reservation, tokens, cost = open_work.pop(int(share * (len(open_work) - 1)))
            if action == "settle":
                reservation.settle(tokens=int(tokens * share), cost=cost * share)
            else:
                reservation.release()
    for reservation, tokens, cost in open_work:
        reservation.settle(tokens=tokens, cost=cost)

    spent = budget.spent()
    assert spent.cost is not None
    assert limits.max_rollouts is None or spent.rollouts <= max(limits.max_rollouts - aside, 0)
    assert limits.max_tokens is None or spent.tokens <= limits.max_tokens
    assert limits.max_cost is None or spent.cost <= limits.max_cost + 1e-12


@given(steps=steps)
def test_what_is_released_is_as_if_it_had_never_been_reserved(steps: list) -> None:  # type: ignore[type-arg]
    budget = Budget(Limits(max_rollouts=1000, max_tokens=10**6, max_cost=100.0))
    for _, (rollouts, tokens, cost), _ in steps:
        budget.reserve(rollouts=rollouts, tokens=tokens, cost=cost).release()
    assert (budget.rollouts_left(), budget.tokens_left(), budget.cost_left()) == (1000, 10**6, 100.0)
    assert (budget.spent().rollouts, budget.spent().tokens, budget.spent().cost) == (0, 0, 0.0)


def test_a_limit_can_be_used_up_to_its_last_unit() -> None:
    budget = Budget(Limits(max_rollouts=3, max_tokens=30, max_cost=0.3))
    for _ in range(3):
        budget.reserve(rollouts=1, tokens=10, cost=0.1).settle(tokens=10, cost=0.1)
    assert (budget.rollouts_left(), budget.tokens_left(), budget.cost_left()) == (0, 0, 0.0)


def test_a_refused_reservation_takes_nothing() -> None:
    budget = Budget(Limits(max_rollouts=5, max_tokens=100))
    with pytest.raises(BudgetSpent, match="max_tokens = 100 leaves 100, and the next step needs up to 101"):
        budget.reserve(rollouts=2, tokens=101)
    assert budget.rollouts_left() == 5


def test_rollouts_set_aside_are_kept_until_they_are_released() -> None:
    budget = Budget(Limits(max_rollouts=10))
    budget.set_aside(8)
    budget.reserve(rollouts=2).settle()
    with pytest.raises(BudgetSpent, match="leaves 0, and the next step needs up to 1, and 8 are kept for the locked"):
        budget.reserve(rollouts=1)
    budget.release_aside()
    assert budget.rollouts_left() == 8


def test_a_reservation_ends_once() -> None:
    budget = Budget(Limits(max_rollouts=2))
    reservation = budget.reserve(rollouts=1, tokens=5)
    reservation.settle(tokens=4)
    reservation.settle(tokens=4)
    reservation.release()
    assert (budget.spent().rollouts, budget.spent().tokens, budget.rollouts_left()) == (1, 4, 1)


def test_an_unknown_price_is_refused_under_a_dollar_limit_and_told_as_unknown_without_one() -> None:
    with pytest.raises(UsageError, match="max_cost = 2 cannot be kept, since the price of the model is unknown"):
        Budget(Limits(max_cost=2.0)).reserve(cost=None)
    free = Budget(Limits())
    free.reserve(tokens=10, cost=None).settle(tokens=7, cost=None)
    assert (free.spent().tokens, free.spent().cost) == (7, None)


def test_a_cost_that_turns_out_unknown_counts_as_all_that_was_reserved() -> None:
    budget = Budget(Limits(max_cost=1.0))
    budget.reserve(cost=0.75).settle(cost=None)
    assert budget.cost_left() == 0.25
    assert budget.spent().cost is None


def test_seconds_of_all_sittings_count_and_only_recorded_work_goes_on_after_them() -> None:
    clock = FakeClock()
    budget = Budget(Limits(max_seconds=60), seconds_before=50.0, clock=clock)
    clock.now += 9
    assert budget.seconds_left() == 1
    budget.reserve(rollouts=1).settle()
    clock.now += 1
    with pytest.raises(BudgetSpent, match="the 60 seconds of max_seconds are over"):
        budget.reserve(rollouts=1)
    budget.reserve(rollouts=4, recorded=True).settle()
    assert (budget.spent().rollouts, budget.spent().seconds) == (5, 60)


def test_what_earlier_sittings_paid_is_in_the_way_of_what_is_new_and_counts_once() -> None:
    budget = Budget(Limits(max_rollouts=10, max_tokens=100, max_cost=1.0))
    budget.take_over(6, [(30, 0.25), (40, 0.25)])
    spent = budget.spent()
    assert (spent.rollouts, spent.tokens, spent.cost) == (6, 70, 0.5)
    with pytest.raises(BudgetSpent, match="max_rollouts = 10 leaves 4, and the next step needs up to 5"):
        budget.reserve(rollouts=5)
    with pytest.raises(BudgetSpent, match="max_tokens = 100 leaves 30, and the next step needs up to 31"):
        budget.reserve(tokens=31)

    # A search that is played again has as much before it as the first time, until it has come as far.
    assert budget.rollouts_left() == 10
    budget.reserve(rollouts=6, tokens=30, cost=0.25, recorded=True).settle(tokens=30, cost=0.25)
    assert (budget.rollouts_left(), budget.spent().tokens, budget.spent().cost) == (4, 70, 0.5)
    budget.reserve(rollouts=4, tokens=30, cost=0.5).settle(tokens=30, cost=0.5)
    assert (budget.spent().rollouts, budget.spent().tokens, budget.spent().cost) == (10, 100, 1.0)


def test_a_price_that_was_unknown_in_an_earlier_sitting_stays_unknown() -> None:
    budget = Budget(Limits())
    budget.take_over(2, [(5, 0.5), (5, None)])
    assert budget.spent().cost is None


def test_reservations_for_several_rollouts_are_all_made_or_none_and_end_one_by_one() -> None:
    budget = Budget(Limits(max_rollouts=5))
    with pytest.raises(BudgetSpent, match="max_rollouts = 5 leaves 5, and the next step needs up to 6"):
        budget.reserve_each(6)
    first, _, third = budget.reserve_each(3)
    first.settle()
    third.release()
    assert (budget.spent().rollouts, budget.rollouts_left()) == (1, 3)


def test_no_limit_means_no_limit() -> None:
    budget = Budget(Limits())
    budget.reserve(rollouts=10**9, tokens=10**12, cost=10**6)
    assert (budget.rollouts_left(), budget.tokens_left(), budget.cost_left(), budget.seconds_left()) == (None,) * 4


def test_what_fits_is_foretold_by_the_average_and_leaves_what_is_set_aside() -> None:
    budget = Budget(Limits(max_rollouts=40, max_tokens=1000))
    budget.set_aside(10)
    for _ in range(10):
        budget.reserve(rollouts=1, tokens=60).settle(tokens=40)
    assert budget.fits(15)
    assert not budget.fits(16)
    # 600 tokens are left, of which 340 are kept and the 60 that the last call must be able to promise.
    budget.set_aside(10, tokens=340)
    assert budget.fits(5)
    assert not budget.fits(6)
    with pytest.raises(
        BudgetSpent, match=r"max_tokens = 1000 leaves 200, .* 201, and 400 are kept for the locked test"
    ):
        budget.reserve(tokens=201)
    budget.release_aside()
    assert (budget.rollouts_left(), budget.tokens_left()) == (30, 600)


def test_what_is_promised_to_calls_in_flight_is_not_foretold_a_second_time() -> None:
    budget = Budget(Limits(max_tokens=1000))
    budget.reserve(rollouts=10, tokens=400).settle(tokens=400)
    budget.reserve(tokens=600)
    assert budget.fits(15)
    assert not budget.fits(16)


def test_seconds_are_foretold_by_the_pace_of_new_rollouts() -> None:
    clock = FakeClock()
    budget = Budget(Limits(max_seconds=100), clock=clock)
    budget.reserve(rollouts=5, recorded=True).settle()
    clock.now += 20
    assert budget.fits(10**6)
    reservation = budget.reserve(rollouts=10)
    clock.now += 20
    reservation.settle()
    assert budget.fits(30)
    assert not budget.fits(31)
    clock.now += 60
    assert not budget.fits(0)


async def test_a_call_waits_for_those_in_flight_and_is_refused_only_by_what_was_really_used() -> None:
    budget = Budget(Limits(max_tokens=100))
    first = budget.reserve(tokens=80)
    second = asyncio.ensure_future(budget.reserve_in_turn(tokens=50, cost=0.0))
    third = asyncio.ensure_future(budget.reserve_in_turn(tokens=50, cost=0.0))
    await asyncio.sleep(0)
    assert not second.done()
    first.settle(tokens=10)
    (await second).settle(tokens=41)
    with pytest.raises(BudgetSpent, match="max_tokens = 100 leaves 49, and the next step needs up to 50"):
        await third


async def test_a_call_that_can_never_fit_does_not_wait() -> None:
    budget = Budget(Limits(max_tokens=100, max_cost=1.0))
    budget.reserve(tokens=80, cost=0.5)
    for tokens, cost in ((101, 0.0), (0, 1.1)):
        with pytest.raises(BudgetSpent):
            await budget.reserve_in_turn(tokens=tokens, cost=cost)
    with pytest.raises(UsageError):
        await budget.reserve_in_turn(tokens=0, cost=None)


@given(
    limit=st.integers(10, 200),
    calls=st.lists(st.tuples(st.integers(1, 40), st.floats(0, 1), st.integers(0, 3)), max_size=30),
)
def test_calls_in_turn_never_exceed_the_limit_and_none_waits_for_ever(
    limit: int, calls: list[tuple[int, float, int]]
) -> None:
    budget = Budget(Limits(max_tokens=limit))

    async def call(most: int, share: float, steps: int) -> int:
        try:
            reservation = await budget.reserve_in_turn(tokens=most, cost=0.0)
        except BudgetSpent:
            return most
        for _ in range(steps):
            await asyncio.sleep(0)
        reservation.settle(tokens=int(most * share))
        return 0

    async def all_calls() -> list[int]:
        return await asyncio.gather(*(call(*one) for one in calls))

    refused = asyncio.run(all_calls())
    spent = budget.spent().tokens
    assert spent <= limit
    assert all(not most or most > limit - spent for most in refused)
