"""How the rows are divided, and what a budget buys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.gepa import GepaSettings, forecast
from toishi.tools.workbench.drafting import sizes
from toishi.tools.workbench.drafting.columns import Table, table
from toishi.tools.workbench.drafting.sizes import Sizes, budget, division


def of(rows: int, splits: tuple[str, ...] = ()) -> Table:
    values = [{"text": str(row), **({"split": splits[row % len(splits)]} if splits else {})} for row in range(rows)]
    return table("rows.csv", values[:1000], total=rows)


def keys(found: sizes.Division) -> dict[str, object]:
    return {one.key: one.value for one in found.decisions}


def test_few_rows_judge_with_half_of_them_and_a_warning_says_what_that_can_show() -> None:
    found = division(of(40), split=None, files={"file": 40})

    assert found.sizes == Sizes(12, 8, 20)
    assert keys(found) == {"data.shares": (0.3, 0.2, 0.5)}
    assert found.warnings == (
        "rows.csv has 40 rows: with 20 test rows, a prompt that answers 59 more of every 100 rows right is proved "
        "better four times in five; a smaller gain may go unproved; for 20 more of every 100 it takes about 77 test "
        "rows",
    )


def test_some_hundred_rows_keep_the_usual_shares() -> None:
    found = division(of(400), split=None, files={"file": 400})

    assert found.sizes == Sizes(160, 120, 120)
    assert (keys(found), found.warnings) == ({}, ())


def test_of_many_rows_only_some_are_used() -> None:
    found = division(of(100_000), split=None, files={"file": 100_000})

    assert found.sizes == Sizes(*sizes.MOST)
    assert keys(found) == {"data.most": sizes.MOST}


def test_a_split_column_is_counted_in_proportion_where_only_the_first_rows_were_seen() -> None:
    found = division(of(2000, ("train", "train", "train", "test")), split="split", files={"file": 2000})

    assert keys(found) == {"data.most": (300, 150, 400)}
    assert division(of(100, ("train", "test")), split="split", files={"file": 100}).sizes == Sizes(29, 21, 50)


def test_files_that_are_splits_are_what_they_are() -> None:
    assert division(of(100), split=None, files={"train": 70, "test": 30}).sizes == Sizes(40, 30, 30)
    parts = {"train": 60, "validation": 10, "test": 30}
    assert division(of(100), split=None, files=parts).sizes == Sizes(60, 10, 30)


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 500))
def test_the_budget_buys_about_thirty_proposals(feedback: int, validation: int, test: int) -> None:
    found = budget(Sizes(feedback, validation, test))

    assert isinstance(found.value, int)
    left = found.value - validation - 2 * test
    each = sizes.TRIED + sizes.RACED * validation
    assert left >= sizes.PROPOSALS * each
    assert found.value - 100 < validation + 2 * test + sizes.PROPOSALS * each
    assert f"{validation} for the baseline, {2 * test} for the test" in found.reason


@given(st.integers(1, 500))
def test_a_proposal_costs_what_the_search_expects_of_it(validation: int) -> None:
    expected = forecast.Sizes(GepaSettings(), feedback=200, validation=validation).usual
    assert sizes.TRIED + sizes.RACED * validation == pytest.approx(expected)
