"""The csv file beside a person's data that holds labels for the rows without one.

A person may edit it in any editor or spreadsheet: columns and rows that toishi does not know stay, and what is written
takes the file's place in one rename, made from what the file held at that very moment.
"""

import csv
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from toishi.tools.workbench.data.rows import LONGEST_FIELD
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.suggestion import did_you_mean

Status = Literal["drafted", "confirmed", "refused"]
STATUSES: tuple[Status, ...] = get_args(Status)
COLUMNS = ("id", "expected", "source", "status", "confidence", "draft")
PERSON = "person"

ATTEMPTS = 20
BOM = "\ufeff"


@dataclass(frozen=True)
class Label:
    """One row of the file.

    `source` is who proposed `expected`: `model:…`, `rule:…` or `person`. `confidence` in [0, 1] is None where none can
    be had; `draft` is what was proposed first, so that an edit can be told from a draft; `others` are a person's own
    columns. `place` is the file and line that it was read from.
    """

    id: str
    inputs: Mapping[str, str]
    expected: str
    source: str
    status: Status = "drafted"
    confidence: float | None = None
    draft: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    place: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """What joins it to a row of the data."""
        return key_of(self.inputs)

    @property
    def is_untouched(self) -> bool:
        """Whether it is still the draft that toishi wrote, so that a newer one may take its place."""
        return self.status == "drafted" and self.expected == self.draft and self.source != PERSON


def key_of(inputs: Mapping[str, str]) -> str:
    """16 hexadecimal digits for a row's inputs, whatever an editor did to their blanks and line ends."""
    values = [" ".join(value.split()) for value in inputs.values()]
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()[:16]


def read_labels(file: Path, inputs: Sequence[str]) -> list[Label]:
    """The rows of the file, none where it does not exist; `inputs` are the task's columns.

    Raises `DataError` for a file that cannot be read, a missing column, an unknown status, and a confidence that is no
    number from 0 to 1.
    """
    return _parse(_content(file), file, inputs)[0]


def inputs_of(file: Path) -> tuple[str, ...]:
    """The inputs that a labels' file has columns for, none where it is no labels' file."""
    text = _content(file).decode("utf-8", "replace").removeprefix(BOM).partition("\n")[0]
    header = next(csv.reader([text], delimiter=_delimiter(text)), [])
    if header[:1] != ["id"] or "expected" not in header or "status" not in header:
        return ()
    columns = header[1 : header.index("expected")]
    return tuple(column.removeprefix("input.") if column[6:] in COLUMNS else column for column in columns)


def update_labels(file: Path, inputs: Sequence[str], change: Callable[[list[Label]], list[Label]]) -> list[Label]:
    """Replaces the file's rows by `change` of them, in one rename; gives the new rows.

    Where somebody else wrote the file in the meantime, `change` is made anew from what they wrote.
    """
    for _ in range(ATTEMPTS):
        before = _content(file)
        rows, form = _parse(before, file, inputs)
        changed = change(rows)
        if changed == rows:
            return rows
        if _replace(file, before, _written(changed, inputs, form)):
            return changed
    raise DataError(f"{file} is written by another program again and again; close that program and try again")


@dataclass(frozen=True)
class _Form:
    """How the file is written, so that it stays so: the mark at its start, what parts its columns, its own columns."""

    mark: str = ""
    delimiter: str = ","
    others: tuple[str, ...] = ()


def _content(file: Path) -> bytes:
    if file.is_symlink():
        raise DataError(f"{file} is a symbolic link, in whose place it would be written; name the file itself")
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from None


def _parse(content: bytes, file: Path, inputs: Sequence[str]) -> tuple[list[Label], _Form]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{file}, line {line} is not UTF-8; save the file as UTF-8") from None
    mark = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    delimiter = _delimiter(text)
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        header = list(reader.fieldnames or ())
        if not header:
            return [], _Form(mark, ",")
        _check(header, file, inputs)
        known = {*COLUMNS, *(column_of(name) for name in inputs)}
        others = tuple(column for column in header if column not in known)
        rows = []
        start = reader.line_num + 1
        for row in reader:
            label = _label(row, f"{file}, line {start}", inputs, others)
            rows.append(replace(label, place=f"{file.name}, line {start}"))
            start = reader.line_num + 1
        return rows, _Form(mark, delimiter, others)
    except csv.Error as error:
        raise DataError(f"{file} is no csv: {error}; check its double quotes") from None
    finally:
        csv.field_size_limit(before)


def _delimiter(text: str) -> str:
    """Spreadsheets part columns as their language does; the first line tells."""
    return max(",;\t", key=text.partition("\n")[0].count)


def _check(header: Sequence[str], file: Path, inputs: Sequence[str]) -> None:
    needed = ("id", *(column_of(name) for name in inputs), "expected", "status")
    missing = next((column for column in needed if column not in header), None)
    if missing is not None:
        raise DataError(
            f"{file} has no column '{missing}' ({did_you_mean(missing, header)}); put it back, or move the file away "
            "to draft anew"
        )


def _label(row: Mapping[str, str | None], place: str, inputs: Sequence[str], others: Sequence[str]) -> Label:
    if None in row or None in row.values():
        raise DataError(f"{place} has more or fewer values than columns; put double quotes around a text with commas")

    def value(column: str) -> str:
        return row.get(column) or ""

    said = value("status").strip().lower() or "drafted"
    status = next((status for status in STATUSES if status == said), None)
    if status is None:
        raise DataError(f"{place} has the status '{said}'; {did_you_mean(said, STATUSES)}")
    expected = value("expected").strip()
    if status == "confirmed" and not expected:
        raise DataError(f"{place} is confirmed and has an empty 'expected'; fill it in, or set its status to refused")
    return Label(
        id=value("id").strip(),
        inputs={name: value(column_of(name)) for name in inputs},
        expected=expected,
        source=value("source").strip() or PERSON,
        status=status,
        confidence=_confidence(value("confidence").strip(), place),
        draft=value("draft").strip(),
        others={column: value(column) for column in others},
    )


def _confidence(text: str, place: str) -> float | None:
    if not text:
        return None
    with suppress(ValueError):
        # Some spreadsheets write decimals with a comma.
        number = float(text.replace(",", "."))
        if 0 <= number <= 1:
            return number
    raise DataError(f"{place} has the confidence '{text}'; write a number from 0 to 1, or leave it empty")


def column_of(name: str) -> str:
    """The column that holds an input: its name, unless that is one of the file's own columns."""
    return f"input.{name}" if name in COLUMNS else name


def _written(rows: Sequence[Label], inputs: Sequence[str], form: _Form) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=form.delimiter, lineterminator="\n")
    writer.writerow(["id", *(column_of(name) for name in inputs), *COLUMNS[1:], *form.others])
    for row in rows:
        confidence = "" if row.confidence is None else f"{row.confidence:.2f}"
        own = (row.expected, row.source, row.status, confidence, row.draft)
        others = [row.others.get(column, "") for column in form.others]
        writer.writerow([row.id, *(row.inputs[name] for name in inputs), *own, *others])
    return form.mark + stream.getvalue()


def _replace(file: Path, before: bytes, text: str) -> bool:
    """Writes the file whole, unless it does not hold `before` any more."""
    try:
        descriptor, draft = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".toishi", dir=file.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(text.encode())
                stream.flush()
                os.fsync(descriptor)
            os.chmod(draft, file.stat().st_mode & 0o777 if before else 0o600)
            if _content(file) != before:
                return False
            os.replace(draft, file)
            return True
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{file} cannot be written ({error.strerror}); make its folder writable") from None
