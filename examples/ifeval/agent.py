"""Instructions with demands that can be checked: answer, then check the answer and rewrite it. A LangGraph graph."""

from typing import TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from toishi.tools.workbench.program import Context


class State(TypedDict, total=False):
    """`prompt` comes in, `answer` goes out."""

    prompt: str
    draft: str
    answer: str


async def respond(state: State, runtime: Runtime[Context]) -> State:
    """A first answer."""
    return {"draft": await runtime.context.call("respond", prompt=state["prompt"])}


async def check_and_rewrite(state: State, runtime: Runtime[Context]) -> State:
    """The answer after a second look at the request."""
    text = await runtime.context.call("check_and_rewrite", request=state["prompt"], draft=state["draft"])
    return {"answer": text}


def build() -> StateGraph[State, Context]:
    """The graph; toishi compiles it."""
    graph = StateGraph(State, context_schema=Context)
    graph.add_node("respond", respond)
    graph.add_node("check_and_rewrite", check_and_rewrite)
    graph.add_edge(START, "respond")
    graph.add_edge("respond", "check_and_rewrite")
    graph.add_edge("check_and_rewrite", END)
    return graph
