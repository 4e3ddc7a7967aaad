"""The second version of the reflection prompt, and the one that asks to join two texts."""

from dataclasses import replace

import pytest

from toishi.tools.workbench.textgrad.any_text import LONGEST_FIELD
from toishi.tools.workbench.textgrad.reflection import (
    CLOSING,
    NEWER,
    OPENING,
    TEMPLATE,
    Cohort,
    CrossoverRequest,
    Parent,
    Record,
    ReflectionRejected,
    ReflectionRequest,
    Tally,
    parse,
    render,
    template_for,
)
from toishi.tools.workbench.texts import KINDS

REQUEST = ReflectionRequest(
    module="solve",
    instruction="def solve(a):\n    return a",
    records=[Record({"arguments": "[3]"}, "", "solve raises NameError, see plots/a.png", "line 2\nNameError: b")],
    max_characters=400,
    rejected=["def solve(a):\n    return -a"],
    reasons={"def solve(a):\n    return -a": "2 of 3 rows got worse"},
    kind="python:solve",
    modules=["plan", "solve"],
    summary="Doubles numbers.",
    cohort=Cohort(40, 14, [Tally("expected N, got N", 6, 40)], [Tally("sign is minus", 9, 10)]),
)
CROSSOVER = CrossoverRequest(
    module="prompt",
    first=Parent("Be brief.", 0.5, [Record({"text": "hi"}, "hello", "correct")], ["lang is de"]),
    second=Parent("Be kind.", 0.625),
    max_characters=60,
)


def test_the_prompt_shows_what_is_known_of_the_program_its_limits_and_its_failures() -> None:
    prompt = render(REQUEST, NEWER)
    assert prompt.startswith("Improve a text: Python code. It is a part of a program")
    for shown in (
        "Module: solve, one of 2, in order: plan, solve.\nProgram: Doubles numbers.\n"
        "Length: 26 of at most 400 characters; a longer text is refused.\nMust define: the function solve.",
        f"\n\n{OPENING}\ndef solve(a):\n    return a\n{CLOSING}\n\n",
        "Rejected edit (2 of 3 rows got worse):\n-    return a\n+    return -a",
        "Of all 40 inputs that it ran on so far, 14 failed.\nCommonest failures:\n- 6 times: expected N, got N\n"
        "By group:\n- sign is minus: 9 of 10 failed",
        "Images are named by their paths alone; you cannot look into them.",
        "Example:\narguments: [3]\nanswer: \nfeedback: solve raises NameError, see plots/a.png\nlogs:\nline 2\n"
        "NameError: b",
        "Never copy the texts of examples",
        "It is run in a sandbox",
    ):
        assert shown in prompt


def test_what_is_not_known_is_left_out() -> None:
    plain = ReflectionRequest("prompt", "Answer {text}.", [Record({"text": "hi"}, "x", "y")], 60, ["text"])
    prompt = render(plain, NEWER)
    assert (
        "Module: prompt.\nLength: 14 of at most 60 characters; a longer text is refused.\nMust keep: {text}." in prompt
    )
    for absent in ("Program:", "Must define", "Rejected edit", "Of all", "Files", "logs:"):
        assert absent not in prompt


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_text_is_called_by_its_name(kind: str) -> None:
    assert f"Improve a text: {KINDS[kind]}." in render(replace(REQUEST, kind=kind), NEWER)


def test_a_long_field_is_shown_by_its_ends() -> None:
    record = Record({"text": f"begin{'x' * 2 * LONGEST_FIELD}end"}, "", "")
    prompt = render(replace(REQUEST, records=[record]), NEWER)
    assert "text: beginxxx" in prompt
    assert f"… ({LONGEST_FIELD + 8} characters) …" in prompt
    assert "xxxend\n" in prompt


def test_two_texts_are_shown_with_what_each_is_better_on() -> None:
    prompt = render(CROSSOVER)
    assert prompt.startswith("Join two texts into one. Both are an instruction for a language model")
    for shown in (
        "Length: 9 of at most 60 characters",
        "First text, with a mean score of 0.500:\n<first>\nBe brief.\n</first>",
        "The first text is better where lang is de.",
        "The first text is better on these, among others; the answers are its own.\n\nExample:\ntext: hi\nanswer: hel",
        "Second text, with a mean score of 0.625:\n<second>\nBe kind.\n</second>",
    ):
        assert shown in prompt
    assert "The second text is better" not in prompt


@pytest.mark.parametrize("text", ["Be brief.", "Be kind. "])
def test_a_joined_text_is_another_than_both(text: str) -> None:
    with pytest.raises(ReflectionRejected, match="the new instruction is the same as the old one"):
        parse(f"{OPENING}\n{text}\n{CLOSING}", CROSSOVER)
    assert parse(f"{OPENING}\nBe brief and kind.\n{CLOSING}", CROSSOVER) == "Be brief and kind."


def test_a_text_that_cannot_be_of_its_kind_is_refused() -> None:
    with pytest.raises(ReflectionRejected, match="the new text does not define the function 'solve'"):
        parse(f"{OPENING}\ndef other(a): return a\n{CLOSING}", REQUEST)
    reply = f"{OPENING}\n```python\ndef solve(a): return 2 * a\n```\n{CLOSING}"
    assert parse(reply, REQUEST) == "def solve(a): return 2 * a"


def test_the_embedded_model_keeps_the_prompt_that_it_was_trained_on() -> None:
    assert template_for("embedded/mini") == TEMPLATE == "reflection-1"
    assert template_for("openai/gpt-5-mini") == template_for("local/x") == NEWER == "reflection-2"
    assert render(REQUEST) == render(REQUEST, TEMPLATE) != render(REQUEST, NEWER)
