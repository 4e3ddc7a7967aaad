"""What a run's limits do to it: what does not fit is not begun, what was begun is cut off, and nothing goes beyond."""

import pytest

from tests.tools.sittings import CONCURRENCY, PRICE, STEADY, TEST, Begin, ScriptedRules
from toishi.tools import worker
from toishi.tools.workbench.events import PhaseStarted, Warned


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        pytest.param(
            "max_rollouts = 59",
            "of the rollouts 11 are left after those of the locked test, and one look at the validation rows needs 12",
            id="rollouts",
        ),
        pytest.param("max_tokens = 100", "max_tokens = 100 leaves", id="tokens"),
    ],
)
def test_a_budget_that_does_not_carry_the_baseline_is_told(begin: Begin, budget: str, sentence: str) -> None:
    project = begin(budget=budget)
    project.sit()
    assert project.end().outcome == "budget_spent_before_baseline"
    assert sentence in project.end().sentence
    assert project.exit_code == worker.FINISHED
    assert "test" not in project.kinds()


def test_a_budget_of_rollouts_that_just_carries_the_baseline_is_kept_to_the_last(begin: Begin) -> None:
    project = begin(budget="max_rollouts = 60")
    project.sit()
    assert "judged" in project.kinds()
    assert len(project.journal.rollouts(project.run)) == 12 + TEST


@pytest.mark.parametrize("gepa", ["", STEADY], ids=["usual", "steady"])
@pytest.mark.parametrize("max_tokens", range(300, 2700, 400))
def test_tokens_are_never_overspent(begin: Begin, max_tokens: int, gepa: str) -> None:
    project = begin(budget=f"max_tokens = {max_tokens}", gepa=gepa)
    project.sit()
    assert project.spent()[0] <= max_tokens
    assert (project.exit_code, project.end().kind) == (worker.FINISHED, "run_finished")


@pytest.mark.parametrize("gepa", ["", STEADY], ids=["usual", "steady"])
@pytest.mark.parametrize("max_tokens", range(300, 2700, 400))
def test_dollars_are_never_overspent(begin: Begin, max_tokens: int, gepa: str) -> None:
    project = begin(budget=f"max_cost = {max_tokens * PRICE}", gepa=gepa)
    project.sit(ScriptedRules(price=PRICE))
    assert project.spent()[1] <= max_tokens * PRICE
    assert project.end().kind == "run_finished"


def test_seconds_cut_off_what_is_in_flight(begin: Begin) -> None:
    project = begin(budget="max_seconds = 2", gepa=STEADY)
    model = project.sit(ScriptedRules(silent_from=30))
    # As many calls as are let in at once, and none after these.
    assert len(model.asked) == 29 + CONCURRENCY
    assert (project.exit_code, project.kinds()[-2:]) == (worker.FINISHED, ["test", "run_finished"])
    assert "the 2 seconds of max_seconds" in project.end().sentence


def test_a_search_ends_while_the_locked_test_is_affordable(begin: Begin) -> None:
    # One proposal might take what the locked test needs, so none is begun.
    project = begin(budget="max_tokens = 700")
    project.sit()
    assert project.kinds()[3:] == ["candidate_accepted", "search", "test", "judged", "run_finished"]
    assert project.result()["search_ended"] == "the rest of the budget is too small for another whole iteration"

    # What is begun is stopped where it would take it after all.
    project = begin(budget="max_tokens = 3000", gepa=STEADY)
    project.sit()
    assert "judged" in project.kinds()
    assert project.result()["search_ended"].endswith("and 399 are kept for the locked test")


def test_a_budget_too_small_to_learn_anything_is_told_before_it_is_spent(begin: Begin) -> None:
    project = begin(budget="max_rollouts = 100")
    project.sit()
    events = [event for _, event in project.journal.events(project.run)]
    warning = next(event for event in events if isinstance(event, Warned))
    assert warning.message.startswith("max_rollouts = 100 is too little to learn much: the locked test takes 48")
    assert events.index(warning) < events.index(PhaseStarted(phase="baseline"))

    project = begin(budget="max_rollouts = 400")
    project.sit()
    assert not [event for _, event in project.journal.events(project.run) if isinstance(event, Warned)]
