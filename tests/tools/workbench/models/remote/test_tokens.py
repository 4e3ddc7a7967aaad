"""The bound of a prompt's tokens: exact where the tokenizer is here, else bytes, else what the endpoint taught."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.models.remote.tokens import FRAME_TOKENS, MESSAGE_TOKENS, TokenBound, encoding_of

ENGLISH = "The parcel that I ordered last week has not arrived, and nobody answers the telephone. " * 20


@given(st.text())
def test_without_any_knowledge_no_text_has_more_tokens_than_bytes(text: str) -> None:
    assert TokenBound().of(text, 1) == FRAME_TOKENS + MESSAGE_TOKENS + len(text.encode())


@pytest.mark.parametrize(
    ("model", "encoding"),
    [("gpt-5-mini", "o200k_base"), ("gpt-4o", "o200k_base"), ("gpt-4", "cl100k_base"), ("claude-haiku-4-5", None)],
)
def test_openais_tokenizers_are_here(model: str, encoding: str | None) -> None:
    assert encoding_of(model) == encoding


def test_a_vocabulary_that_is_not_here_is_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))

    assert encoding_of("gpt-4o") is None


def test_with_the_tokenizer_a_bound_is_the_count_and_the_frame() -> None:
    bound = TokenBound("o200k_base").of(ENGLISH, 2)

    assert bound - FRAME_TOKENS - 2 * MESSAGE_TOKENS == pytest.approx(len(ENGLISH) / 5.1, rel=0.1)
    assert TokenBound("o200k_base").of("<|endoftext|>", 1) > FRAME_TOKENS + MESSAGE_TOKENS


@given(st.lists(st.tuples(st.integers(500, 5000), st.floats(0.05, 1.5)), max_size=5), st.text())
def test_what_was_learnt_never_makes_it_more_than_the_bytes(taught: list[tuple[int, float]], text: str) -> None:
    bound = TokenBound()
    for size, tokens_per_byte in taught:
        bound.learn("x" * size, int(size * tokens_per_byte))

    assert FRAME_TOKENS <= bound.of(text, 0) <= FRAME_TOKENS + len(text.encode()) + 1


@given(st.floats(0.05, 0.6), st.integers(600, 5000))
def test_a_prompt_like_those_before_it_stays_below_the_bound(tokens_per_byte: float, size: int) -> None:
    bound = TokenBound()
    bound.learn(ENGLISH, int(len(ENGLISH) * tokens_per_byte))
    text = (ENGLISH * 5)[:size]

    learnt = bound.of(text, 1)

    assert size * tokens_per_byte < learnt
    assert learnt < size * tokens_per_byte * 1.5 + FRAME_TOKENS + MESSAGE_TOKENS + 2


def test_digits_and_other_scripts_stay_counted_as_bytes() -> None:
    bound = TokenBound()
    bound.learn(ENGLISH, len(ENGLISH) // 5)

    for text in ("0123456789" * 60, "包裹还没有到" * 60):
        assert bound.of(text, 0) >= len(text.encode())


def test_a_short_prompt_teaches_nothing() -> None:
    bound = TokenBound()

    bound.learn("Hi", 30)

    assert bound.of(ENGLISH, 0) == FRAME_TOKENS + len(ENGLISH)


def test_a_denser_prompt_than_before_raises_the_next_bound() -> None:
    bound = TokenBound()
    bound.learn(ENGLISH, len(ENGLISH) // 5)
    before = bound.of(ENGLISH, 0)

    bound.learn(ENGLISH, len(ENGLISH) // 2)

    assert bound.of(ENGLISH, 0) > 2 * before


@pytest.mark.parametrize(
    "pattern",
    [pytest.param(r"\w+|\W", id="words"), pytest.param(r"\w{1,3}|\W", id="pieces"), pytest.param(".", id="letters")],
)
def test_the_bound_holds_for_tokenizers_of_any_kind_once_it_has_seen_one_prompt(pattern: str) -> None:
    def count(text: str) -> int:
        return len(re.findall(pattern, text, re.DOTALL))

    bound = TokenBound()
    bound.learn(ENGLISH, count(ENGLISH))

    for text in (
        ENGLISH[:300],
        ENGLISH + "Order 12345678, 99 EUR, größer als erwartet; 受け取っていない!",
        "x = {1: [2, 3]}",
    ):
        assert count(text) <= bound.of(text, 1)
