"""Asks for JSON that follows a schema, in words, where a model cannot be held to it in another way."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from toishi.tools.workbench.models.protocol import Message

TOLD = "\n\nAnswer with one JSON value and nothing else. It follows this JSON schema:\n{schema}"


def with_schema(messages: Sequence[Message], schema: str | None) -> tuple[Message, ...]:
    """The conversation with the schema told at the end of its last message of the system or the user."""
    places = [place for place, message in enumerate(messages) if message.role in ("system", "user")]
    if schema is None or not places:
        return tuple(messages)
    told = list(messages)
    last = told[places[-1]]
    told[places[-1]] = replace(last, content=last.content + TOLD.format(schema=schema))
    return tuple(told)


def is_closed(schema: Any) -> bool:
    """Whether every object in a schema lists all that it may hold and requires all of it.

    Only such schemas are taken by providers that hold a model to the letter (OpenAI's `strict`).
    """
    if isinstance(schema, list):
        return all(is_closed(part) for part in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        names = set(schema.get("properties", {}))
        if schema.get("additionalProperties") is not False or set(schema.get("required", [])) != names:
            return False
    return all(is_closed(part) for part in schema.values())


def parameters_of(text: str) -> Any:
    """The JSON schema that a text holds; what is no JSON is a mistake of the program that wrote it."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"a JSON schema is no JSON: {error}") from None
