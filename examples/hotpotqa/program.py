"""Questions over two hops: look something up, note what it says, look up what is then missing, answer."""

from toishi.tools.workbench.program import Call, Example

HOPS = 2


async def run(example: Example, call: Call) -> str:
    """The answer to the example's question."""
    question = example.inputs["question"]
    notes = "none yet"
    for _ in range(HOPS):
        query = await call("write_query", question=question, notes=notes)
        passages = await call("search", query=query)
        noted = await call("summarise", question=question, passages=passages)
        notes = noted if notes == "none yet" else f"{notes}\n{noted}"
    return await call("answer", question=question, notes=notes)
