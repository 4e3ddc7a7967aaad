"""The 25 verifiable instructions, each with a row of IFEval, an answer that follows it and one that does not."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.metrics.ifeval.instruction import INSTRUCTIONS, bind

DATA = Path(__file__).resolve().parents[4] / "data"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in (DATA / "ifeval.jsonl").read_text().splitlines()]
ARGUMENTS = {name: given for row in ROWS for name, given in zip(row["instruction_id_list"], row["kwargs"], strict=True)}

SWAHILI = "Mwanamume alimwambia mchumba wake kwamba pete yake imepotea, naye akacheka kwa sauti kubwa sana."
GERMAN = "Der Mann sagte seiner Verlobten, dass der Ring verloren sei, und sie lachte sehr laut darüber."
ENGLISH = "the man told his friend that the old ring was lost, and she laughed about it for a very long time"
CHESTER = "Write a song about a corgi named Chester who loves to play fetch."

# For each: an answer that follows it, one that does not, and what is said of that one.
ANSWERS: dict[str, tuple[str, str, str]] = {
    "change_case:capital_word_frequency": (
        "GO " * 14 + "U.S. and home",
        "GO " * 14 + "Home",
        "there should be at least 15 words in capital letters only; there are 14",
    ),
    "change_case:english_capital": (
        f"{ENGLISH.upper()}!",
        "ALVIN, SIMON AND Theodore",
        'the answer should have capital letters only; "Theodore" has small ones',
    ),
    "change_case:english_lowercase": (
        ENGLISH,
        GERMAN.lower(),
        "the answer should be in English; it reads as German",
    ),
    "combination:repeat_prompt": (
        f"{CHESTER.upper()}\n\nChester runs.",
        f"Sure! {CHESTER}",
        f'the answer should begin by repeating "{CHESTER}" word for word; it begins "Sure! {CHESTER[:-7]}"',
    ),
    "combination:two_responses": (
        "A rubric.\n******\nA summary.",
        "A rubric.\n******\nA rubric.",
        "there should be two different answers, with ****** between them; they are the same",
    ),
    "detectable_content:number_placeholders": (
        "Dear [name], pay.",
        "Dear (name), pay.",
        "there should be at least 1 placeholders such as [name]; there are 0",
    ),
    "detectable_content:postscript": (
        "War.\nP. P.S Peace.",
        "War.\nP.S. Peace.",
        'there should be a postscript that begins with "P.P.S"; there is none',
    ),
    "detectable_format:constrained_response": (
        "My answer is no.",
        "No.",
        'the answer should be one of "My answer is yes.", "My answer is no.", "My answer is maybe.", to the letter; '
        'it is "No."',
    ),
    "detectable_format:json_format": (
        '```JSON\n{"quality": [1, 2]}\n```',
        '{"quality": 1',
        "the whole answer should be JSON, but it is not valid JSON",
    ),
    "detectable_format:multiple_sections": (
        "SECTION 1\na\nSECTION 2\nb\nSECTION 3\nc",
        "SECTION 1\na\nSECTION 2\nb\nSection 3\nc",
        'there should be at least 3 sections, headed "SECTION 1" and so on; there are 2',
    ),
    "detectable_format:number_bullet_lists": (
        "Names:\n* Domino\n  * Oreo\n- Panda\n**Bold**",
        "* Domino\n* Oreo\n* Panda\n* Zebra",
        "there should be exactly 3 points in lines that begin with '* ' or '- '; there are 4",
    ),
    "detectable_format:number_highlighted_sections": (
        "*a* and **b** and *c d*",
        "*a* and ** and *b\nc*",
        "at least 3 passages should be highlighted like *this*; there are 1",
    ),
    "detectable_format:title": (
        "<<Undone>>\nWhat am I?",
        "<< >> <Undone>",
        "there should be a title in double angular brackets, as in <<title>>; there is none",
    ),
    "keywords:existence": (
        "He Engages them lightly.",
        "He engages them.",
        'the answer should hold the keywords "engages", "lightly"; "lightly" missing',
    ),
    "keywords:forbidden_words": (
        "Your peaceful checkers.",
        "YO, check!",
        'the words "yo", "peace", "check" are forbidden; the answer has "yo", "check"',
    ),
    "keywords:frequency": (
        "I like the job.",
        "I like the job. They do too.",
        'there should be less than 2 occurrences of "the"; there are 2',
    ),
    "keywords:letter_frequency": (
        "Quick quiz: quite Quaint",
        "Quick quiz: quite nice",
        'there should be at least 4 letters "q"; there are 3',
    ),
    "language:response_language": (
        SWAHILI,
        GERMAN,
        "the whole answer should be in Swahili; it reads as German",
    ),
    "length_constraints:nth_paragraph_first_word": (
        '"Firms, large"\n\ntwo\n\nthree\n\nfour',
        "two\n\nfirms\n\nthree\n\nfour",
        'paragraph 1 should begin with "firms"; it begins with "two"',
    ),
    "length_constraints:number_paragraphs": (
        "***\none\n***\ntwo\n\nstill two\n***\nthree\n***\nfour",
        "one\n\ntwo\n\nthree\n\nfour",
        "there should be exactly 4 paragraphs, divided by ***; there are 1",
    ),
    "length_constraints:number_sentences": (
        "Take the index. Multiply it by the size, e.g. 4. Add the base!",
        "One. Two. Three. Four. Five. Six. Seven.",
        "there should be less than 7 sentences; there are 7",
    ),
    "length_constraints:number_words": (
        "Kyoto! " * 299,
        "well-known " * 150,
        "there should be less than 300 words; there are 300",
    ),
    "punctuation:no_comma": (
        "It has four parts; London is its capital.",
        "London, its capital, is large.",
        "the answer should have no comma; it has 2",
    ),
    "startend:end_checker": (
        'Golden hills.\n"YOUR LOVE, and thanks."',
        "your love, and thanks. Bye!",
        'the answer should end with "your love, and thanks." and nothing behind it; '
        'it ends "your love, and thanks. Bye!"',
    ),
    "startend:quotation": (
        ' "She is." ',
        '"She" is.',
        "the whole answer should stand in double quotes; it begins with '\"' and ends with '.'",
    ),
}


def test_there_is_a_row_and_an_answer_for_each_of_the_25() -> None:
    assert set(INSTRUCTIONS) >= set(ARGUMENTS) == set(ANSWERS)
    assert len(ANSWERS) == 25


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_follows_it(name: str) -> None:
    assert bind(name, ARGUMENTS[name]).broken(ANSWERS[name][0]) is None


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_does_not_and_why(name: str) -> None:
    said = bind(name, ARGUMENTS[name]).broken(ANSWERS[name][1])
    assert said is not None
    assert said.startswith(ANSWERS[name][2])


PARAGRAPHS, FIRST = "length_constraints:number_paragraphs", "length_constraints:nth_paragraph_first_word"
THIRD = {"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"}
TWO_CATS = {"keyword": "cat", "frequency": 2, "relation": "at least"}
TWO_SIGNS = {"letter": "#", "let_frequency": 2.0, "let_relation": "at least"}
PS = {"postscript_marker": "P.S."}


@pytest.mark.parametrize(
    ("name", "arguments", "answer", "followed"),
    [
        pytest.param("keywords:frequency", TWO_CATS, "concatenate Cat", True, id="within words"),
        pytest.param("keywords:letter_frequency", TWO_SIGNS, "# ##", True, id="a sign, and a whole float"),
        pytest.param("keywords:existence", {"keywords": ["c++"]}, "I like C++.", True, id="signs of patterns"),
        pytest.param("detectable_content:postscript", PS, "p. s. bye", True, id="a postscript, spaced"),
        pytest.param("detectable_content:postscript", PS, "p.p.s bye", False, id="another postscript"),
        pytest.param(PARAGRAPHS, {"num_paragraphs": 2}, "a\n***\n\n***\nb", False, id="an empty paragraph"),
        pytest.param(FIRST, THIRD, "a\n\nb", False, id="a paragraph that is not there"),
        pytest.param("combination:two_responses", {}, "a\n******\nb\n******\nc", False, id="three answers"),
        pytest.param("combination:two_responses", {}, "******\na\n******\nb", True, id="a divider at the beginning"),
        pytest.param("language:response_language", {"language": "en"}, "12345", True, id="no language to be told"),
        pytest.param("change_case:english_capital", {}, "123", False, id="no letters"),
        pytest.param("startend:quotation", {}, '"', False, id="one quote"),
    ],
)
def test_edges(name: str, arguments: dict[str, Any], answer: str, followed: bool) -> None:
    assert (bind(name, arguments).broken(answer) is None) == followed


def test_the_loose_reading_forgives_introductions_and_asterisks() -> None:
    one = bind("startend:quotation", {})
    assert one.broken('Here you are:\n"Yes."') is not None
    assert one.broken_loosely('Here you are:\n"Yes."') is None
    assert one.broken_loosely('"Yes."\nAnything else?') is None
    assert one.broken_loosely('Here:\n**"Yes."**\nBye') is None
    assert one.broken_loosely("Yes.") == one.broken("Yes.")


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("keywords:exist", {}, "the instruction 'keywords:exist' is not known; did you mean 'keywords:existence'?"),
        ("keywords:existence", {}, "the instruction 'keywords:existence' lacks its argument 'keywords'"),
        (
            "keywords:existence",
            {"keywords": None},
            "the instruction 'keywords:existence' lacks its argument 'keywords'",
        ),
        (
            "keywords:existence",
            {"keywords": ["a"], "keyword": "a"},
            "the instruction 'keywords:existence' takes no argument 'keyword'; did you mean 'keywords'?",
        ),
        (
            "keywords:existence",
            {"keywords": "a"},
            "the argument keywords = 'a' of the instruction 'keywords:existence' should be a list of texts",
        ),
        (
            "detectable_format:number_bullet_lists",
            {"num_bullets": 1.5},
            "the argument num_bullets = 1.5 of the instruction 'detectable_format:number_bullet_lists' should be a "
            "whole number",
        ),
    ],
)
def test_an_instruction_that_cannot_be_checked_is_refused(name: str, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        bind(name, arguments)
    assert str(raised.value) == sentence


@pytest.mark.parametrize("name", [name for name in ANSWERS if not name.startswith(("language", "change_case"))])
@given(answer=st.text("aB,.*#\"'<>[]{}-1 \n", max_size=60))
def test_no_answer_is_too_odd(name: str, answer: str) -> None:
    said = bind(name, ARGUMENTS[name]).broken_loosely(answer)
    assert said is None or said
