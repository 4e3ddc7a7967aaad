"""Choice: which label an answer names, and what is said about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.choice import Choice

LABELS = (
    "card",
    "card_arrival",
    "card arrival",
    "refund",
    "Refund_not_showing_up",
    "reverted_card_payment?",
    "(A)",
    "a b",
    "b c d",
)
METRIC = Choice(LABELS)


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        pytest.param("card_arrival", "card_arrival", id="bare"),
        pytest.param("deliver: card_arrival", "card_arrival", id="keyword and label"),
        pytest.param("The intent is **card_arrival**.", "card_arrival", id="in a sentence"),
        pytest.param("CARD_Arrival", "card_arrival", id="other case"),
        pytest.param("refund_NOT_showing_up", "Refund_not_showing_up", id="written as in the data"),
        pytest.param("not card, but refund", "refund", id="the last of several"),
        pytest.param("refund or card", "card", id="the last of several, shorter"),
        pytest.param("card arrival", "card arrival", id="the longest at one place"),
        pytest.param("reverted_card_payment?", "reverted_card_payment?", id="ends in a sign"),
        pytest.param("so it is(A)", "(A)", id="begins with a sign"),
        pytest.param("a b c d", "b c d", id="labels that overlap"),
        pytest.param("cards", None, id="part of a word"),
        pytest.param("my_card", None, id="part of a name"),
        pytest.param("reverted_card_payment", None, id="sign missing"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_label_that_an_answer_names(answer: str, named: str | None) -> None:
    assert METRIC.named(answer) == named


@pytest.mark.parametrize(
    ("answer", "score", "feedback"),
    [
        pytest.param("charge: refund", 1.0, "correct", id="right"),
        pytest.param("CARD", 0.0, "expected refund, got card", id="wrong"),
        pytest.param("no idea", 0.0, "expected refund, but the answer names none of the choices", id="none"),
    ],
)
async def test_the_feedback_says_what_was_expected_and_what_came(answer: str, score: float, feedback: str) -> None:
    judgement = await METRIC(Example("1", {"text": "hi"}, "refund"), answer)
    assert (judgement.score, judgement.feedback) == (score, feedback)


words = st.text("abc_?", min_size=1, max_size=4)


@given(labels=st.lists(words, min_size=2, max_size=5, unique=True), choice=st.integers(0, 4), before=words)
def test_an_answer_that_leads_up_to_a_label_names_it(labels: list[str], choice: int, before: str) -> None:
    label = labels[choice % len(labels)]
    assert Choice(labels).named(f"{before}: {label}") == label


@given(labels=st.lists(words, min_size=2, max_size=5, unique=True), answer=st.text("abc_? :", max_size=12))
def test_what_is_named_stands_in_the_answer(labels: list[str], answer: str) -> None:
    named = Choice(labels).named(answer)
    assert named is None or named in answer


def test_letters_that_only_some_alphabets_fold_do_not_break_it() -> None:
    assert Choice(["inform", "straße"]).named("İNFORM ınform ſtraße STRASSE") is not None
