"""Delegation that must not leak: a model that is trusted writes a request without private details, a stranger answers
it, and the trusted model puts the details back."""

from toishi.tools.workbench.program import Call, Example


async def run(example: Example, call: Call) -> str:
    """The text that the person asked for."""
    message = example.inputs["message"]
    request = await call("delegate", message=message)
    text = await call("remote", request=request)
    return await call("finish", message=message, text=text)
