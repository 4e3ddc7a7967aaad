"""The change that a run proposed or a person picked: finding it, writing it once it is approved, taking it back."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.tools.workbench import changes
from toishi.tools.workbench.errors import ChangeConflict, UsageError
from toishi.tools.workbench.events import ChangeProposed, Judged

if TYPE_CHECKING:
    from toishi.assistant.past.pick import Pick
    from toishi.tools.workbench.journal import Journal


def change_of(journal: "Journal", run: str) -> changes.StoredChange | None:
    """The change of this run that is written, else the one that it proposed, and where it stands.

    None where the seed was never bettered, and nothing else was picked.
    """
    proposed = [event.change for event in journal.decisions(run) if isinstance(event, ChangeProposed)]
    stored = changes.find(journal, proposed[-1]) if proposed else None
    if stored is not None and stored.status not in ("proposed", "undone"):
        return stored
    written = "SELECT hash FROM changes WHERE run = ? AND status NOT IN ('proposed', 'undone') ORDER BY created DESC"
    picked = journal.read(written, (run,))
    return changes.find(journal, picked[0]["hash"]) if picked else stored


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
    stored = _proposed(journal, run)
    _refuse_worse(f"The change of run {run}", verdict_on(journal, run), force=force)
    if approved is not None and not stored.hash.startswith(approved):
        raise UsageError(f"Run {run} proposes the change {stored.hash}, not {approved}; look at it with toishi diff")
    return _write(journal, project, run, stored.hash)


def apply_pick(
    journal: "Journal", project: Path, picked: "Pick", approved: str | None = None, *, force: bool = False
) -> dict[str, Any]:
    """Writes the candidate that a person picked, in place of what the run proposed; the rest is as in `apply_change`.

    `force` also writes one that breaks a limit of the task.
    """
    run, number, change_hash = picked.run.id, picked.candidate.number, picked.change.hash
    _refuse_worse(f"Candidate {number} of run {run}", picked.judged, force=force)
    if picked.broken and not force:
        raise UsageError(
            f"Candidate {number} of run {run} breaks a limit of the task ({'; '.join(picked.broken)}), so it was not "
            "written; --force writes it all the same"
        )
    if approved is not None and not change_hash.startswith(approved):
        raise UsageError(
            f"Candidate {number} of run {run} is the change {change_hash}, not {approved}; look at it with: "
            f"toishi diff {run} --candidate {number}"
        )
    changes.propose(journal, run, picked.change)
    return _write(journal, project, run, change_hash)


def undo_change(journal: "Journal", project: Path, run: str) -> dict[str, Any]:
    """Restores what the run's change replaced; gives the document of `toishi undo`.

    It names the candidate where a person had picked one.
    """
    stored = change_of(journal, run)
    if stored is None:
        raise _nothing_proposed(run)
    changes.undo(journal, project, stored.hash)
    return _document(journal, run, stored.hash)


def _write(journal: "Journal", project: Path, run: str, change_hash: str) -> dict[str, Any]:
    there = change_of(journal, run)
    if there is not None and there.hash != change_hash and there.status == "applied":
        raise ChangeConflict(
            f"Another change of run {run} is written already ({there.hash[:12]}); take it back first with: toishi undo "
            f"{run}"
        )
    changes.apply(journal, project, change_hash)
    return _document(journal, run, change_hash)


def _refuse_worse(what: str, judged: Judged | None, *, force: bool) -> None:
    if judged is not None and judged.worse and not force:
        raise UsageError(
            f"{what} made it worse on the locked test ({judged.seed_score:.3f} before, {judged.best_score:.3f} after), "
            "so it was not written; --force writes it all the same"
        )


def _proposed(journal: "Journal", run: str) -> changes.StoredChange:
    proposed = [event.change for event in journal.decisions(run) if isinstance(event, ChangeProposed)]
    if not proposed:
        raise _nothing_proposed(run)
    return changes.find(journal, proposed[-1])


def _nothing_proposed(run: str) -> UsageError:
    return UsageError(f"Run {run} proposes no change; `toishi show {run}` says how it ended")


def _document(journal: "Journal", run: str, change_hash: str) -> dict[str, Any]:
    stored = changes.find(journal, change_hash)
    files = [edit.path for edit in stored.change.files]
    picked = stored.change.evidence.get("candidate")
    written = {"run": run, "change": stored.hash, "status": stored.status, "files": files}
    return written if picked is None else {**written, "candidate": picked}
