"""The word diff: nothing is lost, nothing invented, and it reads without colour."""

from hypothesis import assume, given
from hypothesis import strategies as st

from toishi.assistant.past.worddiff import render, word_diff, words

LINE = st.text(alphabet="ab c_.,{}-é日", max_size=20)
TEXT = st.lists(LINE, max_size=8).map("\n".join)
EVERYTHING = 1000


@given(LINE, LINE)
def test_words_give_back_both_lines(before: str, after: str) -> None:
    pieces = words(before, after)

    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


@given(TEXT, TEXT)
def test_lines_give_back_both_texts(before: str, after: str) -> None:
    assume(before.splitlines() != after.splitlines())
    lines = word_diff(before, after, context=EVERYTHING)

    old = ["".join(p.text for p in line.pieces if p.kind != "added") for line in lines if line.mark != "+"]
    new = ["".join(p.text for p in line.pieces if p.kind != "removed") for line in lines if line.mark != "-"]
    assert old == before.splitlines()
    assert new == after.splitlines()


@given(TEXT)
def test_equal_texts_differ_nowhere(text: str) -> None:
    assert all(line.mark in " …" for line in word_diff(text, text))


@given(TEXT, TEXT)
def test_colour_says_nothing_that_the_text_does_not(before: str, after: str) -> None:
    for line in word_diff(before, after):
        assert render(line).plain == line.plain


def test_a_changed_word_a_new_line_and_a_lost_line_are_marked() -> None:
    before = "Answer briefly.\n- card: card_arrival\n- fee: card_fee\nOtherwise: card_arrival"
    after = "Answer briefly.\n- pin: change_pin\n- card: card_arrival\nOtherwise: change_pin"

    assert [line.plain for line in word_diff(before, after)] == [
        "  Answer briefly.",
        "+ - pin: change_pin",
        "  - card: card_arrival",
        "- - fee: card_fee",
        "~ Otherwise: [-card_arrival-]{+change_pin+}",
    ]


def test_long_unchanged_stretches_are_one_line() -> None:
    rules = "\n".join(f"- word{number}: label{number}" for number in range(9))

    assert [line.plain for line in word_diff(f"Old\n{rules}", f"New\n{rules}")] == [
        "- Old",
        "+ New",
        "  - word0: label0",
        "  - word1: label1",
        "… 7 unchanged lines",
    ]
