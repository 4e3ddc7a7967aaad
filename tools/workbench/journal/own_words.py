"""The words that toishi itself writes into JSON: names of fields, and values of a fixed set.

They stand in every journal and tell of nobody, and without them what is stored cannot be read any more: a purge of
`Best` must not take `best_score` from an event.
"""

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter


@cache
def own_words() -> frozenset[str]:
    """Of events, tasks, calls, changes and the documents of results."""
    from toishi.tools.workbench.events import Event
    from toishi.tools.workbench.models.protocol import Message, Reply, ToolCall, ToolSpec
    from toishi.tools.workbench.rollout import ModuleCall
    from toishi.tools.workbench.task import Task

    schemas = (TypeAdapter(Event).json_schema(), Task.model_json_schema())
    words = {word for schema in schemas for word in _words(schema)}
    words |= {field.name for kind in (Message, Reply, ToolCall, ToolSpec, ModuleCall) for field in fields(kind)}
    # The module of a plain prompt, and the edits of a change.
    return frozenset(words | {"prompt", "path", "before", "after"})


def _words(schema: Any) -> Iterator[str]:
    """The names of properties and the constants of a JSON schema, however deep."""
    if isinstance(schema, list):
        for part in schema:
            yield from _words(part)
    elif isinstance(schema, dict):
        if isinstance(properties := schema.get("properties"), dict):
            yield from properties
        constants = [*schema.get("enum", []), schema.get("const")]
        yield from (word for word in constants if isinstance(word, str))
        for part in schema.values():
            yield from _words(part)
