"""A proposal's beginning and end: what it was decided on, and what came of it.

A ticket holds everything of the search that its proposal may look at, as it stood when the ticket was drawn. So what
comes of it does not depend on what the others in flight have found meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from toishi.tools.gepa.ledger import Used
from toishi.tools.gepa.merge import Merge
from toishi.tools.gepa.pool import Member
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.front import Front
from toishi.tools.workbench.objectives import Values

Cause = Literal["skipped", "form", "gate", "merge", "race"]


@dataclass(frozen=True)
class Seen:
    """What a rollout of a parent on a feedback example showed."""

    position: int
    score: float
    feedback: str


@dataclass(frozen=True)
class Ticket:
    """One proposal to be made. `number` is its place in the order of decisions.

    `parents` has one member, or two that are joined: by `merge`, or where that is None, by the reflector. `minibatch`
    holds positions in the feedback set. `incumbent` is the best member, `best_scores` the best of all on every
    validation example, and `front` holds those worth choosing where several things are wanted. `rejected` are texts of
    this parent's module that came to nothing, each with the reason; `seen` holds the parents' rollouts on feedback
    examples so far, by number. `known` gives the number of the member with a candidate's texts, if there was one;
    `noisy` says that the same rollout may come out differently.
    """

    number: int
    parents: tuple[Member, ...]
    module: str
    minibatch: tuple[int, ...]
    merge: Merge | None
    incumbent: Member
    best_scores: tuple[float, ...]
    front: Front
    rejected: Mapping[str, str]
    seen: Mapping[int, tuple[Seen, ...]]
    known: Callable[[Candidate], int | None]
    noisy: bool

    @property
    def parent(self) -> Member:
        """The only parent, or the better one; one that was run on all validation examples before one that was not."""
        return max(self.parents, key=lambda member: (member.validated, member.validation_score))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The parents' numbers."""
        return tuple(member.number for member in self.parents)


@dataclass(frozen=True)
class Outcome:
    """What came of a ticket.

    `cause` is None for a candidate that enters the pool with its `scores` (NaN where it was not run), else why it does
    not. `before` and `after` are sums of scores of parent and child on the same rows. `budget` says that the budget
    ended here.
    """

    ticket: Ticket
    used: Used
    reason: str
    cause: Cause | None = None
    candidate: Candidate | None = None
    module: str | None = None
    before: float | None = None
    after: float | None = None
    scores: Sequence[float] = ()
    objectives: Values = field(default_factory=dict)
    seen: tuple[Seen, ...] = ()
    budget: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether a candidate enters the pool."""
        return self.cause is None and self.budget is None

    @property
    def idle(self) -> bool:
        """Whether there was no proposal to judge."""
        return self.cause in ("skipped", "form")
