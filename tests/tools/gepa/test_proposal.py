"""The way of one proposal: what is shown, what is refused before it costs anything, and how far a child is run."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.tools.gepa.searching import (
    MODULE,
    Search,
    draft,
    in_drafts,
    is_validation,
    judged_by,
    number_of,
    place_of,
    proposing,
)
from toishi.tools.gepa import GepaSettings, Member
from toishi.tools.gepa.ledger import Used
from toishi.tools.gepa.merge import Merge
from toishi.tools.gepa.proposal import make
from toishi.tools.gepa.protocol import Split
from toishi.tools.gepa.ticket import Seen, Ticket
from toishi.tools.gepa.wall import Wall
from toishi.tools.gepa.world import Brief, World
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import BudgetSpent, ModelUnavailable
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.front import Front
from toishi.tools.workbench.objectives import SCORE
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.seeds import streams
from toishi.tools.workbench.textgrad.reflection import Record


def shown(records: Sequence[Record]) -> list[int]:
    """Which feedback rows these are."""
    return [int(record.inputs["message"].split()[1]) for record in records]


def hard(*failing: int, search_for: GepaSettings, feedback: int = 20) -> Search:
    """A search whose seed fails on these feedback rows, and whose children are no better on any."""

    def judge(text: str, row: Example, replicate: int) -> float:
        return 0.0 if is_validation(row) or place_of(row) in failing else 1.0

    return in_drafts(judge, search_for, feedback=feedback)


def one(**others: object) -> GepaSettings:
    """A search one proposal at a time."""
    return GepaSettings.model_validate({"lookahead": 1, "max_iterations": 1, **others})


@pytest.mark.parametrize("seed", range(8))
def test_failures_are_shown_before_what_went_well(seed: int) -> None:
    search = hard(3, 8, 13, search_for=one(minibatch=5, look_again=4))
    search.seed = seed
    search.run()
    rows = shown(search.reflections[0].records)
    assert len(rows) == len(set(rows)) == 5
    assert set(rows[:3]) == {3, 8, 13}


@pytest.mark.parametrize("seed", range(8))
def test_no_more_is_looked_at_than_it_takes_to_fill_a_minibatch_with_failures(seed: int) -> None:
    search = hard(*range(20), search_for=one(minibatch=5, look_again=3, gate="minibatch"))
    search.seed = seed
    search.run()
    assert len(search.asked_of(draft(0), "feedback")) == 5


def test_a_minibatch_stays_as_it_is_where_nobody_looks_again() -> None:
    search = hard(3, search_for=one(minibatch=5, look_again=0, max_iterations=4, gate="minibatch"))
    search.run()
    rows = [shown(request.records) for request in search.reflections]
    assert len(rows) == 1
    assert 3 in rows[0]
    assert len(search.asked_of(draft(0), "feedback")) == 20


@pytest.mark.parametrize("looks", [0, 1, 2])
def test_a_parent_is_perfect_only_after_all_looks_that_are_allowed(looks: int) -> None:
    search = hard(search_for=one(minibatch=4, look_again=looks))
    search.run()
    rows = 4 * (1 + looks)
    assert search.requests == []
    assert search.rejected[0].cause == "skipped"
    assert search.rejected[0].reason == f"candidate 0 is perfect on its {rows} examples already"
    assert len(search.asked_of(draft(0), "feedback")) == rows


def test_known_failures_are_shown_again_and_cost_nothing() -> None:
    search = hard(3, 8, search_for=one(minibatch=2, look_again=9, max_iterations=6, gate="minibatch"), feedback=12)
    search.run()
    rows = [set(shown(request.records)) for request in search.reflections]
    assert rows == [{3, 8}] * 6
    parent = Candidate({MODULE: draft(0)}).id
    again = {asked: count for asked, count in search.asked.items() if asked[0] == parent and asked[1] == "feedback"}
    assert len(again) <= 12
    assert max(again.values()) > 1


def test_known_failures_are_those_that_were_known_when_the_ticket_was_drawn() -> None:
    how = one(minibatch=2, look_again=9, lookahead=6, max_iterations=6, gate="minibatch")
    search = hard(3, 8, search_for=how, feedback=12)
    search.run()
    # Nobody knows of the others' failures, so everybody looks until it has found them.
    assert sum(search.asked.values()) > 20 + 6 * 6


def test_the_reflector_is_told_how_the_parent_fails_on_all_that_it_ran_on() -> None:
    search = hard(3, 8, search_for=one(minibatch=4, look_again=4))
    search.fields = ("kind",)
    rows = tuple(
        replace(row, fields={"kind": "odd" if place_of(row) == 3 else "even"}) for row in search.bench.feedback
    )
    search.bench = replace(search.bench, feedback=rows)
    search.run()
    cohort = search.reflections[0].cohort
    assert cohort is not None
    assert (cohort.rows, cohort.failed) == (20, 2)
    assert [(tally.name, tally.count) for tally in cohort.failures] == [("scored N", 2)]


def test_without_a_cohort_only_the_minibatch_is_told() -> None:
    search = hard(3, search_for=one(cohort=False))
    search.run()
    assert search.reflections[0].cohort is None


LONG = "when the third bell rings after noon the keeper walks slowly down to the old harbour"


@pytest.mark.parametrize(("words", "refused"), [(10, True), (0, False), (17, False)])
def test_a_text_that_copies_a_row_is_refused_before_it_is_run(words: int, refused: bool) -> None:
    search = in_drafts(lambda text, row, replicate: 0.5, one(copied_words=words))
    told = replace(search.bench.feedback[4], inputs={"message": LONG})
    search.bench = replace(search.bench, feedback=(*search.bench.feedback[:4], told, *search.bench.feedback[5:]))
    text = f"draft 1: {LONG.upper()}"
    search.reflect = proposing(lambda request, iteration: text)
    search.evaluate = judged_by(lambda text, row, replicate: 0.5)
    search.run()
    event = search.rejected[0]
    assert event.cause == ("form" if refused else "gate")
    if refused:
        assert event.reason.startswith("the new text copies row feedback-4: 'WHEN THE THIRD BELL")
    assert bool(search.asked_of(text, "feedback")) is not refused


def test_what_the_parent_says_already_is_no_copy() -> None:
    search = in_drafts(lambda text, row, replicate: 0.5, one())
    told = replace(search.bench.feedback[4], inputs={"message": LONG})
    search.bench = replace(search.bench, feedback=(told, *search.bench.feedback[1:]), seed={MODULE: f"draft 0: {LONG}"})
    search.reflect = proposing(lambda request, iteration: f"{request.instruction} again")
    search.run()
    assert search.rejected[0].cause == "gate"


def losing(text: str, row: Example, replicate: int) -> float:
    """Children that do well on feedback rows and badly on validation rows."""
    if not is_validation(row):
        return 0.5 if number_of(text) else 0.0
    return 0.1 if number_of(text) else 0.6


def test_a_clearly_worse_child_is_given_up_after_a_few_rows() -> None:
    search = in_drafts(losing, one(), validation=60)
    search.run()
    event = search.rejected[0]
    ran = search.asked_of(draft(1), "validation")
    assert event.cause == "race"
    assert 0 < len(ran) < 20
    assert event.reason == (
        f"on {len(ran)} of 60 examples it scores {0.1 * len(ran):g}, and candidate 0 scores {0.6 * len(ran):g}; "
        "it could hardly become the best, and enters no front"
    )
    assert event.texts == {MODULE: draft(1)}


def test_with_full_validation_it_runs_on_everything_and_enters() -> None:
    search = in_drafts(losing, one(validation="full"), validation=60)
    result = search.run()
    assert len(search.asked_of(draft(1), "validation")) == 60
    assert [member.validated for member in result.members] == [True, True]
    assert result.best.number == 0


def special(text: str, row: Example, replicate: int) -> float:
    """Children that are better on the feedback rows, and on two kinds of validation rows in exchange for the rest."""
    number = number_of(text)
    if not is_validation(row):
        return min(0.9, 0.1 + 0.1 * number)
    hopeless = place_of(row) % 3 == 0
    return float(hopeless) if number else float(not hopeless)


def test_a_specialist_enters_with_the_rows_it_has_may_be_a_parent_and_is_never_chosen() -> None:
    search = in_drafts(special, one(max_iterations=12), validation=60)
    result = search.run()
    specialist = search.accepted[1]
    assert specialist.rows == len(search.asked_of(draft(1), "validation"))
    assert 0 < specialist.rows < 60
    assert specialist.validation_score > 0
    assert not result.members[1].validated
    assert any(1 in event.parents for event in search.decided)
    assert result.best.number == 0


def test_a_better_child_is_validated_to_the_end() -> None:
    search = in_drafts(lambda text, row, replicate: min(0.9, 0.3 + 0.1 * number_of(text)), one(), validation=60)
    result = search.run()
    assert search.accepted[1].rows is None
    assert len(search.asked_of(draft(1), "validation")) == 60
    assert result.best.number == 1


def test_no_row_is_raced_twice() -> None:
    search = in_drafts(special, one(max_iterations=4), validation=60)
    search.run()
    assert max(count for asked, count in search.asked.items() if asked[1] == "validation") == 1


def member(number: int, text: str, scores: Sequence[float], parents: tuple[int, ...] = ()) -> Member:
    return Member(number, Candidate({MODULE: text}), parents, scores)


def ticket_for(*parents: Member, **others: object) -> Ticket:
    """A ticket for these parents, drawn in a search that has seen nothing yet."""
    best = tuple(max(column) for column in zip(*(parent.scores for parent in parents), strict=True))
    plain = Ticket(
        number=7,
        parents=parents,
        module=MODULE,
        minibatch=(0, 1, 2),
        merge=None,
        incumbent=parents[0],
        best_scores=best,
        front=Front((SCORE,)),
        rejected={},
        seen={parent.number: () for parent in parents},
        known=lambda candidate: None,
        noisy=False,
    )
    return replace(plain, **others)  # type: ignore[arg-type]


def world_of(search: Search) -> World:
    """The world of a search that is not begun, in which ticket 7 is in flight."""
    assert search.evaluate is not None
    assert search.reflect is not None
    bench, wall = search.bench, Wall(None, Used())
    wall.draw(7, 1000)
    evaluate, reflect, how = search.evaluate, search.reflect, search.settings
    return World(bench.feedback, bench.validation, evaluate, reflect, how, streams(0), Brief(10_000), wall)


def rising(text: str, row: Example, replicate: int) -> float:
    return min(0.9, 0.1 + 0.1 * number_of(text))


async def test_an_outcome_says_what_was_used_and_seen() -> None:
    seed = member(0, draft(0), [0.1] * 10)
    search = in_drafts(rising, one(gate="minibatch", look_again=0), validation=10)
    outcome = await make(ticket_for(seed), world_of(search))
    assert outcome.accepted
    assert not outcome.idle
    assert (outcome.module, outcome.candidate) == (MODULE, Candidate({MODULE: draft(8)}))
    assert outcome.before == pytest.approx(0.3)
    assert outcome.after == pytest.approx(2.7)
    assert outcome.scores == [0.9] * 10
    assert outcome.seen == tuple(Seen(position, 0.1, "scored 0.1") for position in (0, 1, 2))
    assert Used().take(outcome.used) == 3 + 3 + 10


async def test_a_budget_that_ends_is_an_outcome_and_anything_else_is_not() -> None:
    seed, search = member(0, draft(0), [0.1] * 10), in_drafts(rising, one(), validation=10)

    def refusing(error: Exception) -> World:
        async def evaluate(
            candidate: Candidate, examples: Sequence[Example], split: Split, replicate: int = 0
        ) -> Sequence[Rollout]:
            raise error

        return replace(world_of(search), evaluate=evaluate)

    outcome = await make(ticket_for(seed), refusing(BudgetSpent("no seconds are left")))
    assert outcome.budget == "no seconds are left"
    assert not outcome.accepted
    with pytest.raises(ModelUnavailable, match="nobody there"):
        await make(ticket_for(seed), refusing(ModelUnavailable("nobody there")))


async def test_a_merge_that_is_in_the_pool_already_is_not_run() -> None:
    first, second = member(1, draft(1), [0.5, 0.0], (0,)), member(2, draft(2), [0.0, 0.5], (0,))
    merge = Merge(Candidate({MODULE: draft(1)}), 1, 2, 0, (1,))
    drawn = ticket_for(first, second, merge=merge, module="", known=lambda candidate: 1)
    search = in_drafts(rising, one(), validation=2)
    outcome = await make(drawn, world_of(search))
    assert (outcome.cause, outcome.reason) == ("merge", "the new text is that of candidate 1 again")
    assert Used().take(outcome.used) == 0
