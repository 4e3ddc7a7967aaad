"""Proposals in flight side by side: the order of decisions, what a ticket knows, and how it all ends."""

import asyncio
import gc
import random
from collections.abc import Callable, Sequence
from itertools import count

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from benchmarks._gepa_landscapes import few_strong, noisy
from benchmarks.gepa_benches import pipeline
from tests.tools.gepa.pace import Pace, paced
from tests.tools.gepa.searching import (
    Search,
    draft,
    in_drafts,
    in_world,
    new_drafts,
    number_of,
)
from toishi.tools.gepa import Earlier, GepaSettings
from toishi.tools.gepa.protocol import Split
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import BudgetSpent
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.models.protocol import Reply
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.textgrad.reflection import Request

LOOKAHEADS = (1, 4, 16)
ITERATIONS = 30


def ahead(lookahead: int, **others: object) -> GepaSettings:
    """The search with so many proposals in flight."""
    return GepaSettings.model_validate({"lookahead": lookahead, "max_iterations": ITERATIONS, **others})


WORLDS: dict[str, Callable[[GepaSettings], Search]] = {
    "two modules that are merged": lambda how: Search(pipeline(), how.model_copy(update={"merge": True})),
    "strong rules": lambda how: in_world(few_strong(1, validation=40), how, seed=1),
    "noise": lambda how: in_world(noisy(2, validation=30), how, seed=2),
}


def improving(text: str, example: Example, replicate: int) -> float:
    """Every draft is a little better than those before it."""
    return min(0.95, 0.2 + 0.02 * number_of(text))


@pytest.mark.parametrize("lookahead", LOOKAHEADS)
@pytest.mark.parametrize("world", WORLDS)
def test_with_a_declared_lookahead_no_pace_changes_a_decision(world: str, lookahead: int) -> None:
    search = WORLDS[world](ahead(lookahead))
    result = search.run()
    assert len(search.decided) == ITERATIONS + 1
    for most in (1, 3, 32):
        for luck in range(3):
            other = paced(search, Pace(most, random.Random(luck)))
            assert repr(other.run()) == repr(result)
            assert other.events == search.events


@settings(max_examples=25)
@given(st.sampled_from(LOOKAHEADS), st.sampled_from([1, 3, 32]), st.sampled_from([1, 5]), st.integers(0, 2**32))
def test_reflections_may_be_much_slower_than_rollouts_or_much_faster(
    lookahead: int, most: int, reflectors: int, luck: int
) -> None:
    search = in_world(few_strong(3, validation=20), ahead(lookahead, max_iterations=12))
    search.run()
    rng = random.Random(luck)
    rollouts, reflections = (Pace(limit, rng, rng.choice([0, 5, 100])) for limit in (most, reflectors))
    other = paced(search, rollouts, reflections)
    other.run()
    assert other.events == search.events
    assert other.asked.keys() == search.asked.keys()


@pytest.mark.parametrize("lookahead", LOOKAHEADS)
def test_a_lookahead_matters(lookahead: int) -> None:
    world = few_strong(1, validation=40)
    events = [in_world(world, ahead(one), seed=1) for one in (lookahead, lookahead + 1)]
    for search in events:
        search.run()
    assert events[0].events != events[1].events


@pytest.mark.parametrize("lookahead", LOOKAHEADS)
def test_as_many_proposals_as_the_lookahead_says_are_in_flight_at_once(lookahead: int) -> None:
    rollouts, reflections = Pace(100, patience=0), Pace(100, patience=100)
    paced(in_drafts(improving, ahead(lookahead)), rollouts, reflections).run()
    assert reflections.inside == lookahead


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("lookahead", LOOKAHEADS)
def test_a_ticket_is_drawn_when_the_one_a_lookahead_before_it_was_taken(world: str, lookahead: int) -> None:
    search = paced(WORLDS[world](ahead(lookahead)), Pace(8, random.Random(lookahead)))
    search.run()
    assert len(search.drawn) > ITERATIONS / 2
    assert search.drawn == {number: max(0, number - lookahead + 1) for number in search.drawn}


@pytest.mark.parametrize("lookahead", LOOKAHEADS)
def test_a_parent_is_one_that_was_there_when_its_ticket_was_drawn(lookahead: int) -> None:
    search = in_drafts(improving, ahead(lookahead, selection="best", validation="full"))
    search.run()
    assert len(search.accepted) > ITERATIONS / 2
    for number, event in enumerate(search.decided[1:]):
        there = [one for one in search.decided[: max(0, number - lookahead + 1) + 1] if one in search.accepted]
        # Each is better than those before it, so the best of those that were there is the newest.
        assert event.parents == (len(there) - 1,)


def test_siblings_in_flight_take_turns_with_the_modules() -> None:
    search = Search(pipeline(), ahead(6, max_iterations=6, selection="best"))
    search.run()
    assert [request.module for request in search.reflections] == ["topic", "answer"] * 3


def test_what_two_in_flight_both_propose_enters_once() -> None:
    search = in_drafts(improving, ahead(4, max_iterations=4, selection="best"))

    async def reflect(request: Request, iteration: int) -> Reply:
        return await new_drafts(request, 7)

    search.reflect = reflect
    result = search.run()
    assert [member.candidate.texts["answer"] for member in result.members] == [draft(0), draft(8)]
    assert {event.cause for event in search.rejected} == {"form"}
    assert {event.reason for event in search.rejected} == {"the new text is that of candidate 1 again"}


@pytest.mark.parametrize("ended", [True, False], ids=["that had ended", "that was cut off"])
@pytest.mark.parametrize("lookahead", LOOKAHEADS)
def test_an_earlier_sitting_is_played_again_to_where_it_came(lookahead: int, ended: bool) -> None:
    done = 11
    undisturbed = in_world(few_strong(1, validation=40), ahead(lookahead, max_iterations=done), seed=1)
    undisturbed.run()
    search = in_world(few_strong(1, validation=40), ahead(lookahead), seed=1)
    search.earlier, search.affordable = Earlier(done, ended), lambda rollouts: False
    result = search.run()
    assert result.iterations == done
    assert search.events == undisturbed.events
    assert search.asked.keys() == undisturbed.asked.keys()
    wall = "the search ended here in an earlier sitting"
    assert result.stopped == (wall if ended else "the rest of the budget is too small for another whole iteration")


@pytest.mark.parametrize("lookahead", LOOKAHEADS)
def test_a_sitting_that_was_cut_off_goes_on_as_if_nothing_had_happened(lookahead: int) -> None:
    undisturbed = in_world(few_strong(1, validation=40), ahead(lookahead), seed=1)
    result = undisturbed.run()
    search = in_world(few_strong(1, validation=40), ahead(lookahead), seed=1)
    search.earlier = Earlier(11, ended=False)
    assert repr(search.run()) == repr(result)
    assert search.events == undisturbed.events


@settings(max_examples=20)
@given(st.sampled_from(LOOKAHEADS), st.integers(150, 800), st.integers(0, 12))
def test_what_the_rollouts_made_wait_waits_again_when_it_is_played_again(
    lookahead: int, rollouts: int, missing: int
) -> None:
    """Towards the end of a budget tickets are drawn later than the lookahead allows, and know more.

    One that met the end of the budget is not drawn again by a search that is known to have ended there.
    """

    def search() -> Search:
        begun = in_world(few_strong(1, validation=20), GepaSettings(lookahead=lookahead), seed=1)
        begun.rollouts = rollouts
        return begun

    undisturbed, again = search(), search()
    result = undisturbed.run()
    again.earlier = Earlier(max(0, result.iterations - missing), ended=missing == 0)
    again.run()
    assert again.events == undisturbed.events
    if missing:
        assert again.drawn == undisturbed.drawn
        assert again.asked.keys() == undisturbed.asked.keys()
    else:
        assert again.drawn.items() <= undisturbed.drawn.items()
        assert again.asked.keys() <= undisturbed.asked.keys()


def test_what_ended_once_ends_there_whatever_the_budget_says_now() -> None:
    search = in_world(few_strong(1, validation=40), ahead(4), seed=1)
    search.earlier = Earlier(0, ended=True)
    assert search.run().iterations == 0


@pytest.mark.parametrize("lookahead", LOOKAHEADS)
def test_where_no_more_is_affordable_what_is_in_flight_still_ends(lookahead: int) -> None:
    asked = count()
    search = in_drafts(improving, ahead(lookahead))
    search.affordable = lambda rollouts: next(asked) < 20
    result = search.run()
    assert result.iterations == 20
    assert len(search.decided) == 21
    assert result.stopped == "the rest of the budget is too small for another whole iteration"


@pytest.mark.parametrize("lookahead", LOOKAHEADS)
def test_what_the_clock_forbade_once_stays_forbidden(lookahead: int) -> None:
    asked = count()
    search = in_drafts(improving, ahead(lookahead))
    search.affordable = lambda rollouts: next(asked) != 9
    assert search.run().iterations == 9


def test_room_is_asked_for_all_that_is_in_flight() -> None:
    asked: list[int] = []

    def affordable(rollouts: int) -> bool:
        asked.append(rollouts)
        return True

    search = in_drafts(improving, ahead(5, max_iterations=5))
    search.affordable = affordable
    search.run()
    assert len(asked) == 5
    assert asked == sorted(set(asked))


def broken_in(ticket: int, where: str, error: Exception) -> Search:
    """A search among drafts, in which the world fails one ticket: at its reflection, its gate or its validation."""
    search = in_drafts(improving, ahead(1))
    evaluate, reflect = search.evaluate, search.reflect
    assert evaluate is not None
    assert reflect is not None

    async def failing(
        candidate: Candidate, examples: Sequence[Example], split: Split, replicate: int = 0
    ) -> Sequence[Rollout]:
        if candidate.texts["answer"] == draft(ticket + 1) and split == where:
            raise error
        return await evaluate(candidate, examples, split, replicate)

    async def refusing(request: Request, iteration: int) -> Reply:
        if iteration == ticket and where == "reflection":
            raise error
        return await reflect(request, iteration)

    search.evaluate, search.reflect = failing, refusing
    return search


places = pytest.mark.parametrize("where", ["reflection", "feedback", "validation"])


@places
@pytest.mark.parametrize("lookahead", LOOKAHEADS)
def test_a_budget_that_ends_in_a_ticket_ends_the_search_at_its_turn(where: str, lookahead: int) -> None:
    undisturbed = in_drafts(improving, ahead(lookahead))
    undisturbed.run()
    for luck in range(5):
        search = paced(broken_in(9, where, BudgetSpent("no tokens are left")), Pace(5, random.Random(luck)))
        search.settings = ahead(lookahead)
        result = search.run()
        assert search.events == undisturbed.events[:10]
        assert result.stopped == "the budget is spent: no tokens are left"
        assert result.iterations == 9
        assert result.best.number == len(result.members) - 1


class Broken(Exception):
    """What a world may raise that no search knows of."""


async def left_behind(search: Search) -> tuple[set[asyncio.Task[object]], list[object]]:
    """Tasks that run on after a search that failed, and what the loop was told of them."""
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["message"]))
    with pytest.raises(Broken, match="a disk is full"):
        await search.search()
    running = {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    gc.collect()
    return running, told


@places
@pytest.mark.parametrize("lookahead", LOOKAHEADS)
async def test_any_other_error_comes_out_and_leaves_nothing_running(where: str, lookahead: int) -> None:
    for luck in range(3):
        search = paced(broken_in(9, where, Broken("a disk is full")), Pace(20, random.Random(luck)))
        search.settings = ahead(lookahead)
        assert await left_behind(search) == (set(), [])
        assert len(search.decided) <= 10


async def test_errors_of_all_in_flight_are_told_once() -> None:
    search = in_drafts(improving, ahead(16))

    async def reflect(request: Request, iteration: int) -> Reply:
        raise Broken(f"a disk is full, says {iteration}")

    search.reflect = reflect
    assert await left_behind(paced(search, Pace(32, random.Random(0)))) == (set(), [])


async def test_a_search_that_is_called_off_leaves_nothing_running() -> None:
    search, far_enough = in_drafts(improving, ahead(8)), asyncio.Event()

    async def reflect(request: Request, iteration: int) -> Reply:
        if iteration == 12:
            far_enough.set()
        return await new_drafts(request, iteration)

    search.reflect = reflect
    work = asyncio.create_task(paced(search, Pace(3)).search())
    await far_enough.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()


def test_a_search_that_ends_cuts_off_what_is_in_flight() -> None:
    def judge(text: str, example: Example, replicate: int) -> float:
        return float(number_of(text) >= 5)

    search = in_drafts(judge, ahead(16))
    result = search.run()
    assert result.stopped == "the best candidate is perfect on the whole validation set"
    assert result.iterations == 5


def test_a_text_of_the_pool_is_refused_without_a_rollout() -> None:
    search = in_drafts(improving, ahead(1, max_iterations=3, selection="best"))

    async def reflect(request: Request, iteration: int) -> Reply:
        return await new_drafts(request, 0 if iteration == 0 else -1)

    search.reflect = reflect
    search.run()
    assert [type(event).__name__ for event in search.decided] == [
        "CandidateAccepted",
        "CandidateAccepted",
        "ProposalRejected",
        "ProposalRejected",
    ]
    assert {event.cause for event in search.rejected} == {"form"}
    assert {event.reason for event in search.rejected} == {"the new text is that of candidate 0 again"}
    assert {event.texts for event in search.rejected} == {None}
