"""How a connection to the database is opened, its tables brought up to date, and its faults put into words.

Tables and columns are named for the person who opens the file with `sqlite3` or Datasette. `PRAGMA user_version` counts
the migrations applied.
"""

import os
import shlex
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from toishi.tools.workbench.access import make_folder, open_private
from toishi.tools.workbench.errors import JournalDamaged, JournalError
from toishi.tools.workbench.journal.migrations import MIGRATIONS

PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.01


def open_database(path: Path, *, patience: float = PATIENCE_SECONDS) -> sqlite3.Connection:
    """A connection in WAL mode with the newest schema; makes folder, file and tables where they are missing.

    `patience`: how many seconds to wait for other writers. Raises `JournalError` where the database is not writable,
    damaged, locked or from a newer toishi.
    """
    try:
        make_folder(path.parent)
        if not path.exists():
            # SQLite gives what it keeps beside it the same mode. Never opened here where it is there already: to close
            # it would let go of the locks of every other connection of this process.
            with suppress(FileExistsError):
                os.close(open_private(path, os.O_RDONLY | os.O_EXCL))
        ignore = path.parent / ".gitignore"
        if not ignore.exists():
            # Rows of data and prompts are private until a person says otherwise.
            with os.fdopen(open_private(ignore, os.O_WRONLY), "w") as stream:
                stream.write("*\n")
    except OSError as error:
        if path.parent.exists() and not path.parent.is_dir():
            raise JournalError(f"{path.parent} is a file, where toishi keeps a folder; move it away") from error
        raise JournalError(
            f"The journal {path} cannot be made ({error.strerror}); make {path.parent.parent} writable, or name "
            "another folder with --project"
        ) from error
    if path.is_dir():
        raise JournalError(f"{path} is a folder, where toishi keeps a file; move it away")
    try:
        connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise journal_error(path, error) from error
    try:
        _use_wal(connection, patience)
        # In WAL mode a commit then survives kill -9 without waiting for the disk; only a power cut may take the last.
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise journal_error(path, error) from error
    except JournalError:
        connection.close()
        raise
    return connection


def journal_error(path: Path, error: sqlite3.Error) -> JournalError:
    """The sentence for what SQLite reports."""
    # Absent where the library, not SQLite, refused: a closed connection.
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return JournalError(f"The journal {path} is locked by another program; close that program and try again")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return JournalError(f"The journal {path} is not writable; change the permissions of its folder and files")
    if name.startswith("SQLITE_FULL"):
        return JournalError(
            f"The disk of the journal {path} is full; free some space, then resume the run, or give the same command "
            "again: nothing is lost"
        )
    if name.startswith("SQLITE_IOERR"):
        return JournalError(
            f"The disk of the journal {path} refuses to read or write ({error}), as when it is full, failing or gone; "
            "mend that, then resume the run, or give the same command again: what was written before is kept"
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return damaged(path, error)
    return JournalError(f"The journal {path} cannot be used: {error}")


def damaged(path: Path, what: object) -> JournalDamaged:
    """The sentence for a database that is not whole."""
    project = shlex.quote(str(path.parent.parent))
    return JournalDamaged(
        f"The journal {path} is damaged ({what}); move it away to start afresh, delete all of it with: toishi purge "
        f"--all --project {project}, or save what it still holds with: toishi doctor --save-journal --project {project}"
    )


def _use_wal(connection: sqlite3.Connection, patience: float) -> None:
    """Asks until it is granted: SQLite itself does not wait where two processes want it of a new database at once."""
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
        time.sleep(PAUSE_SECONDS)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == len(MIGRATIONS):
        return
    # Imported only when there is something to change: it is slow where pandas is installed.
    from sqlite_utils import Database

    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have come first while this one waited for the lock.
        for migrate in MIGRATIONS[_version(connection, path) :]:
            migrate(Database(connection, execute_plugins=False))
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise JournalError(
            f"The journal {path} was written by a newer toishi (schema {version}, this one knows {len(MIGRATIONS)}); "
            "upgrade toishi"
        )
    return version
