"""The pool: fronts, means, and whose turn it is."""

import hypothesis.strategies as st
from hypothesis import given, settings

from toishi.tools.gepa.pool import Pool
from toishi.tools.workbench.candidate import Candidate

SCORES = st.integers(1, 6).flatmap(
    lambda examples: st.lists(
        st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=examples, max_size=examples), min_size=1, max_size=12
    )
)


def pool_of(rows: list[list[float]], modules: int = 1) -> Pool:
    """A pool whose members all descend from the first one, with these validation scores."""
    pool = Pool()
    for number, scores in enumerate(rows):
        texts = {f"module {place}": f"text {number}" for place in range(modules)}
        pool.add(Candidate(texts), () if number == 0 else (0,), scores)
    return pool


@settings(deadline=None)
@given(SCORES)
def test_a_front_holds_all_members_with_the_best_score_on_its_example_and_no_other(rows: list[list[float]]) -> None:
    for example, front in enumerate(pool_of(rows).fronts):
        column = [scores[example] for scores in rows]
        assert front == {number for number, score in enumerate(column) if score == max(column)}


def test_fronts_that_were_handed_out_do_not_change_the_pool() -> None:
    pool = pool_of([[1.0, 0.0]])
    pool.fronts[0].clear()
    assert pool.fronts == [{0}, {0}]


def test_the_validation_score_is_the_mean() -> None:
    assert pool_of([[1.0, 0.0, 0.5, 0.5]]).validation_scores == [0.5]


def test_modules_take_turns() -> None:
    pool = pool_of([[0.0]], modules=3)
    assert [pool.next_module(0) for _ in range(4)] == ["module 0", "module 1", "module 2", "module 0"]


def test_a_child_goes_on_where_its_parent_stands_after_the_turn_that_made_it() -> None:
    pool = pool_of([[0.0]], modules=3)
    pool.next_module(0)
    child = pool.add(Candidate({f"module {place}": "new" for place in range(3)}), (0,), [1.0])
    assert pool.next_module(child.number) == "module 1"
    assert pool.next_module(0) == "module 1"


def test_a_merge_inherits_the_furthest_pointer_of_its_parents() -> None:
    pool = pool_of([[0.0], [0.0]], modules=3)
    pool.next_module(1)
    pool.next_module(1)
    merged = pool.add(pool[0].candidate, (0, 1), [1.0])
    assert pool.next_module(merged.number) == "module 2"
