"""Row by row through the drafts, in a terminal: one key each. What a key decides is in the file before the next row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from toishi.assistant.console import log
from toishi.assistant.labelling.keyboard import END
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.labels import marking
from toishi.tools.workbench.labels.sidecar import Label, update_labels

KEYS = "y confirm · e edit · n refuse · s skip · u undo, one row back · q stop"
STOP = ("q", END)
BACK = ("u", "b")
LONGEST_SHOWN = 2000

# So many are listed under numbers to choose from.
MOST_LISTED = 40


class Person(Protocol):
    """Who is asked: for one key, or for a line."""

    def key(self) -> str: ...

    def line(self, prompt: str) -> str: ...


@dataclass(frozen=True)
class Choices:
    """The labels that are listed to choose from; where they are `binding`, there are no others."""

    listed: tuple[str, ...] = ()
    binding: bool = False

    @property
    def allowed(self) -> tuple[str, ...] | None:
        """The only labels there are, None where any text may be one."""
        return self.listed if self.binding else None


def review(file: Path, inputs: Sequence[str], labels: Sequence[Label], choices: Choices, person: Person) -> int:
    """Asks about every row that is still drafted, in the order of the file, until the person stops.

    Whoever goes one row back takes back what was said of it. Gives how many rows were decided.
    """
    waiting = [(number, label) for number, label in enumerate(labels, start=1) if label.status == "drafted"]
    if waiting:
        log(KEYS)
    decisions: dict[int, Label] = {}
    at = 0
    while at < len(waiting):
        number, label = waiting[at]
        log("")
        log(_shown(label, f"{number}/{len(labels)}"))
        decided = _decide(label, choices, person, is_first=at == 0)
        match decided:
            case "stop":
                break
            case "back":
                at -= 1
                if at in decisions:
                    taken_back = decisions.pop(at)
                    _keep(file, inputs, waiting[at][1])
                    log(f"  taken back: {_said(taken_back)}")
            case "skip":
                at += 1
            case Label():
                _keep(file, inputs, decided)
                decisions[at] = decided
                log(f"  {_said(decided)}")
                at += 1
    return len(decisions)


def _said(decided: Label) -> str:
    return f"confirmed: {decided.expected}" if decided.status == "confirmed" else decided.status


def _decide(
    label: Label, choices: Choices, person: Person, *, is_first: bool
) -> Label | Literal["skip", "back", "stop"]:
    """The row as the person wants it, or where they go from it. Nothing but its own key confirms a label."""
    while True:
        key = person.key().lower()
        if key in STOP:
            return "stop"
        if key == "s":
            return "skip"
        if key in BACK and not is_first:
            return "back"
        if key == "n":
            return replace(label, status="refused")
        if key == "e":
            edited = _edit(label, choices, person)
            if edited is not None:
                return edited
        if key == "y":
            try:
                return marking.edited(label, label.expected, choices.allowed)
            except UsageError as mistake:
                log(f"  {mistake}")
        log(f"  {KEYS}")


def _edit(label: Label, choices: Choices, person: Person) -> Label | None:
    """The row with what the person writes: a label, or the number of one that is listed; None where they write nothing.

    What is no label is asked for again, so that none of its letters is taken for a key.
    """
    listed = choices.listed[:MOST_LISTED]
    for number, choice in enumerate(listed, start=1):
        log(f"  {number:>3}  {choice}")
    while written := person.line("  label or number: " if listed else "  label: ").strip():
        if written.isdecimal() and 1 <= int(written) <= len(listed):
            written = listed[int(written) - 1]
        try:
            return marking.edited(label, written, choices.allowed)
        except UsageError as mistake:
            log(f"  {mistake}; or nothing, to leave it as it is")
    return None


def _shown(label: Label, progress: str) -> str:
    lines = [f"{progress}  {label.id}"]
    for field, value in label.inputs.items():
        text = value.strip()
        text = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
        lines.append(f"  {field}: " + text.replace("\n", "\n    "))
    sure = "" if label.confidence is None else f", {label.confidence:.0%} of the samples agree".replace("%", " %")
    return "\n".join([*lines, f"  → {label.expected or 'no draft'}  ({label.source}{sure})"])


def _keep(file: Path, inputs: Sequence[str], decided: Label) -> None:
    """Writes one row; what an editor did to the others meanwhile stays."""
    update_labels(file, inputs, lambda labels: [decided if label.key == decided.key else label for label in labels])
