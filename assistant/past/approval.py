"""The change that a run proposed: finding it, writing it once a person approved it, taking it back."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.tools.workbench import changes
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.events import ChangeProposed

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal


def change_of(journal: "Journal", run: str) -> changes.StoredChange | None:
    """The change that this run proposed, and where it stands; None where the seed was never bettered."""
    proposed = [event.change for event in journal.decisions(run) if isinstance(event, ChangeProposed)]
    return changes.find(journal, proposed[-1]) if proposed else None


def apply_change(journal: "Journal", project: Path, run: str, approved: str | None = None) -> dict[str, Any]:
    """Writes the run's change into the project; gives the document of `toishi apply`.

    `approved` is the hash that a person approved, where one was named. Raises `UsageError` where there is no change or
    its hash is another one, and `ChangeConflict` where a file was changed in the meantime.
    """
    stored = _stored(journal, run)
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
