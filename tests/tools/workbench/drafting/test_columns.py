"""What a column's values look like."""

import pytest

from toishi.tools.workbench.drafting.columns import Column, table


@pytest.mark.parametrize(
    "value",
    ["18", "-3", "1,234.5", "$70,000", "12 %", "1e-5", "He has 3 * 6 = <<3*6=18>>18 left.\n#### 18", "#### 70,000"],
)
def test_numbers_are_known_as_people_write_them(value: str) -> None:
    assert Column("n", (value,)).numbers == 1


@pytest.mark.parametrize("value", ["eighteen", "18 apples", "card 3", "", "2024-01-05"])
def test_what_only_holds_a_number_is_none(value: str) -> None:
    assert Column("n", (value, "words")).numbers == 0


def test_json_and_python_are_known_by_parsing() -> None:
    assert Column("j", ('{"a": 1}', "[1, 2]")).documents == 1
    assert Column("j", ("{a: 1}", "[sic]")).documents == 0
    assert Column("c", ("def f(x):\n    return x", "```python\nimport math\n```")).programs == 1
    assert Column("c", ("yes", "f(x)", "def broken(:")).programs == 0


def test_a_key_tells_rows_apart_and_no_more() -> None:
    assert Column("id", ("a1", "a2", "a3")).is_key
    assert not Column("id", ("a1", "a1", "a3")).is_key
    assert not Column("text", ("one two three", "four five six")).is_key


def test_a_table_has_every_column_that_some_row_has() -> None:
    found = table("rows.jsonl", [{"a": " 1 "}, {"a": "2", "b": "x"}], total=10)

    assert found.names == ("a", "b")
    assert found.by_name["a"].values == ("1", "2")
    assert found.by_name["b"].filled == ("x",)
    assert (found.rows, found.whole) == (10, False)
