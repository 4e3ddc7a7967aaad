"""Rows of a data file as they stand there, whatever its format: values by column, and the place for people.

It knows nothing of tasks. What is wrong with one row is a `Bad` row among the others; whoever reads decides whether to
go on.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.suggestion import did_you_mean

LONGEST_FIELD = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Raw:
    """One row: its number in the file (a line, or the how-manieth row), and its values by column."""

    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be used; `problem` goes on where the place ends: "has 3 values for 2 columns; …"."""

    number: int
    problem: str


class Source(Protocol):
    """The rows of one file (or of one split of a data set), which may be read any number of times.

    `unit` is what its rows are numbered by: `line` or `row`. `columns` are those that every row has, None where each
    row has its own. `notes` are sentences about how it was read.
    """

    @property
    def name(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def encoding(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def columns(self) -> tuple[str, ...] | None: ...
    @property
    def notes(self) -> tuple[str, ...]: ...

    def rows(self) -> Iterator[Raw | Bad]:
        """The rows in order. Raises `DataError` where the rest of the file cannot be read."""
        ...


def place_in(source: Source, number: int) -> str:
    """Where a row stands, for people: "rows.csv, line 12"."""
    return f"{source.name}, {source.unit} {number}"


class Unusable(Exception):
    """A value of a row cannot be used; the message goes on where the place ends."""


def text_of(row: Mapping[str, Any], column: str) -> str | None:
    """A value as text, None where the row has no such column.

    Where no column has the name, dots lead into objects and lists: `item.question`, `messages.0.content`. Numbers,
    true, false, lists and objects become their JSON text, and null becomes the empty text. Raises `Unusable`.
    """
    value = row[column] if column in row else _inside(row, column)
    if value is MISSING:
        return None
    return as_text(value, column)


def as_text(value: Any, column: str) -> str:
    """A value as text; raises `Unusable` for half a character and for bytes."""
    if isinstance(value, str):
        text = value
    elif value is None or value != value:
        return ""
    elif isinstance(value, (bytes, bytearray, memoryview)):
        raise Unusable(f"holds bytes in '{column}', and only texts can be given to a model; name another column")
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = text[error.start]
        if "\udc80" <= half <= "\udcff":
            raise Unusable(f"is not UTF-8 in '{column}' (byte {ord(half) - 0xDC00:#04x}); mend or remove it") from None
        raise Unusable(f"has half a character (\\u{ord(half):04x}) in '{column}'; take it out") from None
    return text


class _Missing:
    """Tells a column that is not there from one that is null."""


MISSING = _Missing()


def _inside(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return MISSING
    return value


def no_column(missing: str, present: Sequence[str]) -> str:
    """The end of a sentence about a column that is not there."""
    columns = ", ".join(f"'{column}'" for column in present) or "none"
    hint = did_you_mean(missing, present)
    return f"has no column '{missing}'; its columns are {columns}" + (f" ({hint})" if hint.startswith("did") else "")


def require_columns(source: Source, columns: Sequence[str]) -> None:
    """Raises `DataError` where a source whose rows all have the same columns lacks one."""
    if source.columns is None:
        return
    if not source.columns:
        raise DataError(f"{source.name} is empty; its first line should name the columns {', '.join(columns)}")
    for column in columns:
        # A column of a table may hold objects, which a path leads into.
        if column not in source.columns and column.partition(".")[0] not in source.columns:
            raise DataError(f"{source.name} {no_column(column, source.columns)}")


@dataclass(frozen=True)
class Record:
    """The wanted columns of one row; `place` is its file and line, for people."""

    place: str
    fields: dict[str, str]


def read_records(file: Path, *, name: str, columns: Sequence[str], optional: Sequence[str] = ()) -> list[Record]:
    """All rows of a file of any format, in order. `name` is what messages call it; an `optional` column may be missing.

    Raises `DataError` for a file that cannot be read, for a missing column, and for a row that is not in form.
    """
    from toishi.tools.workbench.data.opening import open_file

    source = open_file(file, name=name)
    require_columns(source, columns)
    records = []
    for row in source.rows():
        place = place_in(source, row.number)
        if isinstance(row, Bad):
            raise DataError(f"{place} {row.problem}")
        try:
            found = {column: text_of(row.values, column) for column in (*columns, *optional)}
        except Unusable as problem:
            raise DataError(f"{place} {problem}") from None
        missing = next((column for column in columns if found[column] is None), None)
        if missing is not None:
            raise DataError(f"{place} {no_column(missing, list(row.values))}")
        records.append(Record(place, {column: text for column, text in found.items() if text is not None}))
    return records
