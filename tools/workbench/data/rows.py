"""Rows of a csv or jsonl file, as text by column, each with the place where it stands.

It knows the two formats and nothing of tasks. Both are UTF-8, with or without a byte order mark.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.suggestion import did_you_mean

LONGEST_FIELD = 2**31 - 1


@dataclass(frozen=True)
class Record:
    """The wanted columns of one row; `place` is its file and line, for people."""

    place: str
    fields: dict[str, str]


def read_records(file: Path, *, name: str, columns: Sequence[str], optional: Sequence[str] = ()) -> list[Record]:
    """All rows of a file, in order. `name` is what messages call it; an `optional` column may be missing.

    In jsonl, numbers, true, false, lists and objects become their JSON text, and null becomes the empty text. Blank
    lines are no rows.
    Raises `DataError` for a file that cannot be read, for a missing column, and for a row that is not in form.
    """
    read = _csv if file.suffix.lower() == ".csv" else _jsonl
    try:
        return list(read(file, name, columns, optional))
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"{name}, line {_undecodable_line(file)} is not UTF-8; save the file as UTF-8") from None


def _csv(file: Path, name: str, columns: Sequence[str], optional: Sequence[str]) -> Iterator[Record]:
    with _long_fields(), file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        start = 1
        try:
            header = next(reader, [])
            if len(set(header)) < len(header):
                twice = next(column for column in header if header.count(column) > 1)
                raise DataError(f"{name}, line 1 names the column '{twice}' twice; rename one")
            missing = next((column for column in columns if column not in header), None)
            if missing is not None:
                raise DataError(_no_column(name, missing, header))
            wanted = [(column, header.index(column)) for column in (*columns, *optional) if column in header]
            start = reader.line_num + 1
            for values in reader:
                place = f"{name}, line {start}"
                start = reader.line_num + 1
                if not values:
                    continue
                if len(values) != len(header):
                    raise DataError(
                        f"{place} has {len(values)} values for {len(header)} columns; "
                        "put double quotes around a text that holds a comma"
                    )
                yield Record(place, {column: values[index] for column, index in wanted})
        except csv.Error as error:
            raise DataError(f"{name}, line {start} is no csv: {error}; check its double quotes") from None


def _jsonl(file: Path, name: str, columns: Sequence[str], optional: Sequence[str]) -> Iterator[Record]:
    # A binary file is split at \n alone; texts may hold other characters that Python takes for line ends.
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            place = f"{name}, line {number}"
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            if not text.strip():
                continue
            try:
                row = json.loads(text.rstrip("\r\n"))
            except json.JSONDecodeError as error:
                problem = f"{error.msg[:1].lower()}{error.msg[1:]}"
                raise DataError(f"{place} is no JSON: {problem} at column {error.colno}") from None
            if not isinstance(row, dict):
                raise DataError(f'{place} is no JSON object; each line should be one, such as {{"{columns[0]}": …}}')
            missing = next((column for column in columns if column not in row), None)
            if missing is not None:
                raise DataError(_no_column(place, missing, list(row)))
            yield Record(
                place, {column: _text(row[column], place, column) for column in (*columns, *optional) if column in row}
            )


def _text(value: Any, place: str, column: str) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(text[error.start]):04x}"
        raise DataError(f"{place} has half a character ({half}) in '{column}'; take it out") from None
    return text


def _no_column(place: str, missing: str, present: Sequence[str]) -> str:
    columns = ", ".join(f"'{column}'" for column in present) or "none"
    hint = did_you_mean(missing, present)
    return f"{place} has no column '{missing}'; its columns are {columns}" + (
        f" ({hint})" if hint.startswith("did") else ""
    )


def _undecodable_line(file: Path) -> int:
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lets a csv field be longer than the 128 KiB that the module allows by default."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)
