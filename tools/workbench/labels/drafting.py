"""Drafts the labels of many rows by a model, some at a time, and keeps them as they come.

What is killed half-way loses the drafts of a few seconds; the replies that they were made from are in the journal, so
drafting again pays for none of them twice.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from toishi.tools.workbench.errors import BudgetSpent, RequestRefused
from toishi.tools.workbench.labels.asking import (
    TEMPERATURE,
    Draft,
    Form,
    agreed,
    label_in,
    messages_for,
    schema_for,
)
from toishi.tools.workbench.labels.marking import merged
from toishi.tools.workbench.labels.rows import Unlabelled
from toishi.tools.workbench.labels.sidecar import Label, update_labels
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Request, Sampling
from toishi.tools.workbench.task import Task

PURPOSE = "label"

IN_FLIGHT = 16
"""Rows that are drafted at once where the task does not say how many calls may be."""

SHOWN = 200
"""Characters that a person is shown of an answer that is no label."""

PAUSE_SECONDS = 2.0
# A large file takes long to write: at most so small a part of the time goes into that.
WRITING_SHARE = 0.05


@dataclass(frozen=True)
class NoDraft:
    """A row that got no label; `said` is what the model answered instead, or why it was not asked."""

    said: str
    is_empty: bool = False


Keep = Callable[[Unlabelled, Draft | NoDraft], None]


@dataclass(frozen=True)
class Drafting:
    """How labels are drafted: their form, the choices (none for free answers), and how many samples a row."""

    form: Form
    choices: tuple[str, ...]
    samples: int


async def draft_rows(
    gateway: Gateway, task: Task, rows: Sequence[Unlabelled], how: Drafting, keep: Keep
) -> BudgetSpent | None:
    """Drafts every row and hands each to `keep` (`NoDraft` where there is no label); gives what ended it too early.

    A row that the model refuses to read gets no draft, and one without a word is not sent. Raises what the
    gateway raises for want of a model.
    """
    waiting = iter(rows)
    spent: list[BudgetSpent] = []

    async def work() -> None:
        for row in waiting:
            if spent:
                return
            try:
                keep(row, await _draft(gateway, task, row, how))
            except BudgetSpent as problem:
                spent.append(problem)
                gateway.let_finish()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(task.models.concurrency or IN_FLIGHT, len(rows))):
                group.create_task(work())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return spent[0] if spent else None


async def _draft(gateway: Gateway, task: Task, row: Unlabelled, how: Drafting) -> Draft | NoDraft:
    name = f"'{row.id}'"
    if not any(value.strip() for value in row.inputs.values()):
        return NoDraft(f"{name} holds nothing to label", is_empty=True)
    messages = messages_for(task, how.form, how.choices, row.inputs)
    sampling = Sampling(TEMPERATURE if how.samples > 1 else 0.0, max_tokens=task.models.max_tokens)
    schema = schema_for(how.form, how.choices)
    requests = [
        Request(task.models.task, messages, sampling, task.seed, replicate=number, schema=schema)
        for number in range(how.samples)
    ]
    try:
        replies = await gateway.call_many(PURPOSE, requests)
    except RequestRefused as problem:
        return NoDraft(f"{name} was refused: {problem}")
    draft = agreed([label_in(reply.text, how.form, how.choices) for reply in replies])
    answer = " ".join(replies[0].text.split())
    shown = answer if len(answer) <= SHOWN else answer[:SHOWN] + "…"
    return draft or NoDraft(f"To {name} {task.models.task} said nothing that is a label: '{shown}'")


class Keeper:
    """Gathers drafts of some rows, and writes them into the labels' file every few seconds and at the end."""

    def __init__(self, file: Path, inputs: Sequence[str], rows: Sequence[Unlabelled]) -> None:
        self._file = file
        self._inputs = inputs
        self._place = {row.key: place for place, row in enumerate(rows)}
        self._new: list[Label] = []
        # The first may come late, while a model is loaded.
        self._next: float | None = None

    def keep(self, label: Label) -> None:
        """Takes one draft; it is in the file within seconds."""
        self._new.append(label)
        if self._next is None:
            self._next = time.monotonic() + PAUSE_SECONDS
        if time.monotonic() >= self._next:
            self.write()

    def write(self) -> None:
        """Puts what was gathered into the file; where a person said something about a row, that stays."""
        new, self._new = sorted(self._new, key=lambda label: self._place[label.key]), []
        began = time.monotonic()
        if new:
            update_labels(self._file, self._inputs, lambda labels: merged(labels, new))
        now = time.monotonic()
        self._next = now + max(PAUSE_SECONDS, (now - began) / WRITING_SHARE)


def drafted(row: Unlabelled, draft: Draft | NoDraft, source: str) -> Label:
    """The line of the file for a draft; without one it waits for a person's label."""
    if isinstance(draft, NoDraft):
        return Label(row.id, row.inputs, "", source)
    return Label(row.id, row.inputs, draft.expected, source, "drafted", draft.confidence, draft.expected)


def to_draft(rows: Sequence[Unlabelled], labels: Sequence[Label], *, again: bool) -> Iterator[Unlabelled]:
    """The rows that a draft may be made for: those without a line or with an empty one; `again`: untouched drafts too.

    What a person confirmed, refused or wrote is never among them.
    """
    kept = {
        label.key
        for label in labels
        if not (label.status == "drafted" and (not label.expected or (again and label.is_untouched)))
    }
    return (row for row in rows if row.key not in kept)
