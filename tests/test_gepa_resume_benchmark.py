"""The benchmark of kills without a kill: what its server answers, and where it says that a kill fell."""

import json
from collections import Counter
from typing import Any

import pytest

from benchmarks._gepa_endpoint import Latency
from benchmarks._gepa_landscapes import RIGHT, SEED_TEXT, WRITTEN
from benchmarks._gepa_server import FENCE, answers_of, world_of
from benchmarks._kills import Recorded, twice
from benchmarks.gepa_resume import FIGURES, LANDSCAPES, Plan, places, told
from toishi.tools.workbench.events import CandidateAccepted, Event, PhaseStarted
from toishi.tools.workbench.textgrad.reflection import Record, ReflectionRequest, parse, render, template_for

AT_ONCE = Latency(rollout=0.0, reflection=0.0)
PLAN = Plan("noisy", 3)


def request(*messages: str, seed: int = 0) -> dict[str, Any]:
    roles = ("system", "user") if len(messages) == 2 else ("user",)
    said = [{"role": role, "content": text} for role, text in zip(roles, messages, strict=True)]
    return {"messages": said, "seed": seed}


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_the_server_answers_every_row_of_a_project_as_its_world_does(landscape: str) -> None:
    plan = Plan(landscape, 1)
    world = world_of(landscape, 1, Counter(plan.splits.values())["validation"])
    answer = answers_of(world, AT_ONCE)
    rows = [*world.feedback, *world.validation]
    assert [one for one, split in plan.splits.items() if split != "test"] == [row.inputs["message"] for row in rows]
    for message in plan.splits:
        assert answer(request(SEED_TEXT, message, seed=5)) == world.answer(SEED_TEXT, message, 5)


def test_a_reflection_in_our_words_and_one_in_those_of_gepa_get_a_proposal_that_can_be_read() -> None:
    world = world_of("few_strong", 0, 30)
    answer = answers_of(world, AT_ONCE)
    name = world.useful[0]
    record = Record({"message": "message 1"}, f"wrong: {name}", f"expected {RIGHT}, got wrong: {name}")
    ours = ReflectionRequest("prompt", SEED_TEXT, [record], 1000)
    prompt = render(ours, template_for("openai/world"))
    theirs = f"Instructions:\n{FENCE}\n{SEED_TEXT}\n{FENCE}\nWrong: the {name} was overlooked."

    found = [parse(answer(request(prompt, seed=draw)), ours) for draw in range(20)]
    said = [answer(request(theirs, seed=draw)).split(FENCE)[1].strip() for draw in range(20)]

    for texts in (found, said):
        assert any(name in text for text in texts)
        assert all(WRITTEN.search(text) for text in texts)


@pytest.mark.parametrize(
    ("phase", "text", "split", "place"),
    [
        ("baseline", SEED_TEXT, "validation", "baseline"),
        ("search", SEED_TEXT, "feedback", "minibatch"),
        ("search", "Another.", "feedback", "gate"),
        ("search", "Another.", "validation", "race"),
        ("finals", SEED_TEXT, "validation", "finals"),
        ("test", SEED_TEXT, "test", "test"),
    ],
)
def test_a_kill_fell_where_its_lost_requests_were(phase: Any, text: str, split: str, place: str) -> None:
    message = next(message for message, one in PLAN.splits.items() if one == split)
    lost = Counter([json.dumps([[["system", text], ["user", message]], 7])])
    decisions: tuple[Event, ...] = (seed(), PhaseStarted(phase=phase))
    assert places(PLAN, lost, lost, Recorded({}, decisions, Counter())) == {place}


def test_a_kill_without_a_lost_request_fell_between_calls_or_into_the_start() -> None:
    asked, now = Counter([json.dumps([[["user", "<instruction>"]], 7])]), Recorded({}, (), Counter())
    assert places(PLAN, asked, asked, now) == {"reflection"}
    assert places(PLAN, Counter(), asked, now) == {"between_calls"}
    assert places(PLAN, Counter(), Counter(), now) == {"start"}


def seed() -> CandidateAccepted:
    return CandidateAccepted(
        number=0,
        candidate="c",
        parents=(),
        texts={"prompt": SEED_TEXT},
        reason="",
        module=None,
        before=None,
        after=None,
        validation_score=0.5,
    )


def test_only_what_was_known_before_is_paid_twice() -> None:
    known, recorded = Counter(a=1, b=1), Counter(a=1, b=2, c=1)
    # The second reply to b is that of another request with the same words.
    assert twice(Counter(a=1, b=1, c=2), known, recorded) == 1


def test_the_figures_are_those_that_are_published() -> None:
    figures = Counter({**dict.fromkeys(FIGURES, 0), "fell_into/race": 3, "fell_into/test": 1})
    del figures["differ_across_concurrency"]
    found = told(figures, identical_across_concurrency=True)
    assert found.keys() >= {"kills", "paid_twice", "identical_results", "overshoot", "identical_across_concurrency"}
    assert found["fell_into"] == {"race": 3, "test": 1}
