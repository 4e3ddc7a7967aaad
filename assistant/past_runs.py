"""The runs of a project as one row each."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.assistant import wording
from toishi.assistant.find_run import EVALUATION
from toishi.assistant.outcome import status_word
from toishi.assistant.snapshot import result_of
from toishi.tools.workbench.events import CandidateAccepted, Judged, RunFinished
from toishi.tools.workbench.runs import is_alive

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal, RunRow

COLUMNS = ("run", "started", "method", "status", "validation", "test", "time", "task")
RIGHT = ("time",)


def past_runs(journal: "Journal", project: Path) -> list[dict[str, Any]]:
    """All runs, newest first, as `toishi runs --json` gives them; scores are None until they are known."""
    return [_row(journal, project, run) for run in reversed(journal.runs())]


def _row(journal: "Journal", project: Path, run: "RunRow") -> dict[str, Any]:
    decisions = journal.decisions(run.id)
    pool = [event.validation_score for event in decisions if isinstance(event, CandidateAccepted)]
    judged = next((event for event in decisions if isinstance(event, Judged)), None)
    outcome = next((event.outcome for event in decisions if isinstance(event, RunFinished)), None)
    alive = run.status == "running" and is_alive(project, run.id)
    figures = {
        "validation_seed": pool[0] if pool else None,
        "validation_best": max(pool) if pool else None,
        "test_seed": judged.seed_score if judged else None,
        "test_best": judged.best_score if judged else None,
        "interval": list(judged.interval) if judged else None,
    }
    return {
        "run": run.id,
        "name": run.name,
        "method": run.method,
        "status": status_word(run.status, outcome, alive=alive),
        "created": run.created,
        "seconds": run.seconds,
        "seed": run.seed,
        "candidates": len(pool),
        **(_evaluated(run) if run.method == EVALUATION else figures),
    }


def _evaluated(run: "RunRow") -> dict[str, Any]:
    """The same figures for an evaluation: of the one prompt, or of the earlier version and the task's."""
    splits = result_of(run).get("splits", {})

    def pair(split: str) -> tuple[float | None, float | None]:
        row = splits.get(split, {})
        return row.get("before", row.get("score")), row.get("after")

    (validation_seed, validation_best), (test_seed, test_best) = pair("validation"), pair("test")
    return {
        "validation_seed": validation_seed,
        "validation_best": validation_best,
        "test_seed": test_seed,
        "test_best": test_best,
        "interval": splits.get("test", {}).get("interval"),
    }


def cells(row: dict[str, Any]) -> list[str]:
    """One row of the table for people."""
    return [
        row["run"],
        row["created"][:16].replace("T", " "),
        row["method"],
        row["status"],
        _pair(row["validation_seed"], row["validation_best"]),
        _pair(row["test_seed"], row["test_best"]),
        wording.duration(row["seconds"]),
        row["name"],
    ]


def _pair(seed: float | None, best: float | None) -> str:
    if seed is None or best is None:
        return wording.score(seed)
    return f"{wording.score(seed)} → {wording.score(best)}"
