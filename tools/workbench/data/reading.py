"""Goes through the rows of a task's data, and takes from each what the task names: inputs, answer, split, group, the
other columns. A row from which it cannot be taken is `Left`, with the reason.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.tools.workbench.data.opening import SHAPES
from toishi.tools.workbench.data.rows import Bad, Raw, Unusable, as_text, no_column, place_in, require_columns, text_of
from toishi.tools.workbench.data.sources import Part, open_sources
from toishi.tools.workbench.data.splits import NAMES
from toishi.tools.workbench.errors import DataError, LabelsNeeded
from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task import Task

if TYPE_CHECKING:
    from toishi.tools.workbench.labels.joining import Labels

ID = "id"
BYTES = (bytes, bytearray, memoryview)
LABEL_HINT = "let a model or a rule draft some with: toishi label TASK.toml"


@dataclass(frozen=True, slots=True)
class Found:
    """What a row gives. `part` and `number` say where it stands; `content` is 8 bytes of the hash of what the file
    itself says; `drafted` tells an answer that nobody confirmed."""

    part: int
    number: int
    id: str
    inputs: Mapping[str, str]
    expected: str
    said: str
    group: str
    fields: Mapping[str, str]
    content: bytes
    drafted: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A row that gives nothing, and why, to follow its place; `unlabelled` where all it lacks is an answer.

    `place` is where the mistake stands, if not in the row: in the labels beside the data.
    """

    part: int
    number: int
    problem: str
    unlabelled: bool = False
    place: str = ""


@dataclass
class Reader:
    """The rows of a task; `folder` is the project's, from which paths count.

    With `any_label`, a row without an answer is found like any other, as those who write answers want it; so it is with
    `unlabelled_too`, where labels beside the data still count.
    """

    task: Task
    folder: Path
    any_label: bool = False
    unlabelled_too: bool = False
    parts: list[Part] = field(init=False)

    def __post_init__(self) -> None:
        self.parts = open_sources(self.task, self.folder)
        self._stamps = self._stamp()
        data = self.task.data
        used = (*data.inputs, data.expected, data.split)
        self._has_ids = ID not in used
        self._others = tuple(dict.fromkeys((*self.task.metric.columns().values(), *data.subgroups)))
        self._taken = frozenset((*used, ID))
        self._needs_expected = self.task.metric.needs_expected and not (self.any_label or self.unlabelled_too)
        choices = self.task.metric.choices
        self._choices = None if choices is None else frozenset(choices)

    def place(self, part: int, number: int) -> str:
        """Where a row stands, for people."""
        return place_in(self.parts[part].source, number)

    def rows(self) -> Iterator[Found | Left]:
        """Every row of every file in order. Raises `DataError` where a file cannot be read, lacks a column, holds no
        row, or was changed since the reader was made."""
        if self._stamp() != self._stamps:
            raise DataError("the data was changed while it was read; start again")
        for index, part in enumerate(self.parts):
            require_columns(part.source, self._required())
            self._require_answers(part)
            empty = True
            try:
                for row in part.source.rows():
                    empty = False
                    if isinstance(row, Bad):
                        yield Left(index, row.number, row.problem)
                        continue
                    try:
                        yield self._found(index, part, row)
                    except Unusable as problem:
                        yield Left(index, row.number, str(problem))
            except OSError as error:
                raise DataError(f"{part.source.name} cannot be read: {error.strerror or error}") from None
            except UnicodeDecodeError as error:
                raise DataError(f"{part.source.name} is not {error.encoding} ({error.reason})") from None
            if empty:
                raise DataError(f"{part.source.name} holds no rows; fill it, or name another file in the task")

    def _required(self) -> list[str]:
        data = self.task.data
        return [one for one in (*data.inputs, data.split, data.group, *self._others) if one is not None]

    def _require_answers(self, part: Part) -> None:
        """The column of the answers may be missing where labels stand beside the data, or are about to."""
        column = self.task.data.expected
        if column is None or self.any_label or self.unlabelled_too or self.has_labels:
            return
        try:
            require_columns(part.source, [column])
        except DataError as problem:
            is_slip = bool(get_close_matches(column, part.source.columns or (), n=1))
            kind = DataError if is_slip else LabelsNeeded
            raise kind(f"{problem}; if nobody has labelled the rows yet, {LABEL_HINT}") from None

    def _found(self, index: int, part: Part, row: Raw) -> Found | Left:
        data = self.task.data
        inputs = {column: self._needed(row, column) for column in data.inputs}
        own = self._own_answer(row)
        label = self._labels.of(inputs) if not own and self.has_labels and not self.any_label else None
        expected = own or ("" if label is None else label.expected)
        if not expected and self._needs_expected:
            problem = f"has an empty '{data.expected}'; fill it in, or take the row out"
            return Left(index, row.number, problem, unlabelled=True)
        if self._choices is not None and expected and expected not in self._choices:
            meant = did_you_mean(expected, self.task.metric.choices or ())
            problem = f"has the label '{expected}', which is not among metric.choices; {meant}"
            return Left(index, row.number, problem, place="" if label is None else label.place)
        return Found(
            part=index,
            number=row.number,
            id=(text_of(row.values, ID) or "").strip() if self._has_ids else "",
            inputs=inputs,
            expected=expected,
            said=part.said or self._said(row),
            group="" if data.group is None else (text_of(row.values, data.group) or "").strip(),
            fields=self._fields(row, plain=part.source.format not in SHAPES),
            content=content_of(inputs, own),
            drafted=label is not None and label.status == "drafted",
        )

    def _own_answer(self, row: Raw) -> str:
        column = self.task.data.expected
        if column is None:
            return ""
        text = text_of(row.values, column)
        if text is None and self._needs_expected and not self.has_labels:
            raise Unusable(no_column(column, list(row.values)))
        return (text or "").strip()

    def _needed(self, row: Raw, column: str) -> str:
        text = text_of(row.values, column)
        if text is None:
            raise Unusable(no_column(column, list(row.values)))
        return text

    def _said(self, row: Raw) -> str:
        column = self.task.data.split
        said = "" if column is None else self._needed(row, column).strip()
        if said and said not in NAMES:
            raise Unusable(f"has the split '{said}'; {did_you_mean(said, NAMES)}")
        return said

    def _fields(self, row: Raw, *, plain: bool) -> dict[str, str]:
        """The other columns; of a logged call not its records, which the columns were taken from."""
        left_out = BYTES if plain else (*BYTES, Mapping, list)
        fields = {}
        for column, value in row.values.items():
            if column not in self._taken and not isinstance(value, left_out):
                fields[column] = _readable(value, column)
        for column in self._others:
            if column not in fields:
                text = text_of(row.values, column)
                if text is None and column not in self.task.data.subgroups:
                    raise Unusable(no_column(column, list(row.values)))
                fields[column] = text or ""
        return fields

    @cached_property
    def has_labels(self) -> bool:
        """Whether there are labels beside the data."""
        from toishi.tools.workbench.labels.joining import labels_file

        return labels_file(self.task.data, self.folder).is_file()

    @cached_property
    def _labels(self) -> "Labels":
        from toishi.tools.workbench.labels.joining import labels_of

        return labels_of(self.task.data, self.folder)

    def _stamp(self) -> list[tuple[int, int]]:
        stamps = []
        for name in self.task.data.files().values():
            try:
                stat = (self.folder / name).stat()
            except OSError as error:
                raise DataError(f"{name} cannot be read: {error.strerror}") from None
            stamps.append((stat.st_size, stat.st_mtime_ns))
        return stamps


def content_of(inputs: Mapping[str, str], expected: str) -> bytes:
    """The first 8 bytes of the SHA-256 of a row's inputs and the answer that stands in the file."""
    content = json.dumps([dict(inputs), expected], ensure_ascii=False)
    return hashlib.sha256(content.encode()).digest()[:8]


def _readable(value: Any, column: str) -> str:
    """A column that is only looked at: what cannot be read in it is no reason to leave the row out."""
    try:
        return as_text(value, column)
    except Unusable:
        return str(value).encode("utf-8", "replace").decode()
