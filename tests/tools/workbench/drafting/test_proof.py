"""How much so many test rows can prove."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.drafting.proof import rows_needed, sentence, smallest_difference


def sign_test_power(rows: int, better: float, worse: float) -> float:
    """The exact chance that a two-sided sign test shows a difference, when so many rows change for better or worse."""

    def rejects(fixed: int, changed: int) -> bool:
        tail = sum(math.comb(changed, k) for k in range(max(fixed, changed - fixed), changed + 1)) / 2**changed
        return changed > 0 and fixed > changed - fixed and 2 * tail < 0.05

    power = 0.0
    for changed in range(rows + 1):
        apart = math.comb(rows, changed) * (better + worse) ** changed * (1 - better - worse) ** (rows - changed)
        share = better / (better + worse)
        power += apart * sum(
            math.comb(changed, fixed) * share**fixed * (1 - share) ** (changed - fixed)
            for fixed in range(changed + 1)
            if rejects(fixed, changed)
        )
    return power


@pytest.mark.parametrize("difference", [0.15, 0.2, 0.3])
def test_the_rows_show_the_difference_in_about_four_of_five_cases(difference: float) -> None:
    power = sign_test_power(rows_needed(difference), 1.5 * difference, 0.5 * difference)
    assert 0.72 < power < 0.86


def test_fewer_than_six_rows_prove_nothing() -> None:
    assert smallest_difference(5) is None
    assert smallest_difference(6) is not None
    assert (
        sentence(5) == "5 test rows can prove nothing: even if each of them got better, it could be chance (it takes 6)"
    )


@given(st.integers(6, 100_000))
def test_the_smallest_difference_is_the_one_that_takes_so_many_rows(rows: int) -> None:
    smallest = smallest_difference(rows)
    assert smallest is not None
    assert rows_needed(smallest) <= rows
    assert smallest < 0.01 or rows_needed(smallest * 0.98) >= rows


@given(st.integers(6, 10_000))
def test_more_rows_never_prove_less(rows: int) -> None:
    before, after = smallest_difference(rows), smallest_difference(rows + 1)
    assert before is not None
    assert after is not None
    assert after <= before


def test_the_sentence_says_it_in_rows() -> None:
    assert (
        sentence(100) == "with 100 test rows, a prompt that answers 15 more of every 100 rows right is proved better "
        "four times in five; a smaller gain may go unproved"
    )
