"""GEPA as the method of a run: what of its result the end of the run is handed."""

import hypothesis.strategies as st
from hypothesis import given

from toishi.tools.gepa import GepaResult, Member
from toishi.tools.gepa.method import to_be_tested
from toishi.tools.workbench.candidate import Candidate

SCORES = st.lists(st.integers(0, 10), min_size=1, max_size=8)


def result_of(scores: list[int], front: set[int], chosen: int) -> GepaResult:
    members = tuple(
        Member(number, Candidate({"prompt": str(number)}), (), [score / 10]) for number, score in enumerate(scores)
    )
    return GepaResult(members, 1, "", chosen=chosen, front=tuple(sorted(front)))


@given(SCORES, st.data(), st.integers(1, 5))
def test_the_locked_test_looks_at_no_more_of_the_front_than_was_paid_for(
    scores: list[int], data: st.DataObject, most: int
) -> None:
    front = data.draw(st.sets(st.integers(0, len(scores) - 1), min_size=1))
    chosen = data.draw(st.sampled_from(sorted(front)))
    numbers = [member.number for member in to_be_tested(result_of(scores, front, chosen), most)]
    assert len(numbers) == min(most, len(front - {0}))
    assert set(numbers) <= front - {0}
    assert chosen == 0 or numbers[0] == chosen


def test_beside_the_best_those_with_the_highest_scores_are_tested() -> None:
    tested = to_be_tested(result_of([3, 4, 9, 6, 8], {0, 1, 2, 3, 4}, 3), 3)
    assert [member.number for member in tested] == [3, 2, 4]
