"""Text: the answer is the expected text, once both are brought to one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.text import Text, normalised
from toishi.tools.workbench.task.kinds.answers import Ignored

ALL: frozenset[Ignored] = frozenset({"case", "blanks", "punctuation", "articles"})
NOTHING: frozenset[Ignored] = frozenset()


async def judged(expected: str, output: str, ignore: frozenset[Ignored] = ALL, separator: str | None = None) -> float:
    return (await Text(ignore, separator)(Example("1", {}, expected), output)).score


@pytest.mark.parametrize(
    ("expected", "output"),
    [
        pytest.param("The Eiffel Tower", "eiffel tower.", id="case, article, punctuation"),
        pytest.param("a  b", "A\tB\n", id="blanks"),
        pytest.param("ﬁne", "fine", id="ligature"),
        pytest.param("Ｔｏｋｙｏ", "tokyo", id="full width"),
        pytest.param("STRASSE", "straße", id="folded case"),
        pytest.param("“yes”", "yes", id="typographic quotes"),
        pytest.param("A", "a.", id="nothing but an article"),
        pytest.param("?!", "?!", id="nothing but punctuation"),
    ],
)
async def test_what_is_the_same_text(expected: str, output: str) -> None:
    assert await judged(expected, output) == 1.0


@pytest.mark.parametrize(
    ("expected", "output"),
    [
        pytest.param("Paris", "Paris, France", id="more words"),
        pytest.param("A", "the", id="another article"),
        pytest.param("?!", "...", id="other punctuation"),
        pytest.param("yes", "", id="nothing"),
    ],
)
async def test_what_is_another_text(expected: str, output: str) -> None:
    assert await judged(expected, output) == 0.0


@pytest.mark.parametrize(
    ("ignored", "output"),
    [
        ("case", "YES, the cat"),
        ("blanks", "Yes,  the cat "),
        ("punctuation", "Yes the cat!"),
        ("articles", "Yes,   cat"),
    ],
)
async def test_only_what_is_to_be_ignored_is_ignored(ignored: Ignored, output: str) -> None:
    assert await judged("Yes, the cat", output, frozenset({ignored})) == 1.0
    assert await judged("Yes, the cat", output, NOTHING) == 0.0


@pytest.mark.parametrize(
    ("expected", "output", "separator", "feedback"),
    [
        ("Paris", "paris", None, "correct"),
        (
            "Paris",
            "Lyon",
            None,
            'expected "Paris", got "Lyon" (ignored: case, blanks, punctuation and articles)',
        ),
        (
            "Paris",
            " ",
            None,
            'expected "Paris", but the answer is empty (ignored: case, blanks, punctuation and articles)',
        ),
        (
            "Paris",
            "It is Paris.",
            None,
            'expected "Paris", got "It is Paris."; "Paris" stands in the answer, but should stand there alone',
        ),
        ("NYC|New York", "new york", "|", "correct"),
        ('["NYC", "New York"]', "new york", "json", "correct"),
        (
            "NYC|New York",
            "Boston",
            "|",
            'expected one of "NYC", "New York", got "Boston" (ignored: case, blanks, punctuation and articles)',
        ),
    ],
)
async def test_the_feedback(expected: str, output: str, separator: str | None, feedback: str) -> None:
    judgement = await Text(ALL, separator)(Example("1", {}, expected), output)
    assert judgement.feedback == feedback


async def test_long_texts_are_shown_from_where_they_differ() -> None:
    expected, output = "same " * 100 + "cat" + " tail" * 80, "same " * 100 + "dog" + " tail" * 80
    feedback = (await Text(NOTHING)(Example("1", {}, expected), output)).feedback
    assert feedback.startswith("the first 500 characters are as expected; from there on, expected ")
    assert "same cat tail" in feedback
    assert "same dog tail" in feedback
    assert len(feedback) < 600


@pytest.mark.parametrize(
    ("separator", "expected", "problem"),
    [
        ("json", "Paris", "the expected answer 'Paris' is no JSON list of texts, as separator = 'json' says"),
        ("json", "[1]", "the expected answer '[1]' is no JSON list of texts, as separator = 'json' says"),
        ("|", " | ", "the expected answer ' | ' holds no answer between its separators"),
        ("|", "a|b", None),
    ],
)
def test_a_row_without_an_answer_is_a_problem(separator: str, expected: str, problem: str | None) -> None:
    assert Text(ALL, separator).problem(Example("1", {}, expected)) == problem


@given(st.text("abc ABC.,!?'\"-", max_size=20))
async def test_case_blanks_and_punctuation_never_matter(text: str) -> None:
    if normalised(text, ALL):
        assert await judged(text, f"  {text.swapcase()}!\n") == 1.0


@given(st.text(max_size=30), st.sets(st.sampled_from(sorted(ALL))))
def test_a_normalised_text_stays_as_it_is(text: str, ignore: set[Ignored]) -> None:
    once = normalised(text, ignore | {"blanks"})
    assert normalised(once, ignore - {"articles"} | {"blanks"}) == once
