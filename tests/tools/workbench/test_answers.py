"""The best answer to each row."""

import hypothesis.strategies as st
from hypothesis import given

from toishi.tools.workbench.answers import best_answers, documents, sentence
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.rollout import Rollout


def rollout(candidate: str, example: str, score: float, error: str | None = None) -> Rollout:
    return Rollout(candidate, example, 0, f"{candidate} says {score}", score, "so", (), 1, 0.0, 0.0, error=error)


ROLLOUTS = st.lists(
    st.builds(rollout, st.sampled_from("sab"), st.sampled_from("123"), st.sampled_from([0.0, 0.5, 1.0])), max_size=20
)


def test_each_row_keeps_its_best_answer_whoever_gave_it() -> None:
    found = best_answers(
        [rollout("s", "1", 0.5), rollout("s", "2", 0.0), rollout("a", "2", 1.0), rollout("b", "1", 0.5)], seed="s"
    )
    assert [(answer.best.output, answer.seed_score, answer.gain) for answer in found] == [
        ("s says 0.5", 0.5, 0.0),
        ("a says 1.0", 0.0, 1.0),
    ]
    assert sentence(found) == (
        "The best answers score 0.750 on average over 2 rows, the seed's 0.250; better than the seed's: 1, perfect: 1"
    )


def test_an_answer_is_better_than_a_failure_of_the_same_score() -> None:
    (answer,) = best_answers([rollout("s", "1", 0.0, "it raised"), rollout("a", "1", 0.0)], seed="s")
    assert answer.best.error is None


def test_a_file_has_the_rows_with_what_they_ask() -> None:
    answers = best_answers([rollout("a", "2", 1.0)], seed="s")
    examples = [Example("1", {"q": "one"}, ""), Example("2", {"q": "two"}, "")]
    assert documents(answers, examples) == [
        {
            "id": "2",
            "inputs": {"q": "two"},
            "answer": "a says 1.0",
            "score": 1.0,
            "seed_score": None,
            "feedback": "so",
            "candidate": "a",
        }
    ]


@given(ROLLOUTS)
def test_no_rollout_of_a_row_is_better_than_its_answer(rollouts: list[Rollout]) -> None:
    found = {answer.best.example: answer for answer in best_answers(rollouts, seed="s")}
    assert set(found) == {one.example for one in rollouts}
    for one in rollouts:
        assert found[one.example].best.score >= one.score
