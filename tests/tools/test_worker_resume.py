"""A sitting after an interruption at any call: the same decisions, nothing paid twice, no limit exceeded."""

import pytest

from tests.tools.sittings import NOISY, PRICE, STEADY, TEST, Begin, ScriptedRules, interrupt
from toishi.tools import worker
from toishi.tools.workbench.events import Event, PhaseStarted, RunStarted


@pytest.mark.parametrize(
    "budget",
    [
        pytest.param("max_rollouts = 200", id="rollouts"),
        # Ends the search, by what is in flight, in the midst of an iteration.
        pytest.param("max_tokens = 1500", id="tokens"),
    ],
)
def test_a_run_that_was_interrupted_at_some_call_ends_like_an_undisturbed_one(begin: Begin, budget: str) -> None:
    undisturbed = begin(budget=budget, models="concurrency = 1")
    calls = len(undisturbed.sit().asked)
    expected = undisturbed.journal.decisions(undisturbed.run)[1:]
    for moment in range(1, calls + 1, calls // 7):
        project = begin(budget=budget, models="concurrency = 1")
        first = project.sit(ScriptedRules({moment: interrupt}))
        assert (project.exit_code, project.stopped().status) == (worker.CANCELLED, "cancelled")
        second = project.sit()
        assert project.exit_code == worker.FINISHED
        assert project.journal.decisions(project.run)[1:] == expected
        # The call that was cut off is paid again, and no other.
        assert len(first.asked) + len(second.asked) <= calls + 1


def test_with_proposals_side_by_side_an_interrupted_run_ends_like_an_undisturbed_one(begin: Begin) -> None:
    project = begin(budget="max_rollouts = 300", gepa=STEADY, models=f"concurrency = 1\n{NOISY}")
    calls = len(project.sit(ScriptedRules(luck=True)).asked)
    expected, done = project.journal.decisions(project.run)[1:], project.done()
    for moment in range(1, calls + 1, calls // 20):
        project = begin(budget="max_rollouts = 300", gepa=STEADY, models=f"concurrency = 8\n{NOISY}")
        project.sit(ScriptedRules({moment: interrupt}, pace=moment, luck=True))
        assert project.exit_code == worker.CANCELLED
        paid = project.paid()
        second = project.sit(ScriptedRules(pace=-moment, luck=True))
        assert project.exit_code == worker.FINISHED
        assert project.journal.decisions(project.run)[1:] == expected
        assert project.done() == done
        assert not paid & {request.key for request in second.asked}


@pytest.mark.parametrize("budget", ["max_tokens = 6000", f"max_cost = {6000 * PRICE}"], ids=["tokens", "dollars"])
def test_a_limit_holds_over_all_sittings_together(begin: Begin, budget: str) -> None:
    for moment in range(10, 190, 20):
        project = begin(budget=budget, gepa=STEADY, models="concurrency = 8")
        decided: list[Event] = []
        for sitting in range(3):
            interruption = {moment: interrupt} if sitting < 2 else {}
            project.sit(ScriptedRules(interruption, pace=moment + sitting, price=PRICE))
            assert project.journal.decisions(project.run)[: len(decided)] == decided
            if project.exit_code == worker.FINISHED:
                break
            assert project.exit_code == worker.CANCELLED
            decided = project.journal.decisions(project.run)
        tokens, cost = project.spent()
        assert tokens <= 6000
        assert (project.result()["tokens"], project.result()["cost"]) == (tokens, pytest.approx(cost))


def test_what_was_paid_in_vain_counts_in_later_sittings_too(begin: Begin) -> None:
    # The search ends while proposals are in flight, as nothing can be better than what was found.
    project = begin(gepa=STEADY, models="concurrency = 8")
    calls = len(project.sit(ScriptedRules(pace=1)).asked)
    assert project.result()["search_ended"] == "the best candidate is perfect on the whole validation set"
    expected = project.journal.decisions(project.run)[1:]

    project = begin(gepa=STEADY, models="concurrency = 8")
    project.sit(ScriptedRules({calls - TEST: interrupt}, pace=1))
    assert project.kinds()[-1] == "test"
    project.sit(ScriptedRules(pace=2))
    assert project.journal.decisions(project.run)[1:] == expected
    assert project.result()["rollouts"] == len(project.done())
    assert project.result()["tokens"] == project.spent()[0]


@pytest.mark.parametrize("phase", ["finals", "test"])
def test_a_search_that_ended_before_an_interruption_is_not_taken_up_again(begin: Begin, phase: str) -> None:
    project = begin(budget="max_rollouts = 400", gepa=STEADY, models=NOISY)

    def interrupt_in_phase() -> None:
        if project.kinds()[-1] == phase:
            interrupt()

    first = project.sit(ScriptedRules(dict.fromkeys(range(1, 1000), interrupt_in_phase), pace=1, luck=True))
    assert (project.exit_code, project.kinds()[-1]) == (worker.CANCELLED, phase)
    assert project.splits_of(first) >= {"reflection", "feedback", "validation"}
    second = project.sit(ScriptedRules(luck=True))
    assert project.exit_code == worker.FINISHED
    assert project.splits_of(second) == ({"validation", "test"} if phase == "finals" else {"test"})


def test_a_search_that_ended_in_an_earlier_sitting_does_not_go_on_in_the_next(begin: Begin) -> None:
    # Stands for one that the clock ended: the next sitting could afford more.
    shorter = begin(gepa="max_iterations = 2")
    shorter.sit()
    project = begin()
    emit = project.journal.recorder(project.run)
    for event in shorter.journal.decisions(shorter.run):
        emit(event.model_copy(update={"run": project.run}) if isinstance(event, RunStarted) else event)
        if event == PhaseStarted(phase="test"):
            break
    project.sit()
    assert project.exit_code == worker.FINISHED
    assert project.journal.decisions(project.run)[1:] == shorter.journal.decisions(shorter.run)[1:]


@pytest.mark.parametrize(
    ("gepa", "concurrency", "moment"),
    [pytest.param("", 1, 30, id="one after the other"), pytest.param(STEADY, 8, 120, id="side by side")],
)
def test_a_replay_takes_what_is_recorded_although_the_time_is_over(
    begin: Begin, gepa: str, concurrency: int, moment: int
) -> None:
    project = begin(budget="max_seconds = 1000", gepa=gepa, models=f"concurrency = {concurrency}")
    project.sit(ScriptedRules({moment: interrupt}))
    before = project.kinds()
    project.journal.set_seconds(project.run, 1001.0)
    project.journal.set_wanted(project.run, "")
    assert project.sit().asked == []
    assert project.kinds()[: len(before)] == before
    assert project.end().sentence.startswith("The budget ended before the locked test did, so nothing is proved: the ")
