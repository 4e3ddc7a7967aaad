"""What a run tells while it goes on: typed events that the chat, the command line and the tests all follow.

A **decision** is an event that a resumed run would make again in the same order (a candidate accepted, a proposal
rejected, a verdict): its ordinal is kept, so that a replay writes none twice. All others are **telemetry**.
"""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunStarted(_Event):
    """Decision. The run's plan: method, seed, sizes of the splits, limits (None: no limit) and what they buy."""

    kind: Literal["run_started"] = "run_started"
    run: str
    method: str
    seed: int
    feedback_examples: int
    validation_examples: int
    test_examples: int
    max_rollouts: int | None
    max_tokens: int | None
    max_cost: float | None
    max_seconds: float | None


class PhaseStarted(_Event):
    """Decision. `loading`, `baseline`, `search`, `test` or `change`."""

    kind: Literal["phase_started"] = "phase_started"
    phase: Literal["loading", "baseline", "search", "test", "change"]


class CandidateAccepted(_Event):
    """Decision. A candidate entered the pool. The seed has number 0 and no parents; a merge has two."""

    kind: Literal["candidate_accepted"] = "candidate_accepted"
    number: int
    candidate: str
    parents: tuple[int, ...]
    texts: dict[str, str]
    reason: str
    module: str | None
    before: float | None = Field(description="sum of the parent's scores on the minibatch")
    after: float | None
    validation_score: float


class ProposalRejected(_Event):
    """Decision. A proposal ended without a new candidate, and why: one sentence.

    `skipped`: nothing to learn (all perfect, or no usable trace); `form`: the reflector's reply could not be used;
    `gate`: not better on its minibatch; `merge`: a merged candidate that did not pass its gate.
    """

    kind: Literal["proposal_rejected"] = "proposal_rejected"
    iteration: int
    parents: tuple[int, ...]
    module: str | None
    cause: Literal["skipped", "form", "gate", "merge"]
    reason: str
    texts: dict[str, str] | None
    before: float | None
    after: float | None


class Progress(_Event):
    """Telemetry, at most a few times a second. Spent so far; `seconds` over all sittings of the run."""

    kind: Literal["progress"] = "progress"
    rollouts: int
    tokens: int
    cost: float | None
    seconds: float
    candidates: int
    best_validation_score: float | None


class Warned(_Event):
    """Telemetry. Something that a person should know, and the run goes on."""

    kind: Literal["warned"] = "warned"
    message: str


class Judged(_Event):
    """Decision. Seed against best on the locked test: means, paired difference with 95 % interval and p-value."""

    kind: Literal["judged"] = "judged"
    seed_score: float
    best_score: float
    difference: float
    interval: tuple[float, float]
    p_value: float
    examples: int
    improved: bool
    sentence: str


class ChangeProposed(_Event):
    """Decision. The change that waits for a person."""

    kind: Literal["change_proposed"] = "change_proposed"
    change: str = Field(description="the change's hash, which an approval names")


class RunFinished(_Event):
    """Decision, the last event of a run that came to its end."""

    kind: Literal["run_finished"] = "run_finished"
    outcome: Literal["improved", "no_evidence", "budget_spent_before_baseline"]
    sentence: str


class RunStopped(_Event):
    """Telemetry, the last event of a sitting that did not come to its end; a cancelled or failed run can be resumed."""

    kind: Literal["run_stopped"] = "run_stopped"
    status: Literal["cancelled", "failed"]
    sentence: str


Event = Annotated[
    RunStarted
    | PhaseStarted
    | CandidateAccepted
    | ProposalRejected
    | Progress
    | Warned
    | Judged
    | ChangeProposed
    | RunFinished
    | RunStopped,
    Field(discriminator="kind"),
]

DECISIONS = (RunStarted, PhaseStarted, CandidateAccepted, ProposalRejected, Judged, ChangeProposed, RunFinished)

Emit = Callable[[Event], None]

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


def parse_event(text: str) -> Event:
    """The event that a JSON text holds; pydantic's `ValidationError` where it is none."""
    return _ADAPTER.validate_json(text)
