"""A rollout: one run of a candidate on one example, with everything that was seen on the way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toishi.tools.workbench.models.protocol import Message, Reply

PERFECT = 1.0


@dataclass(frozen=True)
class ModuleCall:
    """One step of a trace: a call of a module, of a retriever or of a tool.

    `inputs` are by field. A module has the rendered prompt in `messages` and the `reply` (None where the call failed);
    a retriever or tool has neither, and what it gave back in `output`. `error` says in one sentence why a step failed;
    with a reply, that its text could not be parsed as the program asked.
    """

    module: str
    inputs: Mapping[str, str]
    messages: tuple[Message, ...]
    reply: Reply | None
    error: str | None = None
    output: str | None = None


@dataclass(frozen=True)
class Rollout:
    """`score` lies in [0, 1]; `feedback` says what was expected, what came, and why it counts as it does.

    `error` is set where the program failed on this example (a task error: it has the failure score 0).
    `cost` is None where any call's price is unknown. `replies` are the keys of all replies that it asked for, a judge's
    included; tokens, cost and seconds are those of the program alone.
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
    replies: tuple[str, ...] = ()


def failures(rollouts: Sequence[Rollout]) -> str | None:
    """What a person should know where the program itself failed: on how many rows, and how most often; else None."""
    errors = [rollout.error for rollout in rollouts if rollout.error is not None]
    if not errors:
        return None
    (commonest, _), *others = Counter(errors).most_common()
    kinds = "" if not others else f", and in {len(others)} other ways"
    return f"The program failed on {len(errors)} of {len(rollouts)} rows, which count as 0: {commonest}{kinds}"
