"""Changes: what a run proposes to write into a person's files, written only as approved, whole or not at all, undoable.

The intent stands in the journal before the first byte is written; each file is replaced by one rename; whoever opens
the journal next finishes a half-done write, or takes it back where a file was changed by somebody else meanwhile.
"""

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from toishi.tools.workbench.access import open_private
from toishi.tools.workbench.errors import ChangeConflict, UsageError
from toishi.tools.workbench.journal import Journal, insert, now
from toishi.tools.workbench.journal.quoting import BLOT
from toishi.tools.workbench.settings import FOLDER

ChangeStatus = Literal["proposed", "applying", "applied", "undoing", "undone"]


@dataclass(frozen=True)
class FileEdit:
    """One file's whole text before and after, in UTF-8. `path` is relative to the project folder, with `/`."""

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class Change:
    """Edits that belong together, and why they are proposed (`evidence`: JSON values)."""

    files: tuple[FileEdit, ...]
    evidence: Mapping[str, Any]

    @cached_property
    def hash(self) -> str:
        """32 hexadecimal digits of the SHA-256 of files and evidence: what an approval names."""
        body = {"files": [asdict(edit) for edit in self.files], "evidence": self.evidence}
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class StoredChange:
    """A change, the run that proposed it first, where it stands, and the files' modes from before it was applied.

    `hash` is what was approved. Where a purge blotted texts out of it, it is no longer the hash of what is stored.
    """

    hash: str
    change: Change
    run: str
    status: ChangeStatus
    modes: Mapping[str, int]

    @property
    def purged(self) -> bool:
        """Whether a purge took texts out of it, so that it can be looked at and never be written."""
        return self.change.hash != self.hash


def propose(journal: Journal, run: str, change: Change) -> str:
    """Stores a change that waits for a person; gives its hash. The same change is stored once."""
    if not change.files or any(edit.before == edit.after for edit in change.files):
        raise ValueError("a change holds at least one edit, and no edit that changes nothing")
    row = {
        "hash": change.hash,
        "run": run,
        "status": "proposed",
        "files": json.dumps([asdict(edit) for edit in change.files], ensure_ascii=False),
        "evidence": json.dumps(change.evidence, ensure_ascii=False),
        "modes": "{}",
        "created": now(),
    }
    journal.write([insert("changes", row, or_ignore=True)])
    return change.hash


def find(journal: Journal, change_hash: str) -> StoredChange:
    """The change with this very hash, also where a purge took texts out of it.

    Raises `UsageError` where there is none, and `ChangeConflict` where it was changed otherwise.
    """
    rows = journal.read("SELECT * FROM changes WHERE hash = ?", (change_hash,))
    if not rows:
        raise UsageError(f"There is no change {change_hash!r} in this project; see: toishi runs")
    row = rows[0]
    change = Change(tuple(FileEdit(**edit) for edit in json.loads(row["files"])), json.loads(row["evidence"]))
    if change.hash != change_hash and BLOT not in row["files"] + row["evidence"]:
        raise ChangeConflict(f"The stored change {change_hash} is not what was approved; it will not be written")
    return StoredChange(change_hash, change, row["run"], row["status"], json.loads(row["modes"]))


def apply(journal: Journal, project: Path, change_hash: str) -> None:
    """Writes an approved change.

    Raises `ChangeConflict`, and writes nothing, where a file is not byte for byte what the change expects, lies outside
    the project, or is reached through a symbolic link.
    """
    for _ in apply_steps(journal, project, change_hash):
        pass


def undo(journal: Journal, project: Path, change_hash: str) -> None:
    """Restores the bytes and the mode that every file had before `apply`; refuses as `apply` does."""
    for _ in undo_steps(journal, project, change_hash):
        pass


def apply_steps(journal: Journal, project: Path, change_hash: str) -> Iterator[None]:
    """`apply`, one step that can be seen from outside at a time."""
    with _writing(project):
        _recover_all(journal, project)
        stored = find(journal, change_hash)
        if stored.purged:
            raise ChangeConflict(
                f"The change {change_hash} can no longer be applied, since a purge deleted texts of it; start a new run"
            )
        _refuse_half_written(stored)
        if stored.status == "applied":
            raise ChangeConflict(f"The change {change_hash} is already applied; take it back with: toishi undo")
        modes = {
            edit.path: _expect(project, edit.path, edit.before, "since the run read it") for edit in stored.change.files
        }
        _set_status(journal, change_hash, "applying", modes)
        yield
        yield from _move(journal, project, replace(stored, status="applying", modes=modes))


def undo_steps(journal: Journal, project: Path, change_hash: str) -> Iterator[None]:
    """`undo`, one step that can be seen from outside at a time."""
    with _writing(project):
        _recover_all(journal, project)
        stored = find(journal, change_hash)
        if stored.purged and stored.status != "proposed":
            raise ChangeConflict(
                f"The change {change_hash} can no longer be undone, since the backup of {_paths(stored)} was deleted "
                "by a purge; restore it by hand or from your own copies"
            )
        _refuse_half_written(stored)
        if stored.status != "applied":
            raise ChangeConflict(f"The change {change_hash} is not applied, so there is nothing to undo")
        for edit in stored.change.files:
            _expect(project, edit.path, edit.after, "since the change was applied")
        _set_status(journal, change_hash, "undoing", stored.modes)
        yield
        yield from _move(journal, project, replace(stored, status="undoing"))


def recover(journal: Journal, project: Path) -> None:
    """Sets right what was cut off: forward where every file allows it, else back.

    Leaves alone what another process is writing at this moment, and what the disk refuses.
    """
    try:
        with _writing(project):
            _recover_all(journal, project)
    except ChangeConflict:
        return


def _recover_all(journal: Journal, project: Path) -> None:
    for row in journal.read("SELECT hash FROM changes WHERE status IN ('applying', 'undoing')"):
        # What was taken back is as it should be; what cannot be written stays marked and is told by `apply` or `undo`.
        with suppress(ChangeConflict, OSError):
            stored = find(journal, row["hash"])
            if not stored.purged:
                for _ in _move(journal, project, stored):
                    pass


def _refuse_half_written(stored: StoredChange) -> None:
    if stored.status in ("applying", "undoing"):
        raise ChangeConflict(
            f"A write of {_paths(stored)} was cut off and cannot be finished; make the folder writable first"
        )


def _paths(stored: StoredChange) -> str:
    return ", ".join(edit.path for edit in stored.change.files)


def _move(journal: Journal, project: Path, stored: StoredChange) -> Iterator[None]:
    """From the intent to the end, or back to where it began when a file stands in the way."""
    forward = stored.status == "applying"
    try:
        yield from _write_files(project, stored, forward=forward)
    except (ChangeConflict, OSError) as error:
        whole = _take_back(project, stored, forward=forward)
        if whole:
            _set_status(journal, stored.hash, "proposed" if forward else "applied", stored.modes)
        if isinstance(error, ChangeConflict):
            raise
        end = "nothing was changed" if whole else "make it writable, and the next command takes the rest back"
        raise ChangeConflict(f"{error.filename} cannot be written ({error.strerror}); {end}") from error
    _set_status(journal, stored.hash, "applied" if forward else "undone", stored.modes)
    yield


def _write_files(project: Path, stored: StoredChange, *, forward: bool) -> Iterator[None]:
    for edit in stored.change.files:
        old, new = (edit.before, edit.after) if forward else (edit.after, edit.before)
        target = _locate(project, edit.path)
        draft = _draft(target, stored.hash)
        draft.unlink(missing_ok=True)
        if target.read_bytes() == new.encode():
            continue
        _write_draft(draft, new, stored.modes[edit.path], target.stat())
        yield
        try:
            _expect(project, edit.path, old, "at this moment")
            os.replace(draft, target)
        finally:
            draft.unlink(missing_ok=True)
        _flush_folder(target.parent)
        yield


def _take_back(project: Path, stored: StoredChange, *, forward: bool) -> bool:
    """Gives every file that was already written its old text again; a file that somebody else changed keeps theirs.

    False where the disk refused it for a file.
    """
    whole = True
    for edit in stored.change.files:
        old, new = (edit.before, edit.after) if forward else (edit.after, edit.before)
        try:
            target = _locate(project, edit.path)
            draft = _draft(target, stored.hash)
            if target.read_bytes() == new.encode():
                draft.unlink(missing_ok=True)
                _write_draft(draft, old, stored.modes[edit.path], target.stat())
                os.replace(draft, target)
            else:
                with suppress(OSError):
                    draft.unlink(missing_ok=True)
        except ChangeConflict:
            continue
        except OSError:
            whole = False
    return whole


def _expect(project: Path, path: str, text: str, when: str) -> int:
    """The file's mode, where its bytes are those of `text`."""
    target = _locate(project, path)
    if target.read_bytes() != text.encode():
        raise ChangeConflict(f"{path} was changed {when}; nothing was written, so that no work is lost")
    return stat.S_IMODE(target.stat().st_mode)


def _locate(project: Path, path: str) -> Path:
    """The regular file that a relative path names, inside the project and without symbolic links on the way."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise ChangeConflict(f"{path!r} lies outside the project {project}; a change writes inside it only")
    target = project
    for part in parts.parts:
        target = target / part
        if target.is_symlink():
            raise ChangeConflict(f"{path} is reached through the symbolic link {target}; name the file itself")
    if not target.is_file():
        raise ChangeConflict(f"{path} is not a file of the project {project}; nothing was written")
    return target


def _draft(target: Path, change_hash: str) -> Path:
    return target.with_name(f".{target.name}.{change_hash[:8]}.toishi")


def _write_draft(draft: Path, text: str, mode: int, owner: os.stat_result) -> None:
    """A new file beside the target, on the disk before it takes the target's place."""
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode())
        if os.geteuid() == 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        os.fchmod(descriptor, mode)
        file.flush()
        os.fsync(descriptor)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _set_status(journal: Journal, change_hash: str, status: ChangeStatus, modes: Mapping[str, int]) -> None:
    sql = "UPDATE changes SET status = ?, modes = ? WHERE hash = ?"
    journal.write([(sql, (status, json.dumps(dict(modes)), change_hash))])


@contextmanager
def _writing(project: Path) -> Iterator[None]:
    """One process at a time writes a project's files; the lock ends with the process that holds it."""
    with os.fdopen(open_private(project / FOLDER / "changes.lock", os.O_WRONLY), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ChangeConflict(
                f"Another toishi is writing a change in {project}; try again when it is done"
            ) from None
        yield
