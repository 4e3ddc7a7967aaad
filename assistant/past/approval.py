"""The change that a run proposed: finding it, writing it once a person approved it, taking it back."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.tools.workbench import changes
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.events import ChangeProposed, Judged

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal


def change_of(journal: "Journal", run: str) -> changes.StoredChange | None:
    """The change that this run proposed, and where it stands; None where the seed was never bettered."""
    proposed = [event.change for event in journal.decisions(run) if isinstance(event, ChangeProposed)]
    return changes.find(journal, proposed[-1]) if proposed else None


def verdict_on(journal: "Journal", run: str) -> Judged | None:
    """What the locked test of this run said; None where it was not finished."""
    judged = [event for event in journal.decisions(run) if isinstance(event, Judged)]
    return judged[-1] if judged else None


def apply_change(
    journal: "Journal", project: Path, run: str, approved: str | None = None, *, force: bool = False
) -> dict[str, Any]:
    """Writes the run's change into the project; gives the document of `toishi apply`.

    `approved` is the hash that a person approved, where one was named; `force` writes a change that was shown to make
    it worse, too. Raises `UsageError` where there is no change, its hash is another one, or it made it worse, and
    `ChangeConflict` where a file was changed in the meantime.
    """
    stored = _stored(journal, run)
    judged = verdict_on(journal, run)
    if judged is not None and judged.worse and not force:
        raise UsageError(
            f"The change of run {run} made it worse on the locked test ({judged.seed_score:.3f} before, "
            f"{judged.best_score:.3f} after), so it was not written; --force writes it all the same"
        )
    if approved is not None and not stored.hash.startswith(approved):
        raise UsageError(f"Run {run} proposes the change {stored.hash}, not {approved}; look at it with toishi diff")
    changes.apply(journal, project, stored.hash)
    return _document(journal, run)


def undo_change(journal: "Journal", project: Path, run: str) -> dict[str, Any]:
    """Restores what the run's change replaced; gives the document of `toishi undo`."""
    stored = _stored(journal, run)
    changes.undo(journal, project, stored.hash)
    return _document(journal, run)


def _stored(journal: "Journal", run: str) -> changes.StoredChange:
    stored = change_of(journal, run)
    if stored is None:
        raise UsageError(f"Run {run} proposes no change; `toishi show {run}` says how it ended")
    return stored


def _document(journal: "Journal", run: str) -> dict[str, Any]:
    stored = _stored(journal, run)
    files = [edit.path for edit in stored.change.files]
    return {"run": run, "change": stored.hash, "status": stored.status, "files": files}
