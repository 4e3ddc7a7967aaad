"""How a text falls into words, sentences and lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.metrics.ifeval.passages import lines, sentences, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("No stop at the end", ["No stop at the end"]),
        ("Dr. Smith met Mr. J. R. Jones. He left.", ["Dr. Smith met Mr. J. R. Jones.", "He left."]),
        ("Use fruit, e.g. apples, i.e. the red ones. Done.", ["Use fruit, e.g. apples, i.e. the red ones.", "Done."]),
        ("It costs 3.50 dollars. Cheap.", ["It costs 3.50 dollars.", "Cheap."]),
        ("Apples, pears, etc. are fruit.", ["Apples, pears, etc. are fruit."]),
        ("Apples, pears, etc. They are fruit.", ["Apples, pears, etc.", "They are fruit."]),
        ("He lives in the U.S. now. She too.", ["He lives in the U.S. now.", "She too."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ("1. Take eggs. 2. Boil them.", ["1. Take eggs.", "2. Boil them."]),
        ("So did I. Then we left.", ["So did I.", "Then we left."]),
        ("A title\n\nA sentence. Another.", ["A title\n\nA sentence.", "Another."]),
        ("私は猫です。名前はない。", ["私は猫です。", "名前はない。"]),
        ("... !", []),
        ("", []),
    ],
)
def test_sentences(text: str, found: list[str]) -> None:
    assert sentences(text) == found


def test_words_and_lines() -> None:
    assert words("It's a well-known fact, no?") == ["It", "s", "a", "well", "known", "fact", "no"]
    assert lines("one\n\n two \n") == ["one", " two "]


@given(st.text("aB1 .!?\"'\n。", max_size=60))
def test_sentences_lose_no_word(text: str) -> None:
    assert [word for one in sentences(text) for word in words(one)] == words(text)
