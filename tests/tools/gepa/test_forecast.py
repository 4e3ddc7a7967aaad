"""What a budget in rollouts buys, that a search keeps to it, and what it leaves over."""

import math
import statistics
from collections.abc import Callable
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from benchmarks._gepa_landscapes import LANDSCAPES, World
from benchmarks.gepa_benches import pipeline
from tests.tools.gepa.searching import (
    Search,
    as_published,
    in_drafts,
    in_world,
    is_validation,
    number_of,
    place_of,
)
from toishi.tools.gepa import GepaSettings
from toishi.tools.gepa.forecast import ENOUGH, FEWEST, PRIOR, Costs, Sizes, fitted, forecast, usual_lookahead
from toishi.tools.workbench.errors import BudgetSpent
from toishi.tools.workbench.example import Example

TOO_SMALL = "the rest of the budget is too small for another whole iteration"

SETTINGS = st.builds(
    GepaSettings,
    gate=st.sampled_from(["sequential", "minibatch"]),
    gate_rows=st.integers(1, 30),
    minibatch=st.integers(1, 8),
    look_again=st.integers(0, 4),
    validation=st.sampled_from(["race", "full"]),
    finalists=st.sampled_from([1, 4]),
)
SIZES = st.builds(Sizes, SETTINGS, feedback=st.integers(1, 40), validation=st.integers(1, 60))


def improving(text: str, row: Example, replicate: int) -> float:
    """Every draft is a little better than those before it, on the validation rows and on a few feedback rows."""
    easy = not is_validation(row) and place_of(row) % 7 > 0
    return 1.0 if easy else min(0.95, 0.2 + 0.01 * number_of(text))


def wavering(text: str, row: Example, replicate: int) -> float:
    """The same, and a second rollout comes out differently."""
    return improving(text, row, replicate) - 0.05 * replicate


def one_at_a_time(sizes: Sizes, *, noisy: bool = False) -> Search:
    """A search among drafts with these sizes, a proposal after the other."""
    how = sizes.settings.model_copy(update={"lookahead": 1})
    judge = wavering if noisy else improving
    return in_drafts(judge, how, feedback=sizes.feedback, validation=sizes.validation)


@settings(max_examples=60)
@given(SIZES, st.booleans())
@example(Sizes(GepaSettings(gate_rows=1), 20, 10), False)
def test_no_proposal_takes_more_than_the_most_that_was_foretold(sizes: Sizes, noisy: bool) -> None:
    search = one_at_a_time(sizes, noisy=noisy)
    search.settings = search.settings.model_copy(update={"max_iterations": 6})
    spent: list[int] = []

    def affordable(rollouts: int) -> bool:
        spent.append(len(search.asked))
        return rollouts == sizes.most

    search.affordable = affordable
    assert search.run().iterations == 6
    assert max(after - before for before, after in pairwise(spent)) <= sizes.most


@settings(max_examples=60)
@given(SIZES, st.integers(0, 600), st.booleans())
def test_one_proposal_at_a_time_keeps_to_any_budget_and_leaves_less_than_one_more_takes(
    sizes: Sizes, rollouts: int, noisy: bool
) -> None:
    search = one_at_a_time(sizes, noisy=noisy)
    search.rollouts = rollouts
    if rollouts < sizes.validation:
        with pytest.raises(BudgetSpent, match=f"{rollouts} rollouts are too few to score the seed"):
            search.run()
        assert not search.asked
        return
    result = search.run()
    assert len(search.asked) <= rollouts
    if result.stopped == TOO_SMALL and not result.noisy:
        assert rollouts - len(search.asked) < sizes.most
    if rollouts < sizes.validation + sizes.most:
        assert (result.best.number, result.iterations) == (0, 0)


@pytest.mark.parametrize("lookahead", [2, 8])
@pytest.mark.parametrize("make", LANDSCAPES)
def test_several_at_once_leave_less_than_one_more_would_take(make: Callable[..., World], lookahead: int) -> None:
    search = in_world(make(0, validation=30), GepaSettings(lookahead=lookahead, gate_rows=16, finalists=1))
    search.rollouts = 700
    result = search.run()
    assert result.stopped == TOO_SMALL
    assert 0 <= 700 - len(search.asked) < Sizes(search.settings, 60, 30).most


@pytest.mark.parametrize("lookahead", [1, 4, 16])
@pytest.mark.parametrize("rollouts", [100, 200, 400, 800])
def test_a_budget_changes_nothing_before_the_first_ticket_that_has_to_wait_for_it(
    lookahead: int, rollouts: int
) -> None:
    """A ticket that waited for room knows more than it would have known, and from there on all may be different."""
    how = as_published(lookahead=lookahead, merge=True, max_iterations=60)
    limited, unlimited = (Search(pipeline(), how, rollouts=limit) for limit in (rollouts, None))
    limited.run()
    unlimited.run()
    waited = [ticket for ticket, known in limited.drawn.items() if known > max(0, ticket - lookahead + 1)]
    # The seed, and every ticket before the first that was drawn late.
    same = min(waited, default=len(limited.decided)) + 1
    assert limited.decided[:same] == unlimited.decided[: min(same, len(limited.decided))]
    if lookahead == 1:
        assert not waited


def test_a_search_that_can_only_score_its_seed_ends_with_it() -> None:
    search = in_drafts(improving, GepaSettings(lookahead=8), validation=20)
    search.rollouts = 20
    result = search.run()
    assert (result.best.number, result.iterations, result.stopped) == (0, 0, TOO_SMALL)
    assert len(search.asked) == 20


@given(SIZES, st.lists(st.integers(0, 100), max_size=20), st.integers(0, 40))
def test_room_is_kept_for_whoever_is_in_flight_and_never_more_than_all_could_take(
    sizes: Sizes, costs: list[int], in_flight: int
) -> None:
    known = sizes.expected()
    for cost in costs:
        known = known.after(min(cost, sizes.most))
    needed = [sizes.needed(many, known) for many in range(in_flight + 1)]
    assert needed[0] == sizes.most
    assert needed == sorted(needed)
    assert needed[-1] <= (in_flight + 1) * sizes.most
    assert needed[-1] >= sizes.most + min(in_flight * known.mean, in_flight * sizes.most)


@given(SIZES)
def test_what_is_usual_lies_below_the_most(sizes: Sizes) -> None:
    assert 0 < sizes.usual <= sizes.most * 1.3
    assert sizes.expected().mean == pytest.approx(sizes.usual)


@given(st.lists(st.integers(0, 1000), min_size=1))
def test_costs_know_mean_and_deviation(costs: list[int]) -> None:
    known = Costs(0, 0.0, 0.0)
    for cost in costs:
        known = known.after(cost)
    assert known.mean == pytest.approx(statistics.fmean(costs))
    assert known.deviation == pytest.approx(statistics.pstdev(costs), abs=1e-3)


def test_what_proposals_cost_soon_outweighs_what_was_expected_of_them() -> None:
    known = Sizes(GepaSettings(), 20, 100).expected()
    for _ in range(10 * PRIOR):
        known = known.after(10)
    assert known.mean < 14


@given(SIZES, st.integers(0, 3000), st.integers(0, 500))
def test_more_rollouts_never_buy_less(sizes: Sizes, rollouts: int, more: int) -> None:
    before, after = forecast(sizes, rollouts), forecast(sizes, rollouts + more)
    assert before.proposals <= after.proposals
    assert before.acceptances <= after.acceptances <= after.proposals
    assert (before.proposals == 0) == (rollouts < sizes.validation + sizes.most)
    assert (before.warning is None) == (before.proposals >= FEWEST)


@given(SIZES, st.integers(0, 300))
def test_the_warning_names_a_budget_that_is_enough(sizes: Sizes, rollouts: int) -> None:
    warning = forecast(sizes, rollouts).warning
    if warning is not None:
        enough = int(warning.partition("from ")[2].split()[0])
        assert forecast(sizes, enough).warning is None
        assert forecast(sizes, enough - math.ceil(sizes.usual)).warning is not None


def test_a_forecast_is_told_in_a_sentence() -> None:
    sizes = Sizes(GepaSettings(), 20, 100)
    assert forecast(sizes, 2000).sentence == (
        f"This buys about {forecast(sizes, 2000).proposals} proposals, of which about "
        f"{forecast(sizes, 2000).acceptances} may be accepted"
    )
    assert "about 1 proposal, of which hardly one may" in forecast(sizes, 100 + sizes.most).sentence
    assert forecast(sizes, 50).sentence == "This buys no proposal"
    enough = 100 + sizes.most + math.ceil(5 * sizes.usual)
    assert forecast(sizes, 50).warning == (
        "max_rollouts = 50 is too little to learn much: one look at the validation rows takes 100, a proposal about "
        f"{math.ceil(sizes.usual)}; from {enough} on it is worth a try"
    )
    assert forecast(sizes, 20, kept=60).warning == (
        "max_rollouts = 80 is too little to learn much: the locked test takes 60, one look at the validation rows 100, "
        f"a proposal about {math.ceil(sizes.usual)}; from {enough + 60} on it is worth a try"
    )


def test_a_search_makes_about_as_many_proposals_as_were_foretold() -> None:
    for make in LANDSCAPES:
        search = in_world(make(1, validation=30), GepaSettings(lookahead=4))
        search.rollouts = 1500
        foretold = forecast(Sizes(search.settings, 60, 30), 1500)
        assert 0.5 < search.run().iterations / foretold.proposals < 2
        assert 0.3 < (len(search.accepted) - 1) / foretold.acceptances < 3


def test_without_a_limit_there_are_as_many_in_flight_as_the_models_answer() -> None:
    assert usual_lookahead(Sizes(GepaSettings(), 20, 30), None, 24) == 24


@given(SIZES, st.integers(0, 5000), st.integers(1, 64))
def test_a_small_budget_is_not_begun_all_at_once(sizes: Sizes, rollouts: int, concurrency: int) -> None:
    lookahead = usual_lookahead(sizes, rollouts, concurrency)
    assert 1 <= lookahead <= concurrency
    assert lookahead == 1 or lookahead * 4 < forecast(sizes, rollouts).proposals
    assert lookahead <= usual_lookahead(sizes, 2 * rollouts, concurrency)


def test_a_small_budget_is_not_spent_on_looking_twice() -> None:
    plain = GepaSettings()
    assert fitted(plain, 60, 30, None) is plain
    assert fitted(plain, 60, 30, 10_000) == plain
    fits = [fitted(plain, 60, 30, rollouts) for rollouts in range(100, 1000, 10)]
    assert (fits[0].gate, fits[0].look_again) == ("minibatch", 1)
    assert fits[-1] == plain
    assert {one.gate_rows for one in fits if one.gate == "sequential"} == {plain.gate_rows, 12, 8}
    carried = [
        forecast(Sizes(one, 60, 30), rollouts).proposals
        for one, rollouts in zip(fits, range(100, 1000, 10), strict=True)
    ]
    assert all(many >= ENOUGH for one, many in zip(fits, carried, strict=True) if one.gate == "sequential")


@pytest.mark.parametrize(
    "said", [{"gate": "sequential"}, {"gate_rows": 16}, {"paper": True}], ids=["gate", "rows", "as published"]
)
def test_what_a_person_said_stays_as_it_is(said: dict[str, object]) -> None:
    given_settings = GepaSettings.model_validate(said)
    assert fitted(given_settings, 60, 30, 100) == given_settings
