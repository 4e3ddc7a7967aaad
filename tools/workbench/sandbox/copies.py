"""A copy of a folder in which a program may do as it likes, and what it changed there."""

import difflib
import fcntl
import filecmp
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice
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
_CONTEXT, _MOST_COMPARED = 3, 4_000_000
_HUNK = re.compile(r"(?<=[ ])([-+])(\d+)")

State = tuple[int, int, int]


class TooMuchChanged(Exception):
    """A program made so many files that their names alone are more than it may give back."""


@dataclass(frozen=True)
class FileChange:
    """One file that the program made, changed or removed; `path` counts from the folder, with `/`.

    `before` is None for a file that was not there, `after` for one that is there no more; both are None where `large`
    says that there was too much to bring along. Symbolic links are no files here: one in place of a file counts as its
    removal.
    """

    path: str
    before: bytes | None
    after: bytes | None
    large: bool = False

    def diff(self) -> str:
        """A unified diff, or one line where a side is no text, or too large. Names that could pass for more than a name
        are quoted.
        """
        if self.large:
            return f"File {_shown(self.path)} differs, and is too large to be shown\n"
        try:
            # Only a line feed ends a line here; a text may hold much else that Python takes for an end.
            old, new = (list(StringIO(side.decode(), "\n")) for side in (self.before or b"", self.after or b""))
        except UnicodeDecodeError:
            return f"Binary file {_shown(self.path)} differs\n"
        names = (
            "/dev/null" if self.before is None else _shown(f"a/{self.path}"),
            "/dev/null" if self.after is None else _shown(f"b/{self.path}"),
        )
        open_end = "\n\\ No newline at end of file\n"
        lines = [f"--- {names[0]}\n", f"+++ {names[1]}\n", *_hunks(old, new)] if old != new else []
        return "".join(line if line.endswith("\n") else line + open_end for line in lines)


def _hunks(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """The hunks of a unified diff. Where too much differs, all between its first and its last line is one change, since
    texts can be made on which comparing takes the third power of their length.
    """
    shorter = min(len(old), len(new))
    begin = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    same = next((at for at in range(shorter - begin) if old[-1 - at] != new[-1 - at]), shorter - begin)
    before, after = max(0, begin - _CONTEXT), max(0, same - _CONTEXT)
    left, right = old[before : len(old) - after], new[before : len(new) - after]
    if len(left) * len(right) <= _MOST_COMPARED:
        # Behind its two lines of names.
        for line in islice(difflib.unified_diff(left, right), 2, None):
            yield _HUNK.sub(lambda found: f"{found[1]}{int(found[2]) + before}", line) if line[0] == "@" else line
        return
    yield f"@@ -{_range(begin, len(old) - same)} +{_range(begin, len(new) - same)} @@\n"
    yield from (f"-{line}" for line in old[begin : len(old) - same])
    yield from (f"+{line}" for line in new[begin : len(new) - same])


def _range(begin: int, end: int) -> str:
    """Lines of a hunk as diff(1) counts them."""
    return f"{begin + 1 if end > begin else begin},{end - begin}"


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


def changes(original: Path, copied: Path, states: Mapping[str, State], *, most: int) -> tuple[FileChange, ...]:
    """What differs from the original, sorted by path; `states` are those that `copy_folder` gave.

    Contents of `most` bytes in all are brought along, those of the first files. Raises `TooMuchChanged` where the names
    of what was added are longer than that.
    """
    found = []
    now: dict[str, Path] = {}
    room = most + sum(map(len, states))
    for file in _regular_files(copied):
        name = file.relative_to(copied).as_posix()
        room -= len(name)
        if room < 0:
            raise TooMuchChanged
        now[name] = file
    for path in sorted({*states, *now}):
        before = original / path if path in states and (original / path).is_file() else None
        after = now.get(path)
        if after is not None and path in states and _state(after) == states[path]:
            continue
        sizes = sum(side.stat().st_size for side in (before, after) if side is not None)
        if sizes > most:
            if before is None or after is None or not filecmp.cmp(before, after, shallow=False):
                found.append(FileChange(path, None, None, large=True))
            continue
        old, new = (None if side is None else side.read_bytes() for side in (before, after))
        if old != new:
            most -= sizes
            found.append(FileChange(path, old, new))
    return tuple(found)


def _regular_files(folder: Path) -> Iterator[Path]:
    """The files below, without following any link. What lies too deep for a path is passed over.

    The program may have made folders and files that not even their owner may enter and read.
    """
    # A name and where it lies: whole paths, as long as they may be, would take more room than the files.
    waiting = [(folder.parent, folder.name)]
    while waiting:
        here = Path(*waiting.pop())
        with suppress(OSError):
            if not stat.S_ISDIR(here.lstat().st_mode):
                continue
            here.chmod(0o700)
            for entry in list(os.scandir(here)):
                if entry.name in LEFT_OUT:
                    continue
                path = here / entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((here, entry.name))
                elif entry.is_file(follow_symlinks=False):
                    if not entry.stat(follow_symlinks=False).st_mode & stat.S_IRUSR:
                        path.chmod(stat.S_IRUSR)
                    yield path


def _shown(name: str) -> str:
    """A name as it is, or in quotation marks, in ASCII, where it holds line breaks, control characters and the like."""
    return name if name.isprintable() else json.dumps(name)


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
