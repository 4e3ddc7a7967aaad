"""How feedback shows texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.metrics.showing import listed, mismatch, quoted


def test_short_texts_are_shown_whole_and_long_ones_in_part() -> None:
    assert quoted(" cat\n") == '"cat"'
    assert quoted("x" * 300) == '"' + "x" * 200 + '…"'
    assert listed([str(number) for number in range(10)]).endswith('"7" and 2 more')


@pytest.mark.parametrize(
    ("expected", "got", "sentence"),
    [
        ("a", "b", 'expected "a", got "b"'),
        ("a", " ", 'expected "a", but the answer is empty'),
        ("a" * 300, "b", f'expected "{"a" * 200}…", got "b"'),
        (
            "same " * 60 + "end",
            "same " * 60,
            f'the first 299 characters are as expected; from there on, expected "…{("same " * 60 + "end")[259:]}", '
            f'got "…{("same " * 60).strip()[259:]}"',
        ),
    ],
)
def test_a_mismatch_shows_where_texts_differ(expected: str, got: str, sentence: str) -> None:
    assert mismatch(expected, got) == sentence


@given(st.text(max_size=600), st.text(max_size=600))
def test_a_mismatch_is_never_long(expected: str, got: str) -> None:
    assert len(mismatch(expected, got)) < 600
