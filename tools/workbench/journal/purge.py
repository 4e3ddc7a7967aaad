"""Deletes for good: one run, or every trace of some examples. No byte of it stays in the database's files.

Of an **example** the following is deleted: its row in every data set, the rollouts on it, the replies to the messages
of those rollouts, and every other reply whose messages or text quote it (a rewriting, a judgement). Wherever else one
of its texts is quoted (a prompt with examples in it, a candidate, an event, a change) the quotation is blotted out.
Its texts are its id, its values and the sentences of long values, as far as they are long enough to tell and stand in
no example that stays. What a model wrote in words of its own cannot be found.

So a run that knew a purged example is not what it was: it can be looked at and not resumed, and a change that quoted
the example can be neither applied nor undone. Nobody may work on a run meanwhile.
"""

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from toishi.tools.workbench.errors import JournalError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal.quoting import Quotes, telling_texts, values_of
from toishi.tools.workbench.journal.records import example_of, now
from toishi.tools.workbench.journal.schema import PATIENCE_SECONDS, journal_error, open_database

PURGED = "purged-"
"""How the name of a data set begins from which rows were taken: it is no longer the hash of its content."""

# Where a text may be quoted: plain columns, and columns that hold JSON.
QUOTING: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "messages": (("content",), ("tool_calls",)),
    "rollouts": (("output", "feedback", "error"), ("calls",)),
    "candidates": (("reason",), ("texts",)),
    "events": ((), ("body",)),
    "changes": ((), ("files", "evidence")),
    "runs": (("name",), ("task", "result")),
}


@dataclass(frozen=True)
class Purged:
    """How many rows were deleted, and in how many others something was blotted out, by table; zeros are left out.

    `texts` are those that were looked for, for whoever has to find them in other files too.
    """

    deleted: Mapping[str, int]
    blotted: Mapping[str, int]
    texts: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """All rows that were touched."""
        return sum(self.deleted.values()) + sum(self.blotted.values())


def purge_run(path: Path, run: str, *, preview: bool = False, patience: float = PATIENCE_SECONDS) -> Purged:
    """Deletes a run, and of what it shares with others (messages, rows of data, changes) what no other run uses.

    `preview`: tells what would go, and all stays. Its replies go too: another run that took them for free has them in
    its rollouts, and pays where it asks again.
    """

    def purge(connection: sqlite3.Connection) -> Purged:
        connection.execute(
            "UPDATE changes SET run = other.run FROM (SELECT run, json_extract(body, '$.change') AS hash FROM events "
            "WHERE kind = 'change_proposed' AND run != :run) AS other "
            "WHERE changes.run = :run AND changes.hash = other.hash",
            {"run": run},
        )
        mine = ("replies", "rollouts", "candidates", "events", "changes", "batches")
        deleted = {table: _change(connection, f"DELETE FROM {table} WHERE run = :run", run=run) for table in mine}
        deleted["examples"] = _change(
            connection,
            "DELETE FROM examples WHERE data = (SELECT data FROM runs WHERE id = :run) "
            "AND data NOT IN (SELECT data FROM runs WHERE id != :run)",
            run=run,
        )
        deleted["runs"] = _change(connection, "DELETE FROM runs WHERE id = :run", run=run)
        deleted["messages"] = _drop_unused_messages(connection)
        return _purged(deleted, {})

    return _purge(path, f"run {run}", purge, preview, patience)


def purge_examples(
    path: Path,
    goes: Callable[[Example], bool],
    texts: Sequence[str] = (),
    *,
    preview: bool = False,
    patience: float = PATIENCE_SECONDS,
) -> Purged:
    """Deletes every trace of the examples for which `goes` is true and of those that hold one of `texts`.

    `preview`: tells what would go, and all stays. `texts` (a name, an address) are looked for whatever their case, and
    blotted out wherever else they stand.
    """

    def purge(connection: sqlite3.Connection) -> Purged:
        said = Quotes(texts)

        def is_gone(example: Example) -> bool:
            return goes(example) or any(map(said.stand_in, values_of(example)))

        gone = [(data, example) for data, example in _examples(connection) if is_gone(example)]
        remaining = (example for _, example in _examples(connection) if not is_gone(example))
        telling = telling_texts([example for _, example in gone], remaining)
        connection.execute("CREATE TEMP TABLE gone (data TEXT, id TEXT, PRIMARY KEY (data, id))")
        keys = [(data, example.id) for data, example in gone]
        connection.executemany("INSERT OR IGNORE INTO gone VALUES (?, ?)", keys)
        deleted = _drop_gone(connection)
        _teach(connection, Quotes([*texts, *telling]))
        deleted["replies"] += _drop_quoting_replies(connection)
        deleted["messages"] = _drop_unused_messages(connection)
        return _purged(deleted, _blot_quotations(connection), (*texts, *telling))

    return _purge(path, "examples", purge, preview, patience)


def scrub(path: Path, *, patience: float = PATIENCE_SECONDS) -> None:
    """Leaves nothing in the database's files of what was deleted; does nothing where no purge is unfinished.

    Raises `JournalError` where another program reads or writes for longer than `patience` seconds.
    """
    with closing(open_database(path, patience=patience)) as connection, _told(path):
        if not connection.execute("SELECT 1 FROM purges WHERE finished IS NULL").fetchone():
            return
        connection.execute("VACUUM")
        (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise JournalError(
                f"The rows are deleted, but another program holds {path} open, so that their bytes still stand in its "
                "files; close that program, and the next command of toishi removes them"
            )
        connection.execute("UPDATE purges SET finished = ? WHERE finished IS NULL", (now(),))


def _purge(
    path: Path, what: str, purge: Callable[[sqlite3.Connection], Purged], preview: bool, patience: float
) -> Purged:
    """All of it or nothing, and then the scrubbing, which the next `Journal.open` finishes where it is cut off."""
    with closing(open_database(path, patience=patience)) as connection, _told(path):
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("BEGIN IMMEDIATE")
        try:
            purged = purge(connection)
            if preview:
                connection.execute("ROLLBACK")
                return purged
            connection.execute("INSERT INTO purges (what, rows, created) VALUES (?, ?, ?)", (what, purged.rows, now()))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    scrub(path, patience=patience)
    return purged


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise journal_error(path, error) from error


def _change(connection: sqlite3.Connection, sql: str, **values: object) -> int:
    """How many rows a statement changed."""
    return connection.execute(sql, values).rowcount


def _purged(deleted: Mapping[str, int], blotted: Mapping[str, int], texts: Sequence[str] = ()) -> Purged:
    return Purged(_filled(deleted), _filled(blotted), tuple(texts))


def _filled(counts: Mapping[str, int]) -> dict[str, int]:
    return {table: rows for table, rows in counts.items() if rows}


def _examples(connection: sqlite3.Connection) -> Iterator[tuple[str, Example]]:
    """Every stored example with the name of its data set."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    for row in cursor.execute("SELECT * FROM examples"):
        yield row["data"], example_of(row)


def _drop_gone(connection: sqlite3.Connection) -> dict[str, int]:
    """Deletes the examples in `gone`, the rollouts on them, and the replies that only those used."""
    connection.execute(
        "CREATE TEMP TABLE lost AS SELECT rollouts.number FROM rollouts JOIN runs ON runs.id = rollouts.run "
        "JOIN gone ON gone.data = runs.data AND gone.id = rollouts.example"
    )
    # Rollouts name the replies that they rest on, a judge's among them; the oldest only the messages of their calls.
    keys = (
        "SELECT one.value FROM rollouts, json_each(rollouts.replies) AS one "
        "WHERE rollouts.number {} IN (SELECT number FROM lost)"
    )
    conversations = (
        "SELECT json_extract(call.value, '$.messages') FROM rollouts, json_each(rollouts.calls) AS call "
        "WHERE rollouts.number {} IN (SELECT number FROM lost)"
    )
    deleted = {
        "replies": _change(
            connection,
            f"DELETE FROM replies WHERE (key IN ({keys.format('')}) OR messages IN ({conversations.format('')})) "
            f"AND key NOT IN ({keys.format('NOT')}) AND messages NOT IN ({conversations.format('NOT')})",
        ),
        "rollouts": _change(connection, "DELETE FROM rollouts WHERE number IN (SELECT number FROM lost)"),
        "examples": _change(connection, "DELETE FROM examples WHERE (data, id) IN (SELECT data, id FROM gone)"),
    }
    for (data,) in connection.execute("SELECT DISTINCT data FROM gone").fetchall():
        values = {"old": data, "new": PURGED + secrets.token_hex(16)}
        # Under another name, since the name is the hash of a content that may be stored again; and without gaps.
        connection.execute(
            "INSERT INTO examples (data, split, position, id, inputs, expected, fields) "
            "SELECT :new, split, row_number() OVER (PARTITION BY split ORDER BY position) - 1, id, inputs, expected, "
            "fields FROM examples WHERE data = :old",
            values,
        )
        connection.execute("DELETE FROM examples WHERE data = :old", {"old": data})
        connection.execute("UPDATE runs SET data = :new WHERE data = :old", values)
    return deleted


def _teach(connection: sqlite3.Connection, quotes: Quotes) -> None:
    """Makes SQL functions of the quotes."""
    for name, function in (
        ("quoted", quotes.stand_in),
        ("quoted_json", quotes.stand_in_json),
        ("blot", quotes.blot),
        ("blot_json", quotes.blot_json),
    ):
        connection.create_function(name, 1, function, deterministic=True)


def _drop_quoting_replies(connection: sqlite3.Connection) -> int:
    connection.execute(
        "CREATE TEMP TABLE quoting AS SELECT id FROM messages WHERE quoted(content) OR quoted_json(tool_calls)"
    )
    return _change(
        connection,
        "DELETE FROM replies WHERE quoted(text) OR quoted_json(tool_calls) OR quoted_json(tools) OR quoted(schema) "
        "OR EXISTS (SELECT 1 FROM json_each(messages) WHERE value IN (SELECT id FROM quoting))",
    )


def _blot_quotations(connection: sqlite3.Connection) -> dict[str, int]:
    blotted = {}
    for table, (plain, json) in QUOTING.items():
        sets = [f"{name} = blot({name})" for name in plain] + [f"{name} = blot_json({name})" for name in json]
        tests = [f"quoted({name})" for name in plain] + [f"quoted_json({name})" for name in json]
        blotted[table] = _change(connection, f"UPDATE {table} SET {', '.join(sets)} WHERE {' OR '.join(tests)}")
    return blotted


def _drop_unused_messages(connection: sqlite3.Connection) -> int:
    """Deletes the messages that neither a reply nor a rollout names any more."""
    return _change(
        connection,
        "DELETE FROM messages WHERE id NOT IN ("
        "SELECT one.value FROM replies, json_each(replies.messages) AS one UNION "
        "SELECT one.value FROM rollouts, json_each(rollouts.calls) AS call, "
        "json_each(call.value, '$.messages') AS one)",
    )
