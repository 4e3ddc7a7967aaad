"""System-aware merge: when, whom, how, and on which examples it is judged first."""

import random
from collections.abc import Sequence

import hypothesis.strategies as st
import pytest
from gepa.proposer.merge import MergeProposer, sample_and_attempt_merge_programs_by_common_predictors
from hypothesis import assume, given, settings

from toishi.tools.gepa.merge import (
    Merge,
    MergeHistory,
    MergeSchedule,
    ancestors,
    combine,
    find_merge,
    gate_examples,
    mergeable,
    survivors,
)
from toishi.tools.gepa.pool import Member
from toishi.tools.workbench.candidate import Candidate

SCORES = st.sampled_from([0.25, 0.5, 0.75, 1.0])


def member(number: int, parents: tuple[int, ...], left: str, right: str, score: float = 0.5) -> Member:
    return Member(number, Candidate({"left": left, "right": right}), parents, (score,))


@st.composite
def pools(draw: st.DrawFn) -> list[Member]:
    """Lineages of two modules in which every child changes one module of its parent, some of them to the same text."""
    members = [member(0, (), "a", "a", draw(SCORES))]
    for number in range(1, draw(st.integers(2, 20))):
        parent = members[draw(st.integers(0, number - 1))]
        module = draw(st.sampled_from(["left", "right"]))
        texts = {**parent.candidate.texts, module: draw(st.sampled_from("abcdef"))}
        members.append(member(number, (parent.number,), texts["left"], texts["right"], draw(SCORES)))
    return members


def numbers(members: Sequence[Member]) -> list[int]:
    return [each.number for each in members]


@settings(deadline=None)
@given(pools(), st.integers())
def test_a_merge_joins_two_lineages_under_an_ancestor_that_is_not_better(members: list[Member], seed: int) -> None:
    merge = find_merge(members, numbers(members), MergeHistory(), random.Random(seed))
    assume(merge is not None)
    assert merge is not None
    of_first, of_second = ancestors(members, merge.first), ancestors(members, merge.second)
    assert merge.first not in of_second
    assert merge.second not in of_first
    assert merge.ancestor in of_first
    assert merge.ancestor in of_second
    ancestor = members[merge.ancestor].validation_score
    assert ancestor <= min(members[merge.first].validation_score, members[merge.second].validation_score)


@settings(deadline=None)
@given(pools(), st.integers())
def test_a_merge_takes_the_changed_text_of_every_module(members: list[Member], seed: int) -> None:
    merge = find_merge(members, numbers(members), MergeHistory(), random.Random(seed))
    assume(merge is not None)
    assert merge is not None
    kept_by_one = 0
    for module, text in members[merge.ancestor].candidate.texts.items():
        descendants = {members[number].candidate.texts[module] for number in (merge.first, merge.second)}
        changed = descendants - {text}
        kept_by_one += len(changed) == 1 and text in descendants
        assert merge.candidate.texts[module] in (changed or {text})
    assert kept_by_one


@settings(deadline=None)
@given(pools(), st.integers())
def test_merges_are_the_library_s_draw_for_draw(members: list[Member], seed: int) -> None:
    """One after the other, until none is left, with all that was merged before remembered."""
    ours, theirs = random.Random(seed), random.Random(seed)
    history = MergeHistory()
    done: tuple[list[tuple[int, int, int]], list[tuple[int, int, tuple[int, ...]]]] = ([], [])
    for _ in range(6):
        merge = find_merge(members, numbers(members), history, ours)
        expected = sample_and_attempt_merge_programs_by_common_predictors(
            agg_scores=[each.validation_score for each in members],
            rng=theirs,
            merge_candidates=numbers(members),
            merges_performed=done,
            program_candidates=[dict(each.candidate.texts) for each in members],
            parent_program_for_candidate=[list(each.parents) or [None] for each in members],
        )
        assert ours.getstate() == theirs.getstate()
        if merge is None or expected is None:
            assert merge is None
            assert expected is None
            return
        texts, *triplet = expected
        assert (merge.candidate.texts, [merge.first, merge.second, merge.ancestor]) == (texts, triplet)
        history = history.with_merge(merge)
        done[0].append((merge.first, merge.second, merge.ancestor))


@settings(deadline=None)
@given(pools(), st.integers())
def test_nothing_is_merged_twice(members: list[Member], seed: int) -> None:
    rng, history = random.Random(seed), MergeHistory()
    made: list[tuple[int, int, int]] = []
    while merge := find_merge(members, numbers(members), history, rng):
        made.append((merge.first, merge.second, merge.ancestor))
        history = history.with_merge(merge)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    ("ancestor", "first", "second", "expected"),
    [
        pytest.param(("a", "a"), ("b", "a"), ("a", "b"), True, id="each changed another module"),
        pytest.param(("a", "a"), ("b", "a"), ("a", "a"), True, id="one changed nothing"),
        pytest.param(("a", "a"), ("b", "a"), ("c", "a"), False, id="both changed the same module"),
        pytest.param(("a", "a"), ("b", "a"), ("b", "a"), False, id="both are the same"),
    ],
)
def test_desirable_is_a_module_that_exactly_one_changed(
    ancestor: tuple[str, str], first: tuple[str, str], second: tuple[str, str], expected: bool
) -> None:
    members = [member(0, (), *ancestor), member(1, (0,), *first), member(2, (0,), *second)]
    assert mergeable(members, 0, 1, 2) is expected


def test_where_both_changed_a_module_the_better_one_gives_its_text() -> None:
    members = [member(0, (), "a", "a"), member(1, (0,), "b", "a", 0.6), member(2, (0,), "c", "d", 0.7)]
    merge = combine(members, 1, 2, 0, random.Random(0))
    assert merge == Merge(Candidate({"left": "c", "right": "d"}), 1, 2, 0, (2, 2))


def test_where_both_changed_a_module_and_neither_is_better_chance_decides() -> None:
    members = [member(0, (), "a", "a"), member(1, (0,), "b", "a"), member(2, (0,), "c", "d")]
    drawn = {combine(members, 1, 2, 0, random.Random(seed)).candidate.texts["left"] for seed in range(20)}
    assert drawn == {"b", "c"}


def test_an_ancestor_that_never_scored_can_still_be_merged_under() -> None:
    members = [
        member(0, (), "a", "a", 0.0),
        member(1, (0,), "b", "a", 0.0),
        member(2, (0,), "a", "b", 0.0),
    ]
    merge = find_merge(members, [1, 2], MergeHistory(), random.Random(0))
    assert merge is not None
    assert merge.candidate.texts == {"left": "b", "right": "b"}


def test_ancestors_reach_back_through_merges() -> None:
    members = [
        member(0, (), "a", "a"),
        member(1, (0,), "b", "a"),
        member(2, (0,), "a", "b"),
        member(3, (1, 2), "b", "b"),
    ]
    assert set(ancestors(members, 3)) == {0, 1, 2}
    assert ancestors(members, 0) == []


def test_only_members_of_a_pruned_front_are_merged() -> None:
    assert set(survivors([{1, 4}, {4}, {2}])) == {1, 2, 4}


PAIRS = st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=25)


@settings(deadline=None)
@given(PAIRS, st.integers(1, 9), st.integers())
def test_a_merge_is_judged_on_different_examples_of_every_kind(
    pairs: list[tuple[float, float]], size: int, seed: int
) -> None:
    assume(len(pairs) >= size)
    first, second = zip(*pairs, strict=True)
    chosen = gate_examples(first, second, size, random.Random(seed))
    assert len(set(chosen)) == len(chosen) == size
    third = -(-size // 3)
    firsts = [place for place, (one, two) in enumerate(pairs) if one > two]
    assert len(set(chosen) & set(firsts)) >= min(third, len(firsts), size)


@settings(deadline=None)
@given(PAIRS, st.integers(1, 9), st.integers())
def test_the_examples_of_the_gate_are_the_library_s(pairs: list[tuple[float, float]], size: int, seed: int) -> None:
    assume(len(pairs) >= size)
    first, second = zip(*pairs, strict=True)
    proposer: MergeProposer[int] = MergeProposer.__new__(MergeProposer)
    proposer.rng = random.Random(seed)
    expected = proposer.select_eval_subsample_for_merged_program(dict(enumerate(first)), dict(enumerate(second)), size)
    assert gate_examples(first, second, size, random.Random(seed)) == expected


def test_a_validation_set_smaller_than_the_gate_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than population"):
        gate_examples([0.0, 1.0], [1.0, 0.0], 5, random.Random(0))


def test_a_merge_is_tried_right_after_an_accepted_mutation_only() -> None:
    schedule = MergeSchedule()
    assert not schedule.now()
    schedule = schedule.after_mutation(accepted=True, max_merges=5)
    assert schedule.now()
    assert not schedule.now(in_flight=1)
    assert not schedule.after_mutation(accepted=False, max_merges=5).now()
    assert not schedule.after_merge(accepted=False).now()


def test_a_rejected_merge_uses_up_nothing() -> None:
    schedule = MergeSchedule(due=2, accepted=1, fresh=True)
    assert schedule.after_merge(accepted=False) == MergeSchedule(due=2, accepted=1)
    assert schedule.after_merge(accepted=True) == MergeSchedule(due=1, accepted=2)


def test_after_enough_accepted_merges_mutations_make_none_due_any_more() -> None:
    assert MergeSchedule(due=0, accepted=5).after_mutation(accepted=True, max_merges=5).due == 0
    assert MergeSchedule(due=0, accepted=4).after_mutation(accepted=True, max_merges=5).due == 1
