"""A run's rollouts: in pages, or one with its whole trace."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from toishi.assistant import wording
from toishi.assistant.console import say, table
from toishi.tools.workbench.errors import UsageError

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal
    from toishi.tools.workbench.journal.queries import RolloutLine
    from toishi.tools.workbench.rollout import ModuleCall, Rollout

COLUMNS = ("rollout", "candidate", "split", "example", "score", "tokens", "output", "feedback")
RIGHT = ("rollout", "score", "tokens")
OUTPUT_WIDTH = 24
FEEDBACK_WIDTH = 48


def page(
    journal: "Journal", run: str, *, candidate: str | None, split: str | None, newest: bool, after: int, limit: int
) -> "tuple[list[RolloutLine], int | None]":
    """Rollouts with a number greater than `after`, and where the next page begins, or None; or the `newest`.

    `candidate` is a number in the run's pool or the beginning of an id. Raises `UsageError` where there is none.
    """
    from toishi.tools.workbench.journal.queries import latest_rollouts, rollout_lines

    wanted = None if candidate is None else journal.candidate_id(run, candidate)
    if newest:
        return latest_rollouts(journal, run, candidate=wanted, split=split, limit=limit), None
    found = rollout_lines(journal, run, candidate=wanted, split=split, after=after, limit=limit + 1)
    return found[:limit], found[limit - 1].number if len(found) > limit else None


def page_document(run: str, lines: "Sequence[RolloutLine]", following: int | None) -> dict[str, Any]:
    """What `toishi show --rollouts --json` gives; `next` is what `--after` needs for the next page."""
    return {"run": run, "rollouts": [asdict(line) for line in lines], "next": following}


def print_page(lines: "Sequence[RolloutLine]", following: int | None) -> None:
    """The same for a person."""
    if not lines:
        say("There are no such rollouts.")
        return
    rows = [
        [
            str(line.number),
            line.candidate[:8],
            line.split,
            line.example,
            wording.score(line.score),
            wording.count(line.tokens),
            wording.ending(line.output, OUTPUT_WIDTH),
            wording.shorten(line.error or line.feedback, FEEDBACK_WIDTH),
        ]
        for line in lines
    ]
    table(COLUMNS, rows, right=RIGHT)
    if following is not None:
        say(f"There are more: --after {following}")


def trace_document(journal: "Journal", run: str, number: int) -> dict[str, Any]:
    """What `toishi show --rollout N --json` gives: the rollout with every call."""
    split, rollout = _find(journal, run, number)
    return {"run": run, "number": number, "split": split, **asdict(rollout)}


def print_trace(journal: "Journal", run: str, number: int) -> None:
    """The same for a person."""
    split, rollout = _find(journal, run, number)
    say(f"rollout {number} of run {run}: candidate {rollout.candidate[:8]} on {split} example {rollout.example}")
    for place, call in enumerate(rollout.calls, start=1):
        say()
        say(f"{place}. {call.module}")
        _print_call(call)
    say()
    _print_part("output", rollout.output)
    say(f"score     {wording.score(rollout.score)}")
    for name, value in rollout.objectives.items():
        say(f"          {name} {wording.score(value)}")
    _print_part("feedback", rollout.feedback)
    _print_part("error", rollout.error)
    say(f"took      {wording.spent(1, rollout.tokens, rollout.cost)}, {wording.duration(rollout.seconds)}")


def _print_call(call: "ModuleCall") -> None:
    if not call.messages:
        for name, value in call.inputs.items():
            _print_part(name, value)
    for message in call.messages:
        _print_part(message.role, message.content)
        for wish in message.tool_calls:
            _print_part("calls", f"{wish.name} {wish.arguments}")
    if call.reply is not None:
        _print_part("reply", call.reply.text)
        for wish in call.reply.tool_calls:
            _print_part("calls", f"{wish.name} {wish.arguments}")
    _print_part("gave", call.output)
    _print_part("error", call.error)


def _print_part(label: str, text: str | None) -> None:
    """A text under its label, its lines below one another; nothing where there is none."""
    for place, part in enumerate((text or "").splitlines()):
        say(f"{'' if place else label:<9} {part}".rstrip())


def _find(journal: "Journal", run: str, number: int) -> "tuple[str, Rollout]":
    found = journal.rollout_numbered(run, number)
    if found is None:
        raise UsageError(f"Run {run} has no rollout {number}; `toishi show {run} --rollouts` lists them")
    return found
