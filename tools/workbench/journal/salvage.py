"""Saves what a damaged journal still holds: every row that can be read goes into a new one, which takes its place.

The damaged files stay beside it under another name. A damaged page takes the rows that lay on it, and where it was one
that leads to many others, some rows between two such may be lost too.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from toishi.tools.workbench.errors import JournalError
from toishi.tools.workbench.journal.description import describe
from toishi.tools.workbench.journal.schema import journal_error, open_database

LOST = "[lost]"
"""The text of a message that a rollout or reply names and that could not be read."""

# How many numbers behind a row that cannot be read are tried one by one, before the steps grow.
ONE_BY_ONE = 256
# No table counts its rows higher.
HIGHEST = 2**40


@dataclass(frozen=True)
class Saved:
    """How many rows of each table were saved, and where the damaged database lies now."""

    rows: Mapping[str, int]
    damaged: Path


def salvage(path: Path) -> Saved:
    """Puts a new journal in the place of the damaged one. Nobody else may use it meanwhile.

    Raises `JournalError` where nothing can be read, and leaves all as it was then.
    """
    new = path.with_name(f"{path.stem}.saved{path.suffix}")
    for leftover in _files_of(new):
        leftover.unlink()
    try:
        reading = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
        with closing(reading) as old, closing(open_database(new)) as target:
            target.execute("BEGIN")
            rows = {table: _copy(old, target, table) for table in describe()}
            _name_lost_messages(target)
            target.execute("COMMIT")
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise journal_error(path, error) from error
    if not any(rows.values()):
        for leftover in _files_of(new):
            leftover.unlink()
        raise JournalError(f"Nothing in the damaged journal {path} can be read; move it away to start afresh")
    return Saved(rows, _take_its_place(path, new))


def _copy(old: sqlite3.Connection, target: sqlite3.Connection, table: str) -> int:
    """Copies the rows that can be read; columns that the old table does not have yet get their default."""
    try:
        there = {row[1] for row in old.execute(f"PRAGMA table_info({table})")}
    except sqlite3.DatabaseError:
        return 0
    columns = ", ".join(column for column in describe()[table].columns if column in there)
    if not columns:
        return 0
    marks = ", ".join("?" * len(columns.split(", ")))
    insert = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"
    return target.executemany(insert, _readable(old, table, columns)).rowcount


def _readable(old: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[object, ...]]:
    """The rows that can be read, in order."""
    # NOT INDEXED: an index may be damaged where the table is whole.
    sql = f"SELECT rowid, {columns} FROM {table} NOT INDEXED WHERE rowid >= ? ORDER BY rowid"

    def is_readable(number: int) -> bool:
        try:
            old.execute(f"{sql} LIMIT 1", (number,)).fetchone()
        except sqlite3.DatabaseError:
            return False
        return True

    start: int | None = 0
    while start is not None:
        last = start - 1
        try:
            for row in old.execute(sql, (start,)):
                last = row[0]
                yield row[1:]
            return
        except sqlite3.DatabaseError:
            start = behind_damage(last + 1, is_readable)


def behind_damage(first: int, is_readable: Callable[[int], bool]) -> int | None:
    """The number behind `first`, which cannot be read, from which rows can be read again; None where there is none."""
    bad, step = first, 1
    while not is_readable(bad + step):
        bad += step
        if bad > HIGHEST:
            return None
        if bad - first >= ONE_BY_ONE:
            step *= 2
    good = bad + step
    while good - bad > 1:
        middle = (bad + good) // 2
        bad, good = (bad, middle) if is_readable(middle) else (middle, good)
    return good


def _name_lost_messages(target: sqlite3.Connection) -> None:
    """Puts a message that says so where one is named and lost."""
    target.execute(
        "INSERT OR IGNORE INTO messages (id, role, content) SELECT one.value, 'user', :lost FROM replies, "
        "json_each(replies.messages) AS one UNION SELECT one.value, 'user', :lost FROM rollouts, "
        "json_each(rollouts.calls) AS call, json_each(call.value, '$.messages') AS one",
        {"lost": LOST},
    )


def _take_its_place(path: Path, new: Path) -> Path:
    number = 1
    while (damaged := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    for file in _files_of(path):
        file.rename(file.with_name(file.name.replace(path.name, damaged.name, 1)))
    new.rename(path)
    return damaged


def _files_of(path: Path) -> list[Path]:
    """The database and what SQLite keeps beside it, as far as it exists."""
    return [file for ending in ("", "-wal", "-shm") if (file := path.with_name(path.name + ending)).exists()]
