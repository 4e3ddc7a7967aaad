"""What the columns of the data look like, gathered row by row in memory that does not grow with them."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?")
COUNTED = 1000
"""From so many different values on, they are not counted any more."""

SHOWN = 5


@dataclass(frozen=True)
class Column:
    """One column over all rows. `distinct` is None where there are more values than were counted; lengths are in
    characters; `common` are the most frequent values with their counts, where some come again."""

    name: str
    kind: str
    rows: int
    filled: int
    distinct: int | None
    mean_length: float
    longest: int
    common: tuple[tuple[str, int], ...]


class ColumnCounts:
    """Is told every row, and then gives the columns in the order in which they first appeared."""

    def __init__(self) -> None:
        self._rows = 0
        self._columns: dict[str, _Counts] = {}

    def add(self, row: Mapping[str, str]) -> None:
        """A row as texts by column."""
        self._rows += 1
        for name, text in row.items():
            known = self._columns.get(name)
            if known is None:
                known = self._columns[name] = _Counts()
            known.add(text)

    def columns(self) -> tuple[Column, ...]:
        """What was seen."""
        return tuple(counts.column(name, self._rows) for name, counts in self._columns.items())


class _Counts:
    def __init__(self) -> None:
        self._filled = 0
        self._characters = 0
        self._longest = 0
        self._values: Counter[str] | None = Counter()
        self._kinds: Counter[str] = Counter()

    def add(self, text: str) -> None:
        if not text.strip():
            return
        self._filled += 1
        self._characters += len(text)
        self._longest = max(self._longest, len(text))
        if self._filled <= COUNTED:
            self._kinds[_kind(text.strip())] += 1
        if self._values is not None:
            self._values[text[:200]] += 1
            if len(self._values) > COUNTED:
                self._values = None

    def column(self, name: str, rows: int) -> Column:
        values = self._values
        again = values is not None and len(values) < self._filled
        return Column(
            name=name,
            kind=self._kind(),
            rows=rows,
            filled=self._filled,
            distinct=None if values is None else len(values),
            mean_length=self._characters / self._filled if self._filled else 0.0,
            longest=self._longest,
            common=tuple(values.most_common(SHOWN)) if values is not None and again else (),
        )

    def _kind(self) -> str:
        """What nearly all values are."""
        if not self._kinds:
            return "empty"
        kind, count = self._kinds.most_common(1)[0]
        return kind if count >= 0.95 * self._kinds.total() else "text"


def _kind(text: str) -> str:
    if text in ("true", "false", "True", "False"):
        return "true or false"
    if NUMBER.fullmatch(text):
        return "number"
    if text[0] in "[{":
        try:
            json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            return "text"
        return "JSON"
    return "text"
