"""The pool: fronts, means, and whose turn it is."""

import hypothesis.strategies as st
from hypothesis import given, settings

from toishi.tools.gepa.pool import UNKNOWN, Pool
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
    assert pool_of([[1.0, 0.0, 0.5, 0.5]])[0].validation_score == 0.5


def _turn(pool: Pool, number: int) -> str:
    module = pool.next_module(number)
    pool.took_turn(number)
    return module


def test_modules_take_turns() -> None:
    pool = pool_of([[0.0]], modules=3)
    assert [_turn(pool, 0) for _ in range(4)] == ["module 0", "module 1", "module 2", "module 0"]


def test_a_child_goes_on_where_its_parent_stands_after_the_turn_that_made_it() -> None:
    pool = pool_of([[0.0]], modules=3)
    pool.took_turn(0)
    child = pool.add(Candidate({f"module {place}": "new" for place in range(3)}), (0,), [1.0])
    assert pool.next_module(child.number) == "module 1"
    assert pool.next_module(0) == "module 1"


def test_a_merge_inherits_the_furthest_pointer_of_its_parents() -> None:
    pool = pool_of([[0.0], [0.0]], modules=3)
    pool.took_turn(1)
    pool.took_turn(1)
    merged = pool.add(pool[0].candidate, (0, 1), [1.0])
    assert pool.next_module(merged.number) == "module 2"


def test_turns_that_are_under_way_are_counted() -> None:
    pool = pool_of([[0.0]], modules=3)
    assert [pool.next_module(0, ahead) for ahead in range(4)] == ["module 0", "module 1", "module 2", "module 0"]


@settings(deadline=None)
@given(SCORES)
def test_fronts_that_shed_members_as_they_enter_cover_the_same_best_scores(rows: list[list[float]]) -> None:
    kept, anew = Pool(anew=False), pool_of(rows)
    for number, scores in enumerate(rows):
        kept.add(Candidate({"module 0": f"text {number}"}), () if number == 0 else (0,), scores)
    assert kept.best_scores == anew.best_scores
    holders = set().union(*kept.pruned)
    assert len(holders) <= len(rows[0])
    for example, front in enumerate(kept.pruned):
        assert front
        assert front <= anew.fronts[example]
    for member in holders:
        assert any(front == {member} for front in kept.pruned)


def test_a_specialist_stands_at_the_fronts_of_what_it_ran_on_and_never_leads() -> None:
    pool = pool_of([[0.0, 0.5, 0.0]])
    specialist = pool.add(Candidate({"module 0": "special"}), (0,), [1.0, UNKNOWN, UNKNOWN])
    assert not specialist.validated
    assert (specialist.validation_score, specialist.known) == (1.0, (0,))
    assert pool.fronts == [{1}, {0}, {0}]
    assert pool.leader.number == 0


def test_the_leader_is_the_oldest_of_the_best() -> None:
    assert pool_of([[0.0], [1.0], [1.0]]).leader.number == 1


def test_a_member_is_found_by_its_texts() -> None:
    pool = pool_of([[0.0], [1.0]])
    assert pool.number_of(Candidate({"module 0": "text 1"})) == 1
    assert pool.number_of(Candidate({"module 0": "text 2"})) is None
