"""Graders of OpenAI evals become metrics that a task takes, and what cannot is named."""

from typing import Any

import pytest
from pydantic import ValidationError

from toishi.tools.workbench.data.graders import graders_in, propose
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.task.metric import MetricSection

ANSWER, LABEL = "{{ sample.output_text }}", "{{item.correct_label}}"


def check(operation: str = "eq", reference: str = LABEL, given: str = ANSWER, name: str = "check") -> dict[str, Any]:
    return {"type": "string_check", "name": name, "input": given, "operation": operation, "reference": reference}


SCORE_MODEL = {
    "type": "score_model",
    "name": "rated",
    "model": "o3",
    "input": [
        {"role": "developer", "content": "Rate from 1 to 5."},
        {"role": "user", "content": {"type": "input_text", "text": f"{{{{item.ticket}}}}: {ANSWER}"}},
    ],
    "range": [1, 5],
    "pass_threshold": 3,
}
LABEL_MODEL = {
    "type": "label_model",
    "name": "polite",
    "model": "m",
    "input": [{"role": "user", "content": f"Is it polite? {ANSWER}"}],
    "labels": ["yes", "no", "unclear"],
    "passing_labels": ["yes"],
}
PYTHON = {
    "type": "python",
    "name": "py",
    "source": "def grade(sample, item):\n    return 2 * len(sample['output_text'])",
}


@pytest.mark.parametrize(
    ("grader", "metric"),
    [
        pytest.param(check(), {"kind": "exact"}, id="equal"),
        pytest.param(check("like"), {"kind": "contains", "case": True}, id="contains"),
        pytest.param(check("ilike"), {"kind": "contains"}, id="contains in any case"),
        pytest.param(check("ilike", "refund"), {"kind": "contains", "texts": ["refund"]}, id="contains a word"),
        pytest.param(
            check("eq", "a.b"), {"kind": "regex", "pattern": r"a\.b", "match": "whole"}, id="equal to a fixed text"
        ),
        pytest.param(
            check("ne", "n/a"), {"kind": "regex", "pattern": r"(?!n/a\Z)[\s\S]*", "match": "whole"}, id="anything but"
        ),
        pytest.param(
            {"type": "text_similarity", "input": ANSWER, "reference": LABEL, "evaluation_metric": "rouge_l"},
            {"kind": "f1"},
            id="similarity",
        ),
        pytest.param(
            SCORE_MODEL,
            {"kind": "judge", "rubric": "Rate from 1 to 5.\n\n[ticket]: [the answer]", "scale": 5},
            id="score by a model",
        ),
        pytest.param(
            LABEL_MODEL,
            {
                "kind": "judge",
                "rubric": "Is it polite? [the answer]\n\n"
                "Of the labels yes, no, unclear, these pass: yes. All others fail.",
            },
            id="label by a model",
        ),
        pytest.param(PYTHON, {"kind": "python", "function": "grader.py:score"}, id="python"),
    ],
)
def test_a_grader_becomes_a_metric_that_a_task_takes(grader: dict[str, Any], metric: dict[str, Any]) -> None:
    proposal = propose([grader])
    assert proposal.metric == metric
    MetricSection.model_validate(proposal.metric)


def test_several_graders_are_parts_with_names_of_their_own() -> None:
    proposal = propose([check(name="same"), check("ilike", "refund", name="same"), SCORE_MODEL])
    assert proposal.metric is not None
    assert [part["name"] for part in proposal.metric["parts"]] == ["same", "same 2", "rated"]
    assert MetricSection.model_validate(proposal.metric).kind == "several"
    assert (proposal.expected, proposal.columns) == ("correct_label", ("correct_label", "ticket"))


@pytest.mark.parametrize(
    ("formula", "weights"),
    [
        ("0.75 * a + b * 0.25", [0.75, 0.25]),
        ("(a + 3 * b) / 4", [0.25, 0.75]),
        ("a", [None, 0.0]),
        ("min(a, b)", [None, None]),
        ("a * b", [None, None]),
        ("a + 1", [None, None]),
        ("__import__('os').system('x')", [None, None]),
        ("a +", [None, None]),
    ],
)
def test_the_weights_of_a_multi_grader_are_taken_where_it_is_a_sum(formula: str, weights: list[float | None]) -> None:
    multi = {
        "type": "multi",
        "name": "both",
        "graders": {"a": check(name="a"), "b": check("ilike", name="b")},
        "calculate_output": formula,
    }
    metric = propose([multi]).metric
    assert metric is not None
    assert [part.get("weight") for part in metric["parts"]] == weights


@pytest.mark.parametrize(
    ("grader", "sentence"),
    [
        pytest.param(
            {
                "type": "text_similarity",
                "name": "near",
                "input": ANSWER,
                "reference": LABEL,
                "evaluation_metric": "cosine",
            },
            "the grader 'near' was left out: its metric 'cosine' needs embeddings; kind = 'judge' with a rubric comes "
            "nearest",
            id="embeddings",
        ),
        pytest.param(
            check(given="{{item.other}}"),
            "the grader 'check' was left out: it does not look at the answer as it is; write a Python function "
            "(kind = 'python') instead",
            id="not the answer",
        ),
        pytest.param(
            check(reference="Label: {{item.x}}"),
            "the grader 'check' was left out: its reference 'Label: {{item.x}}' is put together; add a column that "
            "holds it whole",
            id="put together",
        ),
        pytest.param(
            {"type": "python", "name": "py", "source": "x = 1"},
            "the grader 'py' was left out: its source has no function grade(sample, item)",
            id="no function",
        ),
        pytest.param(
            {"type": "video_check", "name": "v"},
            "the grader 'v' is of the unknown type 'video_check' and was left out",
            id="unknown",
        ),
    ],
)
def test_a_grader_that_cannot_be_had_is_named(grader: dict[str, Any], sentence: str) -> None:
    proposal = propose([grader])
    assert (proposal.metric, proposal.sentences) == (None, (sentence,))


def test_pythons_source_is_called_as_the_platform_called_it() -> None:
    source = (
        "def grade(sample, item):\n"
        "    right = item['correct_label'] == 'x' and item['n'] == '1'\n"
        "    return len(sample['output_json']) + 5 * right"
    )
    files = propose([check(), {**PYTHON, "source": source}]).files
    names: dict[str, Any] = {}
    exec(files["grader.py"], names)
    example = Example("1", {"ticket": "t"}, "x", {"n": "1"})
    assert names["score"](example, "[]") == 1.0
    assert names["score"](Example("1", {}, "y", {"n": "1"}), "[]") == 0.0


@pytest.mark.parametrize(
    "document",
    [
        {"object": "eval", "testing_criteria": [check()]},
        {"eval": {"testing_criteria": [check()]}},
        {"grader": check()},
        [check()],
        check(),
    ],
)
def test_graders_are_found_wherever_an_export_has_them(document: Any) -> None:
    assert graders_in(document) == [check()]
    assert graders_in({"data": [{"text": "a"}]}) == []


def test_what_is_proposed_is_held_against_the_task_itself() -> None:
    with pytest.raises(ValidationError):
        MetricSection.model_validate({"kind": "exact", "rubric": "x"})
