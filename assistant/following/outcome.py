"""How a run ended, as an exit code and as the next thing that a person may do. Pure."""

from toishi.assistant import exit_codes
from toishi.assistant.following.view import RunView


def exit_code(view: RunView, *, applied: bool = False) -> int:
    """The exit code of `run` and `resume`. An improvement that nobody approved waits for a person."""
    if view.finished is None:
        failed = view.stopped is not None and view.stopped.status == "failed"
        return exit_codes.FAILED if failed else exit_codes.INTERRUPTED
    match view.finished.outcome:
        case "improved":
            return exit_codes.DONE if applied else exit_codes.WAITING
        case "solved":
            return exit_codes.DONE
        case "no_evidence" | "worse":
            return exit_codes.NO_EVIDENCE
        case "budget_spent_before_baseline":
            return exit_codes.BUDGET_SPENT_BEFORE_BASELINE


def status_word(status: str, outcome: str | None, *, alive: bool) -> str:
    """A run's state as one word: `status` is the journal's, `alive` whether its worker runs."""
    if status == "running" and not alive:
        return "interrupted"
    if status == "finished" and outcome is not None:
        words = {"budget_spent_before_baseline": "no baseline", "no_evidence": "no evidence", "worse": "got worse"}
        return words.get(outcome, outcome)
    return status
