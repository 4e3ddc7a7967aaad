"""One line of text per event, for logs, pipes and CI."""

from toishi.assistant import wording
from toishi.assistant.following.view import RunView
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

PHASES = {
    "loading": "loading data and models",
    "baseline": "scoring the seed on validation",
    "search": "proposing and testing new prompts",
    "finals": "validating the best candidates once more, since rollouts are noisy",
    "test": "judging seed and best on the locked test",
    "change": "preparing the change",
}

PROGRESS_EVERY_SECONDS = 10.0


def line(event: Event, view: RunView) -> str:
    """What happened, in one line; `view` is the run after the event."""
    return f"{wording.duration(view.seconds)}  {_what(event, view)}"


def _what(event: Event, view: RunView) -> str:
    match event:
        case RunStarted():
            return f"run {event.run} started: {plan(event)}"
        case PhaseStarted():
            return f"phase {event.phase}: {PHASES[event.phase]}"
        case CandidateAccepted():
            return f"accepted  {accepted(event)}"
        case ProposalRejected():
            return f"rejected  from {_numbers(event.parents)}: {event.reason}"
        case Progress():
            spent = wording.spent(event.rollouts, event.tokens, event.cost)
            return f"spent     {spent}; best {wording.score(event.best_validation_score)}"
        case Warned():
            return f"warning   {event.message}"
        case SandboxUsed():
            return event.level
        case Judged():
            return f"judged    {event.sentence}"
        case ChangeProposed():
            worse = view.judged is not None and view.judged.worse
            return f"change    {event.change[:12]} " + ("is kept, not offered" if worse else "waits for a person")
        case RunFinished():
            return f"finished  {event.sentence}"
        case RunStopped():
            return f"{event.status:<9} {event.sentence}"
        case Unknown():
            return f"unknown   {event.stored_kind}, which a newer toishi wrote"


def plan(event: RunStarted) -> str:
    """Method, seed, splits and limits in one line."""
    limits = [
        f"at most {wording.plural(event.max_rollouts, 'rollout')}" if event.max_rollouts is not None else "",
        f"{wording.count(event.max_tokens)} tokens" if event.max_tokens is not None else "",
        wording.money(event.max_cost) if event.max_cost is not None else "",
        f"{event.max_seconds:g} s" if event.max_seconds is not None else "",
    ]
    sizes = f"{event.feedback_examples} feedback, {event.validation_examples} validation, {event.test_examples} test"
    said = ", ".join(limit for limit in limits if limit) or "no limit"
    return f"{event.method}, seed {event.seed}, {sizes} examples, {said}"


def accepted(event: CandidateAccepted) -> str:
    """A candidate that entered the pool, in one line."""
    if not event.parents:
        return f"seed, validation {wording.score(event.validation_score)}"
    return (
        f"candidate {event.number} from {_numbers(event.parents)}, validation "
        f"{wording.score(event.validation_score)}{'' if event.validated else f' on {event.rows} rows'}: {event.reason}"
    )


def _numbers(parents: tuple[int, ...]) -> str:
    names = ["seed" if number == 0 else str(number) for number in parents]
    return " and ".join(names) or "nothing"


class Pace:
    """Which events are worth a line: all, but of progress one in ten seconds of the run, and of skipped rounds in a row
    the first."""

    def __init__(self) -> None:
        self._next = 0.0
        self._skipping = False

    def lets(self, event: Event) -> bool:
        """Whether this event is worth a line."""
        if isinstance(event, Progress):
            late = event.seconds >= self._next
            self._next = event.seconds + PROGRESS_EVERY_SECONDS if late else self._next
            return late
        again = self._skipping
        self._skipping = isinstance(event, ProposalRejected) and event.cause == "skipped"
        return not (again and self._skipping)
