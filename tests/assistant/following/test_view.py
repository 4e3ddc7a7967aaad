"""The fold of a run's events into what a person wants to know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.assistant.conftest import SEED, accepted, story
from toishi.assistant.following.view import RunView, fold
from toishi.tools.workbench.events import (
    Event,
    PhaseStarted,
    Progress,
    ProposalRejected,
    RunStarted,
    RunStopped,
    Warned,
)


def plan(**limits: float | None) -> RunStarted:
    everything = {"max_rollouts": None, "max_tokens": None, "max_cost": None, "max_seconds": None, **limits}
    sizes = {"feedback_examples": 1, "validation_examples": 1, "test_examples": 1}
    return RunStarted.model_validate({"run": "r", "method": "gepa", "seed": 0, **sizes, **everything})


def progress(rollouts: int, *, tokens: int = 0, cost: float | None = 0.0, seconds: float = 0.0) -> Progress:
    return Progress(
        rollouts=rollouts, tokens=tokens, cost=cost, seconds=seconds, candidates=1, best_validation_score=None
    )


def test_a_whole_run_is_told_in_figures() -> None:
    view = fold(story())

    assert (view.rollouts, view.tokens, view.cost, view.seconds) == (60, 2640, 0.0, 9.0)
    assert (view.pool, view.rejected) == (3, 1)
    assert (view.seed_score, view.best_score) == (0.5, 0.75)
    assert view.history == ((0, 0.5), (20, 0.75))
    assert [verdict.accepted for verdict in view.verdicts] == [False, True, True]
    assert view.finished is not None
    assert view.seconds_left == 0.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_best_score_is_the_highest_and_the_history_only_rises(scores: list[float]) -> None:
    view = fold([accepted(number, SEED, score, (0,) if number else ()) for number, score in enumerate(scores)])

    heights = [score for _, score in view.history]
    assert view.best_score == max(scores) == heights[-1]
    assert heights == sorted(set(heights))
    assert view.pool == len(scores)


@pytest.mark.parametrize(
    ("limits", "spent", "left"),
    [
        pytest.param({"max_rollouts": 100}, progress(25, seconds=10), 30.0, id="rollouts"),
        pytest.param({"max_tokens": 1000}, progress(25, tokens=500, seconds=10), 10.0, id="tokens"),
        pytest.param({"max_cost": 2.0}, progress(25, cost=0.5, seconds=10), 30.0, id="money"),
        pytest.param({"max_seconds": 40.0}, progress(25, seconds=10), 30.0, id="seconds"),
        pytest.param({"max_rollouts": 100, "max_seconds": 20.0}, progress(25, seconds=10), 10.0, id="the scarcest"),
        pytest.param({}, progress(25, seconds=10), None, id="no limit"),
        pytest.param({"max_cost": 2.0}, progress(25, cost=None, seconds=10), None, id="unknown price"),
        pytest.param({"max_rollouts": 100}, progress(0, seconds=10), None, id="nothing spent yet"),
    ],
)
def test_the_end_is_estimated_from_the_scarcest_limit(
    limits: dict[str, float], spent: Progress, left: float | None
) -> None:
    assert fold([plan(**limits), spent]).seconds_left == left


def test_a_stop_holds_until_the_next_sitting_says_something() -> None:
    stopped: list[Event] = [plan(), PhaseStarted(phase="search"), RunStopped(status="cancelled", sentence="Stopped.")]

    assert fold(stopped).stopped is not None
    assert fold([*stopped, progress(1)]).stopped is None
    assert fold([*stopped, progress(1)]).phase == "search"


def test_rounds_without_a_proposal_are_counted_apart() -> None:
    rejected = next(event for event in story() if isinstance(event, ProposalRejected))
    skipped = rejected.model_copy(update={"cause": "skipped"})

    view = fold([rejected, skipped, skipped])

    assert (view.rejected, view.skipped, len(view.verdicts)) == (1, 2, 1)


def test_warnings_are_kept() -> None:
    assert fold([Warned(message="one"), Warned(message="two")]).warnings == ("one", "two")


def test_nothing_is_known_before_the_first_event() -> None:
    assert RunView().share_spent is None
    assert RunView().seconds_left is None
