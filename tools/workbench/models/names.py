"""How the name of a model is read: `prefix/rest`, and `@http://…` behind it where it has an address of its own.

`openai/gpt-5-mini` is a provider's model, `openai/mine@http://127.0.0.1:8000/v1` one behind that address,
`embedded/mini@0a1b2c3d` one in this process, with the version of its weights.
"""

from urllib.parse import urlsplit

IN_PROCESS = ("embedded", "local")

CONCURRENCY = 16
"""Calls in flight to an endpoint, unless a task says otherwise."""

CONCURRENCY_IN_PROCESS = 40
"""The same for a model in this process, which answers many at once at little more than the price of one."""


def split_address(name: str) -> tuple[str, str | None]:
    """The name without its address, and the address, None where it has none."""
    model, at, address = name.partition("@http")
    return (model, f"http{address}") if at else (name, None)


def is_in_process(name: str) -> bool:
    """Whether the model runs in this process, so that nothing leaves it."""
    return name.partition("/")[0] in IN_PROCESS


def endpoint_of(name: str) -> str:
    """Where calls to this model go: the server's origin, the provider, or the model itself where it is in this process.

    Models with the same endpoint share its limits.
    """
    model, address = split_address(name)
    if address is not None:
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.netloc}"
    return model if is_in_process(model) else model.partition("/")[0]


def usual_concurrency(name: str) -> int:
    """How many calls at once suit this model where nobody says otherwise."""
    return CONCURRENCY_IN_PROCESS if is_in_process(name) else CONCURRENCY
