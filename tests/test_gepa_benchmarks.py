"""The benchmarks of the search in forms so small that they say nothing: worlds, arms, and the names of figures."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import _gepa_peers as peers
from benchmarks import gepa_engine, gepa_overhead, gepa_search
from benchmarks._gepa_endpoint import FakeEndpoint, Latency, Traffic, feedback_in, instruction_in
from benchmarks._gepa_landscapes import (
    BASE,
    HIGHEST,
    KINDS,
    LANDSCAPES,
    REVEALED,
    SEED_TEXT,
    WRONG,
    World,
    few_strong,
    instruction,
    interacting,
    judge,
    many_weak,
    misleading,
    noisy,
)
from benchmarks._gepa_peers import Curve, Meter
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.textgrad.reflection import Record, ReflectionRequest, render, template_for

WORLDS = st.builds(lambda make, seed: make(seed), st.sampled_from(LANDSCAPES), st.integers(0, 50))
BEGINNING = pytest.approx((100, BASE))
"""Every search has scored the seed on the 100 validation rows, and would choose it."""
SOME = st.sets(st.integers(0, 29))


def worlds() -> list[World]:
    return [make(seed) for make in LANDSCAPES for seed in (0, 1)]


def some_rules(world: World, places: set[int]) -> str:
    names = [*world.useful, *world.useless]
    return instruction([names[place] for place in sorted(places) if place < len(names)])


@pytest.mark.parametrize("world", worlds(), ids=lambda world: f"{world.name}-{world.seed}")
def test_a_world_begins_low_and_can_be_solved(world: World) -> None:
    assert world.true_score(SEED_TEXT) == pytest.approx(BASE)
    # The last two rules of this one undo each other.
    useful = world.useful[:-1] if world.name == "interacting" else world.useful
    assert 0.9 <= world.true_score(instruction(useful)) <= HIGHEST
    assert world.true_score(instruction(world.useless)) < BASE


@given(WORLDS, SOME, st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_scores_are_the_same_in_any_order(world: World, places: set[int], luck: int) -> None:
    text = some_rules(world, places)
    rows = list(enumerate(world.validation[:20]))
    first = {number: world.evaluate(text, row) for number, row in rows}
    random.Random(luck).shuffle(rows)
    again = type(world)(**{name: getattr(world, name) for name in world.__dataclass_fields__})
    assert {number: again.evaluate(text, row) for number, row in rows} == first


@pytest.mark.parametrize("make", LANDSCAPES)
def test_the_true_score_is_the_mean_over_very_many_examples(make: gepa_search.Make) -> None:
    world = make(3)
    text = some_rules(world, {0, 2, 3, 20})
    rows = [Example(str(number), {"message": f"message {number} about {kind}"}, "") for number, kind in _population()]
    mean = sum(world.evaluate(text, row)[0] for row in rows) / len(rows)
    assert mean == pytest.approx(world.true_score(text), abs=0.02)


def _population() -> list[tuple[int, str]]:
    return [(number, kind) for number in range(1000, 2500) for kind in KINDS]


def test_replicates_differ_in_the_noisy_world_alone() -> None:
    for make in LANDSCAPES:
        world = make(0)
        scores = [[world.evaluate(SEED_TEXT, row, replicate)[0] for row in world.validation] for replicate in (0, 1)]
        assert (scores[0] != scores[1]) == (make is noisy)


def test_an_instruction_is_read_out_of_any_longer_text() -> None:
    world = few_strong(0)
    text = instruction(world.useful[:2], draft=7)
    indented = "Your objective is:\n" + "\n".join(f"        {line}" for line in text.splitlines())
    answers = [world.answer(text, row.inputs["message"]) for row in world.validation]
    assert [world.answer(indented, row.inputs["message"]) for row in world.validation] == answers


def test_a_failure_names_what_would_have_helped_and_misleading_feedback_often_something_else() -> None:
    def named(world: World) -> Counter[bool]:
        said = (judge(world.answer(SEED_TEXT, row.inputs["message"]))[1] for row in world.validation)
        return Counter(name in world.useful for text in said for name in REVEALED.findall(text))

    assert set(named(many_weak(0))) == {True}
    misled = named(misleading(0, validation=1000))
    assert misled[False] / misled.total() == pytest.approx(0.5, abs=0.07)


def test_where_nothing_would_help_the_feedback_names_nothing() -> None:
    world = few_strong(0)
    text = instruction(world.useful)
    assert {world.answer(text, row.inputs["message"]) for row in world.validation} == {"right", WRONG}
    assert judge(WRONG) == (0.0, "Wrong, and nothing tells why.")


@given(WORLDS, SOME, st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_a_proposal_depends_on_what_was_shown_and_on_the_draw(world: World, places: set[int], draw: int) -> None:
    text = some_rules(world, places)
    feedback = "\n".join(world.evaluate(text, row)[1] for row in world.feedback[:3])
    proposal = world.propose(text, feedback, draw)
    assert world.propose(text, feedback, draw) == proposal
    assert proposal != text
    assert proposal.count("Mind the") <= world.capacity


def test_the_reflector_takes_up_what_it_is_told_about_every_second_time() -> None:
    world = few_strong(0)
    name = world.useful[0]
    proposals = [world.propose(SEED_TEXT, f"Wrong: the {name} was overlooked.", draw) for draw in range(400)]
    taken = sum(name in proposal for proposal in proposals)
    assert taken / 400 == pytest.approx(world.reveals, abs=0.08)


def test_long_instructions_forget() -> None:
    world = many_weak(0)
    text = instruction([*world.useful, *world.useless][: world.capacity])
    kept = [world.propose(text, "", draw).count("Mind the") for draw in range(100)]
    assert max(kept) <= world.capacity
    assert 20 < sum(count < world.capacity for count in kept) < 80


def test_rules_that_undo_each_other_cost_more_than_they_bring() -> None:
    world = interacting(0)
    first, second = world.useful[-2:]
    both = world.true_score(instruction([first, second]))
    assert both < min(world.true_score(instruction([name])) for name in (first, second))
    pair = [world.true_score(instruction(names)) for names in (world.useful[:1], world.useful[1:2], world.useful[:2])]
    assert pair[2] - BASE > 2 * (pair[0] - BASE + pair[1] - BASE)


def test_a_meter_that_remembers_pays_once() -> None:
    world = few_strong(0)
    rows = world.validation[:4]
    for remembers, paid in ((True, 4), (False, 8)):
        meter = Meter(world, remembers=remembers)
        assert meter.mean(SEED_TEXT, rows) == meter.mean(SEED_TEXT, rows)
        assert meter.rollouts == paid


@pytest.mark.parametrize("arm", [peers.gepa, peers.random_search, peers.best_of_n])
def test_a_peer_begins_with_the_seed_and_spends_its_budget(arm: gepa_search.Arm) -> None:
    curve = arm(few_strong(0), 700)
    assert curve.points[0] == BEGINNING
    assert curve.final >= BASE
    # gepa looks at its budget once an iteration.
    assert 590 < curve.rollouts <= 700 + (106 if arm is peers.gepa else 0)
    assert arm(few_strong(0), 700) == curve


def test_mipro_runs_on_the_same_world() -> None:
    pytest.importorskip("optuna")
    curve = peers.mipro(few_strong(0), 700)
    assert curve.points[0] == BEGINNING
    assert curve.final > BASE
    assert 500 < curve.rollouts <= 750


def test_ours_keeps_to_the_budget_and_repeats_itself() -> None:
    curve = gepa_search.search(few_strong(0), 700, {})
    assert curve.points[0] == BEGINNING
    assert curve.rollouts <= 700
    assert gepa_search.search(few_strong(0), 700, {}) == curve


def test_a_speedup_is_the_median_over_seeds_and_a_miss_counts_as_nothing() -> None:
    theirs = [Curve(((100, 0.3), (400, 0.6)), 500)] * 3
    ours = [
        Curve(((100, 0.3), (200, 0.7)), 500),
        Curve(((100, 0.3), (300, 0.61), (350, 0.5)), 500),
        Curve(((100, 0.3), (200, 0.5)), 500),
    ]
    assert gepa_search.speedup(ours, theirs) == (round(400 / 300, 3), 1)


def test_mean_curves_are_compared_where_the_peer_has_most_of_its_gain() -> None:
    theirs = [Curve(((100, 0.3), (400, 0.5)), 500), Curve(((100, 0.3), (300, 0.5), (490, 0.51)), 500)]
    ours = [Curve(((100, 0.3), (200, 0.5)), 500), Curve(((100, 0.3), (160, 0.5)), 500)]
    assert gepa_search.mean_curve_speedup(ours, theirs) == 2.0
    assert gepa_search.mean_curve_speedup([Curve(((100, 0.3),), 500)], theirs) == 0.0


def test_the_search_reports_what_it_was_asked_for() -> None:
    plain = {name: arm for name, arm in gepa_search.PEERS.items() if name != "mipro"}
    curves = [gepa_search.curves(few_strong, seed, 20, 300, plain) for seed in (0, 1)]
    figures = gepa_search.figures_of([{**one, "mipro": one["random"]} for one in curves])
    wanted = ("true_score", "gepa_true_score", "mipro_true_score", "random_true_score", "best_of_n_true_score")
    assert all(isinstance(figures[name], float) for name in (*wanted, "rollouts_speedup", "racing_speedup"))
    low, high = figures["difference_interval"]
    assert low <= high


def test_the_endpoint_reads_our_prompts() -> None:
    world = few_strong(0)
    text = instruction(world.useful[:1], draft=3)
    request = ReflectionRequest(
        "answer", text, [Record({"message": "one"}, WRONG, "Wrong: it.")], 100, rejected=("No",)
    )
    for model in ("fake/endpoint", "embedded/mini"):
        prompt = render(request, template_for(model))
        assert instruction_in(prompt) == text
        assert feedback_in(prompt) == "feedback: Wrong: it."


def test_the_same_call_takes_the_same_time_and_the_mean_is_as_told() -> None:
    latency = Latency()
    seconds = [latency.of_rollout("text", number) for number in range(20_000)]
    assert sum(seconds) / len(seconds) == pytest.approx(latency.rollout, rel=0.03)
    assert seconds[:5] == [latency.of_rollout("text", number) for number in range(5)]


def test_an_endpoint_is_busy_by_its_nominal_seconds() -> None:
    endpoint = FakeEndpoint(few_strong(0), 2, Latency(rollout=1e-4, reflection=1e-4))
    assert endpoint.roll_out(SEED_TEXT, "message 1 about fees") in ("right", *_wrong(few_strong(0)))
    assert instruction_in(f"\n<instruction>\n{endpoint.reflect(SEED_TEXT, '', 0)}\n</instruction>") != SEED_TEXT
    assert (endpoint.traffic.rollouts, endpoint.traffic.reflections) == (1, 1)
    traffic = Traffic()
    traffic.began()
    traffic.ended(0.5, reflection=False)
    assert traffic.nominal_seconds == 0.5
    assert traffic.busy(4) > 0


def _wrong(world: World) -> list[str]:
    return [WRONG, *(f"{WRONG}: {name}" for name in (*world.useful, *world.useless))]


def test_the_engine_reports_both_sizes_and_keeps_to_its_budget() -> None:
    latency = Latency(rollout=1e-4, reflection=1e-3)
    figures = gepa_engine.figures_of(20, 300, 1, latency)
    assert list(figures)[:5] == ["busy", "seconds", "gepa_default_seconds", "gepa_best_seconds", "overshoot"]
    assert figures["overshoot"] == 0
    assert set(gepa_engine.BUDGETS) == {30, 300}


def test_the_overhead_is_that_of_a_pool_that_grew() -> None:
    figures = gepa_overhead.measure(30, 5_000, run=lambda work, *arguments: work(*arguments))
    assert figures["candidates"] == 30
    assert figures["gepa_candidates"] == 17
    assert {"ms_per_iteration_first", "ms_per_iteration_last", "gepa_ms_last"} <= set(figures)
