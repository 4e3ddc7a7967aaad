"""The search as a whole: what it decides, what it remembers, how it ends, and that it can be played again."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from benchmarks.gepa_benches import BENCHES, Bench, discovery, evaluate_on, pipeline, plain_reply, reflect_on
from tests.tools.gepa.searching import ITERATIONS, Search, as_published, scripted, tagged
from toishi.tools.gepa import Evaluate
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import BudgetSpent, DataError, RequestRefused
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.models.protocol import Reply
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.textgrad.reflection import ReflectionRequest, Request

benches = st.sampled_from([make() for make in BENCHES])


def metered(bench: Bench, limit: int) -> tuple[Evaluate, list[int]]:
    """The world with room for `limit` rollouts, taken all or nothing, and what was spent."""
    spent = [0]
    evaluate = evaluate_on(bench)

    async def within(
        candidate: Candidate, examples: Sequence[Example], split: str, replicate: int = 0
    ) -> Sequence[Rollout]:
        if spent[0] + len(examples) > limit:
            raise BudgetSpent(f"{limit} rollouts are spent")
        spent[0] += len(examples)
        return await evaluate(candidate, examples, "feedback")

    return within, spent


@pytest.mark.parametrize("bench", [make() for make in BENCHES], ids=lambda bench: bench.name)
def test_a_search_finds_something_better_and_says_how(bench: Bench) -> None:
    search = Search(bench)
    result = search.run()
    assert result.best.validation_score > result.seed.validation_score
    assert result.stopped == f"all {ITERATIONS} iterations are done"
    assert [event.number for event in search.accepted] == list(range(len(result.members)))
    assert [event.texts for event in search.accepted] == [dict(member.candidate.texts) for member in result.members]
    assert [event.validation_score for event in search.accepted] == [each.validation_score for each in result.members]


def test_every_iteration_ends_in_exactly_one_decision() -> None:
    search = Search(pipeline())
    search.run()
    assert len(search.events) == ITERATIONS + 1
    iterations = [event.iteration for event in search.rejected]
    assert len(set(iterations)) == len(iterations)


@settings(deadline=None, max_examples=40)
@given(benches, st.integers(0, 5), st.integers(0, 700))
def test_a_budget_is_never_exceeded_and_ends_the_search_with_what_stands(bench: Bench, seed: int, limit: int) -> None:
    """What was decided before the end is what an unlimited search decides, too."""
    evaluate, spent = metered(bench, limit)
    unlimited, limited = Search(bench, seed=seed), Search(bench, seed=seed, evaluate=evaluate)
    unlimited.run()
    if limit < len(bench.validation):
        with pytest.raises(BudgetSpent):
            limited.run()
        return
    result = limited.run()
    assert spent[0] <= limit
    assert limited.events == unlimited.events[: len(limited.events)]
    assert len(limited.events) == result.iterations + 1
    assert len(result.members) == len(limited.accepted)
    if result.iterations < ITERATIONS:
        assert result.stopped == f"the budget is spent: {limit} rollouts are spent"


def test_a_budget_that_ends_in_reflection_ends_the_search_with_what_stands() -> None:
    bench = discovery()
    unspent, search = iter(range(3)), Search(discovery())

    async def reflect(request: Request, iteration: int) -> Reply:
        if next(unspent, None) is None:
            raise BudgetSpent("no tokens are left")
        return await reflect_on(bench)(request, iteration)

    search.reflect = reflect
    result = search.run()
    assert result.stopped == "the budget is spent: no tokens are left"
    assert len(result.members) == len(search.accepted)
    assert len(search.reflections) == 4


def test_the_search_asks_whether_a_whole_iteration_fits() -> None:
    bench = discovery()
    asked: list[int] = []

    def affordable(rollouts: int) -> bool:
        asked.append(rollouts)
        return len(asked) < 4

    result = Search(bench, affordable=affordable).run()
    assert set(asked) == {2 * 3 + len(bench.validation)}
    assert result.iterations == 3
    assert result.stopped == "the rest of the budget is too small for another whole iteration"


@settings(deadline=None, max_examples=20)
@given(benches, st.integers(0, 1000))
def test_a_replay_decides_the_same(bench: Bench, seed: int) -> None:
    first, second = Search(bench, seed=seed), Search(bench, seed=seed)
    assert first.run() == second.run()
    assert first.events == second.events


def test_seeds_lead_to_different_searches() -> None:
    assert Search(discovery(), seed=1).run() != Search(discovery(), seed=2).run()


MISTAKES: dict[str, Callable[[ReflectionRequest], Reply]] = {
    "cut off": lambda request: replace(plain_reply(tagged(request.instruction + "\nx")), finish_reason="length"),
    "no tags": lambda request: plain_reply(request.instruction + "\nnew: rule"),
    "the same": lambda request: plain_reply(tagged(request.instruction)),
    "lost placeholder": lambda request: plain_reply(tagged(request.instruction.replace("{name}", "name") + "\nx: y")),
    "too long": lambda request: plain_reply(tagged(request.instruction + "x" * 300)),
    "empty": lambda request: plain_reply(tagged("")),
    "two": lambda request: plain_reply(tagged("{name} one") + tagged("{name} two")),
}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([*MISTAKES, "fine"]), min_size=ITERATIONS, max_size=ITERATIONS))
def test_a_reply_that_is_not_in_form_never_becomes_a_candidate(plan: list[str]) -> None:
    bench = replace(discovery(), seed={"answer": "Answer {name} with a direction.\namber: north"})
    well_formed: list[str] = []
    ahead, flawed = iter(plan), []

    async def reflect(request: Request, iteration: int) -> Reply:
        assert isinstance(request, ReflectionRequest)
        kind = next(ahead)
        if kind != "fine":
            flawed.append(iteration)
            return MISTAKES[kind](request)
        well_formed.append(bench.propose(request.instruction, request.records))
        return plain_reply(tagged(well_formed[-1]))

    search = Search(bench, reflect=reflect, placeholders={"answer": ("name",)}, max_characters=300)
    result = search.run()
    assert {member.candidate.texts["answer"] for member in result.members[1:]} <= set(well_formed)
    by_form = {event.iteration: event for event in search.rejected if event.cause == "form"}
    assert set(flawed) <= set(by_form)
    assert all(by_form[iteration].texts is None for iteration in flawed)


def test_a_request_that_the_reflector_cannot_take_is_a_proposal_that_came_to_nothing() -> None:
    async def reflect(request: Request, iteration: int) -> Reply:
        raise RequestRefused("the prompt has 9000 tokens, more than 4096")

    search = Search(discovery(), as_published(max_iterations=4), reflect=reflect)
    result = search.run()
    assert result.iterations == 4
    refusals = {event.reason for event in search.rejected if event.cause == "form"}
    assert refusals == {"the prompt has 9000 tokens, more than 4096"}


def test_the_reflector_is_shown_the_text_the_limits_and_what_must_survive() -> None:
    search = Search(pipeline(), placeholders={"topic": ("message", "name")}, max_characters=321)
    search.run()
    assert {request.module for request in search.reflections} == {"topic", "answer"}
    assert {request.max_characters for request in search.reflections} == {321}
    for request in search.reflections:
        assert request.placeholders == (("message", "name") if request.module == "topic" else ())
        assert 0 < len(request.records) <= 3


def test_the_reflector_is_shown_what_was_refused_of_the_same_parent_and_module() -> None:
    rules = [f"Useless rule {number}." for number in range(ITERATIONS)]
    search = Search(discovery(), reflect=scripted(*map(tagged, rules)))
    search.run()
    assert len(search.accepted) == 1
    shown = [request.rejected for request in search.reflections]
    assert shown[:5] == [(), ("Useless rule 0.",), tuple(rules[:2]), tuple(rules[:3]), tuple(rules[1:4])]


def test_what_another_parent_was_refused_is_not_shown() -> None:
    search = Search(discovery(), as_published(max_iterations=60, remember_rejected=99))
    search.run()
    refused: dict[str, list[str]] = {}
    for event in search.rejected:
        if event.cause == "gate" and event.texts is not None:
            parent = search.accepted[event.parents[0]]
            refused.setdefault(parent.texts["answer"], []).append(event.texts["answer"])
    assert len(refused) > 1
    for request in search.reflections:
        assert set(request.rejected) <= set(refused.get(request.instruction, []))


def test_a_refused_edit_that_comes_again_is_refused_without_a_rollout() -> None:
    search = Search(discovery(), reflect=scripted(tagged("Useless.")))
    search.run()
    causes = [event.cause for event in search.rejected if event.cause != "skipped"]
    assert causes[0] == "gate"
    assert set(causes[1:]) == {"form"}


def test_perfect_minibatches_teach_nothing_and_cost_no_reflection() -> None:
    bench = discovery()
    easy = tuple(example for example in bench.feedback if "amber" in example.inputs["message"])
    search = Search(replace(bench, feedback=easy), as_published(max_idle=7))
    result = search.run()
    assert search.requests == []
    assert result.stopped == "7 iterations in a row had no proposal to judge"
    assert {event.reason for event in search.rejected} == {"candidate 0 is perfect on its 3 examples already"}


def test_without_skipping_perfect_minibatches_are_reflected_on() -> None:
    bench = discovery()
    easy = tuple(example for example in bench.feedback if "amber" in example.inputs["message"])
    search = Search(replace(bench, feedback=easy), as_published(skip_perfect=False, max_iterations=3))
    search.run()
    assert len(search.reflections) == 3


def test_a_perfect_seed_ends_the_search_at_once() -> None:
    bench = discovery()
    easy = tuple(example for example in bench.validation if "amber" in example.inputs["message"])
    result = Search(replace(bench, validation=easy)).run()
    assert result.iterations == 0
    assert result.stopped == "the best candidate is perfect on the whole validation set"


def test_patience_ends_a_search_that_does_not_get_better() -> None:
    search = Search(discovery(), as_published(patience=4, max_idle=None), reflect=scripted(tagged("Useless.")))
    assert search.run().stopped == "4 iterations in a row brought no higher validation score"


def test_a_module_that_does_not_run_is_passed_over_and_the_rotation_goes_on() -> None:
    bench = replace(discovery(), seed={"unused": "Never read.", "answer": "Answer.\namber: north"})
    search = Search(bench, as_published(max_iterations=6, selection="best"))
    search.run()
    first = search.rejected[0]
    assert (first.cause, first.module) == ("skipped", "unused")
    assert first.reason == "unused ran in none of the 3 examples"
    assert {request.module for request in search.reflections} == {"answer"}


def test_there_are_no_merges_where_the_validation_set_is_smaller_than_their_gate() -> None:
    bench = pipeline()
    search = Search(
        bench, as_published(max_iterations=60, merge=True, merge_minibatch=len(bench.validation) + 1), seed=4
    )
    search.run()
    assert {len(accepted.parents) for accepted in search.accepted} == {0, 1}
    assert {len(rejected.parents) for rejected in search.rejected} == {1}


def test_every_decision_says_why() -> None:
    search = Search(pipeline(), as_published(max_iterations=60, merge=True, remember_rejected=3), seed=4)
    search.run()
    reasons = {len(event.parents): event.reason for event in reversed(search.accepted)}
    assert reasons[0] == "what the search started from"
    assert reasons[1] == "topic of candidate 0 was rewritten, and the score on 3 examples rose from 0.5 to 1.5"
    assert reasons[2].startswith("topic of candidate ")
    assert {event.cause for event in search.rejected} >= {"skipped", "form", "gate"}
    assert all(event.reason for event in search.rejected)


def test_a_search_needs_examples_of_both_kinds() -> None:
    bench = discovery()
    with pytest.raises(DataError, match="no validation examples; give the validation split at least one row"):
        Search(replace(bench, validation=())).run()
    with pytest.raises(DataError, match="no feedback examples"):
        Search(replace(bench, feedback=())).run()
