"""What the search asks of the world: rollouts of a candidate, and a reply to a reflection request.

Both are called by many proposals at once, and both may raise `BudgetSpent`, which ends the search with what stands
before that proposal. For the same arguments both must give the same answer, at any concurrency and whenever a run is
resumed; then the search takes the same decisions.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.models.protocol import Reply
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.textgrad.reflection import Request

Split = Literal["feedback", "validation"]


class Evaluate(Protocol):
    """One rollout per example, in their order; the minibatch may hold an example twice. Replicates differ by noise."""

    async def __call__(
        self, candidate: Candidate, examples: Sequence[Example], split: Split, replicate: int = 0, /
    ) -> Sequence[Rollout]: ...


class Reflect(Protocol):
    """The reflector's reply, as it came: the search parses it. `iteration` tells equal requests apart.

    May raise `RequestRefused`, as where the request is longer than the model's window: a proposal that came to nothing.
    """

    async def __call__(self, request: Request, iteration: int, /) -> Reply: ...
