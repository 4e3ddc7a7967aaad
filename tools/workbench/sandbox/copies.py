"""A copy of a folder in which a program may do as it likes, and what it changed there."""

import difflib
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.sandbox.outcome import MEGABYTE

LEFT_OUT = frozenset(
    {
        ".env",
        ".git",
        ".hypothesis",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".toishi",
        ".venv",
        "__pycache__",
        "node_modules",
        "venv",
    }
)
"""Names that are neither copied nor reported: histories, environments, caches, and where secrets are kept."""

_FICLONE = 0x40049409

State = tuple[int, int, int]


@dataclass(frozen=True)
class FileChange:
    """One file that the program made, changed or removed; `path` counts from the folder, with `/`.

    `before` is None for a file that was not there, `after` for one that is there no more. Symbolic links are no files
    here: one in place of a file counts as its removal.
    """

    path: str
    before: bytes | None
    after: bytes | None

    def diff(self) -> str:
        """A unified diff, or one line where a side is no text."""
        try:
            old, new = (side.decode().splitlines(keepends=True) for side in (self.before or b"", self.after or b""))
        except UnicodeDecodeError:
            return f"Binary file {self.path} differs\n"
        names = (
            "/dev/null" if self.before is None else f"a/{self.path}",
            "/dev/null" if self.after is None else f"b/{self.path}",
        )
        open_end = "\n\\ No newline at end of file\n"
        lines = difflib.unified_diff(old, new, *names)
        return "".join(line if line.endswith("\n") else line + open_end for line in lines)


def copy_folder(folder: Path, target: Path, *, most: int) -> dict[str, State]:
    """Copies regular files and symbolic links; gives what every file of the copy is like, by path.

    Blocks are shared where the file system can. Raises `UsageError` where the folder holds more than `most` bytes, or
    a file in it cannot be read.
    """
    taken, states = 0, {}
    target.mkdir()
    for directory, names, files in os.walk(folder, onerror=_refuse):
        names[:] = [name for name in names if name not in LEFT_OUT]
        here = Path(directory)
        there = target / here.relative_to(folder)
        for name in [*names, *files]:
            source, copied = here / name, there / name
            if name in LEFT_OUT:
                continue
            status = source.lstat()
            if stat.S_ISLNK(status.st_mode):
                copied.symlink_to(source.readlink())
            elif stat.S_ISDIR(status.st_mode):
                copied.mkdir()
            elif stat.S_ISREG(status.st_mode):
                taken += status.st_size
                if taken > most:
                    raise UsageError(
                        f"{folder} holds more than {most // MEGABYTE} MB, too much to copy; name a smaller folder"
                    )
                _copy_file(source, copied)
                states[copied.relative_to(target).as_posix()] = _state(copied)
    return states


def changes(original: Path, copied: Path, states: Mapping[str, State]) -> tuple[FileChange, ...]:
    """What differs from the original, sorted by path; `states` are those that `copy_folder` gave."""
    found = []
    now = {path.relative_to(copied).as_posix(): path for path in _regular_files(copied)}
    for path in sorted({*states, *now}):
        if path in now and path in states and _state(now[path]) == states[path]:
            continue
        before = (original / path).read_bytes() if path in states else None
        after = now[path].read_bytes() if path in now else None
        if before != after:
            found.append(FileChange(path, before, after))
    return tuple(found)


def remove(folder: Path) -> None:
    """Removes a folder with all that is in it, also where the program made folders that nobody may enter."""
    for _ in _regular_files(folder, everything=True):
        pass
    shutil.rmtree(folder, ignore_errors=True)


def _regular_files(folder: Path, *, everything: bool = False) -> Iterator[Path]:
    """The files below, without following any link; what the program closed to its owner is opened again."""
    for directory, names, files in os.walk(folder):
        if not everything:
            names[:] = [name for name in names if name not in LEFT_OUT]
        for name in names:
            path = Path(directory, name)
            if not path.is_symlink():
                path.chmod(0o700)
        for name in files:
            path = Path(directory, name)
            if name not in LEFT_OUT and stat.S_ISREG(path.lstat().st_mode):
                path.chmod(path.stat().st_mode | stat.S_IRUSR)
                yield path


def _copy_file(source: Path, copied: Path) -> None:
    try:
        with source.open("rb") as reading, copied.open("xb") as writing:
            try:
                fcntl.ioctl(writing.fileno(), _FICLONE, reading.fileno())
            except OSError:
                shutil.copyfileobj(reading, writing, 1 << 20)
        copied.chmod(0o700 if source.stat().st_mode & stat.S_IXUSR else 0o600)
    except PermissionError:
        raise UsageError(f"{source} cannot be read, so its folder cannot be copied; make it readable") from None


def _state(file: Path) -> State:
    """What no program can leave alike when it writes: number, size, and the time of the last change of any kind."""
    status = file.lstat()
    return status.st_ino, status.st_size, status.st_ctime_ns


def _refuse(error: OSError) -> None:
    raise UsageError(f"{error.filename} cannot be read ({error.strerror}), so it cannot be copied; make it readable")
