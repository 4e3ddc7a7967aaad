"""Number: the answer gives the expected number, exactly or within a tolerance."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.number import build, read
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.task.kinds.answers import NumberKind

DATA = Path(__file__).resolve().parents[3] / "data"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


async def judged(expected: str, output: str, **keys: Any) -> Judgement:
    metric = build(NumberKind(kind="number", **keys), MetricContext(DATA))
    return await metric(Example("1", {}, expected), output)


@pytest.mark.parametrize("row", rows("gsm8k.jsonl"), ids=lambda row: row["id"])
async def test_the_solutions_of_gsm8k_give_their_answers(row: dict[str, Any]) -> None:
    assert (await judged(row["final"], row["answer"])).score == 1.0
    assert (await judged(row["answer"], f"So there are {row['final']} in all.")).score == 1.0
    assert (await judged(row["final"], row["answer"] + "1")).score == 0.0


@pytest.mark.parametrize("row", rows("gsm_hard.jsonl"), ids=lambda row: row["id"])
async def test_the_large_numbers_of_gsm_hard(row: dict[str, Any]) -> None:
    target = Fraction(row["final"])
    assert (await judged(row["final"], f"The answer is {row['target']!r}.")).score == 1.0
    rounded = f"${float(target):,.6f}"
    assert (await judged(row["final"], rounded, relative=1e-3)).score == 1.0
    assert (await judged(row["final"], f"{float(target * Fraction(102, 100)):.12f}", relative=0.01)).score == 0.0


async def test_large_numbers_are_told_apart_where_floats_are_not() -> None:
    assert float(2**53) == float(2**53 + 1)
    assert (await judged(str(2**53), str(2**53 + 1))).score == 0.0


@pytest.mark.parametrize(
    ("text", "value", "where"),
    [
        pytest.param("2 + 2\n#### 4\n(5 lines)", 4, "behind ####", id="GSM8K"),
        pytest.param(r"so \boxed{\frac{3}{4}}, as 1 is known", Fraction(3, 4), r"in \boxed", id="boxed"),
        pytest.param(r"\boxed{x = 7 \text{ cm}}", 7, r"in \boxed", id="boxed equation"),
        pytest.param("The answer is 5 + 3 = 8. I used 2 steps.", 8, "behind 'answer is …'", id="phrase"),
        pytest.param("**Answer:** 42\n\nChecked 3 times.", 42, "behind 'Answer:** …'", id="heading"),
        pytest.param("Final answer:\n\n$1,200", 1200, "behind 'answer: …'", id="in the next line"),
        pytest.param("the answer is unknown. 5 or 6", 6, "the last number in it", id="phrase without a number"),
        pytest.param("first 1, then 2", 2, "the last number in it", id="last"),
    ],
)
def test_where_the_number_is_found(text: str, value: Fraction, where: str) -> None:
    found = read(text)
    assert found is not None
    assert (found.numeral.value, found.where) == (value, where)


@pytest.mark.parametrize(
    ("keys", "expected", "output", "score"),
    [
        ({"tolerance": 0.1}, "1.0", "1.1", 1.0),
        ({"tolerance": 0.1}, "1.0", "1.11", 0.0),
        ({"relative": 0.1}, "-100", "-110", 1.0),
        ({"relative": 0.1}, "-100", "-111", 0.0),
        ({"relative": 0.01, "tolerance": 1.0}, "2", "3", 1.0),
        ({"find": "last"}, "3", "#### 5, not 3", 1.0),
        ({"find": "whole"}, "3", "3", 1.0),
        ({"find": "whole"}, "3", "it is 3", 0.0),
        ({"percent": "share"}, "0.05", "5%", 1.0),
        ({}, "0.05", "5%", 0.0),
        ({"decimal": ","}, "1.234,5", "1234,5", 1.0),
    ],
)
async def test_the_keys(keys: dict[str, Any], expected: str, output: str, score: float) -> None:
    assert (await judged(expected, output, **keys)).score == score


@pytest.mark.parametrize(
    ("output", "feedback"),
    [
        ("42", "correct"),
        ("41", "expected 42, got 41 (the last number in it)"),
        ("#### -42", "expected 42, got -42 (behind ####); the sign is wrong"),
        ("4200", "expected 42, got 4200 (the last number in it); it is 100 times too large"),
        ("0.42", "expected 42, got 0.42 (the last number in it); it is 100 times too small"),
        (
            "42.1",
            "expected 42, got 42.1 (the last number in it); it is off by 0.0024 of the expected number, as from "
            "rounding or a small slip",
        ),
        (
            "42 is 6 times 7",
            "expected 42, got 7 (the last number in it); 42 stands elsewhere in the answer: end it with the number "
            "that was asked for",
        ),
        ("", "expected 42, but the answer is empty"),
        ("many", 'expected 42, but the answer "many" holds no number'),
    ],
)
async def test_the_feedback_says_what_is_the_matter(output: str, feedback: str) -> None:
    assert (await judged("42", output)).feedback == feedback


async def test_a_whole_answer_is_told_to_be_a_number_alone() -> None:
    judgement = await judged("3", "it is 3", find="whole")
    assert judgement.feedback == 'expected 3, but the answer "it is 3" is not a number alone'


@given(st.integers(), st.integers(), st.floats(0, 0.9), st.floats(0, 1e6))
async def test_what_lies_within_the_tolerance_is_right(expected: int, got: int, relative: float, least: float) -> None:
    judgement = await judged(str(expected), str(got), relative=relative, tolerance=least)
    within = abs(expected - got) <= max(Fraction(str(least)), Fraction(str(relative)) * abs(expected))
    assert judgement.score == float(within)
