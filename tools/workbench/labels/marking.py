"""What a person says of drafts: confirmed, refused, edited. Pure: from the file's rows to the file's rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.labels.sidecar import PERSON, Label, Status
from toishi.tools.workbench.suggestion import did_you_mean


@dataclass(frozen=True)
class Selection:
    """Which drafts are meant: by id, or all, narrowed by source (its beginning) and by the least confidence.

    With ids, any row that has one is meant; else only rows that are still drafted.
    """

    ids: tuple[str, ...] = ()
    source: str | None = None
    least_confidence: float | None = None

    def picks(self, label: Label) -> bool:
        """Whether a row is meant."""
        if self.ids:
            return label.id in self.ids
        sure = self.least_confidence is None or (label.confidence or 0.0) >= self.least_confidence
        from_source = self.source is None or label.source.startswith(self.source)
        return label.status == "drafted" and bool(label.expected) and from_source and sure


def mark(
    labels: Sequence[Label], selection: Selection, status: Status, choices: Collection[str] | None = None
) -> list[Label]:
    """The rows with those that are meant set to a status; `choices` are the only labels that may be confirmed.

    Raises `UsageError` for an id that no row has, an empty label, and one that is not among the choices.
    """
    _refuse_unknown(labels, selection.ids)
    marked = []
    for label in labels:
        if selection.picks(label):
            if status == "confirmed":
                _refuse_unfit(label.expected, label.id, choices)
            label = replace(label, status=status)
        marked.append(label)
    return marked


def edit(labels: Sequence[Label], edits: Mapping[str, str], choices: Collection[str] | None = None) -> list[Label]:
    """The rows with the labels that a person wrote, by id; what a person wrote is confirmed."""
    _refuse_unknown(labels, tuple(edits))
    return [edited(label, edits[label.id], choices) if label.id in edits else label for label in labels]


def edited(label: Label, expected: str, choices: Collection[str] | None = None) -> Label:
    """The row with the label that a person wrote. Raises `UsageError` where it is empty or not among the choices."""
    expected = expected.strip()
    _refuse_unfit(expected, label.id, choices)
    source = label.source if expected == label.draft else PERSON
    return replace(label, expected=expected, source=source, status="confirmed")


def merged(labels: Sequence[Label], drafts: Sequence[Label]) -> list[Label]:
    """The rows with new drafts: one takes the place of an untouched draft or of an empty row, and of nothing else."""
    new = {draft.key: draft for draft in drafts}
    kept = []
    for label in labels:
        draft = new.pop(label.key, None)
        is_free = label.is_untouched or (label.status == "drafted" and not label.expected)
        kept.append(replace(draft, others=label.others) if draft is not None and is_free else label)
    return [*kept, *new.values()]


def _refuse_unknown(labels: Sequence[Label], ids: Collection[str]) -> None:
    known = {label.id for label in labels}
    unknown = next((one for one in ids if one not in known), None)
    if unknown is not None:
        raise UsageError(f"no draft has the id '{unknown}'; {did_you_mean(unknown, sorted(known))}")


def _refuse_unfit(expected: str, row: str, choices: Collection[str] | None) -> None:
    if not expected:
        raise UsageError(f"the draft of '{row}' is empty; write a label with --edit {row}=LABEL, or refuse it")
    if choices is not None and expected not in choices:
        raise UsageError(f"'{expected}' for '{row}' is not among metric.choices; {did_you_mean(expected, choices)}")
