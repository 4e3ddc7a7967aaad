"""Pairwise judging: both orders are asked, and a verdict that turns with the order is a tie."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.pairwise import CONSISTENT, Pairwise, build, match, position_bias
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.metrics.verdicts import Verdict
from toishi.tools.workbench.models.protocol import Message, Reply
from toishi.tools.workbench.task.kinds.judges import PairwiseKind

EXAMPLE = Example("7", {"text": "Where is my card?"}, "On its way.")


class ScriptedComparer:
    """Says A, B or tie by what stands as answer A and as answer B, and the replicate."""

    def __init__(self, decide: Callable[[str, str, int], str]) -> None:
        self.decide = decide
        self.asked: list[tuple[str, str, int]] = []

    async def __call__(
        self, purpose: str, messages: tuple[Message, ...], replicate: int = 0, schema: str | None = None
    ) -> Reply:
        blocks = messages[1].content.split("<<<")
        first, second = (block.split("\n")[1] for block in blocks[-2:])
        self.asked.append((first, second, replicate))
        verdict = self.decide(first, second, replicate)
        return Reply(json.dumps({"reason": f"{first} or {second}.", "verdict": verdict}), "stop", 9, 5, 0.0, 0.1)


def metric(ask: ScriptedComparer, **keys: Any) -> Pairwise:
    return build(PairwiseKind.model_validate({"kind": "pairwise", **keys}), MetricContext(Path(), ask))


def judged(decide: Callable[[str, str, int], str], output: str = "It comes.", **keys: Any) -> Judgement:
    return asyncio.run(metric(ScriptedComparer(decide), **keys)(EXAMPLE, output))


def test_the_better_answer_wins_in_both_orders() -> None:
    assert judged(lambda a, b, _: "A" if a == "It comes." else "B") == Judgement(
        1.0,
        "correct\npreferred to the other answer – It comes. or On its way.. (A: the answer at hand)",
        {CONSISTENT: 1.0},
    )


def test_the_worse_answer_loses() -> None:
    found = judged(lambda a, b, _: "B" if a == "It comes." else "A")
    assert (found.score, found.objectives) == (0.0, {CONSISTENT: 1.0})
    assert found.feedback.startswith("worse than the other answer, which is: On its way.\n")


@pytest.mark.parametrize("always", ["A", "B"])
def test_a_judge_that_favours_a_place_makes_a_tie_and_is_told_on(always: str) -> None:
    found = judged(lambda a, b, _: always)
    assert (found.score, found.objectives) == (0.5, {CONSISTENT: 0.0})
    assert "the verdict turns with the order" in found.feedback


def test_a_tie_is_half_a_win() -> None:
    assert judged(lambda a, b, _: "tie").score == 0.5


@pytest.mark.parametrize(
    ("straight", "swapped", "outcome", "consistent"),
    [
        ("A", "B", "win", True),
        ("B", "A", "loss", True),
        ("tie", "tie", "tie", True),
        ("A", "A", "tie", False),
        ("B", "B", "tie", False),
        ("A", "tie", "tie", False),
        ("tie", "A", "tie", False),
    ],
)
def test_two_orders_make_one_outcome(straight: str, swapped: str, outcome: str, consistent: bool) -> None:
    found = match(Verdict(straight, "one"), Verdict(swapped, "two"))
    assert (found.outcome, found.consistent, found.reasons) == (outcome, consistent, ("one", "two"))


def test_samples_are_averaged_each_in_both_orders() -> None:
    ask = ScriptedComparer(lambda a, b, replicate: ("A" if a == "It comes." else "B") if replicate == 1 else "tie")
    found = asyncio.run(metric(ask, samples=2)(EXAMPLE, "It comes."))
    assert found.score == 0.75
    assert sorted(ask.asked) == sorted(
        (*pair, replicate)
        for pair in (("It comes.", "On its way."), ("On its way.", "It comes."))
        for replicate in (1, 2)
    )


def test_equal_answers_are_a_tie_without_a_question() -> None:
    ask = ScriptedComparer(lambda a, b, _: "A")
    assert asyncio.run(metric(ask)(EXAMPLE, " On its way.\n")).score == 0.5
    assert ask.asked == []


def test_another_version_may_stand_in_for_the_expected_answer() -> None:
    ask = ScriptedComparer(lambda a, b, _: "A" if a == "It comes." else "B")
    found = asyncio.run(metric(ask).against({"7": "No idea."})(EXAMPLE, "It comes."))
    assert found.score == 1.0
    assert ask.asked[0][:2] == ("It comes.", "No idea.")


def test_without_an_expected_answer_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(DataError, match="example 8 has no expected answer"):
        asyncio.run(metric(ScriptedComparer(lambda a, b, _: "A"))(Example("8", {}, ""), "x"))


def test_the_bias_is_the_share_of_verdicts_that_turned() -> None:
    assert position_bias([1.0, 1.0, 0.0, 1.0]) == 0.25
    assert position_bias([]) is None
