"""The journal of one project folder: runs, replies, rollouts, events, examples, in one SQLite database.

It stores and finds; what a row means is its caller's. Everything that cost anything is appended here before it is used,
and what an append returned from survives `kill -9`.
"""

import asyncio
import difflib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

from toishi.tools.workbench.errors import JournalError, UsageError
from toishi.tools.workbench.events import Emit, Event
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import purge, records
from toishi.tools.workbench.journal.examples import StoredExamples
from toishi.tools.workbench.journal.purge import Purged
from toishi.tools.workbench.journal.recorder import Recorder, stored_event
from toishi.tools.workbench.journal.records import RunRow, RunStatus, StoredReply
from toishi.tools.workbench.journal.schema import damaged, journal_error, open_database
from toishi.tools.workbench.journal.writer import Statement, Writer
from toishi.tools.workbench.models.protocol import Reply, Request
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.settings import journal_file, link_out_of

EXAMPLES_AT_A_TIME = 1000


class Journal:
    """Reads are plain and indexed; appends go through one writer thread in groups. Several processes may share it."""

    @classmethod
    def open(cls, project: Path) -> "Journal":
        """The journal of a project folder, made where it is missing, with half-done changes and purges finished.

        Raises `JournalError` where it is not writable, damaged, locked or from a newer toishi, and `UsageError` where
        the folder does not exist, or a link would lead what is written out of it.
        """
        if not project.is_dir():
            raise UsageError(f"The project folder {project} does not exist")
        link = link_out_of(project)
        if link is not None:
            raise UsageError(f"{link} is a link that leads out of the project to {link.resolve()}; remove it")
        journal = cls(project)
        try:
            if journal.read("SELECT 1 FROM changes WHERE status IN ('applying', 'undoing') LIMIT 1"):
                # Changes stand on the journal; only here does it need them.
                from toishi.tools.workbench.changes import recover

                recover(journal, project)
            if journal.read("SELECT 1 FROM purges WHERE finished IS NULL LIMIT 1"):
                # Where somebody else reads at this moment, it is left to the next one.
                with suppress(JournalError):
                    purge.scrub(journal.path, patience=0.0)
        except BaseException:
            journal.close()
            raise
        return journal

    def __init__(self, project: Path) -> None:
        self.project = project
        self.path = journal_file(project)
        self._reader = open_database(self.path)
        self._reader.row_factory = sqlite3.Row
        self._writer = Writer(open_database(self.path), self.path)

    def close(self) -> None:
        """Writes what is on its way, then closes. May be called twice."""
        self._writer.close()
        self._reader.close()

    def read(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[sqlite3.Row]:
        """The rows that a query gives; `JournalError` where the database cannot be read."""
        try:
            return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise journal_error(self.path, error) from error

    def check(self) -> None:
        """Looks at every page; raises `JournalError` where one is damaged."""
        found = str(self.read("PRAGMA quick_check(1)")[0][0])
        if found != "ok":
            raise damaged(self.path, found.splitlines()[-1])

    def write(self, statements: Sequence[Statement]) -> None:
        """All statements or none; durable when it returns."""
        self._writer.append(statements).result()

    async def _write_async(self, statements: Sequence[Statement]) -> None:
        # What was paid is written also when whoever waits for it is cancelled.
        await asyncio.shield(asyncio.wrap_future(self._writer.append(statements)))

    # Runs

    def add_run(self, run: RunRow) -> None:
        """A new run; `created` is filled in where it is empty."""
        self.write([records.insert("runs", asdict(replace(run, created=run.created or records.now())))])

    def run(self, run_id: str) -> RunRow:
        """By its id, a beginning or an ending of it that only one run has, or `last`.

        Raises `UsageError` with the nearest ids where there is none.
        """
        found = self.newest_run() if run_id == "last" else self._run(run_id)
        return found or self._run_named(run_id)

    def newest_run(self, *, but: Collection[str] = ()) -> RunRow | None:
        """The run that was made last, of all whose method is not among `but`."""
        marks = ", ".join("?" * len(but))
        sql = f"SELECT * FROM runs WHERE method NOT IN ({marks}) ORDER BY created DESC, id DESC LIMIT 1"
        return next((RunRow(**dict(row)) for row in self.read(sql, tuple(but))), None)

    def has_run(self, run_id: str) -> bool:
        """Whether there is a run with this very id."""
        return bool(self.read("SELECT 1 FROM runs WHERE id = ?", (run_id,)))

    def runs(self) -> list[RunRow]:
        """All runs, oldest first."""
        return [RunRow(**dict(row)) for row in self.read("SELECT * FROM runs ORDER BY created, id")]

    def _run(self, run: str) -> RunRow | None:
        return next((RunRow(**dict(row)) for row in self.read("SELECT * FROM runs WHERE id = ?", (run,))), None)

    def _run_named(self, part: str) -> RunRow:
        known = [str(row["id"]) for row in self.read("SELECT id FROM runs ORDER BY created, id")]
        if not known:
            raise UsageError("There is no run in this project yet; start one with: toishi run TASK.toml")
        matches = [one for one in known if part and (one.startswith(part) or one.endswith(part))]
        if len(matches) > 1:
            raise UsageError(f"{part!r} may be any of the runs {', '.join(matches[-5:])}; give more of the id")
        found = self._run(matches[0]) if matches else None
        if found is None:
            nearest = difflib.get_close_matches(part, known, n=3, cutoff=0.5) or known[-3:]
            raise UsageError(f"There is no run {part!r}; did you mean {' or '.join(nearest)}?")
        return found

    def set_status(self, run: str, status: RunStatus, *, pid: int | None = None) -> None:
        """Where a run stands, and its worker's process; how it ended is told by its last event instead."""
        self.write([("UPDATE runs SET status = ?, pid = coalesce(?, pid) WHERE id = ?", (status, pid, run))])

    def set_result(self, run: str, result: Mapping[str, object]) -> None:
        """What came of a run, as a JSON object for people and reports."""
        self.write([("UPDATE runs SET result = ? WHERE id = ?", (records.dump(dict(result)), run))])

    def set_seconds(self, run: str, seconds: float) -> None:
        """How long the run has taken over all sittings; written soon, not waited for."""
        self._writer.append([("UPDATE runs SET seconds = ? WHERE id = ?", (seconds, run))])

    def set_wanted(self, run: str, wanted: str) -> None:
        """What a person wants of a run: `cancel`, or nothing."""
        self.write([("UPDATE runs SET wanted = ? WHERE id = ?", (wanted, run))])

    def wanted(self, run: str) -> str:
        """What a person wants of a run: `cancel`, or nothing. Cheap enough to be asked several times a second."""
        return str(self.read("SELECT wanted FROM runs WHERE id = ?", (run,))[0]["wanted"])

    # Replies

    async def add_reply(self, run: str, purpose: str, request: Request, reply: Reply) -> None:
        """Stores what a model answered; durable when it returns."""
        await self._write_async(records.reply_statements(run, purpose, request, reply))

    def find_reply(self, key: str, run: str = "") -> StoredReply | None:
        """The reply to a request with this key: `run`'s own where it has one, else the oldest."""
        rows = self.read("SELECT * FROM replies WHERE key = ? ORDER BY run != ?, created LIMIT 1", (key, run))
        return StoredReply(records.reply_of(rows[0]), rows[0]["run"]) if rows else None

    # Rollouts

    async def add_rollout(self, run: str, split: str, rollout: Rollout) -> None:
        """Stores one rollout; durable when it returns. One that is already there stays as it is."""
        await self._write_async(records.rollout_statements(run, split, rollout))

    def find_rollout(self, run: str, candidate: str, example: str, replicate: int) -> Rollout | None:
        """The rollout of one candidate on one example in this run."""
        rows = self.read(
            "SELECT * FROM rollouts WHERE run = ? AND candidate = ? AND example = ? AND replicate = ?",
            (run, candidate, example, replicate),
        )
        return records.rollout_of(rows[0], self._messages(rows)) if rows else None

    def rollout_numbered(self, run: str, number: int) -> tuple[str, Rollout] | None:
        """A rollout of this run by its number, with its split."""
        rows = self.read("SELECT * FROM rollouts WHERE number = ? AND run = ?", (number, run))
        return (rows[0]["split"], records.rollout_of(rows[0], self._messages(rows))) if rows else None

    def candidate_id(self, run: str, name: str) -> str:
        """The id of the candidate that has this number in the run's pool, or whose id begins so.

        Raises `UsageError` where there is none, or more than one.
        """
        rows = self.read("SELECT id FROM candidates WHERE run = ? AND number = ?", (run, name)) or self.read(
            "SELECT DISTINCT candidate AS id FROM rollouts WHERE run = :run AND candidate >= :name "
            "AND candidate < :name || char(1114111) LIMIT 2",
            {"run": run, "name": name},
        )
        if len(rows) != 1:
            how = "no" if not rows else "more than one"
            raise UsageError(f"Run {run} has {how} candidate {name!r}; `toishi show {run}` lists them by number")
        return str(rows[0]["id"])

    def rollouts(self, run: str, *, candidate: str | None = None, split: str | None = None) -> list[Rollout]:
        """A run's rollouts in the order in which they ended."""
        wanted = {"run": run, "candidate": candidate, "split": split}
        conditions = {f"{column} = ?": value for column, value in wanted.items() if value is not None}
        # The plus lets SQLite look for the candidate, and not walk through the run in the order of numbers.
        rows = self.read(
            f"SELECT * FROM rollouts WHERE {' AND '.join(conditions)} ORDER BY +number", tuple(conditions.values())
        )
        messages = self._messages(rows)
        return [records.rollout_of(row, messages) for row in rows]

    def mean_spent(self, run: str, candidate: str, split: str) -> tuple[float, float]:
        """Mean tokens and US dollars of a candidate's rollouts on a split; an unknown price counts as 0."""
        (row,) = self.read(
            "SELECT coalesce(avg(tokens), 0) AS tokens, coalesce(avg(coalesce(cost, 0)), 0) AS cost FROM rollouts "
            "WHERE run = ? AND candidate = ? AND split = ?",
            (run, candidate, split),
        )
        return row["tokens"], row["cost"]

    def _messages(self, rows: Sequence[sqlite3.Row]) -> records.MessagesOf:
        """Looks up the messages that some rows of `rollouts` name."""
        wanted = {one for row in rows for call in json.loads(row["calls"]) for one in call["messages"]}
        found = {
            row["id"]: records.message_of(row)
            for row in self.read(
                "SELECT * FROM messages WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(wanted)),)
            )
        }
        return lambda ids: tuple(found[one] for one in ids)

    # Events

    def recorder(self, run: str) -> Emit:
        """Where a run's events go. Decisions are numbered; those already stored are compared, not written again."""
        return Recorder(run, self.decisions(run), self._writer.append)

    def events(self, run: str, after: int = 0) -> list[tuple[int, Event]]:
        """A run's events with a number greater than `after`, in order, each with its number."""
        rows = self.read("SELECT number, body FROM events WHERE run = ? AND number > ? ORDER BY number", (run, after))
        return [(row["number"], stored_event(row)) for row in rows]

    def last_event(self, run: str) -> int:
        """The number of the run's newest event, 0 where there is none."""
        return int(self.read("SELECT coalesce(max(number), 0) FROM events WHERE run = ?", (run,))[0][0])

    def decisions(self, run: str) -> list[Event]:
        """A run's decisions in order."""
        rows = self.read(
            "SELECT number, body FROM events WHERE run = ? AND decision IS NOT NULL ORDER BY decision", (run,)
        )
        return [stored_event(row) for row in rows]

    # Examples

    def add_examples(self, data: str, splits: Mapping[str, Iterable[Example]]) -> None:
        """Stores the rows of a run by split, some at a time: they may be more than fit into memory.

        `data` is their content's hash: what is there already is equal, so one that was cut off is made whole by
        another.
        """
        for split, examples in splits.items():
            rows = (
                records.example_statement(data, split, position, example) for position, example in enumerate(examples)
            )
            while chunk := list(islice(rows, EXAMPLES_AT_A_TIME)):
                self.write(chunk)

    def examples(self, data: str, split: str) -> Sequence[Example]:
        """The rows of one split, in order, read as they are wanted; `data` is `RunRow.data`."""
        return StoredExamples(self.read, data, split)

    # Purges

    def purge_run(self, run: str, *, preview: bool = False) -> Purged:
        """Deletes a run for good, with all that it alone uses; see `journal.purge`. Nobody may work on it meanwhile.

        `preview`: tells what would go, and all stays.
        """
        return purge.purge_run(self.path, run, preview=preview)

    def purge_examples(
        self, goes: Callable[[Example], bool], texts: Sequence[str] = (), *, preview: bool = False
    ) -> Purged:
        """Deletes for good every trace of the examples for which `goes` is true, and of those that hold one of `texts`.

        `texts` are also blotted out wherever else they stand; see `journal.purge`. `preview`: tells what would go, and
        all stays. No run may be alive meanwhile.
        """
        return purge.purge_examples(self.path, goes, texts, preview=preview)
