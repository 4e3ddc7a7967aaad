"""What an instruction made of keyword rules means, and how it reads."""

import pytest

from toishi.tools.embedded.rules import ARROW, SENTENCE, Instruction, Rule, label_words, mentions


@pytest.mark.parametrize(
    ("message", "keyword", "found"),
    [
        pytest.param("My Card has not arrived", "card", True, id="capitals aside"),
        pytest.param("the cards", "card", False, id="whole words only"),
        pytest.param("how long, please?", "how long", True, id="words in a row"),
        pytest.param("how very long", "how long", False, id="not with another between"),
        pytest.param("what's up", "what's", True, id="apostrophes belong to a word"),
    ],
)
def test_mentions(message: str, keyword: str, found: bool) -> None:
    assert mentions(message, keyword) is found


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        pytest.param("My pin, and my card?", "My pin: b", id="the word that comes first in the message decides"),
        pytest.param("a virtual card please", "a virtual card: c", id="of words with the same end the longer"),
        pytest.param("What is my PIN", "What is my PIN: b", id="the message is quoted as it was written"),
        pytest.param("hello there!", "hello there!\notherwise: d", id="otherwise"),
    ],
)
def test_an_answer_reads_the_message_up_to_the_word_that_decides(message: str, answer: str) -> None:
    rules = (Rule(("card",), "a"), Rule(("pin", "code"), "b"), Rule(("virtual card",), "c"), Rule(("pin",), "x"))
    assert Instruction(("Sort.",), rules, "d").answer(message) == answer


def test_without_otherwise_a_listed_label_is_guessed_or_nothing_said() -> None:
    assert Instruction((), choices=("a", "b")).answer("hello", guess="b") == "hello\nguess: b"
    assert Instruction(()).answer("hello", guess="b") == "hello\nnone"


def test_an_instruction_reads_as_lines() -> None:
    rules = (Rule(("card", "pin"), "a"), Rule(("top up",), "b", SENTENCE), Rule(("x",), "c", ARROW))
    assert Instruction(("Sort.",), rules, "d", footer=("Text: {text}",)).render() == (
        'Sort.\n- card or pin: a\n- If the message mentions "top up", answer b.\n- x -> c\nOtherwise: d\nText: {text}'
    )


def test_label_words() -> None:
    assert label_words("Refund_not-showing up?") == ("refund", "not", "showing", "up")
