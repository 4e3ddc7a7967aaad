"""Which member of the pool becomes the next parent."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import hypothesis.strategies as st
from gepa.gepa_utils import remove_dominated_programs, select_program_candidate_from_pareto_front
from hypothesis import given, settings

from toishi.tools.gepa.pool import Pool
from toishi.tools.gepa.selection import best, epsilon_greedy, front_counts, pareto, prune, select_parent
from toishi.tools.gepa.settings import GepaSettings
from toishi.tools.workbench.candidate import Candidate

T = TypeVar("T")
# Up to 40 members: from 9 on, the order in which sets iterate is no longer the numbers' own.
ROWS = st.integers(1, 8).flatmap(
    lambda examples: st.lists(
        st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=examples, max_size=examples), min_size=1, max_size=40
    )
)


class ScriptedChoice(random.Random):
    """Always chooses the same place of what it is offered."""

    def __init__(self, place: int) -> None:
        super().__init__(0)
        self._place = place

    def choice(self, seq: Sequence[T]) -> T:  # type: ignore[override]
        return seq[self._place]


def fill(rows: list[list[float]]) -> Pool:
    pool = Pool()
    for number, scores in enumerate(rows):
        pool.add(Candidate({"answer": str(number)}), () if number == 0 else (0,), scores)
    return pool


def means(pool: Pool) -> list[float]:
    return [member.validation_score for member in pool.members]


@settings(deadline=None)
@given(ROWS)
def test_pruning_covers_every_example_and_leaves_nobody_who_could_go(rows: list[list[float]]) -> None:
    pool = fill(rows)
    pruned = prune(pool.fronts, means(pool))
    assert all(pruned)
    assert all(kept <= front for kept, front in zip(pruned, pool.fronts, strict=True))
    for member in set.union(*pruned):
        assert any(front == {member} for front in pruned)


@settings(deadline=None)
@given(ROWS)
def test_pruning_is_the_library_s_down_to_the_order_of_iteration(rows: list[list[float]]) -> None:
    pool = fill(rows)
    theirs = remove_dominated_programs(  # type: ignore[no-untyped-call]
        dict(enumerate(pool.fronts)), scores=means(pool)
    )
    assert [list(front) for front in prune(pool.fronts, means(pool))] == [list(front) for front in theirs.values()]


@settings(deadline=None)
@given(ROWS, st.integers())
def test_a_parent_is_drawn_as_the_library_draws_it(rows: list[list[float]], seed: int) -> None:
    pool = fill(rows)
    scores = means(pool)
    ours, theirs = random.Random(seed), random.Random(seed)
    for _ in range(5):
        expected = select_program_candidate_from_pareto_front(dict(enumerate(pool.fronts)), scores, theirs)
        assert pareto(pool.pruned, ours) == expected


@settings(deadline=None)
@given(ROWS)
def test_a_parent_s_chance_is_proportional_to_the_fronts_that_hold_it(rows: list[list[float]]) -> None:
    pool = fill(rows)
    counts = front_counts(pool.pruned)
    offered = Counter(pareto(pool.pruned, ScriptedChoice(place)) for place in range(sum(counts.values())))
    assert offered == counts


def test_the_paper_s_example_who_is_best_where_somebody_else_is_too_goes() -> None:
    assert prune([{1, 2}, {2}], [0.0, 0.4, 0.6]) == [{2}, {2}]


def test_a_member_may_be_covered_by_several_others_jointly() -> None:
    assert prune([{0, 1}, {0, 2}, {1}, {2}], [0.1, 0.5, 0.5]) == [{1}, {2}, {1}, {2}]


def test_of_two_equals_the_one_with_the_lower_mean_goes() -> None:
    assert prune([{0, 1}], [0.5, 0.4]) == [{0}]


def test_the_oldest_of_the_best_is_the_best() -> None:
    assert best([0.2, 0.7, 0.7]) == 1


def test_greedy_selection_is_the_best_without_chance_and_anybody_with_all_of_it() -> None:
    rng = random.Random(3)
    assert {epsilon_greedy(3, 1, 0.0, rng) for _ in range(20)} == {1}
    assert {epsilon_greedy(3, 1, 1.0, rng) for _ in range(60)} == {0, 1, 2}


def test_the_settings_name_the_selection() -> None:
    pool = fill([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    drawn = {
        name: {
            select_parent(pool.pruned, 2, pool.leader.number, GepaSettings(selection=name), random.Random(seed))
            for seed in range(30)
        }
        for name in ("pareto", "pareto_anew", "best")
    }
    assert drawn == {"pareto": {0, 1}, "pareto_anew": {0, 1}, "best": {1}}
    settings = GepaSettings(selection="epsilon_greedy", epsilon=0)
    assert select_parent(pool.pruned, 2, 1, settings, random.Random(0)) == 1
