"""From what litellm gives back, whole or piece by piece, to a reply; half an answer is none."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from toishi.tools.workbench.errors import ModelUnavailable
from toishi.tools.workbench.models.protocol import FinishReason, Listener, ToolCall

FINISH_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}


@dataclass(frozen=True)
class Answer:
    """What an endpoint said. `usage` are prompt and completion tokens, None where it did not tell them.

    `cost` is by litellm's prices, in US dollars.
    """

    text: str
    finish_reason: FinishReason
    tool_calls: tuple[ToolCall, ...]
    logprobs: tuple[float, ...] | None
    usage: tuple[int, int] | None
    cost: float | None


def read(response: Any, where: str) -> Answer:
    """A whole answer. Raises `ModelUnavailable` where it holds no choice: then nothing was answered."""
    if not response.choices:
        raise ModelUnavailable(f"{where} failed: it answered without any choice")
    choice = response.choices[0]
    usage: Any = getattr(response, "usage", None)
    told = usage is not None and usage.prompt_tokens > 0
    calls = tuple(
        ToolCall(call.id or f"call_{number}", call.function.name or "", call.function.arguments or "")
        for number, call in enumerate(choice.message.tool_calls or [])
    )
    tokens = getattr(getattr(choice, "logprobs", None), "content", None)
    return Answer(
        text=choice.message.content or "",
        finish_reason="tool_calls" if calls else FINISH_REASONS.get(choice.finish_reason, "other"),
        tool_calls=calls,
        logprobs=tuple(token.logprob for token in tokens) if tokens else None,
        usage=(usage.prompt_tokens, usage.completion_tokens) if told else None,
        cost=response._hidden_params.get("response_cost") if told else None,
    )


async def read_stream(litellm: Any, stream: Any, messages: list[Any], listen: Listener, where: str) -> Answer:
    """A streamed answer, told to `listen` while it grows. Raises `ModelUnavailable` where the stream broke off."""
    text, pieces = "", []
    async with aclosing(stream):
        async for piece in _pieces(stream):
            pieces.append(piece)
            grown = piece.choices[0].delta.content if piece.choices else None
            if grown:
                text += grown
                listen(text)
        # litellm ends every stream with a reason of its own making; this is what the endpoint said.
        if stream.received_finish_reason is None:
            raise ModelUnavailable(f"{where} failed: its answer broke off in the middle")
        told = any(getattr(chunk, "usage", None) is not None for chunk in stream.chunks)
    whole = litellm.stream_chunk_builder(pieces, messages=messages)
    answer = read(whole, where)
    logprobs = _logprobs(pieces) if answer.logprobs is None else answer.logprobs
    return Answer(
        answer.text,
        answer.finish_reason,
        answer.tool_calls,
        logprobs,
        answer.usage if told else None,
        answer.cost if told else None,
    )


async def _pieces(stream: Any) -> AsyncIterator[Any]:
    async for piece in stream:
        yield piece


def _logprobs(pieces: list[Any]) -> tuple[float, ...] | None:
    """litellm leaves them out when it puts the pieces together."""
    found: list[float] = []
    for piece in pieces:
        told = getattr(piece.choices[0], "logprobs", None) if piece.choices else None
        found += [token.logprob for token in getattr(told, "content", None) or []]
    return tuple(found) or None
