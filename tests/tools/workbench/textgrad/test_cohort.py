"""What the judgements of many rows have in common."""

import hypothesis.strategies as st
from hypothesis import given

from toishi.tools.workbench.textgrad.cohort import Judged, cohort_of, kind_of
from toishi.tools.workbench.textgrad.requests import Cohort, Tally

FEEDBACK = st.sampled_from(["correct", "expected a, got b", "the answer is empty", "took 3 s", "took 14 s"])
JUDGED = st.builds(
    Judged, st.sampled_from([0.0, 0.5, 1.0]), FEEDBACK, st.dictionaries(st.just("hops"), st.sampled_from("23"))
)


def test_failures_are_counted_by_their_kind_and_by_group() -> None:
    rows = [
        Judged(1.0, "correct", {"hops": "2"}),
        Judged(1.0, "correct", {"hops": "2"}),
        Judged(1.0, "correct", {"hops": "2"}),
        Judged(0.0, "expected 17, got 3", {"hops": "3"}),
        Judged(0.0, "expected 20, got 4", {"hops": "3"}),
        Judged(0.5, "the answer is empty", {"hops": "3"}),
    ]
    assert cohort_of(rows) == Cohort(6, 3, (Tally("expected N, got N", 2, 6),), (Tally("hops is 3", 3, 3),))


def test_where_every_failure_is_another_all_are_told() -> None:
    rows = [Judged(0.0, "too long"), Judged(0.0, "too short"), Judged(1.0, "correct")]
    assert [tally.name for tally in cohort_of(rows).failures] == ["too long", "too short"]


def test_a_kind_of_failure_keeps_labels_and_leaves_out_what_is_of_the_row() -> None:
    assert kind_of('expected "billing", got "fault"') == 'expected "billing", got "fault"'
    assert kind_of(f'expected "{"long " * 9}", got 3.5 after 2 s') == "expected “…”, got N after N s"
    assert kind_of("it doesn't hold, as we can't tell") == "it doesn't hold, as we can't tell"
    assert kind_of("\n  first\nsecond") == "first"
    assert len(kind_of("word " * 100)) <= 120


@given(st.lists(JUDGED, max_size=30))
def test_the_numbers_add_up(rows: list[Judged]) -> None:
    found = cohort_of(rows)
    assert (found.rows, found.failed) == (len(rows), sum(row.score < 1 for row in rows))
    assert sum(tally.count for tally in found.failures) <= found.failed
    assert [tally.count for tally in found.failures] == sorted((tally.count for tally in found.failures), reverse=True)
    for tally in found.groups:
        assert tally.count / tally.rows > found.failed / found.rows
