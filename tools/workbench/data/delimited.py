"""Rows of csv and tsv files, in whatever dialect a spreadsheet wrote them.

A row that is not in form is told and left out. An open double quote, which would swallow all that follows, costs its
own line only: reading goes on behind it.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TextIO

from toishi.tools.workbench.data.encoding import Encoding
from toishi.tools.workbench.data.rows import LONGEST_FIELD, Bad, Raw
from toishi.tools.workbench.errors import DataError

COMMA, TAB = ",", "\t"
DELIMITERS = (COMMA, TAB, ";", "|")
LOOKED_AT = 20
LOOKED_AT_FOR_QUOTES = 10_000
CLOSED = re.compile(r'"(?:[^"]|"")*"')
# A quoted text that does not end within so many characters was opened by mistake.
LONGEST_RECORD = 2**26


class Delimited:
    """A csv or tsv file; its first line names the columns."""

    unit = "line"

    def __init__(self, file: Path, *, name: str, format: str, encoding: Encoding) -> None:
        self._file = file
        self._encoding = encoding
        self.name = name
        self.encoding = encoding.codec
        self.notes = (encoding.note,) if encoding.note else ()
        if csv.field_size_limit() < LONGEST_FIELD:
            csv.field_size_limit(LONGEST_FIELD)
        self.delimiter, self._declared = self._dialect(TAB if format == "tsv" else None)
        self._quotes_mean_nothing = self.delimiter == TAB and self._quotes_are_text()

    @property
    def format(self) -> str:
        """What was read, with a delimiter that is not the usual one."""
        if self.delimiter == TAB:
            return "tsv"
        return "csv" if self.delimiter == COMMA else f"csv ({self.delimiter})"

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names in the first line; `DataError` where one stands there twice, or the line cannot be read."""
        with self._open() as stream:
            return self._header(_Lines(stream))

    def rows(self) -> Iterator[Raw | Bad]:
        """The rows below the first line; blank lines are none."""
        columns = self.columns
        wanted = [(index, column) for index, column in enumerate(columns) if column]
        with self._open() as stream:
            lines = _Lines(stream)
            self._header(lines)
            while True:
                reader = self._reader(lines)
                try:
                    for values in reader:
                        start = lines.begin_next()
                        if len(values) == len(columns):
                            yield Raw(start, {column: values[index] for index, column in wanted})
                        elif values:
                            yield Bad(start, self._miscounted(len(values), len(columns)))
                            if lines.took_more_than_one():
                                break
                    else:
                        return
                except csv.Error as error:
                    yield Bad(lines.begin_next(), f"is no csv: {error}; check its double quotes")
                # Whatever the quote at the row's start took for its own may be rows.
                lines.give_back()

    def _miscounted(self, values: int, columns: int) -> str:
        few = "1 value" if values == 1 else f"{values} values"
        if values < columns:
            return f"has {few} for {columns} columns; add what is missing, or take the row out"
        what = {COMMA: "a comma", TAB: "a tab"}.get(self.delimiter, f"a {self.delimiter}")
        many = "1 column" if columns == 1 else f"{columns} columns"
        return f"has {values} values for {many}; put double quotes around a text that holds {what}"

    def _header(self, lines: "_Lines") -> tuple[str, ...]:
        try:
            reader = self._reader(lines)
            header = next(reader, [])
            if self._declared:
                header = next(reader, [])
        except csv.Error as error:
            raise DataError(f"{self.name}, line 1 is no csv: {error}; check its double quotes") from None
        lines.begin_next()
        twice = next((column for column in header if column and header.count(column) > 1), None)
        if twice is not None:
            raise DataError(f"{self.name}, line 1 names the column '{twice}' twice; rename one")
        return tuple(header)

    def _reader(self, lines: "_Lines") -> Iterator[list[str]]:
        if self._quotes_mean_nothing:
            return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def _open(self) -> TextIO:
        return self._file.open(encoding=self._encoding.codec, errors=self._encoding.errors, newline="")

    def _quotes_are_text(self) -> bool:
        """Whether a quote means nothing, as in most tsv: it opens a value and does not end it, and yet every line has
        as many tabs as the first."""
        opened = False
        with self._open() as stream:
            tabs = stream.readline(LONGEST_RECORD).count(TAB)
            for line in islice(stream, LOOKED_AT_FOR_QUOTES):
                if line.strip() and line.count(TAB) != tabs:
                    return False
                values = line.rstrip("\r\n").split(TAB)
                opened = opened or any(value[:1] == '"' and not CLOSED.fullmatch(value) for value in values)
        return opened

    def _dialect(self, said: str | None) -> tuple[str, bool]:
        """What parts the values, and whether the first line says so itself (`sep=;`, as Excel reads it)."""
        with self._open() as stream:
            first = stream.readline(LONGEST_RECORD).rstrip("\r\n")
            if len(first) == 5 and first.lower().startswith("sep="):
                return first[4], True
            if said is not None:
                return said, False
            stream.seek(0)
            return max(DELIMITERS, key=lambda one: (_regularity(stream, one), -DELIMITERS.index(one))), False


def _regularity(stream: TextIO, delimiter: str) -> float:
    """How many columns the first line has by this delimiter, if most of the next lines have as many; 0 for one."""
    stream.seek(0)
    widths = []
    try:
        for values in csv.reader(_Lines(stream), delimiter=delimiter, strict=True):
            if values:
                widths.append(len(values))
            if len(widths) > LOOKED_AT:
                break
    except csv.Error:
        pass
    if not widths or widths[0] == 1:
        return 0
    alike = sum(width == widths[0] for width in widths) / len(widths)
    return alike if alike > 0.5 else 0.1 * alike


class _Lines:
    """The lines of a file, of which those of the row at hand can be given again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self._last: list[str] = []
        self._size = 0
        self._start = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._stream)
        self._row.append(line)
        self._size += len(line)
        if self._size > LONGEST_RECORD:
            raise csv.Error(f"a quoted text does not end within {LONGEST_RECORD // 2**20} million characters")
        return line

    def begin_next(self) -> int:
        """Ends the row at hand; gives the number of the line on which it began."""
        start, self._start = self._start, self._start + len(self._row)
        self._last, self._row, self._size = self._row, [], 0
        return start

    def took_more_than_one(self) -> bool:
        """Whether the row that was ended stands on several lines."""
        return len(self._last) > 1

    def give_back(self) -> None:
        """All lines of the row that was ended but its first will come again."""
        self._start -= len(self._last) - 1
        self._again.extendleft(reversed(self._last[1:]))
        self._last = []
