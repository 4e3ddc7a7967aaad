"""The runs of a project as one row each."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from toishi.assistant import wording
from toishi.assistant.following.outcome import status_word
from toishi.assistant.past.find_run import EVALUATION
from toishi.tools.workbench.events import Judged, RunFinished, parse_event
from toishi.tools.workbench.runs import is_alive

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal
    from toishi.tools.workbench.journal.queries import RunLine

E = TypeVar("E", Judged, RunFinished)

COLUMNS = ("run", "started", "method", "status", "validation", "test", "time", "task")
RIGHT = ("time",)


def past_runs(journal: "Journal", project: Path, *, limit: int) -> list[dict[str, Any]]:
    """The newest runs, newest first, as `toishi runs --json` gives them; scores are None until they are known."""
    from toishi.tools.workbench.journal.queries import run_lines

    return [_row(project, run) for run in run_lines(journal, limit=limit)]


def _row(project: Path, run: "RunLine") -> dict[str, Any]:
    judged, finished = _told(run.judged, Judged), _told(run.finished, RunFinished)
    alive = run.status == "running" and is_alive(project, run.id)
    figures = {
        "validation_seed": run.seed_score,
        "validation_best": run.best_score,
        "test_seed": judged.seed_score if judged else None,
        "test_best": judged.best_score if judged else None,
        "interval": list(judged.interval) if judged else None,
    }
    return {
        "run": run.id,
        "name": run.name,
        "method": run.method,
        "status": status_word(run.status, finished.outcome if finished else None, alive=alive),
        "created": run.created,
        "seconds": run.seconds,
        "seed": run.seed,
        "candidates": run.candidates,
        **(_evaluated(run) if run.method == EVALUATION else figures),
    }


def _told(body: str | None, kind: type[E]) -> E | None:
    event = None if body is None else parse_event(body)
    return event if isinstance(event, kind) else None


def _evaluated(run: "RunLine") -> dict[str, Any]:
    """The same figures for an evaluation: of the one prompt, or of the earlier version and the task's."""
    splits = json.loads(run.result or "{}").get("splits", {})

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
