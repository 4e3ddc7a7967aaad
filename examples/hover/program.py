"""Claims that rest on several articles: name the articles, then judge the claim by what is known of them."""

from toishi.tools.workbench.program import Call, Example


async def run(example: Example, call: Call) -> str:
    """The verdict on the example's claim."""
    claim = example.inputs["claim"]
    titles = await call("name_titles", claim=claim)
    return await call("judge_claim", claim=claim, articles=titles)
