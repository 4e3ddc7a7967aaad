"""Row by row through the drafts, in a terminal: one key each. What a key decides is in the file before the next row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from toishi.assistant.console import log
from toishi.assistant.labelling.keyboard import END
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.labels import marking
from toishi.tools.workbench.labels.sidecar import Label, update_labels

KEYS = "y confirm · e edit · n refuse · s skip · q stop"
STOP = ("q", END)
LONGEST_SHOWN = 2000

# So many are listed under numbers to choose from.
MOST_LISTED = 40


class Person(Protocol):
    """Who is asked: for one key, or for a line."""

    def key(self) -> str: ...

    def line(self, prompt: str) -> str: ...


@dataclass
class Reviewed:
    """What was decided in this sitting."""

    confirmed: int = 0
    refused: int = 0
    skipped: int = 0

    @property
    def decided(self) -> int:
        """Rows about which something was said."""
        return self.confirmed + self.refused


@dataclass(frozen=True)
class Choices:
    """The labels that are listed to choose from; where they are `binding`, there are no others."""

    listed: tuple[str, ...] = ()
    binding: bool = False

    @property
    def allowed(self) -> tuple[str, ...] | None:
        """The only labels there are, None where any text may be one."""
        return self.listed if self.binding else None


def review(file: Path, inputs: Sequence[str], labels: Sequence[Label], choices: Choices, person: Person) -> Reviewed:
    """Asks about every row that is still drafted, in the order of the file, until the person stops."""
    waiting = [(number, label) for number, label in enumerate(labels, start=1) if label.status == "drafted"]
    reviewed = Reviewed()
    if waiting:
        log(KEYS)
    for number, label in waiting:
        log("")
        log(_shown(label, f"{number}/{len(labels)}"))
        decided = _decide(label, choices, person)
        if decided is None:
            break
        if decided == label:
            reviewed.skipped += 1
            continue
        _keep(file, inputs, decided)
        reviewed.confirmed += decided.status == "confirmed"
        reviewed.refused += decided.status == "refused"
        said = f"confirmed: {decided.expected}" if decided.status == "confirmed" else decided.status
        log(f"  {said}")
    return reviewed


def _decide(label: Label, choices: Choices, person: Person) -> Label | None:
    """The row as the person wants it, the same where it is skipped, None where they stop."""
    while True:
        key = person.key().lower()
        if key in STOP:
            return None
        if key == "s":
            return label
        if key == "n":
            return replace(label, status="refused")
        try:
            if key in ("y", "\r", "\n"):
                return marking.edited(label, label.expected, choices.allowed)
            if key == "e":
                written = _edit(choices, person)
                if written:
                    return marking.edited(label, written, choices.allowed)
                continue
        except UsageError as mistake:
            log(f"  {mistake}")
        log(f"  {KEYS}")


def _edit(choices: Choices, person: Person) -> str:
    """What the person writes: a label, or the number of one that is listed; empty where they think better of it."""
    listed = choices.listed[:MOST_LISTED]
    for number, choice in enumerate(listed, start=1):
        log(f"  {number:>3}  {choice}")
    written = person.line("  label or number: " if listed else "  label: ").strip()
    if written.isdecimal() and 1 <= int(written) <= len(listed):
        return listed[int(written) - 1]
    return written


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
