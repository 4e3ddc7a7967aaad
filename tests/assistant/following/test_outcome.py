"""How a run ended, as an exit code."""

import pytest

from toishi.assistant.following.outcome import exit_code, status_word
from toishi.assistant.following.view import RunView
from toishi.tools.workbench.events import RunFinished, RunStopped


def finished(outcome: str) -> RunView:
    return RunView(finished=RunFinished.model_validate({"outcome": outcome, "sentence": "So it is."}))


@pytest.mark.parametrize(
    ("view", "applied", "code"),
    [
        pytest.param(finished("improved"), True, 0, id="improved and applied"),
        pytest.param(finished("improved"), False, 5, id="an improvement waits"),
        pytest.param(finished("no_evidence"), False, 3, id="no evidence"),
        pytest.param(finished("worse"), False, 3, id="worse"),
        pytest.param(finished("budget_spent_before_baseline"), False, 4, id="no baseline"),
        pytest.param(RunView(stopped=RunStopped(status="failed", sentence="It broke.")), False, 1, id="failed"),
        pytest.param(RunView(stopped=RunStopped(status="cancelled", sentence="Stopped.")), False, 130, id="cancelled"),
        pytest.param(RunView(), False, 130, id="nobody waited for the end"),
    ],
)
def test_exit_codes(view: RunView, applied: bool, code: int) -> None:
    assert exit_code(view, applied=applied) == code


@pytest.mark.parametrize(
    ("status", "outcome", "alive", "word"),
    [
        ("running", None, True, "running"),
        ("running", None, False, "interrupted"),
        ("cancelled", None, False, "cancelled"),
        ("finished", "improved", False, "improved"),
        ("finished", "no_evidence", False, "no evidence"),
        ("finished", "worse", False, "got worse"),
        ("finished", "budget_spent_before_baseline", False, "no baseline"),
        ("finished", None, False, "finished"),
    ],
)
def test_status_words(status: str, outcome: str | None, alive: bool, word: str) -> None:
    assert status_word(status, outcome, alive=alive) == word
