"""The end of a search: who is looked at once more, who wins, and what the winner's score is worth."""

import math
from collections.abc import Sequence

import hypothesis.strategies as st
import pytest
from hypothesis import given

from benchmarks._gepa_landscapes import chance
from tests.tools.gepa.searching import MODULE, Search, draft, in_drafts, is_validation, number_of
from toishi.tools.gepa import GepaResult, GepaSettings
from toishi.tools.gepa.finals import SHARE, Finals, finals
from toishi.tools.gepa.protocol import Split
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import BudgetSpent
from toishi.tools.workbench.events import CandidateAccepted, PhaseStarted
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.rollout import Rollout


@given(st.integers(1, 9), st.integers(1, 300), st.none() | st.integers(0, 9000), st.booleans())
def test_two_finalists_or_more_are_paid_for_out_of_a_fifth_of_the_budget_or_none_is(
    wanted: int, validation: int, rollouts: int | None, noisy: bool
) -> None:
    kept = finals(wanted, validation, rollouts, noisy=noisy)
    assert kept.finalists <= wanted
    if kept.rollouts:
        assert noisy
        assert kept.finalists >= 2
        assert kept.rollouts == kept.finalists * validation
        assert rollouts is None or kept.rollouts <= SHARE * rollouts
    else:
        assert kept == Finals(1, 0)
        assert not noisy or wanted == 1 or (rollouts is not None and 2 * validation > SHARE * rollouts)


def steady(text: str, row: Example, replicate: int) -> float:
    """Better with every draft, and the same each time."""
    return min(0.9, 0.3 + 0.1 * number_of(text))


def test_a_world_that_repeats_itself_is_not_taken_for_a_noisy_one() -> None:
    search = in_drafts(steady, GepaSettings(max_iterations=3))
    result = search.run()
    assert not result.noisy
    assert not any(isinstance(event, PhaseStarted) for event in search.events)
    again = {asked for asked in search.asked if asked[3] == 1}
    assert again == {(Candidate({MODULE: draft(0)}).id, "validation", f"validation-{place}", 1) for place in range(8)}


@pytest.mark.parametrize(
    ("how", "rollouts"),
    [
        pytest.param({"finalists": 1, "gate": "minibatch"}, None, id="nothing depends on it"),
        pytest.param({}, 199, id="a small budget"),
    ],
)
def test_nobody_is_run_twice_to_see_noise_where(how: dict[str, object], rollouts: int | None) -> None:
    search = in_drafts(steady, GepaSettings.model_validate({"max_iterations": 3, **how}))
    search.rollouts = rollouts
    search.run()
    assert {asked[3] for asked in search.asked} == {0}


def lucky(world: int) -> Search:
    """A search in which chance has a large part, and later drafts are somewhat better."""

    def judge(text: str, row: Example, replicate: int) -> float:
        return float(chance(world, text, row.id, replicate) < min(0.8, 0.4 + 0.05 * number_of(text)))

    search = in_drafts(judge, GepaSettings(max_iterations=25, lookahead=2), feedback=40, validation=30)
    search.seed = world
    return search


def test_those_that_may_be_the_best_are_validated_once_more() -> None:
    search = lucky(0)
    result = search.run()
    assert result.noisy
    phases = [event for event in search.events if isinstance(event, PhaseStarted)]
    assert [phase.phase for phase in phases] == ["finals"]
    assert search.events[-1] == phases[0]
    again = {
        event.number
        for event in search.accepted
        if len(search.asked_of(event.texts[MODULE], "validation", replicate=1)) == 30
    }
    assert 2 <= len(again) <= search.settings.finalists
    assert all(result.members[number].validated for number in again)
    assert result.best.number in again


@pytest.mark.parametrize("world", range(6))
def test_what_the_winner_is_worth_is_said_and_never_more_than_it_scored(world: int) -> None:
    result = lucky(world).run()
    assert result.best.validated
    if result.best.number == 0:
        assert (result.corrected, result.adjusted_p) == (None, None)
        return
    assert result.corrected is not None
    assert result.adjusted_p is not None
    assert result.corrected <= max(member.validation_score for member in result.members if member.validated)
    assert 0 < result.adjusted_p <= 1


def test_a_budget_that_ends_in_the_finals_leaves_a_winner() -> None:
    search = lucky(1)
    evaluate = search.evaluate
    assert evaluate is not None
    validated_again: list[Candidate] = []

    async def evaluate_within(
        candidate: Candidate, examples: Sequence[Example], split: Split, replicate: int = 0
    ) -> Sequence[Rollout]:
        if split == "validation" and replicate == 1 and len(examples) == 30:
            if validated_again:
                raise BudgetSpent("no tokens are left")
            validated_again.append(candidate)
        return await evaluate(candidate, examples, split, replicate)

    undisturbed = lucky(1)
    undisturbed.run()
    search.evaluate = evaluate_within
    result = search.run()
    assert search.events == undisturbed.events
    assert result.best.number in range(len(result.members))
    assert result.stopped == "all 25 iterations are done"


def test_a_budget_that_ends_before_anything_is_known_of_noise_leaves_the_seed() -> None:
    search = lucky(2)
    evaluate = search.evaluate
    assert evaluate is not None

    async def evaluate_seed_alone(
        candidate: Candidate, examples: Sequence[Example], split: Split, replicate: int = 0
    ) -> Sequence[Rollout]:
        if search.events or replicate:
            raise BudgetSpent("no tokens are left")
        return await evaluate(candidate, examples, split, replicate)

    search.evaluate = evaluate_seed_alone
    result = search.run()
    assert (result.best.number, result.iterations) == (0, 0)
    assert result.stopped == "the budget is spent: no tokens are left"


@pytest.mark.parametrize("world", range(4))
def test_rollouts_for_the_finals_are_left_when_the_search_ends(world: int) -> None:
    search = lucky(world)
    search.rollouts = 800
    kept = finals(search.settings.finalists, 30, 800, noisy=True)
    result = search.run()
    assert result.noisy
    again = {asked for asked in search.asked if asked[1] == "validation" and asked[3] == 1}
    # Eight of them were run to see whether there is noise.
    assert 2 * 30 <= len(again) <= kept.rollouts + 8
    assert len(search.asked) - len(again) + 8 <= 800 - kept.rollouts


def nothing_better(world: int) -> GepaResult:
    """A search among drafts that all solve any row with the same chance."""

    def judge(text: str, row: Example, replicate: int) -> float:
        return float(chance(world, text, row.id, replicate) < 0.6)

    search = in_drafts(judge, GepaSettings(max_iterations=25), feedback=30, validation=30)
    search.seed = world
    return search.run()


def test_where_nothing_is_better_a_small_p_value_is_rare_and_the_corrected_score_is_about_the_true_one() -> None:
    results = [nothing_better(world) for world in range(120)]
    told = [result for result in results if result.adjusted_p is not None]
    small = sum(result.adjusted_p < 0.05 for result in told if result.adjusted_p is not None)
    assert small <= 120 * 0.08 + 2 * math.sqrt(120 * 0.08 * 0.92)
    raw = sum(result.best.validation_score for result in told) / len(told)
    corrected = sum(result.corrected for result in told if result.corrected is not None) / len(told)
    assert raw > 0.67
    assert corrected == pytest.approx(0.6, abs=0.05)


def test_a_real_improvement_is_told_as_one() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        solved = 0.9 if number_of(text) else 0.4
        return float(chance("real", text, row.id, replicate) < solved)

    search = in_drafts(judge, GepaSettings(max_iterations=8), feedback=30, validation=40)
    result = search.run()
    assert result.best.number > 0
    assert result.adjusted_p is not None
    assert result.adjusted_p < 0.01


def test_the_winner_is_the_same_when_it_is_played_again() -> None:
    first, second = lucky(3), lucky(3)
    assert repr(first.run()) == repr(second.run())
    assert [type(event) for event in first.events[-2:]] == [type(event) for event in second.events[-2:]]
    assert any(isinstance(event, CandidateAccepted) for event in first.events)


def test_with_the_papers_search_the_highest_mean_wins_and_nothing_is_corrected() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        return float(chance(text, row.id, replicate) < (0.5 if is_validation(row) else 0.1 * number_of(text)))

    search = in_drafts(judge, GepaSettings.model_validate({"paper": True, "max_iterations": 20}))
    result = search.run()
    assert len(result.members) > 2
    assert result.best.validation_score == max(member.validation_score for member in result.members)
    assert (result.corrected, result.adjusted_p, result.chosen) == (None, None, None)
