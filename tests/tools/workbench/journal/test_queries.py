"""What screens ask the journal, and that no question makes it read more than it must."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.events import CandidateAccepted, Event, PhaseStarted, RunFinished, Warned
from toishi.tools.workbench.journal import Journal, RunRow
from toishi.tools.workbench.journal.queries import (
    CandidateMean,
    Paid,
    candidate_means,
    latest_rollouts,
    paid,
    rollout_lines,
    run_lines,
    stored_events,
)
from toishi.tools.workbench.models.protocol import Message, Reply, Request
from toishi.tools.workbench.rollout import ModuleCall, Rollout


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


def rollout(number: int, candidate: str, score: float = 1.0, cost: float | None = 0.5) -> Rollout:
    objectives = {"short": 0.25}
    return Rollout(candidate, f"e{number}", 0, f"out {number}", score, "ok", (), 10, cost, 0.1, objectives)


async def add_rollouts(journal: Journal, run: str = "r-1") -> None:
    """Twelve: candidates a and b take turns, the first six on feedback and the others on test."""
    for number in range(12):
        split = "feedback" if number < 6 else "test"
        cost = None if number == 11 else 0.5
        await journal.add_rollout(run, split, rollout(number, "ab"[number % 2], number % 3 / 2, cost))


def accepted(number: int, score: float) -> CandidateAccepted:
    return CandidateAccepted(
        number=number,
        candidate=f"c{number}",
        parents=(),
        texts={},
        reason="",
        module=None,
        before=None,
        after=None,
        validation_score=score,
    )


def test_runs_are_listed_newest_first_with_what_is_known_of_them(journal: Journal) -> None:
    for number in range(3):
        journal.add_run(
            RunRow(f"r-{number}", "Bank", "gepa", "running", number, "{}", created=f"2026-01-0{number + 1}")
        )
    emit = journal.recorder("r-1")
    end = RunFinished(outcome="no_evidence", sentence="No.")
    for event in (accepted(0, 0.5), accepted(1, 0.75), accepted(2, 0.25), end):
        emit(event)
    assert [run.id for run in run_lines(journal, limit=2)] == ["r-2", "r-1"]
    newest, run, _ = run_lines(journal, limit=9)
    assert (run.status, run.seed, run.candidates, run.seed_score, run.best_score) == ("finished", 1, 3, 0.5, 0.75)
    assert (run.finished, run.judged) == (end.model_dump_json(), None)
    assert (newest.candidates, newest.seed_score, newest.finished) == (0, None, None)


async def test_rollouts_come_in_pages(journal: Journal) -> None:
    await add_rollouts(journal, "r-0")
    await add_rollouts(journal)
    pages = []
    after = 0
    while page := rollout_lines(journal, "r-1", after=after, limit=5):
        pages.append([line.example for line in page])
        after = page[-1].number
    assert pages == [["e0", "e1", "e2", "e3", "e4"], ["e5", "e6", "e7", "e8", "e9"], ["e10", "e11"]]
    (line,) = rollout_lines(journal, "r-1", limit=1)
    assert (line.output, line.score, line.split, line.cost, line.objectives) == (
        "out 0",
        0.0,
        "feedback",
        0.5,
        {"short": 0.25},
    )


@pytest.mark.parametrize(
    ("candidate", "split", "examples"),
    [
        pytest.param("a", None, ["e0", "e2", "e4", "e6", "e8", "e10"], id="of a candidate"),
        pytest.param(None, "test", ["e6", "e7", "e8", "e9", "e10", "e11"], id="of a split"),
        pytest.param("b", "test", ["e7", "e9", "e11"], id="of both"),
    ],
)
async def test_rollouts_are_chosen(
    journal: Journal, candidate: str | None, split: str | None, examples: list[str]
) -> None:
    await add_rollouts(journal)
    found = rollout_lines(journal, "r-1", candidate=candidate, split=split, limit=99)
    assert [line.example for line in found] == examples
    behind = rollout_lines(journal, "r-1", candidate=candidate, split=split, after=found[0].number, limit=2)
    assert [line.example for line in behind] == examples[1:3]
    latest = latest_rollouts(journal, "r-1", candidate=candidate, split=split, limit=2)
    assert [line.example for line in latest] == examples[:-3:-1]


async def test_means_are_by_candidate_and_split(journal: Journal) -> None:
    await add_rollouts(journal)
    assert candidate_means(journal, "r-1") == [
        CandidateMean("a", "feedback", 0.5, 3, 30, 1.5),
        CandidateMean("a", "test", 0.5, 3, 30, 1.5),
        CandidateMean("b", "feedback", 0.5, 3, 30, 1.5),
        CandidateMean("b", "test", 0.5, 3, 30, None),
    ]
    assert candidate_means(journal, "r-2") == []


async def test_what_was_paid_is_by_purpose_and_model(journal: Journal) -> None:
    for number, (purpose, model, cost) in enumerate(
        [("rollout", "m", 0.5), ("rollout", "m", 0.25), ("judge", "m", 1.0), ("judge", "n", None)]
    ):
        request = Request(model, (Message("user", str(number)),))
        await journal.add_reply("r-1", purpose, request, Reply("yes", "stop", 10, 2, cost, 0.1))
    assert paid(journal, "r-1") == [
        Paid("judge", "m", 1, 10, 2, 1.0),
        Paid("judge", "n", 1, 10, 2, None),
        Paid("rollout", "m", 2, 20, 4, 0.75),
    ]


def test_events_come_in_pages_with_their_time(journal: Journal) -> None:
    emit = journal.recorder("r-1")
    told: list[Event] = [PhaseStarted(phase="loading"), Warned(message="slow"), PhaseStarted(phase="baseline")]
    for event in told:
        emit(event)
    assert journal.last_event("r-1") == 3
    assert journal.last_event("r-2") == 0
    first, second = stored_events(journal, "r-1", limit=2)
    assert [first.event, second.event] == told[:2]
    assert (first.decision, second.decision) == (0, None)
    assert first.created.startswith("20")
    (third,) = stored_events(journal, "r-1", after=second.number, limit=2)
    assert (third.event, third.decision) == (told[2], 1)


async def test_a_rollout_is_found_by_its_number(journal: Journal) -> None:
    messages = (Message("system", "Answer."), Message("user", "hello"))
    call = ModuleCall("prompt", {"text": "hello"}, messages, Reply("hi", "stop", 3, 1, 0.0, 0.1))
    whole = Rollout("c", "e", 0, "hi", 1.0, "correct", (call,), 4, 0.0, 0.1)
    await journal.add_rollout("r-1", "test", whole)
    assert journal.rollout_numbered("r-1", 1) == ("test", whole)
    assert journal.rollout_numbered("r-1", 2) is None
    assert journal.rollout_numbered("r-2", 1) is None


async def test_a_candidate_is_named_by_its_number_or_its_id(journal: Journal) -> None:
    journal.recorder("r-1")(accepted(0, 0.5))
    for candidate in ("c0", "beef01", "beef02"):
        await journal.add_rollout("r-1", "test", rollout(1, candidate))
    assert journal.candidate_id("r-1", "0") == "c0"
    assert journal.candidate_id("r-1", "beef01") == "beef01"
    with pytest.raises(UsageError, match="has more than one candidate 'beef'; `toishi show r-1` lists them by number"):
        journal.candidate_id("r-1", "beef")
    with pytest.raises(UsageError, match="has no candidate '7'"):
        journal.candidate_id("r-1", "7")


class Plans:
    """Stands before a journal and keeps SQLite's plan for everything that is read."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.steps: list[str] = []

    def read(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[sqlite3.Row]:
        self.steps += [row["detail"] for row in self.journal.read(f"EXPLAIN QUERY PLAN {sql}", values)]
        return self.journal.read(sql, values)


async def test_no_question_walks_through_a_whole_table(journal: Journal) -> None:
    await add_rollouts(journal)
    plans = Plans(journal)
    for candidate in (None, "a"):
        for split in (None, "test"):
            rollout_lines(plans, "r-1", candidate=candidate, split=split, after=3, limit=5)
            latest_rollouts(plans, "r-1", candidate=candidate, split=split, limit=5)
    stored_events(plans, "r-1", after=3, limit=5)
    candidate_means(plans, "r-1")
    paid(plans, "r-1")
    assert plans.steps
    assert [step for step in plans.steps if step.startswith("SCAN")] == []
    means = [step for step in plans.steps if "COVERING INDEX" in step]
    assert len(means) >= 2, "means and sums are read from an index alone"


async def test_the_runs_are_listed_along_an_index(journal: Journal) -> None:
    plans = Plans(journal)
    run_lines(plans, limit=5)
    assert [step for step in plans.steps if step.startswith("SCAN")] == ["SCAN runs USING INDEX idx_runs_created_id"]
    assert not any("TEMP B-TREE" in step for step in plans.steps)
