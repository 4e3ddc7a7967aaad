"""Tools: plain functions that a module's model may call while it answers."""

import asyncio
import inspect
import json
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from toishi.tools.workbench.models.protocol import ToolSpec


class Tool:
    """One function, as a model is told of it and as it is called. The result is text, or its JSON."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name = function.__name__
        self._function = function
        arguments: Any = _arguments_only(function)
        self._arguments: TypeAdapter[Any] = TypeAdapter(arguments)

    @property
    def spec(self) -> ToolSpec:
        """Name, docstring and the schema of the arguments, from the annotations."""
        schema = self._arguments.json_schema()
        description = inspect.getdoc(self._function) or self.name
        return ToolSpec(self.name, description, json.dumps(schema, sort_keys=True))

    async def __call__(self, arguments: str) -> str:
        """What the function gives for the arguments that a model wrote.

        Raises `ValueError` with a sentence for the model where they are no JSON object or do not fit, and whatever the
        function raises. A plain function runs in a thread.
        """
        try:
            given = json.loads(arguments or "{}")
        except json.JSONDecodeError as error:
            raise ValueError(f"the arguments are no JSON: {error.msg}") from None
        if not isinstance(given, dict):
            raise ValueError("the arguments should be one JSON object")
        try:
            positional, named = self._arguments.validate_python(given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or self.name
            raise ValueError(f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None
        if inspect.iscoroutinefunction(self._function):
            result = await self._function(*positional, **named)
        else:
            result = await asyncio.to_thread(self._function, *positional, **named)
        return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)


def _arguments_only(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function with the same signature that gives its arguments back, checked and converted by pydantic."""

    def gather(*positional: Any, **named: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return positional, named

    gather.__name__ = function.__name__
    gather.__signature__ = inspect.signature(function).replace(return_annotation=inspect.Signature.empty)  # type: ignore[attr-defined]
    gather.__annotations__ = {
        name: kind for name, kind in inspect.get_annotations(function, eval_str=True).items() if name != "return"
    }
    return gather
