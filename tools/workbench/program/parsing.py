"""From a reply's text to the JSON that a program asked for."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*?)```", re.DOTALL)


class ParseFailed(ValueError):
    """A module's reply is not the JSON that was asked for; the message says what is wrong with it."""


def schema_text(schema: type[BaseModel] | Mapping[str, Any]) -> str:
    """The JSON text of the schema, as a request carries it."""
    document = schema.model_json_schema() if isinstance(schema, type) else dict(schema)
    return json.dumps(document, sort_keys=True)


def parse(text: str, schema: type[BaseModel] | Mapping[str, Any]) -> str:
    """The JSON text in a reply: the whole reply, or the first fenced block in it.

    Raises `ParseFailed` where there is none, or it does not follow the schema.
    """
    fenced = FENCED.search(text)
    body = (fenced[1] if fenced else text).strip()
    try:
        document = json.loads(body)
    except json.JSONDecodeError as error:
        raise ParseFailed(f"the reply is no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    problem = _problem(document, schema)
    if problem is not None:
        raise ParseFailed(f"the reply does not follow the schema: {problem}")
    return body


def _problem(document: Any, schema: type[BaseModel] | Mapping[str, Any]) -> str | None:
    """The first mistake, with the place where it is."""
    if isinstance(schema, type):
        try:
            schema.model_validate(document)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            return _at(first["loc"]) + first["msg"][:1].lower() + first["msg"][1:]
        return None
    from jsonschema import Draft202012Validator

    found = next(iter(Draft202012Validator(dict(schema)).iter_errors(document)), None)
    return None if found is None else _at(tuple(found.absolute_path)) + found.message


def _at(path: tuple[int | str, ...]) -> str:
    return f"at {'.'.join(map(str, path))}: " if path else ""
