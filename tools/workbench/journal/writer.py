"""One thread that writes for everybody: what comes in while a commit is under way goes into the next one.

So an append costs a fraction of a commit, however many are in flight, and is durable when it returns.
"""

import queue
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from toishi.tools.workbench.errors import JournalError
from toishi.tools.workbench.journal.schema import journal_error

LARGEST_GROUP = 1024

Statement = tuple[str, Sequence[object]]


class Writer:
    """Owns one connection. Each append is a list of statements that take effect together or not at all."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._queue: queue.SimpleQueue[_Append | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._write, name="toishi journal", daemon=True)
        self._thread.start()

    def append(self, statements: Sequence[Statement]) -> "Future[None]":
        """Hands statements over; the future ends when they are durable, or with `JournalError`."""
        if self._closed:
            raise JournalError(f"The journal {self._path} was closed before the last append")
        future: Future[None] = Future()
        self._queue.put((statements, future))
        return future

    def close(self) -> None:
        """Writes what was handed over, then ends the thread and the connection. May be called twice."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()
            self._connection.close()

    def _write(self) -> None:
        more = True
        while more:
            group, more = self._next_group()
            if group:
                self._commit_group(group)

    def _next_group(self) -> "tuple[list[_Append], bool]":
        """What has come in since the last commit; False with it where `close` was among it."""
        group: list[_Append] = []
        item = self._queue.get()
        while item is not None:
            group.append(item)
            if len(group) == LARGEST_GROUP or self._queue.empty():
                return group, True
            item = self._queue.get()
        return group, False

    def _commit_group(self, group: "Sequence[_Append]") -> None:
        try:
            self._commit(group)
        except _BAD_VALUE as error:
            if len(group) == 1:
                group[0][1].set_exception(JournalError(f"The journal {self._path} cannot store a value: {error}"))
                return
            # One append that cannot be written must not take the others with it.
            for append in group:
                self._commit_group([append])
        except sqlite3.Error as error:
            for _, future in group:
                future.set_exception(journal_error(self._path, error))
        except Exception as error:
            # Whatever it is: nobody may wait for ever, and the thread goes on.
            for _, future in group:
                future.set_exception(JournalError(f"The journal {self._path} cannot be written: {error!r}"))
        else:
            for _, future in group:
                future.set_result(None)

    def _commit(self, group: "Sequence[_Append]") -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for statements, _ in group:
                for sql, values in statements:
                    self._connection.execute(sql, values)
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite ends the transaction itself where the disk is full or broken.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


_Append = tuple[Sequence[Statement], "Future[None]"]

# What is wrong with the append itself; every other error is the database's and meets the whole group. A lone surrogate
# in a text is a ValueError, a huge integer an OverflowError.
_BAD_VALUE = (
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    sqlite3.DataError,
    ValueError,
    OverflowError,
)
