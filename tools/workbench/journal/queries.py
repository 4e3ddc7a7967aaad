"""What screens and reports ask the journal: lists in pages, means and sums. Reads only, each carried by an index.

A page is asked for by the number behind which it begins, so that the last one costs no more than the first.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from toishi.tools.workbench.events import Event
from toishi.tools.workbench.journal.recorder import stored_event


class Reads(Protocol):
    """What a query needs of the journal."""

    def read(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[sqlite3.Row]: ...


@dataclass(frozen=True)
class RunLine:
    """One run in a list. Scores are on validation, and None until they are known; `result` is a JSON object or empty.

    `judged` and `finished` are the JSON bodies of the events that say how it ended, or None.
    """

    id: str
    name: str
    method: str
    status: str
    seed: int
    created: str
    seconds: float
    result: str
    candidates: int
    seed_score: float | None
    best_score: float | None
    judged: str | None
    finished: str | None


@dataclass(frozen=True)
class RolloutLine:
    """One rollout in a list, without its trace; `number` finds the whole."""

    number: int
    candidate: str
    example: str
    replicate: int
    split: str
    score: float
    output: str
    feedback: str
    error: str | None
    tokens: int
    cost: float | None
    seconds: float
    objectives: Mapping[str, float]


@dataclass(frozen=True)
class CandidateMean:
    """Mean score of a candidate's rollouts on a split, how many they are, and what they took."""

    candidate: str
    split: str
    score: float
    rollouts: int
    tokens: int
    cost: float | None


@dataclass(frozen=True)
class Paid:
    """What a run paid one model for one purpose; `cost` is None where any price is unknown."""

    purpose: str
    model: str
    replies: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None


@dataclass(frozen=True)
class StoredEvent:
    """An event with its number, its place among the decisions (None for telemetry), and when it was told (UTC)."""

    number: int
    decision: int | None
    created: str
    event: Event


def run_lines(journal: Reads, *, limit: int) -> list[RunLine]:
    """The newest runs, newest first."""
    rows = journal.read(
        """
        SELECT id, name, method, status, seed, created, seconds, result,
            (SELECT count(*) FROM candidates WHERE run = runs.id) AS candidates,
            (SELECT validation_score FROM candidates WHERE run = runs.id AND number = 0) AS seed_score,
            (SELECT max(validation_score) FROM candidates WHERE run = runs.id AND rows IS NULL) AS best_score,
            (SELECT body FROM events WHERE run = runs.id AND decision IS NOT NULL AND kind = 'judged'
                ORDER BY decision DESC LIMIT 1) AS judged,
            (SELECT body FROM events WHERE run = runs.id AND decision IS NOT NULL AND kind = 'run_finished'
                ORDER BY decision DESC LIMIT 1) AS finished
        FROM runs ORDER BY created DESC, id DESC LIMIT ?
        """,
        (limit,),
    )
    return [RunLine(**dict(row)) for row in rows]


def rollout_lines(
    journal: Reads, run: str, *, candidate: str | None = None, split: str | None = None, after: int = 0, limit: int
) -> list[RolloutLine]:
    """A run's rollouts in the order in which they ended, from the first with a number greater than `after`."""
    return _rollout_lines(journal, run, candidate, split, limit, after=after)


def latest_rollouts(
    journal: Reads, run: str, *, candidate: str | None = None, split: str | None = None, limit: int
) -> list[RolloutLine]:
    """A run's newest rollouts, newest first."""
    return _rollout_lines(journal, run, candidate, split, limit, after=None)


def candidate_means(journal: Reads, run: str) -> list[CandidateMean]:
    """Mean scores by candidate and split."""
    rows = journal.read(
        "SELECT candidate, split, avg(score) AS score, count(*) AS rollouts, sum(tokens) AS tokens, "
        "CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost "
        "FROM rollouts WHERE run = ? GROUP BY candidate, split",
        (run,),
    )
    return [CandidateMean(**dict(row)) for row in rows]


def paid(journal: Reads, run: str) -> list[Paid]:
    """What a run's replies took, by purpose and model."""
    rows = journal.read(
        "SELECT purpose, model, count(*) AS replies, sum(prompt_tokens) AS prompt_tokens, "
        "sum(completion_tokens) AS completion_tokens, CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost "
        "FROM replies WHERE run = ? GROUP BY purpose, model",
        (run,),
    )
    return [Paid(**dict(row)) for row in rows]


def stored_events(journal: Reads, run: str, *, after: int = 0, limit: int) -> list[StoredEvent]:
    """A run's events in order, from the first with a number greater than `after`."""
    rows = journal.read(
        "SELECT number, decision, created, body FROM events WHERE run = ? AND number > ? ORDER BY number LIMIT ?",
        (run, after, limit),
    )
    return [StoredEvent(row["number"], row["decision"], row["created"], stored_event(row)) for row in rows]


_LINE = (
    "number, candidate, example, replicate, split, score, output, feedback, error, tokens, cost, seconds, objectives"
)


def _rollout_lines(
    journal: Reads, run: str, candidate: str | None, split: str | None, limit: int, *, after: int | None
) -> list[RolloutLine]:
    conditions: dict[str, object] = {"run = ?": run}
    if candidate is not None:
        conditions["candidate = ?"] = candidate
    if split is not None:
        conditions["split = ?"] = split
    # The plus keeps SQLite from walking through all the run's rollouts by number where those of one candidate are few.
    number = "+number" if candidate is not None and split is None else "number"
    if after is not None:
        conditions[f"{number} > ?"] = after
    rows = journal.read(
        f"SELECT {_LINE} FROM rollouts WHERE {' AND '.join(conditions)} "
        f"ORDER BY {number}{' DESC' if after is None else ''} LIMIT ?",
        (*conditions.values(), limit),
    )
    return [RolloutLine(**{**dict(row), "objectives": json.loads(row["objectives"])}) for row in rows]
