"""The answer follows the verifiable instructions of its row."""

import json
from typing import Any, Literal

import pytest

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.ifeval.metric import Ifeval
from toishi.tools.workbench.task.kinds.forms import IfevalKind


def metric(score: Literal["share", "all"] = "share", loose: bool = False) -> Ifeval:
    return Ifeval(IfevalKind(kind="ifeval", score=score, loose=loose))


def row(names: Any, arguments: Any) -> Example:
    return Example(
        "1", {"prompt": "Do."}, "", {"instruction_id_list": json.dumps(names), "kwargs": json.dumps(arguments)}
    )


THREE = row(
    ["punctuation:no_comma", "startend:quotation", "length_constraints:number_words"],
    [{}, {}, {"relation": "at least", "num_words": 3}],
)
INTRODUCED = 'Sure, here:\n"One two three four"'


@pytest.mark.parametrize(
    ("score", "loose", "expected"),
    [("share", False, 1 / 3), ("all", False, 0.0), ("share", True, 1.0), ("all", True, 1.0)],
)
async def test_the_four_accuracies(score: Literal["share", "all"], loose: bool, expected: float) -> None:
    judgement = await metric(score, loose)(THREE, INTRODUCED)
    assert judgement.score == pytest.approx(expected)
    assert judgement.objectives == {
        "prompt_strict": 0.0,
        "prompt_loose": 1.0,
        "instruction_strict": pytest.approx(1 / 3),
        "instruction_loose": 1.0,
    }
    assert (judgement.feedback == "correct") == (expected == 1.0)


async def test_each_broken_instruction_is_named_in_plain_words() -> None:
    assert (await metric()(THREE, INTRODUCED)).feedback == (
        "1 of 3 instructions followed; the answer should have no comma; it has 1; the whole answer should stand in "
        "double quotes; it begins with 'S' and ends with '\"'"
    )


async def test_an_empty_answer_follows_none() -> None:
    judgement = await metric()(THREE, " \n")
    assert judgement.score == 0.0
    assert judgement.feedback == "0 of 3 instructions followed; the answer is empty, so it follows no instruction"


@pytest.mark.parametrize(
    ("example", "problem"),
    [
        (Example("1", {}, ""), "its column 'instruction_id_list' is no JSON list of names"),
        (row(["punctuation:no_comma"], "none"), "its column 'kwargs' is no JSON list of tables of arguments"),
        (
            row(["punctuation:no_comma"], []),
            "its column 'instruction_id_list' has 1 instructions and 'kwargs' arguments for 0; both should have as "
            "many, and at least 1",
        ),
        (row(["no_comma"], [{}]), "the instruction 'no_comma' is not known; did you mean 'punctuation:no_comma'?"),
        (
            row(["length_constraints:number_words"], [{"relation": "about", "num_words": 3}]),
            "the relation 'about' is neither 'less than' nor 'at least'",
        ),
        (THREE, None),
    ],
)
def test_a_row_that_cannot_be_judged_is_a_problem(example: Example, problem: str | None) -> None:
    said = metric().problem(example)
    assert said == problem or (said is not None and problem is not None and said.startswith(problem[:30]))
