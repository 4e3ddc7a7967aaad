"""Token F1, against the official formula by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.f1 import F1, f1


@pytest.mark.parametrize(
    ("expected", "output", "score"),
    [
        pytest.param("Chief of Protocol", "the chief of protocol.", 1.0, id="normalised"),
        pytest.param("Chief of Protocol", "Protocol", 0.5, id="precision 1, recall 1/3"),
        pytest.param("Greenwich Village", "Greenwich Village, New York City", 4 / 7, id="precision 2/5, recall 1"),
        pytest.param("b b c", "b c c", 2 * (2 / 3) * (2 / 3) / (4 / 3), id="words that repeat"),
        pytest.param("a cat", "dog", 0.0, id="nothing in common"),
        pytest.param("Animorphs", "", 0.0, id="empty"),
        pytest.param("dog cat", "cat dog", 1.0, id="order does not count"),
        pytest.param("yes", "yes, both are", 0.0, id="HotpotQA: yes is right as a whole"),
        pytest.param("no reason", "no", 0.0, id="HotpotQA: no against words"),
        pytest.param("yes", "Yes.", 1.0, id="yes"),
        pytest.param("A", "a.", 1.0, id="an article is expected"),
        pytest.param("?!", " ?! ", 1.0, id="punctuation is expected"),
        pytest.param("?!", "...", 0.0, id="other punctuation"),
        pytest.param("A", "the", 0.0, id="another article"),
    ],
)
def test_the_official_formula(expected: str, output: str, score: float) -> None:
    assert f1(expected, output) == pytest.approx(score)


@pytest.mark.parametrize(
    ("expected", "output", "feedback"),
    [
        ("New York", "New York", "correct"),
        ("New York", "York", 'expected "New York", got "York"; F1 0.67: missing "new"'),
        ("York", "New York City", 'expected "York", got "New York City"; F1 0.50: too much "new", "city"'),
        ("cat", "dog", 'expected "cat", got "dog"; they share no word'),
        ("yes", "yes indeed", 'expected "yes", got "yes indeed"; only the whole answer counts'),
    ],
)
async def test_the_feedback_names_the_words(expected: str, output: str, feedback: str) -> None:
    assert (await F1()(Example("1", {}, expected), output)).feedback == feedback


async def test_the_nearest_of_several_answers_counts() -> None:
    judgement = await F1("|")(Example("1", {}, "NYC|New York City"), "York City")
    assert judgement.score == pytest.approx(0.8)
    assert "New York City" in judgement.feedback


words = st.lists(st.sampled_from(["cat", "dog", "the", "no", "mat."]), max_size=5).map(" ".join)


@given(words, words)
def test_it_is_symmetric_and_bounded(one: str, other: str) -> None:
    if one.strip("the .") and other.strip("the ."):
        assert f1(one, other) == pytest.approx(f1(other, one))
        assert 0 <= f1(one, other) <= 1
