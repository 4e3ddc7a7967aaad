"""A rollout: one run of a candidate on one example, with everything that was seen on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from toishi.tools.workbench.models.protocol import Message, Reply

PERFECT = 1.0


@dataclass(frozen=True)
class ModuleCall:
    """One call of one module: its inputs by field, the rendered prompt and the reply (None where the call failed)."""

    module: str
    inputs: Mapping[str, str]
    messages: tuple[Message, ...]
    reply: Reply | None
    error: str | None = None


@dataclass(frozen=True)
class Rollout:
    """`score` lies in [0, 1]; `feedback` says what was expected, what came, and why it counts as it does.

    `error` is set where the program failed on this example (a task error: it has the failure score 0).
    `cost` is None where any call's price is unknown.
    """

    candidate: str
    example: str
    replicate: int
    output: str
    score: float
    feedback: str
    calls: tuple[ModuleCall, ...]
    tokens: int
    cost: float | None
    seconds: float
    objectives: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
