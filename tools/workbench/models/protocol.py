"""What a model is to toishi: a name and one coroutine from a request to a reply.

This module knows shapes only. Caching, budget, retries and the journal are the gateway's; how tokens come about is the
provider's.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "other"]

Listener = Callable[[str], None]
"""Is told the reply's text so far each time it grows; after a retry the text begins anew, so it is shorter again."""


@dataclass(frozen=True)
class ToolCall:
    """A model's wish to call a tool; `arguments` is JSON text as the model wrote it, which may be no JSON at all."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class ToolSpec:
    """A tool as a model is told of it; `parameters` is the JSON text of a JSON schema of the arguments' object."""

    name: str
    description: str
    parameters: str


@dataclass(frozen=True)
class Message:
    """One message of a chat. An assistant's may hold tool calls; a tool's answers the call of `tool_call_id`."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    def fields(self) -> dict[str, Any]:
        """What tells it from others, as JSON values; what a plain message has not is left out."""
        fields: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            fields["tool_calls"] = [asdict(call) for call in self.tool_calls]
        if self.tool_call_id:
            fields["tool_call_id"] = self.tool_call_id
        return fields


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. `temperature` 0 is greedy; `max_tokens` bounds the reply."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 512


@dataclass(frozen=True)
class Request:
    """One call. `seed` and `replicate` tell samples of the same prompt apart; at temperature 0 the seed has no say.

    `tools` may be called by the model. `schema` is the JSON text of a JSON schema that the reply's text should follow:
    providers that can are held to it, others are told of it, so whoever parses the text checks it.
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    seed: int = 0
    replicate: int = 0
    tools: tuple[ToolSpec, ...] = ()
    schema: str | None = None

    @cached_property
    def key(self) -> str:
        """SHA-256 of everything that decides the reply: the cache key."""
        body = {
            "model": self.model,
            "messages": [message.fields() for message in self.messages],
            "sampling": vars(self.sampling),
            "seed": self.seed if self.sampling.temperature > 0 else 0,
            "replicate": self.replicate,
        }
        if self.tools:
            body["tools"] = [asdict(tool) for tool in self.tools]
        if self.schema is not None:
            body["schema"] = self.schema
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Reply:
    """What came back. `cost` is in US dollars and None where the price is unknown, never 0 for unknown.

    `token_ids` and `logprobs` (natural logarithm, one a token) stand for the completion, where the model gives them.
    """

    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    seconds: float
    token_ids: tuple[int, ...] | None = None
    logprobs: tuple[float, ...] | None = None
    tool_calls: tuple[ToolCall, ...] = ()

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


class Model(Protocol):
    """A model that answers requests; many calls may be awaited at once.

    `generate` raises `ModelUnavailable` for infrastructure (after nothing: retries are the gateway's) with
    `retry_after` seconds where the endpoint said so, and never for what the model wrote. Its listener is told the text
    while it grows, by models that can; who listens is told the whole text in the end by the gateway.
    """

    @property
    def name(self) -> str:
        """What answers, as it stands in the journal: with other weights or another server it is another name."""
        ...

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply: ...

    def count_tokens(self, request: Request) -> int:
        """An upper bound of the prompt's tokens, exact for local models; the budget reserves with it."""
        ...

    def price(self) -> tuple[float, float] | None:
        """US dollars per prompt token and per completion token, or None where unknown. Local models: (0.0, 0.0)."""
        ...

    async def close(self) -> None: ...
