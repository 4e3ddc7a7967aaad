"""What a person wants to know of a run that goes on, as the fold of its events.

It knows events and nothing else: no screen, no clock, no journal. The live view and the lines draw what stands here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from toishi.tools.workbench.events import (
    CandidateAccepted,
    ChangeProposed,
    Event,
    Judged,
    PhaseStarted,
    Progress,
    ProposalRejected,
    RunFinished,
    RunStarted,
    RunStopped,
    SandboxUsed,
    Unknown,
    Warned,
)

VERDICTS_KEPT = 8


@dataclass(frozen=True)
class Verdict:
    """What became of one proposal, and why."""

    accepted: bool
    reason: str
    parents: tuple[int, ...]
    number: int | None = None
    before: float | None = None
    after: float | None = None
    validation_score: float | None = None


@dataclass(frozen=True)
class RunView:
    """`history` holds (rollouts spent, best validation score) at each new best; `cost` None is an unknown price.

    `skipped` counts iterations that ended without a proposal; `verdicts` holds the last ones on proposals.
    """

    plan: RunStarted | None = None
    phase: str = "loading"
    rollouts: int = 0
    tokens: int = 0
    cost: float | None = 0.0
    seconds: float = 0.0
    pool: int = 0
    rejected: int = 0
    skipped: int = 0
    seed_score: float | None = None
    best_score: float | None = None
    history: tuple[tuple[int, float], ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    warnings: tuple[str, ...] = ()
    sandbox: str | None = None
    judged: Judged | None = None
    change: str | None = None
    finished: RunFinished | None = None
    stopped: RunStopped | None = None

    def after(self, event: Event) -> "RunView":
        """The view once this event happened too; whatever comes behind a stop belongs to a new sitting."""
        if self.stopped is not None:
            return replace(self, stopped=None).after(event)
        match event:
            case RunStarted():
                return replace(self, plan=event)
            case PhaseStarted():
                return replace(self, phase=event.phase)
            case CandidateAccepted():
                return self._accepted(event)
            case ProposalRejected():
                return self._rejected(event)
            case Progress():
                return replace(
                    self, rollouts=event.rollouts, tokens=event.tokens, cost=event.cost, seconds=event.seconds
                )
            case Warned():
                return replace(self, warnings=(*self.warnings, event.message))
            case SandboxUsed():
                return replace(self, sandbox=event.level)
            case Judged():
                return replace(self, judged=event)
            case ChangeProposed():
                return replace(self, change=event.change)
            case RunFinished():
                return replace(self, finished=event)
            case RunStopped():
                return replace(self, stopped=event)
            case Unknown():
                return self

    def _accepted(self, event: CandidateAccepted) -> "RunView":
        score = event.validation_score
        verdict = Verdict(True, event.reason, event.parents, event.number, event.before, event.after, score)
        better = event.validated and (self.best_score is None or score > self.best_score)
        return replace(
            self,
            pool=self.pool + 1,
            seed_score=score if event.number == 0 else self.seed_score,
            best_score=score if better else self.best_score,
            history=(*self.history, (self.rollouts, score)) if better else self.history,
            verdicts=self.verdicts if event.number == 0 else (*self.verdicts, verdict)[-VERDICTS_KEPT:],
        )

    def _rejected(self, event: ProposalRejected) -> "RunView":
        if event.cause == "skipped":
            return replace(self, skipped=self.skipped + 1)
        verdict = Verdict(False, event.reason, event.parents, before=event.before, after=event.after)
        return replace(self, rejected=self.rejected + 1, verdicts=(*self.verdicts, verdict)[-VERDICTS_KEPT:])

    @property
    def share_spent(self) -> float | None:
        """How much of the scarcest limit is spent, from 0 to 1; None where nothing is limited."""
        if self.plan is None:
            return None
        pairs = (
            (self.rollouts, self.plan.max_rollouts),
            (self.tokens, self.plan.max_tokens),
            (self.cost, self.plan.max_cost),
            (self.seconds, self.plan.max_seconds),
        )
        shares = [spent / limit for spent, limit in pairs if limit and spent is not None]
        return min(1.0, max(shares)) if shares else None

    @property
    def seconds_left(self) -> float | None:
        """The estimated time to the end at the pace so far; None where it cannot be said."""
        share = self.share_spent
        if self.finished or self.stopped:
            return 0.0
        if not share or self.rollouts == 0:
            return None
        return self.seconds * (1 - share) / share


def fold(events: Iterable[Event]) -> RunView:
    """The view after all these events."""
    view = RunView()
    for event in events:
        view = view.after(event)
    return view
