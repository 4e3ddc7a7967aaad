"""What a sitting tells, and that a replay searches exactly as long as the first time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.events import CandidateAccepted, Event, PhaseStarted, Progress
from toishi.tools.workbench.journal import Journal, RunRow
from toishi.tools.workbench.sitting import Chronicle, Heartbeat


def accepted(number: int, score: float) -> CandidateAccepted:
    return CandidateAccepted(
        number=number,
        candidate=f"c{number}",
        parents=(),
        texts={"prompt": "Answer."},
        reason="",
        module=None,
        before=None,
        after=None,
        validation_score=score,
    )


STORED: list[Event] = [
    PhaseStarted(phase="baseline"),
    accepted(0, 0.5),
    PhaseStarted(phase="search"),
    accepted(1, 0.25),
    PhaseStarted(phase="test"),
]


def told_to_nobody(event: Event) -> None:
    pass


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        pytest.param([], (0, False), id="nothing"),
        pytest.param(STORED[:2], (0, False), id="a baseline"),
        pytest.param(STORED[:3], (0, False), id="a search without a step"),
        pytest.param(STORED[:4], (1, False), id="a step"),
        pytest.param(STORED, (1, True), id="a search that ended"),
    ],
)
def test_a_sitting_knows_how_far_earlier_ones_searched(stored: list[Event], expected: tuple[int, bool]) -> None:
    assert Chronicle(told_to_nobody, stored).searched_before() == expected


def test_a_heartbeat_tells_what_is_new_and_keeps_the_seconds(journal: Journal) -> None:
    journal.add_run(RunRow("r-1", "Bank messages", "gepa", "running", 0, "{}"))
    told: list[Event] = []
    budget = Budget(Limits(), seconds_before=40.0, clock=lambda: 0.0)
    chronicle = Chronicle(told.append, [])
    heartbeat = Heartbeat(journal, "r-1", budget, chronicle)
    heartbeat.tell()
    heartbeat.tell()
    budget.reserve(rollouts=2, tokens=30).settle(tokens=25, cost=None)
    chronicle(accepted(0, 0.5))
    chronicle(accepted(1, 0.25))
    heartbeat.tell()
    nothing = Progress(rollouts=0, tokens=0, cost=0.0, seconds=40.0, candidates=0, best_validation_score=None)
    assert [event for event in told if isinstance(event, Progress)] == [
        nothing,
        Progress(rollouts=2, tokens=25, cost=None, seconds=40.0, candidates=2, best_validation_score=0.5),
    ]
    journal.set_wanted("r-1", "")
    assert journal.run("r-1").seconds == 40.0


async def test_a_heartbeat_ends_when_somebody_wants_the_run_to_stop(journal: Journal) -> None:
    journal.add_run(RunRow("r-1", "Bank messages", "gepa", "running", 0, "{}"))
    journal.set_wanted("r-1", "cancel")
    heartbeat = Heartbeat(journal, "r-1", Budget(Limits()), Chronicle(told_to_nobody, []))
    await heartbeat.until_stop_is_wanted()
