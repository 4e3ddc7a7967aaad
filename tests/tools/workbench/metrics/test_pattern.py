"""Regex: a regular expression matches the answer, matches nowhere, or captures the expected text."""

from typing import Any

import pytest

from toishi.tools.workbench.errors import MetricFailed
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics import pattern as module
from toishi.tools.workbench.metrics.pattern import Pattern
from toishi.tools.workbench.task.kinds.forms import RegexKind


def metric(**keys: Any) -> Pattern:
    return Pattern(RegexKind(kind="regex", **keys))


@pytest.mark.parametrize(
    ("keys", "output", "score", "feedback"),
    [
        pytest.param({"pattern": r"\d{4}"}, "in 1999", 1.0, "correct", id="somewhere"),
        pytest.param(
            {"pattern": r"\d{4}"},
            "in 99",
            0.0,
            "the regular expression '\\\\d{4}' should match a part of the answer, and does not match \"in 99\"",
            id="nowhere",
        ),
        pytest.param({"pattern": r"\d+", "match": "whole"}, " 12\n", 1.0, "correct", id="whole"),
        pytest.param(
            {"pattern": r"\d+", "match": "whole"},
            "12 a",
            0.0,
            "the regular expression '\\\\d+' should match the whole answer, and does not match \"12 a\"",
            id="not whole",
        ),
        pytest.param({"pattern": "(?i)sorry", "match": "absent"}, "Gladly", 1.0, "correct", id="absent"),
        pytest.param(
            {"pattern": "(?i)sorry", "match": "absent"},
            "I am SORRY.",
            0.0,
            "the regular expression '(?i)sorry' should match nowhere in the answer, but matches \"SORRY\"",
            id="not absent",
        ),
        pytest.param({"pattern": "label: (.*)", "group": 1}, "label: card \nyes", 1.0, "correct", id="group"),
        pytest.param(
            {"pattern": "label: (?P<label>.*)", "group": "label"},
            "label: cash",
            0.0,
            'expected "card", got "cash", as captured by the regular expression \'label: (?P<label>.*)\'',
            id="named group",
        ),
        pytest.param(
            {"pattern": "label: (x)?", "group": 1},
            "label: card",
            0.0,
            "expected \"card\", but the answer is empty, as captured by the regular expression 'label: (x)?'",
            id="group that took no part",
        ),
    ],
)
async def test_score_and_feedback(keys: dict[str, Any], output: str, score: float, feedback: str) -> None:
    judgement = await metric(**keys)(Example("1", {}, "card"), output)
    assert (judgement.score, judgement.feedback) == (score, feedback)


async def test_each_row_may_bring_its_pattern() -> None:
    by_row = metric(pattern_column="form")
    assert (await by_row(Example("1", {}, "", {"form": "^a"}), "ab")).score == 1.0
    assert (await by_row(Example("2", {}, "", {"form": "^b"}), "ab")).score == 0.0


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ("(", "its column 'form' is no regular expression: missing ) at position 1"),
        ("a", "its pattern 'a' has no group 1, as metric.group says"),
        ("(a)", None),
    ],
)
def test_a_row_with_a_pattern_that_cannot_be_used_is_a_problem(form: str, problem: str | None) -> None:
    assert metric(pattern_column="form", group=1).problem(Example("1", {}, "x", {"form": form})) == problem


async def test_a_pattern_that_never_ends_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.05)
    with pytest.raises(MetricFailed) as raised:
        await metric(pattern=r"^(\w|\w\w)+$")(Example("row-7", {}, ""), "a" * 60 + "!")
    assert str(raised.value) == (
        r"the pattern '^(\\w|\\w\\w)+$' takes over 0.05 seconds on the answer to row row-7; "
        "write it without repetitions inside repetitions"
    )
