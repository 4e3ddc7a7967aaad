"""The rows of a run's data, read from the database in pages as they are wanted, so that 100,000 take no room."""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import overload

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal.records import example_of

PAGE = 256
PAGES_KEPT = 16

Read = Callable[[str, Sequence[object]], list[sqlite3.Row]]


class StoredExamples(Sequence[Example]):
    """One split of one data set, in order, equal to any sequence of the same examples.

    It is usable while the journal is open. At most `PAGES_KEPT` pages of `PAGE` examples are held at a time. The
    positions are 0, 1, 2, … without a gap.
    """

    def __init__(self, read: Read, data: str, split: str) -> None:
        self._read = read
        self._key = (data, split)
        (row,) = read("SELECT count(*) FROM examples WHERE data = ? AND split = ?", self._key)
        self._length = int(row[0])
        self._pages: OrderedDict[int, tuple[Example, ...]] = OrderedDict()

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Example: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Example, ...]: ...

    def __getitem__(self, index: int | slice) -> Example | tuple[Example, ...]:
        """One example, or a tuple of those in a slice; `IndexError` outside."""
        if isinstance(index, slice):
            return tuple(self._at(position) for position in range(*index.indices(self._length)))
        position = index + self._length if index < 0 else index
        if not 0 <= position < self._length:
            raise IndexError(f"there is no example {index} among {self._length}")
        return self._at(position)

    def __iter__(self) -> Iterator[Example]:
        for number in range(-(-self._length // PAGE)):
            yield from self._page(number)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, islice(self, 3)))
        return f"<{self._length} stored examples: {shown}{', …' if self._length > 3 else ''}>"

    def _at(self, position: int) -> Example:
        return self._page(position // PAGE)[position % PAGE]

    def _page(self, number: int) -> tuple[Example, ...]:
        page = self._pages.get(number)
        if page is None:
            rows = self._read(
                "SELECT * FROM examples WHERE data = ? AND split = ? AND position >= ? AND position < ? "
                "ORDER BY position",
                (*self._key, number * PAGE, (number + 1) * PAGE),
            )
            page = self._pages[number] = tuple(map(example_of, rows))
            if len(self._pages) > PAGES_KEPT:
                self._pages.popitem(last=False)
        self._pages.move_to_end(number)
        return page
