"""Schemas in words, and which of them a provider can hold a model to."""

import json
from typing import Any

import pytest

from toishi.tools.workbench.models.protocol import Message
from toishi.tools.workbench.models.structured import is_closed, parameters_of, with_schema

CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def test_a_schema_is_told_in_the_last_message_that_is_not_the_models_own() -> None:
    messages = (Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "Well,"))

    told = with_schema(messages, '{"type": "object"}')

    assert [message.content for message in told] == [
        "Be brief.",
        'Hi\n\nAnswer with one JSON value and nothing else. It follows this JSON schema:\n{"type": "object"}',
        "Well,",
    ]
    assert with_schema(messages, None) == messages


@pytest.mark.parametrize(
    ("schema", "closed"),
    [
        pytest.param(CLOSED, True, id="an object that lists and requires all"),
        pytest.param({**CLOSED, "required": []}, False, id="something may be missing"),
        pytest.param({**CLOSED, "additionalProperties": True}, False, id="something may be added"),
        pytest.param({"type": "object"}, False, id="any object"),
        pytest.param({"type": "array", "items": CLOSED}, True, id="a list of closed objects"),
        pytest.param({"type": "array", "items": {"type": "object"}}, False, id="a list of open ones"),
        pytest.param({"anyOf": [CLOSED, {"type": "string"}]}, True, id="a choice"),
        pytest.param({"type": "string"}, True, id="no object at all"),
    ],
)
def test_only_closed_schemas_can_be_kept_to_the_letter(schema: dict[str, Any], closed: bool) -> None:
    assert is_closed(schema) is closed
    assert parameters_of(json.dumps(schema)) == schema


def test_a_schema_that_is_no_json_says_so() -> None:
    with pytest.raises(ValueError, match="a JSON schema is no JSON"):
        parameters_of("{type: object}")
