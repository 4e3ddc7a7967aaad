"""One call of `toishi label`: what is wanted, done in its order, and how the labels stand afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toishi.assistant import exit_codes, wording
from toishi.assistant.console import log
from toishi.assistant.labelling.drafting import ByModel, Drafted, draft_by_model, draft_by_rules
from toishi.assistant.labelling.keyboard import Keyboard
from toishi.assistant.labelling.review import Choices, review
from toishi.assistant.labelling.telling import document, print_drafted
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.labels import marking
from toishi.tools.workbench.labels.asking import form_of
from toishi.tools.workbench.labels.drafting import to_draft
from toishi.tools.workbench.labels.joining import labels_file
from toishi.tools.workbench.labels.rows import Rows, Unlabelled, rows_of
from toishi.tools.workbench.labels.rules import read_rules
from toishi.tools.workbench.labels.sidecar import Label, Status, read_labels, update_labels
from toishi.tools.workbench.runs import with_models
from toishi.tools.workbench.task import Task

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal


@dataclass(frozen=True)
class Wish:
    """What one call is to do: mark drafts, write labels, draft by rules or by the model; nothing of it: go on."""

    rule: Path | None
    by_model: bool
    mark: Status | None
    selection: marking.Selection
    edits: dict[str, str]

    @property
    def is_open(self) -> bool:
        """Whether nothing in particular is wanted."""
        return not (self.rule or self.by_model or self.mark or self.edits)


def wish(
    *,
    by_model: bool,
    rule: Path | None,
    mark: Status | None,
    selection: marking.Selection,
    everything: bool,
    edits: Sequence[str],
    contradictory: bool,
) -> Wish:
    """What the options say. Raises `UsageError` where they do not go together."""
    if contradictory:
        raise UsageError("--confirm and --refuse together say nothing; give one of them")
    if by_model and rule is not None:
        raise UsageError(
            "--by-model and --rule are two ways to draft; run the rules first, then the model for the rest"
        )
    narrowed = selection.source is not None or selection.least_confidence is not None
    if mark is None and (selection.ids or everything or narrowed):
        raise UsageError("which drafts are meant is said, but not what with them; add --confirm or --refuse")
    if mark is not None and not (selection.ids or everything or narrowed):
        raise UsageError("which drafts are meant is not said; name their IDs, or give --all, --source or --at-least")
    if selection.ids and (everything or narrowed):
        raise UsageError("IDs and --all, --source or --at-least are two ways to say which drafts; give one of them")
    if (by_model or rule is not None) and (mark is not None or edits):
        raise UsageError("drafting and marking are two steps; draft first, then --confirm, --refuse or --edit")
    written = {}
    for one in edits:
        row, sign, label = one.partition("=")
        if not sign or not row or not label.strip():
            raise UsageError(f"--edit {one} is not in the form ID=LABEL")
        written[row] = label
    return Wish(rule, by_model, mark, selection, written)


class Session:
    """The labels of one task. `is_seen`: a person sits at a terminal; `most` rows are drafted at most."""

    def __init__(
        self, journal: "Journal", project: Path, task: Task, *, is_seen: bool, most: int | None, again: bool
    ) -> None:
        self._journal = journal
        self._project = project
        self._task = task
        self._is_seen = is_seen
        self._most = most
        self._again = again
        self._file = labels_file(task.data, project)
        self._drafted: Drafted | None = None

    @cached_property
    def _data(self) -> Rows:
        return rows_of(self._task, self._project)

    @property
    def exit_code(self) -> int:
        """Done, unless the budget ended before there was any draft."""
        if self._drafted is None or self._drafted.stopped is None or self._drafted.drafts:
            return exit_codes.DONE
        return exit_codes.BUDGET_SPENT_BEFORE_BASELINE

    def state(self) -> tuple[dict[str, Any], list[Label]]:
        """How the labels stand, as a document, and the labels."""
        labels = self._labels()
        shown = self._file.relative_to(self._project) if self._file.is_relative_to(self._project) else self._file
        return document(shown, self._data, labels, self._drafted, self._task.metric.choices), labels

    def go(self, wanted: Wish, *, samples: int, choices: str | None, send_personal: bool) -> None:
        """Does what is wanted. Raises `UsageError`, `DataError`, `AnswerNeeded`, and what the gateway raises."""
        if wanted.mark is not None or wanted.edits:
            self._mark(wanted)
            return
        if not self._data.unlabelled:
            return
        rows = self._to_draft()
        if wanted.rule is not None:
            rules = read_rules(wanted.rule, self._task.data.inputs, self._task.metric.choices)
            self._tell(draft_by_rules(rules, rows, self._file, self._task.data.inputs))
        elif rows and (not wanted.is_open or not self._is_seen or self._agrees(rows, samples)):
            how = ByModel(samples, _listed(choices), send_personal)
            settle = _settle if self._is_seen else lambda proposed: None
            self._tell(
                draft_by_model(self._journal, self._project, self._task, self._data, rows, self._file, how, settle)
            )
        if wanted.is_open and self._is_seen:
            self._review()

    def _labels(self) -> list[Label]:
        return read_labels(self._file, self._task.data.inputs)

    def _mark(self, wanted: Wish) -> None:
        known = self._task.metric.choices
        if not self._labels():
            raise UsageError("there are no drafts yet; draft some with --by-model or --rule FILE")
        wanted = self._by_labels_ids(wanted)

        def change(labels: list[Label]) -> list[Label]:
            if wanted.mark is not None:
                labels = marking.mark(labels, wanted.selection, wanted.mark, known)
            return marking.edit(labels, wanted.edits, known)

        before = self._labels()
        after = update_labels(self._file, self._task.data.inputs, change)
        marked = sum(
            one.status != other.status or one.expected != other.expected
            for one, other in zip(before, after, strict=False)
        )
        log(f"{wording.plural(marked, 'label')} changed.")

    def _by_labels_ids(self, wanted: Wish) -> Wish:
        """With the ids of the data's rows as those of the labels' file, which may be of rows that had none then."""
        if not (wanted.selection.ids or wanted.edits):
            return wanted
        labels = self._labels()
        own = {label.id for label in labels}
        by_key = {label.key: label.id for label in labels}

        def of(one: str) -> str:
            return one if one in own else by_key.get(self._data.keys.get(one, ""), one)

        selection = replace(wanted.selection, ids=tuple(map(of, wanted.selection.ids)))
        return replace(wanted, selection=selection, edits={of(one): text for one, text in wanted.edits.items()})

    def _to_draft(self) -> list[Unlabelled]:
        return list(islice(to_draft(self._data.unlabelled, self._labels(), again=self._again), self._most))

    def _agrees(self, rows: Sequence[Unlabelled], samples: int) -> bool:
        """A model costs time or money, so a person who only called the command is asked."""
        times = "" if samples == 1 else f", {samples} samples each"
        model = with_models(self._task).models.task
        question = f"Draft {wording.plural(len(rows), 'label')} with {model}{times}?"
        return click.confirm(question, default=True, err=True)

    def _tell(self, drafted: Drafted) -> None:
        self._drafted = drafted
        print_drafted(drafted, choices_are_named=self._task.metric.choices is not None)

    def _review(self) -> None:
        keys = {row.key for row in self._data.unlabelled}
        labels = [label for label in self._labels() if label.key in keys]
        with Keyboard().open() as keyboard:
            decided = review(self._file, self._task.data.inputs, labels, self._choices(labels), keyboard)
        if decided:
            log("")

    def _choices(self, labels: Sequence[Label]) -> Choices:
        """What a person chooses from: the task's choices, which bind, else those that the drafts were made from."""
        named = self._task.metric.choices
        if named is not None or form_of(self._task) != "choice":
            return Choices(named or (), binding=named is not None)
        drafted = self._drafted.choices if self._drafted else ()
        seen = {label.expected for label in labels if label.expected and label.status != "refused"}
        return Choices(tuple(dict.fromkeys((*drafted, *sorted({*seen, *self._data.labels})))), binding=False)


def _listed(choices: str | None) -> tuple[str, ...] | None:
    """`a, b` as its parts. Raises `UsageError` for fewer than two different ones."""
    if choices is None:
        return None
    listed = tuple(dict.fromkeys(name.strip() for name in choices.split(",") if name.strip()))
    if len(listed) < 2:
        raise UsageError(f"--choices '{choices}' names fewer than two labels; part them by commas")
    return listed


def _settle(proposed: tuple[str, ...]) -> tuple[str, ...] | None:
    """Shows the labels that the model proposes; the person takes them, or writes others."""
    log("No labels are named, and no row has one. The model proposes:")
    for name in proposed:
        log(f"  {name}")
    while True:
        written = click.prompt("Take these (y), or write others, parted by commas; n stops", default="y", err=True)
        if written.strip().lower() in ("y", "yes"):
            return proposed
        if written.strip().lower() in ("n", "no"):
            return None
        try:
            return _listed(written)
        except UsageError as mistake:
            log(str(mistake))
