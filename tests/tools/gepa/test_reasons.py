"""What a person reads about each decision."""

import pytest

from toishi.tools.gepa import reasons
from toishi.tools.gepa.merge import Merge
from toishi.tools.workbench.candidate import Candidate

MERGE = Merge(Candidate({"search": "s", "answer": "a"}), 3, 5, 0, (5, 3))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            reasons.rewritten("answer", (2,), [1.0, 0.0], [1.0, 0.5]),
            "answer of candidate 2 was rewritten, and the score on 2 examples rose from 1 to 1.5",
        ),
        (reasons.not_better([1.0], [0.0]), "the score on 1 example fell from 1 to 0"),
        (reasons.not_better([0.1, 0.2], [0.1, 0.2]), "the score on 2 examples stayed at 0.3"),
        (
            reasons.merged(MERGE, ["search", "answer"], 3.0, 3.5, 5),
            "search of candidate 5 and answer of candidate 3 together score 3.5 on 5 examples, the better parent 3",
        ),
        (
            reasons.worse_than_parents(MERGE, 3.0, 2.0, 5),
            "candidates 3 and 5 merged score 2 on 5 examples, the better parent 3",
        ),
        (reasons.nothing_to_learn(4, 3), "candidate 4 is perfect on its 3 examples already"),
        (reasons.did_not_run("search", 3), "search ran in none of the 3 examples"),
    ],
)
def test_a_reason_is_one_sentence_with_the_figures(said: str, expected: str) -> None:
    assert said == expected
