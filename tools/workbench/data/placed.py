"""Examples in the parts that they were placed in: held where they are few, else read from the files as wanted."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import overload

from toishi.tools.workbench.data.reading import Found, Reader
from toishi.tools.workbench.data.splits import SPLITS, Split, Splits, content_hash
from toishi.tools.workbench.example import Example


def placed(
    reader: Reader,
    parts: Sequence[Split | None],
    ids: Sequence[str],
    hashes: Sequence[bytes],
    kept: Sequence[Example] | None,
    problems: tuple[str, ...],
) -> Splits:
    """The splits. `parts`, `ids`, `hashes` and `kept` are by row, bad rows left out; `kept` has yet to get its ids, and
    is None where the rows are to be read anew."""

    def part(split: Split) -> Sequence[Example]:
        if kept is None:
            return Streamed(reader, parts, ids, split)
        return tuple(replace(example, id=ids[index]) for index, example in enumerate(kept) if parts[index] == split)

    feedback, validation, test = (part(split) for split in SPLITS)
    known = content_hash(
        (split, ids[index], hashes[index]) for split in SPLITS for index, one in enumerate(parts) if one == split
    )
    return Splits(feedback, validation, test, problems, known)


class Streamed(Sequence[Example]):
    """One part, read from the files each time that it is gone through; one example by its index costs as much."""

    def __init__(self, reader: Reader, parts: Sequence[Split | None], ids: Sequence[str], split: Split) -> None:
        self._reader = reader
        self._parts = parts
        self._ids = ids
        self._split = split
        self._length = sum(part == split for part in parts)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Example]:
        index = 0
        for found in self._reader.rows():
            if isinstance(found, Found):
                if self._parts[index] == self._split:
                    yield Example(self._ids[index], found.inputs, found.expected, found.fields)
                index += 1

    @overload
    def __getitem__(self, index: int) -> Example: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Example, ...]: ...

    def __getitem__(self, index: int | slice) -> Example | tuple[Example, ...]:
        """One example, or a tuple of those in a slice; `IndexError` outside."""
        if isinstance(index, slice):
            start, stop, step = index.indices(self._length)
            if step > 0:
                return tuple(islice(self, start, stop, step))
            return tuple(self)[index]
        position = index + self._length if index < 0 else index
        if not 0 <= position < self._length:
            raise IndexError(f"there is no example {index} among {self._length}")
        return next(islice(self, position, None))
