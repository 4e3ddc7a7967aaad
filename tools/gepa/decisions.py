"""The decisions of a search as the events that tell of them."""

from toishi.tools.gepa.pool import Member
from toishi.tools.gepa.ticket import Cause, Outcome
from toishi.tools.workbench.events import CandidateAccepted, ProposalRejected
from toishi.tools.workbench.objectives import SCORE


def entered(member: Member, reason: str, outcome: Outcome | None = None) -> CandidateAccepted:
    """A candidate that is in the pool now; the seed has no outcome that it came from."""
    return CandidateAccepted(
        number=member.number,
        candidate=member.candidate.id,
        parents=member.parents,
        texts=dict(member.candidate.texts),
        reason=reason,
        module=outcome.module if outcome else None,
        before=outcome.before if outcome else None,
        after=outcome.after if outcome else None,
        validation_score=member.validation_score,
        rows=None if member.validated else len(member.known),
        objectives={
            name: value for name, value in member.objectives.items() if value is not None and name != SCORE.name
        },
    )


def refused(outcome: Outcome, cause: Cause, reason: str) -> ProposalRejected:
    """An iteration that brings no candidate, and why."""
    candidate = outcome.candidate
    return ProposalRejected(
        iteration=outcome.ticket.number,
        parents=outcome.ticket.numbers,
        module=outcome.module,
        cause=cause,
        reason=reason,
        texts=None if candidate is None else dict(candidate.texts),
        before=outcome.before,
        after=outcome.after,
    )
