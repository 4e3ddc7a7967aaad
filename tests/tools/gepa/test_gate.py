"""Which proposals pass on a few examples, and how often one passes that is no better than its parent."""

import math
import random

import hypothesis.strategies as st
import pytest
from hypothesis import given

from benchmarks._gepa_landscapes import chance
from tests.tools.gepa.searching import Search, in_drafts, is_validation, number_of, place_of
from toishi.tools.gepa import GepaSettings
from toishi.tools.gepa.gate import FEWEST_ROWS, Gate, holds, improves, perfect
from toishi.tools.workbench.events import ProposalRejected
from toishi.tools.workbench.example import Example

SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=6)
GATES = st.builds(Gate.of, st.builds(GepaSettings, gate_rows=st.integers(6, 60)), st.integers(6, 80))


@given(SCORES)
def test_a_child_that_does_the_same_passes_only_where_equal_is_enough(scores: list[float]) -> None:
    assert not improves(scores, scores, "strict")
    assert improves(scores, scores, "equal")


@given(SCORES, SCORES)
def test_the_sums_decide_and_never_both_ways(before: list[float], after: list[float]) -> None:
    assert improves(before, after, "strict") == (sum(after) > sum(before))
    assert improves(before, after, "strict") != improves(after, before, "equal")


@pytest.mark.parametrize(("merged", "passes"), [([1.0, 0.0], True), ([0.5, 0.0], False), ([1.0, 1.0], True)])
def test_a_merge_is_at_least_as_good_as_its_better_parent(merged: list[float], passes: bool) -> None:
    assert holds([0.0, 0.0], [0.5, 0.5], merged) is passes


def test_perfect_means_every_score() -> None:
    assert perfect([1.0, 1.0])
    assert not perfect([1.0, 0.99])


@given(GATES, st.data())
def test_those_that_were_shown_are_looked_at_first_and_nobody_twice(gate: Gate, data: st.DataObject) -> None:
    shown = data.draw(st.lists(st.integers(0, gate.examples - 1), max_size=8))
    rows = gate.rows(shown, random.Random(data.draw(st.integers())))
    first = list(dict.fromkeys(shown))
    assert rows[: len(first)] == first[: len(rows)]
    assert len(rows) == len(set(rows)) == gate.test.looks[-1] <= gate.examples
    assert set(rows) <= set(range(gate.examples))


@given(GATES, st.integers())
def test_children_of_one_parent_meet_the_same_rows(gate: Gate, luck: int) -> None:
    one, other = (gate.rows(shown, random.Random(luck)) for shown in ([0, 1, 2], [3, 4, 5]))
    assert len(set(one) & set(other)) >= len(one) - 3


@given(GATES)
def test_looks_follow_one_another_without_a_gap(gate: Gate) -> None:
    assert gate.looks[0][0] == 0
    assert [end for _, end in gate.looks[:-1]] == [first for first, _ in gate.looks[1:]]
    assert all(first < end for first, end in gate.looks)


@pytest.mark.parametrize(
    ("rows", "examples"), [pytest.param(16, FEWEST_ROWS - 1, id="few examples"), pytest.param(5, 40, id="few rows")]
)
def test_with_too_few_rows_for_a_test_the_gate_is_the_papers(rows: int, examples: int) -> None:
    how = GepaSettings(gate_rows=rows, lookahead=1, max_iterations=3)
    assert Gate.of(how, examples) is None
    search = in_drafts(lambda text, row, replicate: min(0.9, 0.1 * number_of(text)), how, feedback=examples)
    search.run()
    rose = [(0, 0.5), (0.5, 1), (1, 1.5)]
    said = [f"and the score on 5 examples rose from {before:g} to {after:g}" for before, after in rose]
    assert [event.reason.rpartition(", ")[2] for event in search.accepted[1:]] == said


def test_the_gate_is_the_papers_where_the_settings_say_so() -> None:
    assert Gate.of(GepaSettings(gate="minibatch"), 100) is None
    assert Gate.of(GepaSettings(), 100) is not None


def test_the_gate_goes_on_beyond_what_was_shown_until_it_is_certain() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        return float(number_of(text) > 0 and place_of(row) % 2) if place_of(row) >= 10 else 0.0

    search = in_drafts(judge, GepaSettings(lookahead=1, max_iterations=1))
    search.run()
    run_on = search.asked_of("draft 1", "feedback")
    assert len(run_on) > len(search.reflections[0].records)
    assert run_on <= search.asked_of("draft 0", "feedback")


def test_a_child_that_mends_what_was_shown_is_found_at_the_first_look() -> None:
    search = in_drafts(lambda text, row, replicate: float(number_of(text) > 0), GepaSettings(max_iterations=1))
    search.run()
    assert len(search.accepted) == 2
    assert len(search.asked_of("draft 1", "feedback")) == 8


def equals(base: float, world: int, how: GepaSettings) -> Search:
    """Drafts that all solve any feedback row with the same chance; none of the later ones survives its validation."""

    def judge(text: str, row: Example, replicate: int) -> float:
        if is_validation(row):
            return float(number_of(text) == 0 and chance(world, row.id, replicate) < 0.5)
        return float(chance(world, text, row.id, replicate) < base)

    search = in_drafts(judge, how, feedback=40)
    search.seed = world
    search.run()
    return search


def passed(base: float, how: GepaSettings, worlds: int = 150) -> tuple[int, int]:
    """How many children passed the gate of the seed, and how many were judged there: the last one of each world."""
    causes = []
    for world in range(worlds):
        last = equals(base, world, how).decided[-1]
        assert isinstance(last, ProposalRejected)
        causes.append(last.cause)
    return causes.count("race"), causes.count("race") + causes.count("gate")


@pytest.mark.parametrize("iterations", [1, 4], ids=["the first child", "a later child"])
def test_a_child_like_its_parent_passes_the_sequential_gate_as_often_as_it_is_told_to(iterations: int) -> None:
    how = GepaSettings(lookahead=1, max_iterations=iterations)
    counts = [passed(base, how) for base in (0.3, 0.5, 0.7, 0.9)]
    accepted, judged = (sum(column) for column in zip(*counts, strict=True))
    assert judged > 500
    assert accepted / judged == pytest.approx(how.gate_alpha, abs=3 * math.sqrt(0.2 * 0.8 / judged))


def test_the_papers_gate_lets_many_more_of_them_pass() -> None:
    published = GepaSettings.model_validate(
        {"gate": "minibatch", "minibatch": 3, "look_again": 0, "lookahead": 1, "max_iterations": 1}
    )
    accepted, judged = passed(0.7, published)
    assert accepted / judged > 0.4
    # Shown more failures, it lets nearly everything pass.
    accepted, judged = passed(0.7, GepaSettings(gate="minibatch", lookahead=1, max_iterations=1), worlds=60)
    assert accepted / judged > 0.85


def test_the_gate_compares_with_what_the_parent_does_when_nobody_looks() -> None:
    search = equals(0.5, 3, GepaSettings(lookahead=1, max_iterations=1))
    assert search.asked_of("draft 1", "feedback") == search.asked_of("draft 0", "feedback", replicate=1)


def test_where_nothing_is_noisy_no_rollout_is_repeated() -> None:
    search = in_drafts(lambda text, row, replicate: 0.5, GepaSettings(lookahead=1, max_iterations=3))
    search.run()
    again = {one for one in search.asked if one[3] == 1}
    assert len(again) == 8
    assert {split for _, split, _, _ in again} == {"validation"}
