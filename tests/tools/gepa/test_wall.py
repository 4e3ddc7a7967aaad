"""The limit on rollouts is kept by all in flight together, and pace has no say in who meets it."""

import asyncio
import random
from collections.abc import Callable

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from benchmarks._gepa_landscapes import LANDSCAPES, World, few_strong
from tests.tools.gepa.pace import Pace, paced
from tests.tools.gepa.searching import Search, in_drafts, in_world, number_of
from toishi.tools.gepa import GepaSettings
from toishi.tools.gepa.ledger import Used
from toishi.tools.gepa.wall import Wall
from toishi.tools.workbench.errors import BudgetSpent
from toishi.tools.workbench.example import Example


def bursting(quiet: int, lookahead: int, rows: int, **others: object) -> Search:
    """Drafts that are all refused at first, and then all accepted, so that all in flight want their validation."""

    def judge(text: str, row: Example, replicate: int) -> float:
        number = number_of(text)
        return 0.1 if 0 < number <= quiet else 0.2 + 0.7 * min(1, number / 150)

    how = GepaSettings.model_validate({"lookahead": lookahead, "max_idle": None, **others})
    return in_drafts(judge, how, validation=rows)


@settings(max_examples=60)
@given(
    st.integers(1, 32), st.integers(0, 40), st.integers(1, 120), st.integers(0, 1500), st.sampled_from(["race", "full"])
)
def test_no_budget_is_ever_exceeded(lookahead: int, quiet: int, rows: int, rollouts: int, validation: str) -> None:
    search = bursting(quiet, lookahead, rows, validation=validation)
    search.rollouts = rollouts
    if rollouts < rows:
        with pytest.raises(BudgetSpent):
            search.run()
        assert not search.asked
        return
    result = search.run()
    assert len(search.asked) <= rollouts
    assert len(search.decided) == result.iterations + 1


@pytest.mark.parametrize("make", LANDSCAPES)
def test_nor_with_noise_and_finals(make: Callable[..., World]) -> None:
    for seed in range(3):
        search = in_world(make(seed, validation=60), GepaSettings(lookahead=32), seed)
        search.rollouts = 900
        search.run()
        assert len(search.asked) <= 900


@settings(max_examples=40)
@given(st.sampled_from([4, 16]), st.integers(5, 40), st.integers(200, 1200), st.integers(1, 40), st.integers(0, 2**32))
def test_where_the_budget_ends_does_not_depend_on_the_pace(
    lookahead: int, quiet: int, rollouts: int, most: int, luck: int
) -> None:
    search = bursting(quiet, lookahead, rows=60)
    search.rollouts = rollouts
    result = search.run()
    other = paced(search, Pace(most, random.Random(luck)))
    assert repr(other.run()) == repr(result)
    assert other.events == search.events
    assert len(other.asked) <= rollouts


def test_it_is_met_where_many_want_their_validation_at_once() -> None:
    search = bursting(30, 16, rows=100)
    search.rollouts = 1200
    result = search.run()
    assert result.stopped.startswith("the budget is spent: ")
    assert 1200 - len(search.asked) < 100


def test_a_wide_search_is_the_same_where_the_budget_is_large() -> None:
    limited, unlimited = (
        in_world(few_strong(0, 30), GepaSettings(lookahead=8, gate_rows=16, max_iterations=20)) for _ in "ab"
    )
    limited.rollouts = 100_000
    limited.run()
    unlimited.run()
    assert limited.events == unlimited.events


def used(*positions: int) -> Used:
    noted = Used()
    noted.add("ab", "feedback", positions)
    return noted


async def test_who_does_not_fit_beside_those_before_waits_for_them() -> None:
    taken = Used()
    wall = Wall(10, taken)
    wall.draw(0, 8)
    wall.draw(1, 8)
    waiting = asyncio.create_task(wall.admit(1, used(1, 2, 3)))
    await asyncio.sleep(0)
    assert not waiting.done()
    await wall.admit(0, used(*range(8)))
    wall.narrow(0, used(1, 2))
    await waiting


async def test_whose_turn_it_is_never_waits() -> None:
    wall = Wall(10, Used())
    wall.draw(0, 8)
    wall.draw(1, 8)
    await wall.admit(0, used(*range(10)))
    with pytest.raises(BudgetSpent, match="10 rollouts are left, and the next step needs 11"):
        await wall.admit(0, used(*range(11)))


async def test_what_was_taken_is_paid_for_once() -> None:
    taken = Used()
    wall = Wall(4, taken)
    wall.draw(0, 4)
    wall.draw(1, 4)
    wall.take(0, taken.take(used(0, 1, 2)))
    await wall.admit(1, used(0, 1, 2, 3))
    with pytest.raises(BudgetSpent, match="1 rollouts are left"):
        await wall.admit(1, used(3, 4))


async def test_without_a_limit_everybody_passes() -> None:
    wall = Wall(None, Used())
    wall.draw(0, 1)
    wall.draw(1, 1)
    await wall.admit(1, used(*range(100)))
