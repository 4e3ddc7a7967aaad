"""What a model is to toishi: a name and one coroutine from a request to a reply.

This module knows shapes only. Caching, budget, retries and the journal are the gateway's; how tokens come about is the
provider's.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "other"]


@dataclass(frozen=True)
class Message:
    """One message of a chat."""

    role: Role
    content: str


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. `temperature` 0 is greedy; `max_tokens` bounds the reply."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 512


@dataclass(frozen=True)
class Request:
    """One call. `seed` and `replicate` tell samples of the same prompt apart; at temperature 0 the seed has no say."""

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    seed: int = 0
    replicate: int = 0

    @cached_property
    def key(self) -> str:
        """SHA-256 of everything that decides the reply: the cache key."""
        body = {
            "model": self.model,
            "messages": [asdict(message) for message in self.messages],
            "sampling": asdict(self.sampling),
            "seed": self.seed if self.sampling.temperature > 0 else 0,
            "replicate": self.replicate,
        }
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

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


class Model(Protocol):
    """A model that answers requests; many calls may be awaited at once.

    `generate` raises `ModelUnavailable` for infrastructure (after nothing: retries are the gateway's) with
    `retry_after` seconds where the endpoint said so, and never for what the model wrote.
    """

    @property
    def name(self) -> str:
        """What answers, as it stands in the journal: with other weights or another server it is another name."""
        ...

    async def generate(self, request: Request) -> Reply: ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """An upper bound of the prompt's tokens, exact for local models; the budget reserves with it."""
        ...

    def price(self) -> tuple[float, float] | None:
        """US dollars per prompt token and per completion token, or None where unknown. Local models: (0.0, 0.0)."""
        ...

    async def close(self) -> None: ...
