"""The reflection prompt, and which replies to it can be used."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from toishi.tools.workbench.textgrad.reflection import (
    CLOSING,
    OPENING,
    Record,
    ReflectionRejected,
    ReflectionRequest,
    edit_lines,
    parse,
    render,
)

REQUEST = ReflectionRequest(
    module="answer",
    instruction="Answer {text}.",
    records=[Record({"text": "where is my card"}, "lost_card", "expected card_arrival, got lost_card")],
    max_characters=60,
    placeholders=["text"],
    rejected=["Reply to {text}."],
)
NEW = "Answer {text} with a label."
# Any text but the tags themselves.
PROSE = st.text(st.characters(exclude_characters="<>", exclude_categories=["Cs"]), max_size=40)


def tagged(text: str) -> str:
    return f"{OPENING}\n{text}\n{CLOSING}"


def test_the_prompt_shows_instruction_limits_placeholders_refusals_and_records() -> None:
    prompt = render(REQUEST)
    assert "Module: answer. Length: 14 of at most 60 characters. Must keep: {text}." in prompt
    assert f"{OPENING}\nAnswer {{text}}.\n{CLOSING}" in prompt
    assert "Rejected edit:\n-Answer {text}.\n+Reply to {text}." in prompt
    assert prompt.endswith(
        "Example:\ntext: where is my card\nanswer: lost_card\nfeedback: expected card_arrival, got lost_card"
    )


def test_an_edit_is_shown_by_its_changed_lines() -> None:
    assert edit_lines("keep\nold", "keep\nnew") == "-old\n+new"
    assert edit_lines("same", "same") == "(no change)"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(tagged(NEW), id="nothing around"),
        pytest.param(f"Here is a better one:\n{tagged(NEW)}\nIt names the form.", id="chatter around"),
        pytest.param(f"```xml\n{tagged(NEW)}\n```", id="a fence around"),
        pytest.param(f"{OPENING}{NEW}{CLOSING}", id="on one line"),
    ],
)
def test_the_instruction_is_what_stands_between_the_only_pair_of_tags(reply: str) -> None:
    assert parse(reply, REQUEST) == NEW


@settings(deadline=None)
@given(PROSE, PROSE)
def test_what_stands_around_the_tags_has_no_say(before: str, after: str) -> None:
    assert parse(f"{before}{tagged(NEW)}{after}", REQUEST) == NEW


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        pytest.param(NEW, "the reply must hold <instruction> exactly once, and holds it 0 times", id="no tags"),
        pytest.param(OPENING + NEW, "the reply must hold </instruction> exactly once, and holds it 0 times", id="open"),
        pytest.param(
            tagged(NEW) + tagged(NEW), "the reply must hold <instruction> exactly once, and holds it 2 times", id="two"
        ),
        pytest.param(
            tagged(NEW) + CLOSING,
            "the reply must hold </instruction> exactly once, and holds it 2 times",
            id="closed twice",
        ),
        pytest.param(CLOSING + NEW + OPENING, "the reply holds </instruction> before <instruction>", id="reversed"),
        pytest.param(tagged(" \n"), "the new instruction is empty", id="empty"),
        pytest.param(
            tagged(NEW + "x" * 60), "the new instruction has 87 characters, more than 60", id="longer than the limit"
        ),
        pytest.param(
            tagged("Answer with a label."), "the new instruction lost the placeholder {text}", id="lost placeholder"
        ),
        pytest.param(tagged("Answer {text}. "), "the new instruction is the same as the old one", id="the same"),
        pytest.param(
            tagged("Reply to {text}."), "the new instruction was already tried and rejected", id="refused before"
        ),
    ],
)
def test_any_other_reply_is_refused_with_one_sentence(reply: str, message: str) -> None:
    with pytest.raises(ReflectionRejected) as refusal:
        parse(reply, REQUEST)
    assert str(refusal.value) == message


def test_a_reply_that_was_cut_off_is_refused_even_where_it_looks_complete() -> None:
    with pytest.raises(ReflectionRejected, match="cut off before it ended"):
        parse(tagged(NEW), REQUEST, cut_off=True)
