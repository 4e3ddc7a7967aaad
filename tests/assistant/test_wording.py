"""How figures read."""

import pytest

from toishi.assistant import wording


@pytest.mark.parametrize(
    ("dollars", "text"),
    [(None, "unknown"), (0.0, "$0.00"), (1.5, "$1.50"), (0.0123, "$0.01"), (0.00042, "$0.0004")],
)
def test_money(dollars: float | None, text: str) -> None:
    assert wording.money(dollars) == text


@pytest.mark.parametrize(("seconds", "text"), [(None, "unknown"), (0, "00:00"), (61.6, "01:02"), (3723, "1:02:03")])
def test_duration(seconds: float | None, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(("value", "text"), [(0.0004, "p < 0.001"), (0.0123, "p = 0.012"), (1.0, "p = 1.000")])
def test_p_value(value: float, text: str) -> None:
    assert wording.p_value(value) == text


def test_shorten_gives_one_line_of_at_most_so_many_characters() -> None:
    assert wording.shorten("one\n  two three", 9) == "one two…"
    assert wording.shorten("short", 9) == "short"


def test_ending_keeps_the_end_where_the_answer_stands() -> None:
    assert wording.ending("I was asked this,\nand the answer is: yes", 12) == "…wer is: yes"
    assert wording.ending("yes", 12) == "yes"


@pytest.mark.parametrize(("number", "text"), [(0, "0 edits"), (1, "1 edit"), (1234, "1,234 edits")])
def test_plural(number: int, text: str) -> None:
    assert wording.plural(number, "edit") == text
