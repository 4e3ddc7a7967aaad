"""Numbers a run's decisions, so that a replay writes none twice and cannot quietly turn into another run.

What people look up by row follows from the events in the same transaction: candidates, and how a run ended.
"""

import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from toishi.tools.workbench.errors import JournalError
from toishi.tools.workbench.events import (
    DECISIONS,
    CandidateAccepted,
    Event,
    RunFinished,
    RunStopped,
    Unknown,
    parse_event,
)
from toishi.tools.workbench.journal.records import dump, insert, now
from toishi.tools.workbench.journal.writer import Statement

Append = Callable[[Sequence[Statement]], "Future[None]"]


class Recorder:
    """An `Emit`: stores events of one run. Decisions and the end of a sitting are durable when it returns.

    All other telemetry is so soon after.
    """

    def __init__(self, run: str, stored: Sequence[Event], append: Append) -> None:
        self._run = run
        self._stored = stored
        self._append = append
        self._ordinal = 0

    def __call__(self, event: Event) -> None:
        """Raises `JournalError` for a decision that differs from the one stored under its ordinal."""
        if not isinstance(event, DECISIONS):
            written = self._append(self._statements(event, None))
            if isinstance(event, RunStopped):
                written.result()
            return
        ordinal, self._ordinal = self._ordinal, self._ordinal + 1
        if ordinal < len(self._stored):
            self._compare(ordinal, self._stored[ordinal], event)
            return
        self._append(self._statements(event, ordinal)).result()

    def _compare(self, ordinal: int, stored: Event, event: Event) -> None:
        if isinstance(stored, Unknown):
            raise JournalError(
                f"Run {self._run} was continued by a newer toishi ({stored.stored_kind}, version "
                f"{stored.stored_version}); upgrade toishi, or start a new run, for which the recorded replies are free"
            )
        # Both through JSON, as which the stored one was kept.
        if parse_event(event.model_dump_json()) != stored:
            raise JournalError(
                f"The replay of run {self._run} diverged at decision {ordinal}: {stored.kind} is stored and "
                f"{event.kind} came, with other content; start a new run, for which the recorded replies are free"
            )

    def _statements(self, event: Event, ordinal: int | None) -> list[Statement]:
        row = {
            "run": self._run,
            "decision": ordinal,
            "kind": event.kind,
            "version": event.version,
            "body": event.model_dump_json(),
            "created": now(),
        }
        statements = [insert("events", row)]
        if isinstance(event, CandidateAccepted):
            statements.append(_candidate_statement(self._run, event))
        if isinstance(event, RunFinished | RunStopped):
            status = "finished" if isinstance(event, RunFinished) else event.status
            statements.append(("UPDATE runs SET status = ? WHERE id = ?", (status, self._run)))
        return statements


def stored_event(row: sqlite3.Row) -> Event:
    """The event that a row of `events` holds; `JournalError` where it holds none."""
    try:
        return parse_event(row["body"])
    except ValueError as error:
        raise JournalError(
            f"Event {row['number']} of the journal cannot be read ({str(error).splitlines()[0]}); look at it with: "
            f"sqlite3 .toishi/toishi.db 'SELECT * FROM events WHERE number = {row['number']}'"
        ) from error


def _candidate_statement(run: str, event: CandidateAccepted) -> Statement:
    row = {
        "run": run,
        "number": event.number,
        "id": event.candidate,
        "parents": dump(event.parents),
        "reason": event.reason,
        "module": event.module,
        "validation_score": event.validation_score,
        "rows": event.rows,
        "objectives": dump(event.objectives),
        "texts": dump(event.texts),
        "created": now(),
    }
    return insert("candidates", row, or_ignore=True)
