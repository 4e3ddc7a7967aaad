"""When a search ends."""

import pytest

from toishi.tools.gepa.settings import GepaSettings
from toishi.tools.gepa.stop import Standing, stop_reason


def reason(standing: Standing, settings: GepaSettings | None = None) -> str | None:
    return stop_reason(standing, settings or GepaSettings())


def test_a_search_goes_on_as_long_as_nothing_ends_it() -> None:
    assert reason(Standing()) is None


def test_it_ends_after_the_iterations_that_were_asked_for() -> None:
    assert reason(Standing(iteration=6), GepaSettings(max_iterations=7)) is None
    assert reason(Standing(iteration=7), GepaSettings(max_iterations=7)) == "all 7 iterations are done"


def test_it_ends_where_no_candidate_could_be_better() -> None:
    assert reason(Standing(perfect=True)) == "the best candidate is perfect on the whole validation set"
    assert reason(Standing(perfect=True), GepaSettings(stop_when_perfect=False)) is None


def test_patience_counts_iterations_without_a_better_best() -> None:
    assert reason(Standing(stale=1000)) is None
    settings = GepaSettings(patience=5)
    assert reason(Standing(stale=4), settings) is None
    assert reason(Standing(stale=5), settings) == "5 iterations in a row brought no higher validation score"


def test_iterations_that_propose_nothing_end_the_search_in_time() -> None:
    assert reason(Standing(idle=100)) == "100 iterations in a row had no proposal to judge"
    assert reason(Standing(idle=100), GepaSettings(max_idle=None)) is None


@pytest.mark.parametrize(
    ("judged", "improved", "expected"),
    [
        pytest.param(True, True, Standing(4, idle=0, stale=0), id="a new best"),
        pytest.param(True, False, Standing(4, idle=0, stale=3), id="judged, but no new best"),
        pytest.param(False, False, Standing(4, idle=2, stale=3), id="nothing to judge"),
    ],
)
def test_rows_are_counted_until_they_break(judged: bool, improved: bool, expected: Standing) -> None:
    assert Standing(3, idle=1, stale=2).after(judged=judged, improved=improved, perfect=False) == expected


def test_a_search_for_answers_speaks_of_answers() -> None:
    settings = GepaSettings(mode="solve", patience=5)
    assert reason(Standing(perfect=True), settings) == "every row is solved"
    assert reason(Standing(stale=5), settings) == "5 iterations in a row brought no better answer"
