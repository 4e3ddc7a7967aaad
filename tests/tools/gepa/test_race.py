"""A child races against the incumbent and the front, and is run on no more rows than it takes to decide."""

import math
import random
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from toishi.tools.gepa.race import RaceRules, Step, advance, chunk_ends, entries, row_order

RULES = RaceRules()
SURE = RaceRules(doubt=0.0)
GRADED = st.sampled_from([0.0, 0.1, 0.5, 0.75, 1.0])
BINARY = st.sampled_from([0.0, 1.0])


@st.composite
def races(draw: st.DrawFn, scores: st.SearchStrategy[float] = GRADED) -> tuple[list[float], list[float], list[float]]:
    """Scores of the incumbent, of the front, which is never below it, and of a child."""
    rows = draw(st.lists(st.tuples(scores, scores, scores), min_size=1, max_size=60))
    return [row[0] for row in rows], [max(row[:2]) for row in rows], [row[2] for row in rows]


def run(
    child: Sequence[float],
    incumbent: Sequence[float],
    front: Sequence[float],
    rules: RaceRules = RULES,
    seed: int = 0,
) -> tuple[Step, dict[int, float]]:
    """A whole race: its last step, and the scores that it took."""
    order = row_order(incumbent, front, random.Random(seed))
    known: dict[int, float] = {}
    step = advance(order, known, incumbent, front, rules)
    while step.rows:
        assert step.outcome == "running"
        assert not set(step.rows) & set(known)
        known.update((row, child[row]) for row in step.rows)
        step = advance(order, known, incumbent, front, rules)
    assert step.outcome != "running"
    return step, known


@given(races(), st.integers())
def test_the_order_holds_every_row_once_and_depends_on_the_stream_alone(
    race: tuple[list[float], list[float], list[float]], seed: int
) -> None:
    incumbent, front, _ = race
    order = row_order(incumbent, front, random.Random(seed))
    assert sorted(order) == list(range(len(incumbent)))
    assert order == row_order(incumbent, front, random.Random(seed))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 40), st.integers())
def test_every_beginning_of_the_order_is_a_fair_sample_of_each_kind_of_row(
    solved: int, missed: int, open_to_all: int, seed: int
) -> None:
    incumbent = [1.0] * solved + [0.0] * (missed + open_to_all)
    front = [1.0] * (solved + missed) + [0.0] * open_to_all
    kinds = list(range(len(incumbent)))
    order = row_order(incumbent, front, random.Random(seed))
    for kind in (kinds[:solved], kinds[solved : solved + missed], kinds[solved + missed :]):
        for end in range(len(order) + 1):
            expected = len(kind) * end / len(order)
            # At most one row per kind is off, whatever the offsets.
            assert abs(len(set(order[:end]) & set(kind)) - expected) <= 3


def test_each_row_is_as_likely_as_any_other_to_be_run_first() -> None:
    incumbent = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    first = [row_order(incumbent, [1.0] * 6, random.Random(seed))[:3] for seed in range(2000)]
    shares = [sum(row in rows for rows in first) / 2000 for row in range(6)]
    assert shares == pytest.approx([0.5] * 6, abs=0.05)


@given(st.integers(1, 2000))
def test_the_looks_grow_and_end_at_the_last_row(rows: int) -> None:
    ends = chunk_ends(rows, RULES)
    assert ends[-1] == rows
    assert all(before < after for before, after in pairwise(ends))
    assert ends[0] >= min(rows, RULES.first)


def test_a_small_set_is_run_at_once_and_a_large_one_in_growing_chunks() -> None:
    assert chunk_ends(1, RULES) == (1,)
    assert chunk_ends(5, RULES) == (5,)
    assert chunk_ends(30, RULES) == (8, 10, 14, 18, 23, 30)
    assert chunk_ends(300, RULES) == (36, 47, 61, 79, 103, 134, 174, 226, 300)


def test_looks_come_after_every_row_where_they_are_asked_to() -> None:
    assert chunk_ends(6, RaceRules(first=2, share=0, growth=1.0)) == (2, 3, 4, 5, 6)


@settings(deadline=None)
@given(races(), st.integers(0, 100))
def test_with_no_doubt_no_child_that_would_beat_the_incumbent_is_given_up(
    race: tuple[list[float], list[float], list[float]], seed: int
) -> None:
    incumbent, front, child = race
    step, known = run(child, incumbent, front, SURE, seed)
    beats = math.fsum(child) > math.fsum(incumbent) + 1e-9
    if beats:
        assert step.outcome == "finished"
    if step.outcome == "finished":
        assert len(known) == len(child)
        assert step.chance == float(beats)
        assert step.expected == pytest.approx(sum(child) / len(child))
    else:
        assert step.chance == 0.0


@settings(deadline=None)
@given(races(), st.integers(0, 100), st.floats(0, 0.5))
def test_a_race_ends_as_a_specialist_exactly_where_the_front_was_entered(
    race: tuple[list[float], list[float], list[float]], seed: int, doubt: float
) -> None:
    incumbent, front, child = race
    rules = RaceRules(doubt=doubt, first=3)
    step, known = run(child, incumbent, front, rules, seed)
    assert 0.0 <= step.chance <= 1.0
    assert 0.0 <= step.expected <= 1.0
    assert step.entered == entries(known, front, rules.margin)
    assert all(child[row] - front[row] >= rules.margin - 1e-9 for row in step.entered)
    if step.outcome == "specialist":
        assert step.entered
    if step.outcome == "abandoned":
        assert not step.entered


@settings(deadline=None)
@given(races(), st.integers(0, 100))
def test_with_probes_without_end_nobody_is_abandoned_who_would_have_entered_the_front(
    race: tuple[list[float], list[float], list[float]], seed: int
) -> None:
    incumbent, front, child = race
    rules = RaceRules(first=1, probes=len(child))
    step, _ = run(child, incumbent, front, rules, seed)
    assert (step.outcome == "abandoned") <= (not entries(dict(enumerate(child)), front, rules.margin))


def test_probes_are_rows_with_room_above_the_front_and_limited_in_number() -> None:
    incumbent = [1.0] * 20 + [0.0] * 20
    front = [1.0] * 30 + [0.0] * 10
    order = row_order(incumbent, front, random.Random(1))
    known = dict.fromkeys(order[:12], 0.0)
    tried = sum(row >= 30 for row in known)
    assert advance(order, known, incumbent, front, RULES).outcome == "abandoned"
    step = advance(order, known, incumbent, front, RaceRules(probes=tried + 2))
    assert step.outcome == "running"
    assert len(step.rows) == 2
    assert all(row >= 30 for row in step.rows)


def test_a_child_that_loses_everything_is_given_up_at_the_first_look() -> None:
    incumbent = [float(row % 3 > 0) for row in range(300)]
    step, known = run([0.0] * 300, incumbent, incumbent)
    assert step.outcome == "abandoned"
    assert len(known) == chunk_ends(300, RULES)[0]


def test_a_child_that_solves_what_nobody_did_becomes_a_specialist_as_soon_as_it_cannot_win() -> None:
    incumbent = [1.0] * 60 + [0.0] * 40
    child = [0.0] * 60 + [1.0] * 40
    step, known = run(child, incumbent, incumbent)
    assert step.outcome == "specialist"
    assert step.entered
    assert len(known) < 100


def test_a_better_child_is_run_on_everything() -> None:
    incumbent = [float(row % 2) for row in range(100)]
    step, known = run([1.0] * 100, incumbent, incumbent)
    assert (step.outcome, step.chance, step.expected, len(known)) == ("finished", 1.0, 1.0, 100)


def test_a_child_equal_to_the_incumbent_does_not_beat_it() -> None:
    for incumbent in ([0.1 * (row % 11) for row in range(40)], [float(row % 2) for row in range(40)]):
        step, known = run(incumbent, incumbent, incumbent, SURE)
        assert step.outcome in ("finished", "abandoned")
        assert step.chance == 0.0
        # Once no row is ahead on which the incumbent could be beaten, equal is as far as the child can come.
        assert all(incumbent[row] == 1.0 for row in set(range(40)) - set(known))


def test_nobody_is_run_against_a_perfect_incumbent() -> None:
    step, known = run([1.0] * 9, [1.0] * 9, [1.0] * 9)
    assert (step.outcome, known) == ("abandoned", {})


def test_a_tiny_excess_does_not_enter_the_front() -> None:
    assert entries({0: 0.55, 1: 0.6, 2: 0.5}, [0.5, 0.5, 0.5], margin=0.1) == (1,)


def test_the_incumbent_may_change_in_the_middle_of_a_race() -> None:
    weak, strong = [0.0] * 50, [1.0] * 50
    order = row_order(weak, weak, random.Random(0))
    known = dict.fromkeys(order[:8], 0.0)
    assert advance(order, known, weak, weak, RULES).outcome == "running"
    assert advance(order, known, strong, strong, RULES).outcome == "abandoned"


def test_rows_that_were_known_before_shorten_the_next_chunk() -> None:
    incumbent = [float(row % 2) for row in range(30)]
    order = row_order(incumbent, incumbent, random.Random(0))
    known = dict.fromkeys((3, 4, 5), 1.0)
    step = advance(order, known, incumbent, incumbent, RULES)
    assert step.outcome == "running"
    assert len(step.rows) == 8 - 3


def by_counting(known: Mapping[int, float], incumbent: Sequence[float]) -> float:
    """The chance to end above the incumbent, from two Pólya urns drawn row by row; scores are 0 or 1."""
    ahead = [row for row in range(len(incumbent)) if row not in known]
    won = sum(known[row] == 1 for row in known if incumbent[row] == 0)
    lost = sum(known[row] == 0 for row in known if incumbent[row] == 1)
    chance = 0.0
    for count in range(len(ahead) + 1):
        for changed in combinations(ahead, count):
            probability, urns = 1.0, {0: [won, len(known)], 1: [lost, len(known)]}
            for kind, changes in ((0, won), (1, lost)):
                urns[kind] = [changes, sum(incumbent[row] == kind for row in known)]
            for row in ahead:
                urn = urns[int(incumbent[row])]
                share = (urn[0] + 0.5) / (urn[1] + 1)
                probability *= share if row in changed else 1 - share
                urn[0] += row in changed
                urn[1] += 1
            more = sum(incumbent[row] == 0 for row in changed) - sum(incumbent[row] == 1 for row in changed)
            chance += probability * (won - lost + more > 0)
    return chance


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(BINARY, BINARY, st.booleans()), min_size=1, max_size=8))
def test_for_scores_of_0_and_1_the_chance_is_exact(rows: list[tuple[float, float, bool]]) -> None:
    incumbent = [row[0] for row in rows]
    known = {place: row[1] for place, row in enumerate(rows) if row[2]}
    step = advance(range(len(rows)), known, incumbent, incumbent, RULES)
    assert step.chance == pytest.approx(by_counting(known, incumbent), abs=1e-9)


@settings(deadline=None)
@given(races(), st.data())
def test_a_better_score_on_any_row_never_lowers_the_chance(
    race: tuple[list[float], list[float], list[float]], data: st.DataObject
) -> None:
    incumbent, front, child = race
    size = data.draw(st.integers(1, len(child)))
    known = {row: float(child[row] >= 0.5) for row in range(size)}
    row = data.draw(st.sampled_from(sorted(known)))
    incumbent = [float(score >= 0.5) for score in incumbent]
    chances = [
        advance(range(len(child)), {**known, row: score}, incumbent, front, RULES).chance for score in (0.0, 1.0)
    ]
    assert chances[0] <= chances[1] + 1e-12


def simulated(gain: float, seed: int, rows: int = 100) -> tuple[list[float], list[float]]:
    """An incumbent that solves about 60 of 100 rows, and a child that changes some: `gain` more are won than lost."""
    rng = random.Random(seed)
    incumbent = [float(rng.random() < 0.6) for _ in range(rows)]
    lost, won = 0.08 + max(-gain, 0.0) / 0.6, 0.12 + max(gain, 0.0) / 0.4
    child = [float(rng.random() < won) if score == 0 else float(rng.random() >= lost) for score in incumbent]
    return incumbent, child


def test_worse_children_cost_little_and_better_ones_are_seldom_lost() -> None:
    shares: dict[float, float] = {}
    lost = beating = 0
    for gain in (-0.2, -0.05, 0.1):
        evaluated = 0
        for seed in range(100):
            incumbent, child = simulated(gain, seed)
            step, known = run(child, incumbent, incumbent, seed=seed)
            evaluated += len(known)
            if gain > 0 and sum(child) > sum(incumbent):
                beating += 1
                lost += step.outcome != "finished"
        shares[gain] = evaluated / 10_000
    assert shares[-0.2] < 0.25
    assert shares[-0.05] < 0.7
    assert beating > 80
    assert lost <= 0.05 * beating


def test_graded_scores_are_decided_about_as_soon() -> None:
    evaluated = 0
    for seed in range(50):
        rng = random.Random(seed)
        incumbent = [round(rng.uniform(0.3, 0.9), 2) for _ in range(100)]
        child = [min(1.0, max(0.0, score - 0.15 + rng.gauss(0, 0.2))) for score in incumbent]
        step, known = run(child, incumbent, [1.0] * 100, seed=seed)
        assert step.outcome == "abandoned"
        evaluated += len(known)
    assert evaluated / 5000 < 0.3
