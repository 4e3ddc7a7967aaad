"""How a model is asked for labels, and what its answers come to."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.labels.asking import Draft, agreed, form_of, label_in, messages_for, schema_for
from toishi.tools.workbench.labels.proposing import labels_in
from toishi.tools.workbench.labels.proposing import messages_for as proposal_for
from toishi.tools.workbench.task import Task

CHOICES = ("card", "card arrival", "refund")


def task(**metric: Any) -> Task:
    return Task.model_validate(
        {
            "name": "Messages",
            "program": {"prompt": "prompt.txt"},
            "data": {"inputs": ["text"], "expected": "label", "file": "m.csv"},
            "metric": metric,
            "texts": {"prompt": {"path": "prompt.txt", "content": "Name the intent.\n"}},
            "sources": {},
        }
    )


def test_the_form_follows_the_metric() -> None:
    assert form_of(task(kind="choice")) == "choice"
    assert form_of(task(kind="number")) == "number"
    assert form_of(task(kind="f1")) == "text"
    parts = [{"kind": "text", "name": "a"}, {"kind": "choice", "name": "b"}]
    assert form_of(task(kind="several", parts=parts)) == "choice"
    with pytest.raises(UsageError, match=r"metric.kind = 'code' judges by what a person has to write"):
        form_of(task(kind="code"))


def test_the_instruction_shows_the_task_the_programs_instruction_and_the_choices() -> None:
    system, user = messages_for(task(kind="choice"), "choice", CHOICES, {"text": "Where is it?"})
    assert "Messages" in system.content
    assert "Name the intent." in system.content
    assert "- card\n- card arrival\n- refund" in system.content
    assert user.content == "Where is it?"
    assert messages_for(task(kind="f1"), "text", (), {"a": "1", "b": "2"})[1].content == "a: 1\nb: 2"


def test_a_choice_is_held_to_its_labels_by_schema() -> None:
    schema = json.loads(schema_for("choice", CHOICES) or "")
    assert schema["properties"]["label"]["enum"] == list(CHOICES)
    assert schema_for("text", ()) is None


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ('{"label": "card arrival"}', "card arrival"),
        ('```json\n{"label": "refund"}\n```', "refund"),
        ("Card Arrival.", "card arrival"),
        ("I think it is: refund", "refund"),
        ('{"label": "something else"}', None),
        ('{"answer": "refund"}', "refund"),
        ("no idea", None),
        ("", None),
    ],
)
def test_a_reply_gives_the_label_that_it_names(reply: str, label: str | None) -> None:
    assert label_in(reply, "choice", CHOICES) == label


def test_a_free_answer_is_taken_as_it_stands() -> None:
    assert label_in(" 42 \n", "number", ()) == "42"
    assert label_in("  ", "text", ()) is None


def test_confidence_is_the_share_of_samples_that_agree() -> None:
    assert agreed(["a", "b", "a"]) == Draft("a", 2 / 3)
    assert agreed(["a", None, None]) == Draft("a", 1 / 3)
    assert agreed(["b", "a"]) == Draft("b", 1 / 2)
    assert agreed([None, None]) is None
    # One sample agrees with itself, which says nothing.
    assert agreed(["a"]) == Draft("a", None)


@given(st.lists(st.none() | st.sampled_from("abc"), min_size=2, max_size=9))
def test_confidence_is_a_share_of_all_samples(labels: list[str | None]) -> None:
    draft = agreed(labels)
    if draft is None:
        assert not any(labels)
    else:
        assert draft.confidence == labels.count(draft.expected) / len(labels)


@pytest.mark.parametrize(
    ("reply", "labels"),
    [
        ('{"labels": ["card", "refund"]}', ("card", "refund")),
        ("- card\n- `refund`\n3. top up\n", ("card", "refund", "top up")),
        ("Here are the labels that I would propose for your rows:\ncard\nrefund\nCARD", ("card", "refund")),
        ("card", ()),
        ("unknown", ()),
        ("", ()),
    ],
)
def test_proposed_labels_are_read_from_json_or_lines(reply: str, labels: tuple[str, ...]) -> None:
    assert labels_in(reply) == labels


def test_a_proposal_is_asked_for_with_a_sample_that_the_seed_draws() -> None:
    rows = [{"text": f"message {number}"} for number in range(1000)]
    one, again = (proposal_for(task(kind="choice"), rows) for _ in range(2))
    assert one == again
    assert len(one[1].content.splitlines()) == 40
