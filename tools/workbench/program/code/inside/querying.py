"""What runs inside the sandbox to put a module's query to tables, in a database that is in memory alone."""

import json
import sqlite3
from typing import Any

QUERIES = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)


def answered(query: str, tables: dict[str, Any], parameters: Any, most: int) -> list[Any]:
    """The names of the columns, and the rows. `tables` has columns and rows by name."""
    database = sqlite3.connect(":memory:")
    # Sorting a large table would need a file.
    database.execute("PRAGMA temp_store = MEMORY")
    for name, (columns, rows) in tables.items():
        database.execute(f"CREATE TABLE {quoted(name)} ({', '.join(map(quoted, columns))})")
        places = ", ".join("?" for _ in columns)
        database.executemany(f"INSERT INTO {quoted(name)} VALUES ({places})", [list(map(stored, row)) for row in rows])
    database.commit()
    database.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in QUERIES else sqlite3.SQLITE_DENY)
    cursor = database.execute(query, parameters)
    found = cursor.fetchmany(most + 1)
    if len(found) > most:
        raise ValueError(f"it gives more than {most} rows")
    return [[column[0] for column in cursor.description], [list(row) for row in found]]


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def stored(value: Any) -> Any:
    """A value as a cell holds it; lists and objects as their JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
