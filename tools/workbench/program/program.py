"""An LM program: named modules, and the function that runs them on one example.

A program does not know which candidate it runs, which model answers, or what is recorded: it is handed `call`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.program.code import Match, Ran, Rows
from toishi.tools.workbench.program.code.sql import Table
from toishi.tools.workbench.program.retrieval import Retriever

Schema = type[BaseModel] | Mapping[str, Any]
"""What a module's reply must hold: a pydantic model, or a JSON schema."""


class Call(Protocol):
    """`await call("module", field=value, …)` runs one module of the candidate at hand and gives the model's text.

    A module whose text is no instruction for a model is used by one of the methods. Everything is kept in the trace.
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
    ) -> str:
        """The reply of the module's model.

        `tools` is a sequence of functions (plain or async) that the model may call; their names, docstrings and
        annotations are what it is told. With a `schema` (a `Schema`), the text is the JSON of a reply that follows it,
        and `ParseFailed` is raised where the reply does not. A retriever is called like a module, by its name, with
        `query` and perhaps `top`.
        """
        ...

    def text(self, module: str, /, **used_on: str) -> str:
        """The module's text as it is: a tool's description, examples, a config, whatever the program makes of it.

        `used_on` are the inputs that it is used on, for the model that rewrites it to look at.
        """
        ...

    async def python(
        self,
        module: str,
        function: str | None = None,
        /,
        *,
        arguments: Sequence[Any] | Mapping[str, Any] = (),
        stdin: str = "",
        times: int = 1,
        against: str | None = None,
        seconds: float = 10.0,
        memory: int = 512,
        packages: Sequence[str] = (),
    ) -> Ran:
        """Runs the module's text as Python in the sandbox, and times it there; see `run_python`."""
        ...

    async def regex(self, module: str, text: str, /, *, whole: bool = False, seconds: float = 1.0) -> tuple[Match, ...]:
        """All matches of the module's regular expression in a text; with `whole`, one of the whole text or none."""
        ...

    async def sql(
        self,
        module: str,
        /,
        *,
        tables: Mapping[str, Table],
        parameters: Sequence[Any] | Mapping[str, Any] = (),
        seconds: float = 10.0,
    ) -> Rows:
        """The rows that the module's query gives on tables, in a database of SQLite that is in memory alone."""
        ...


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
