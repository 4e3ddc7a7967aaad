"""What the columns of a table look like: how full, how varied, how long, and what kind of values.

It knows values and nothing of their meaning; what a column is for is decided in `roles`, how it is judged in `answers`.
"""

import ast
import json
import re
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

NUMBER = re.compile(r"(?:.*####\s*)?[-+]?[$€£]?\s?\d[\d,_ ]*(?:\.\d+)?(?:[eE][-+]?\d+)?\s?%?", re.DOTALL)
"""A number as people write it, also at the end of a worked solution behind `####` (GSM8K)."""

ADDRESS = re.compile(r"(?:mailto:)?[^@\s]+@[^@\s]+\.[^@\s]+|(?:https?://|www\.)\S+", re.IGNORECASE)
"""An address of mail or of the web and nothing beside it."""

FENCE = re.compile(r"```(?:python|py)?\n(.*?)```", re.DOTALL)
# Parsing as Python or JSON is tried on so many values; more would tell nothing new.
TRIED = 50


@dataclass(frozen=True)
class Column:
    """One column: its name and its values as text, in the order of the rows, blanks at the ends taken off."""

    name: str
    values: tuple[str, ...]

    @cached_property
    def filled(self) -> tuple[str, ...]:
        """The values that are not empty."""
        return tuple(value for value in self.values if value)

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each value stands there; empty ones are left out."""
        return Counter(self.filled)

    @property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(self.counts)

    @cached_property
    def median_length(self) -> float:
        """Characters of the middle value; 0 for an empty column."""
        return statistics.median([len(value) for value in self.filled]) if self.filled else 0.0

    @cached_property
    def median_words(self) -> float:
        """Words of the middle value; 0 for an empty column."""
        return statistics.median([len(value.split()) for value in self.filled]) if self.filled else 0.0

    @property
    def longest(self) -> int:
        """Characters of the longest value."""
        return max((len(value) for value in self.counts), default=0)

    @cached_property
    def numbers(self) -> float:
        """Share of the values that are a number, or end in `#### number`."""
        return self._share(lambda value: NUMBER.fullmatch(value) is not None)

    @cached_property
    def addresses(self) -> float:
        """Share of the values that are an e-mail address or a web address and nothing else."""
        return self._share(lambda value: ADDRESS.fullmatch(value) is not None)

    @cached_property
    def documents(self) -> float:
        """Share of the values that are a JSON object or list."""
        return self._share(_is_document)

    @cached_property
    def programs(self) -> float:
        """Share of the values that are Python with a definition or an import, bare or in a fence."""
        return self._share(_is_program)

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return len(self.filled) == len(self.values) == self.distinct

    @property
    def is_key(self) -> bool:
        """Whether the values do no more than tell rows apart: all different, short, of one word."""
        return self.unique and self.longest <= 40 and self.median_words <= 1

    def _share(self, holds: Callable[[str], bool]) -> float:
        tried = self.filled[:TRIED]
        return sum(holds(value) for value in tried) / len(tried) if tried else 0.0


@dataclass(frozen=True)
class Table:
    """What was seen of the data: `name` for messages, the columns, how many rows there are in all.

    `whole` is false where only the first rows were looked at; then counts of values are of these alone.
    """

    name: str
    columns: tuple[Column, ...]
    rows: int
    whole: bool = True

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by their names."""
        return {column.name: column for column in self.columns}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns in their order."""
        return tuple(column.name for column in self.columns)


def table(name: str, rows: Sequence[Mapping[str, str]], *, total: int | None = None) -> Table:
    """The table of these rows; `total` says how many there are in all where these are only the first."""
    # A column without a name cannot be named in a task.
    names = dict.fromkeys(key for row in rows for key in row if key.strip())
    columns = tuple(Column(key, tuple(row.get(key, "").strip() for row in rows)) for key in names)
    count = len(rows) if total is None else total
    return Table(name, columns, count, whole=count == len(rows))


def _is_document(value: str) -> bool:
    if not value.startswith(("{", "[")):
        return False
    try:
        return isinstance(json.loads(value), (dict, list))
    except ValueError:
        return False


def _is_program(value: str) -> bool:
    fenced = FENCE.search(value)
    try:
        body = ast.parse(fenced[1] if fenced else value).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom))
        for node in body
    )
