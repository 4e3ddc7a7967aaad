"""Runs as processes over a server of their own, killed with `kill -9` and looked at in between.

A run's process, the server's and the one that looks are three; what is known of a run is read from its journal while
nobody else has it open, and what was asked from the server. It knows nothing of what a run is about.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tests.servers.running import ModelServer
from toishi.tools.workbench.events import Event, RunStarted
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.seeds import derive_seed

Scores = dict[tuple[str, str, int, str], float]
"""By candidate, example, replicate and split."""

PAUSE_SECONDS = 0.002


@dataclass(frozen=True)
class Outcome:
    """What a run holds in the end, as far as two runs of the same task and seed must agree."""

    scores: Scores
    decisions: tuple[Event, ...]
    candidates: tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class Recorded:
    """What stands in the journal between two sittings: scores, decisions, how many replies to each request."""

    scores: Scores
    decisions: tuple[Event, ...]
    replies: Counter[str]


@dataclass(frozen=True)
class Trial:
    """One project with one run, over a server of its own. Nobody but the run's process has the journal open."""

    project: Path
    server: ModelServer
    run: str

    def start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-m", "toishi.tools.worker", self.run, "--project", str(self.project)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def until_finished(self) -> int:
        """Sittings until the run has finished; more than one where it gave its endpoint up."""
        sittings = 1
        while self.start().wait() != 0:
            sittings += 1
        return sittings

    def recorded(self) -> Recorded:
        """Reads what a sitting left; raises where the database is not whole."""
        with closing(Journal.open(self.project)) as journal:
            journal.check()
            texts = {row["id"]: (row["role"], row["content"]) for row in journal.read("SELECT * FROM messages")}
            replies = Counter(
                _request([texts[one] for one in json.loads(row["messages"])], _seed_sent(row))
                for row in journal.read("SELECT * FROM replies")
            )
            return Recorded(self._scores(journal), self._decisions(journal), replies)

    def outcome(self) -> Outcome:
        with closing(Journal.open(self.project)) as journal:
            rows = journal.read("SELECT number, id, parents, validation_score FROM candidates ORDER BY number")
            return Outcome(self._scores(journal), self._decisions(journal), tuple(tuple(row) for row in rows))

    def asked(self, since: int = 0) -> Counter[str]:
        """How often the server was asked each request, from a number of its calls on."""
        return Counter(
            _request([(one["role"], one["content"]) for one in call["messages"]], call.get("seed"))
            for call in self.server.calls()[since:]
        )

    def _scores(self, journal: Journal) -> Scores:
        rows = journal.read(
            "SELECT candidate, example, replicate, split, score FROM rollouts WHERE run = ?", (self.run,)
        )
        return {tuple(row)[:4]: row["score"] for row in rows}

    def _decisions(self, journal: Journal) -> tuple[Event, ...]:
        return tuple(_without_name(event) for event in journal.decisions(self.run))


def _request(messages: list[tuple[str, str]], seed: int | None) -> str:
    """What tells requests apart on their way: equal ones that are drawn anew differ in the seed that they carry."""
    return json.dumps([messages, seed])


def _seed_sent(row: sqlite3.Row) -> int | None:
    """The seed that a recorded request carried; greedy ones carry none."""
    return derive_seed(row["seed"], row["key"], row["replicate"]) % 2**31 if row["temperature"] else None


def _without_name(event: Event) -> Event:
    """A decision without the run's id, which no two runs share."""
    return event.model_copy(update={"run": ""}) if isinstance(event, RunStarted) else event


def compared(before: Outcome, after: Outcome) -> Counter[str]:
    """In how many places two runs of the same task and seed differ; rollouts on one side only count as changed."""
    keys = before.scores.keys() | after.scores.keys()
    return Counter(
        changed_scores=sum(before.scores.get(key) != after.scores.get(key) for key in keys),
        lost_rollouts=len(before.scores.keys() - after.scores.keys()),
        changed_decisions=sum(one != other for one, other in zip_longest(before.decisions, after.decisions)),
        changed_candidates=sum(one != other for one, other in zip_longest(before.candidates, after.candidates)),
    )


def kill_at(process: "subprocess.Popen[bytes]", server: ModelServer, calls: int, delay: float) -> bool:
    """Kills so many seconds after the server's call of this number; False where the process ended before."""
    while process.poll() is None and server.state()["calls"] < calls:
        time.sleep(PAUSE_SECONDS)
    time.sleep(delay)
    if process.poll() is not None:
        return False
    process.kill()
    return True


def twice(asked: Counter[str], known: Counter[str], recorded: Counter[str]) -> int:
    """How many requests of a sitting asked for what was `known` before it.

    What is known may be asked once more as another request with the same words, where it is greedy and carries no seed;
    its reply is then `recorded` too.
    """
    return sum(max(0, asked[one] - (recorded[one] - known[one])) for one in asked if known[one])
