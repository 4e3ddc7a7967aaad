"""The data files of a draft as one table: the first rows in full, the others counted."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from toishi.tools.workbench.data.opening import open_file
from toishi.tools.workbench.data.rows import Bad, Raw, Unusable, as_text
from toishi.tools.workbench.drafting.columns import Table, table
from toishi.tools.workbench.errors import DataError

LOOKED_AT = 5000
SHAPES = ("chat-log", "openai-evals")
# Past so many characters the columns are known well enough, however few the rows.
ENOUGH = 20_000_000


@dataclass(frozen=True)
class Seen:
    """The table over all files, rows by file (by key of `[data]`), the shape of rows that are no plain table ("" where
    they are one), rows that cannot be used, and what the reader had to say."""

    table: Table
    rows: dict[str, int]
    shape: str
    warnings: tuple[str, ...]


def read(files: dict[str, Path]) -> Seen:
    """Looks at the files. Raises `DataError` for one that cannot be read, and where no row can be used."""
    rows: list[dict[str, str]] = []
    counts: dict[str, int] = {}
    warnings: list[str] = []
    shape = ""
    for key, path in files.items():
        source = open_file(path, name=path.name)
        shape = source.format if source.format in SHAPES else shape
        found = iter(source.rows())
        bad: list[Bad] = []
        seen = _texts(islice(found, LOOKED_AT // len(files)), bad)
        counts[key] = len(seen) + _count(found, bad)
        rows += seen
        if not counts[key]:
            why = f": {source.unit} {bad[0].number} {bad[0].problem}" if bad else "; fill it, or name another file"
            raise DataError(f"{path.name} holds no row that can be used{why}")
        warnings += source.notes
    name = " and ".join(path.name for path in files.values())
    found_table = table(name, rows, total=sum(counts.values()))
    if shape:
        # What the columns were taken from still stands beside them.
        plain = tuple(column for column in found_table.columns if column.documents <= 0.5)
        found_table = replace(found_table, columns=plain)
    return Seen(found_table, counts, shape, tuple(warnings))


def _texts(found: Iterable[Raw | Bad], bad: list[Bad]) -> list[dict[str, str]]:
    """The rows as texts by column; those that cannot be used go to `bad`."""
    rows: list[dict[str, str]] = []
    size = 0
    for row in found:
        if isinstance(row, Bad):
            bad.append(row)
            continue
        try:
            rows.append({str(key): as_text(value, str(key)) for key, value in row.values.items()})
        except Unusable as problem:
            bad.append(Bad(row.number, str(problem)))
            continue
        size += sum(map(len, rows[-1].values()))
        if size > ENOUGH:
            break
    return rows


def _count(found: Iterable[Raw | Bad], bad: list[Bad]) -> int:
    count = 0
    for row in found:
        if isinstance(row, Bad):
            bad.append(row)
        else:
            count += 1
    return count
