"""An LM program: named modules, and the function that runs them on one example.

A program does not know which candidate it runs, which model answers, or what is recorded: it is handed `call`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from toishi.tools.workbench.example import Example


class Call(Protocol):
    """`await call("module", field=value, …)` runs one module of the candidate at hand and gives the model's text."""

    async def __call__(self, module: str, /, **fields: str) -> str: ...


@dataclass(frozen=True)
class Program:
    """Seed texts by module name, and how an example flows through the modules to an output."""

    modules: Mapping[str, str]
    run: Callable[[Example, Call], Awaitable[str]]


def prompt_program(text: str, *, module: str = "prompt") -> Program:
    """The program that is one prompt: its output is the module's reply to the example's inputs."""

    async def run(example: Example, call: Call) -> str:
        return await call(module, **example.inputs)

    return Program({module: text}, run)
