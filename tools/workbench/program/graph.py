"""LangGraph graphs as programs: the inputs are the graph's state, one key of the state is the output.

Its nodes run modules through `runtime.context.call`, so the graph is compiled by the person and stays as it is.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.program.program import Call, Context


def graph_run(found: Any, *, output: str, name: str) -> Callable[[Example, Call], Awaitable[str]]:
    """How a graph runs on one example.

    `found` is a compiled graph, a `StateGraph`, or a function without arguments that gives one of these; `output` is
    the key of the state that holds the answer. Raises `TaskError` for anything else, `name` being what the task wrote.
    """
    try:
        made = found() if inspect.isfunction(found) else found
        graph = made.compile() if hasattr(made, "compile") else made
    except Exception as error:
        raise TaskError(f"program.graph = '{name}' cannot be made: {type(error).__name__}: {error}") from error
    if not hasattr(graph, "ainvoke"):
        raise TaskError(
            f"program.graph = '{name}' is {type(made).__name__}; name a LangGraph graph, or a function that gives one"
        )

    async def run(example: Example, call: Call) -> str:
        state = await graph.ainvoke(dict(example.inputs), context=Context(call, example))
        if output not in state:
            raise KeyError(f"the graph's state has no '{output}'; it has {', '.join(map(repr, state))}")
        answer = state[output]
        if not isinstance(answer, str):
            raise TypeError(f"the graph's '{output}' is {type(answer).__name__} where text is expected")
        return answer

    return run
