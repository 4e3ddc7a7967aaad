"""A search for answers: the rows to learn from are those to be solved."""

from dataclasses import replace

import pytest

from benchmarks._gepa_landscapes import chance
from tests.tools.gepa.searching import Search, in_drafts, number_of, place_of, rows
from toishi.tools.gepa import GepaSettings
from toishi.tools.gepa.forecast import Sizes
from toishi.tools.workbench.example import Example


def solving(rate: float, many: int = 40, **others: object) -> Search:
    """Drafts that each solve this share of the rows, by chance."""

    def judge(text: str, row: Example, replicate: int) -> float:
        return float(chance(text, row.id) < rate)

    search = in_drafts(judge, GepaSettings.model_validate({"mode": "solve", **others}))
    same = rows("row", many)
    return replace(search, bench=replace(search.bench, feedback=same, validation=same))


@pytest.mark.parametrize("lookahead", [1, 4])
def test_a_rollout_that_serves_learning_and_judging_counts_once(lookahead: int) -> None:
    search = solving(0.05, lookahead=lookahead)
    search.rollouts = 400
    search.run()
    done = {(candidate, example, replicate) for candidate, _, example, replicate in search.asked}
    assert 0 <= 400 - len(done) < Sizes(search.settings, 40, 40).most


def test_it_ends_when_every_row_is_solved_by_somebody() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        return float(place_of(row) % 4 == number_of(text) % 4)

    search = solving(0.0, many=8, lookahead=1)
    search.evaluate = in_drafts(judge, search.settings).evaluate
    result = search.run()
    assert result.stopped == "every row is solved"
    assert result.best.validation_score == 0.25


def test_a_row_that_nobody_solved_before_is_progress_although_nobody_leads() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        return float(place_of(row) == number_of(text))

    search = solving(0.0, many=8, minibatch=7, lookahead=1, patience=1, max_iterations=5)
    search.evaluate = in_drafts(judge, search.settings).evaluate
    result = search.run()
    assert {member.validation_score for member in result.members if member.validated} == {0.125}
    assert result.stopped == "all 5 iterations are done"
