"""A text that copies a row is told apart from one that words the task."""

import hypothesis.strategies as st
from hypothesis import given

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.textgrad.copying import WORDS, Rows, copied

TICKET = "My weather station has shown minus forty degrees since the storm on Monday, please help."
ROWS = [
    Example("t1", {"ticket": TICKET}, "fault"),
    Example("t2", {"ticket": "I was charged twice for the same order last week."}, "billing"),
]
TOKENS = st.lists(st.sampled_from("abcdefghijklmnop"), max_size=30)


def test_a_row_in_a_text_is_named_with_the_passage() -> None:
    text = f"Answer fault, as for '{TICKET.upper()}' and the like."
    found = copied(text, "Name the queue.", ROWS)
    assert found is not None
    assert (found.example, found.passage) == ("t1", TICKET.upper().rstrip("."))
    assert str(found) == f"copies row t1: '{TICKET.upper()[:79]}…'"


def test_fewer_words_in_a_row_are_no_copy() -> None:
    words = TICKET.split()
    assert copied(" ".join(words[: WORDS - 1]), "", ROWS) is None
    assert copied(" ".join(words[:WORDS]), "", ROWS) is not None
    assert copied(" ".join(words[:4]), "", ROWS, 4) is not None


def test_signs_and_line_breaks_hide_no_copy() -> None:
    assert copied("was charged,\ntwice -- for the *same* order last week", "", ROWS) is not None


def test_what_stood_in_the_text_before_may_stay() -> None:
    assert copied(f"{TICKET} is a fault. Say so.", f"{TICKET} is a fault.", ROWS) is None
    assert Rows(ROWS).copied(TICKET, ("another parent", TICKET)) is None


def test_what_many_rows_hold_is_the_wording_of_the_task() -> None:
    asked = "Answer the question below in one word and give no reason"
    rows = [Example(str(number), {"q": f"{asked}: {number * 'x'}"}, "") for number in range(3)]
    assert copied(asked, "", rows) is None
    assert copied(asked, "", rows[:2]) is not None


def test_scripts_without_blanks_are_held_together_by_their_letters() -> None:
    row = [Example("j", {"text": "嵐のあと月曜日から気象計がマイナス四十度を示しています助けてください"}, "fault")]
    assert copied("例：嵐のあと月曜日から気象計がマイナス四十度を示しています。", "", row) is not None
    assert copied("気象計が壊れた時は fault と答える。", "", row) is None


@given(TOKENS, TOKENS, TOKENS)
def test_exactly_runs_of_so_many_words_are_copies(row: list[str], head: list[str], tail: list[str]) -> None:
    n = 4
    text = [*head, *row[: len(row) // 2], *tail]
    of_row = {tuple(row[start : start + n]) for start in range(len(row) - n + 1)}
    shared = [start for start in range(len(text) - n + 1) if tuple(text[start : start + n]) in of_row]
    found = copied(" ".join(text), "", [Example("r", {"x": " ".join(row)}, "")], n)
    assert (found is not None) == bool(shared)
    if found is not None:
        assert len(found.passage.split()) >= n
        assert found.passage in " ".join(text)
