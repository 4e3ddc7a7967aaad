"""A pool of thousands: what it keeps of each member, and that nothing grows with it that need not."""

import random
import tracemalloc

from tests.tools.gepa.searching import MODULE, draft, in_drafts, is_validation, number_of, place_of
from toishi.tools.gepa import GepaSettings
from toishi.tools.gepa.pool import UNKNOWN, Pool
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.example import Example

MEMBERS, ROWS = 2000, 60


def scores(number: int) -> list[float]:
    """Of a random half of the rows 1; every tenth member was run on some rows only."""
    rng = random.Random(number)
    known = ROWS if number % 10 else 20
    return [float(rng.random() < 0.5) if row < known else UNKNOWN for row in range(ROWS)]


def fronts_by_member(pool: Pool) -> dict[int, set[int]]:
    """The rows at whose front each member stands."""
    held: dict[int, set[int]] = {}
    for row, front in enumerate(pool.pruned):
        for number in front:
            held.setdefault(number, set()).add(row)
    return held


def test_who_has_left_a_front_never_comes_back() -> None:
    pool, before = Pool(anew=False), dict[int, set[int]]()
    for number in range(MEMBERS):
        pool.add(Candidate({MODULE: draft(number)}), (0,) if number else (), scores(number or 1))
        held = fronts_by_member(pool)
        assert all(held[one] <= before[one] for one in held if one != number)
        assert all(pool.pruned)
        before = held
    # Each of those left is the only one on some row.
    assert len(before) <= ROWS
    assert all(any(pool.pruned[row] == {number} for row in rows) for number, rows in before.items())


def test_a_member_is_kept_as_a_few_numbers_for_each_row() -> None:
    rows = [scores(number or 1) for number in range(MEMBERS)]
    pool = Pool(anew=False)
    tracemalloc.start()
    try:
        for number, one in enumerate(rows):
            pool.add(Candidate({MODULE: draft(number)}), (number - 1,) if number else (), one)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / MEMBERS < 32 * ROWS + 2000


def test_a_search_goes_on_through_thousands_of_candidates() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        number = number_of(text)
        return float((number * 31 + place_of(row)) % 7 < 3) if is_validation(row) else number / (MEMBERS + 1)

    how = GepaSettings(lookahead=4, gate="minibatch", validation="full", max_iterations=MEMBERS, copied_words=0)
    search = in_drafts(judge, how, feedback=10, validation=20)
    result = search.run()
    assert search.rejected == []
    assert [event.number for event in search.accepted] == list(range(MEMBERS + 1))
    assert all(len(member.scores) == 20 for member in result.members)
