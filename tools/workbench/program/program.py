"""An LM program: named modules, and the function that runs them on one example.

A program does not know which candidate it runs, which model answers, or what is recorded: it is handed `call`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.program.retrieval import Retriever

Schema = type[BaseModel] | Mapping[str, Any]
"""What a module's reply must hold: a pydantic model, or a JSON schema."""


class Call(Protocol):
    """`await call("module", field=value, …)` runs one module of the candidate at hand and gives the model's text.

    `tools` is a sequence of functions (plain or async) that the module's model may call; their names, docstrings and
    annotations are what it is told. With a `schema` (a `Schema`), the text is the JSON of a reply that follows it, and
    `ParseFailed` is raised where the reply does not. A retriever is called like a module, by its name, with `query` and
    perhaps `top`.
    """

    # Any, so that type checkers let people write `**example.inputs`.

    async def __call__(
        self,
        module: str,
        /,
        *,
        tools: Any = (),
        schema: Any = None,
        **fields: str,
    ) -> str: ...


@dataclass(frozen=True)
class Context:
    """What the nodes of a LangGraph program are handed: `runtime.context.call("module", …)`."""

    call: Call
    example: Example


@dataclass(frozen=True)
class Program:
    """Seed texts by module name, retrievers by theirs, and how an example flows through them to an output."""

    modules: Mapping[str, str]
    run: Callable[[Example, Call], Awaitable[str]]
    retrievers: Mapping[str, Retriever] = field(default_factory=dict)


def prompt_program(text: str, *, module: str = "prompt") -> Program:
    """The program that is one prompt: its output is the module's reply to the example's inputs."""

    async def run(example: Example, call: Call) -> str:
        return await call(module, **example.inputs)

    return Program({module: text}, run)
