"""From the seed to the best candidate, edit by edit."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.assistant.conftest import FIRST, MESSAGES, SECOND, SEED, accepted, rollout
from toishi.assistant.past.lineage import best_of, edits, path_to


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.data())
def test_the_path_leads_from_the_seed_to_the_best(scores: list[float], data: st.DataObject) -> None:
    pool = [accepted(0, SEED, scores[0])]
    for number, score in enumerate(scores[1:], 1):
        pool.append(accepted(number, SEED, score, (data.draw(st.integers(0, number - 1)),)))

    path = path_to(pool, best_of(pool).number)

    assert path[0].number == 0
    assert path[-1].validation_score == max(scores)
    assert all(child.parents[0] == parent.number for parent, child in pairwise(path))


def test_among_equals_the_oldest_is_best() -> None:
    pool = [accepted(0, SEED, 0.5), accepted(1, FIRST, 0.75, (0,)), accepted(2, SECOND, 0.75, (1,))]

    assert best_of(pool).number == 1


def test_an_empty_pool_has_no_best() -> None:
    with pytest.raises(ValueError, match="empty"):
        best_of([])


def test_an_edit_names_what_it_fixed_and_what_it_broke() -> None:
    path = [accepted(0, SEED, 0.5), accepted(1, FIRST, 0.5, (0,)), accepted(2, SECOND, 0.75, (1,))]
    rollouts = {
        candidate.candidate: [rollout(text, example) for example in MESSAGES]
        for candidate, text in zip(path, (SEED, FIRST, SECOND), strict=True)
    }

    first, second = edits(path, rollouts)

    assert [case.text for case in first.fixed] == ["I want another PIN"]
    assert [case.text for case in first.broke] == ["The pin on my new card?"]
    assert (first.broke[0].before.output, first.broke[0].after.output) == ("card_arrival", "pin: change_pin")
    assert [case.example for case in second.fixed] == ["m3"]
    assert second.broke == ()
