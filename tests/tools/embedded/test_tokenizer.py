"""Text survives the tokenizer, words keep their token, and a prompt is the beginning of its chat."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toishi.tools.embedded.make_tokenizer import main_tokenizer
from toishi.tools.embedded.tokenizer import SHIFT, SPECIAL, as_transformers
from toishi.tools.workbench.textgrad.reflection import TASK

TOKENIZER = main_tokenizer()


@given(st.text(max_size=200).filter(lambda text: SHIFT not in text and not any(mark in text for mark in SPECIAL)))
@settings(max_examples=300, deadline=None)
def test_any_text_survives(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text).ids, skip_special_tokens=False) == text


@pytest.mark.parametrize(
    "text",
    [
        "- card: card_arrival\nOtherwise: Refund_not_showing_up",
        "reverted_card_payment?",
        'If the message mentions "Top up", answer top_up.',
        "_ __a _B \"'\n\n x\n  Y",
        "Ünïcode – ÉCOLE 🙂 USA",
    ],
)
def test_text_of_rules_survives(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text).ids) == text


def test_a_word_is_the_same_token_wherever_it_stands() -> None:
    places = ["my card", "my Card", "x_card", '"card"', "\ncard", "(card"]
    card = TOKENIZER.token_to_id("Ġcard")
    assert all(card in TOKENIZER.encode(place).ids for place in places)


def test_words_of_the_reflection_prompt_are_single_tokens() -> None:
    words = [word for word in TASK.split() if word.isalpha() and word.islower()]
    assert all(len(TOKENIZER.encode(" " + word).ids) == 1 for word in words)


def test_the_same_corpus_gives_the_same_tokenizer() -> None:
    assert main_tokenizer().to_str() == TOKENIZER.to_str()


@pytest.mark.parametrize("roles", [["user"], ["system", "user"], ["system", "user", "assistant", "user"]])
def test_the_generation_prompt_is_a_prefix_of_the_whole_chat(roles: list[str]) -> None:
    tokenizer: Any = as_transformers(TOKENIZER)
    chat = [{"role": role, "content": f"The {role}'s card: card_arrival\n- x"} for role in roles]
    prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=False)
    whole = tokenizer.apply_chat_template(
        [*chat, {"role": "assistant", "content": "card: card_arrival"}], return_dict=False
    )
    assert whole[: len(prompt)] == prompt
    assert tokenizer.decode(whole[len(prompt) :]) == " card: card_arrival<eos>"
