"""Who may read what toishi keeps of a project: its owner alone, since rows and prompts are private.

Folders are 0700 and files 0600, also those of before, as soon as their owner opens the project. Who shares a folder
`.toishi` on purpose says so with its set-group-ID bit (`chmod g+s .toishi`, or a parent that hands it down): then the
group keeps what it may do there, and new files are for it as the account's umask says. The write permission of a group
is no such sign, since on many systems every new folder has it. Others are never let in.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OWNER_FOLDER, OWNER_FILE = 0o700, 0o600
GROUP = 0o070
ALL = 0o777


def make_folder(folder: Path) -> None:
    """Makes `.toishi` where it is missing, and closes what lies open there. Raises `OSError` where it cannot be."""
    _make(folder)
    if any(_too_open(folder, path) for path in (folder, *folder.glob("*.db"))):
        for path in _all_in(folder):
            _close(folder, path)


def open_private(path: Path, flags: int) -> int:
    """A descriptor of a file in `.toishi` or below, made with its folder where it is missing. Raises `OSError`."""
    _make(path.parent)
    return os.open(path, flags | os.O_CREAT, OWNER_FILE | _group_of(path.parent) & ~0o111)


def _make(folder: Path) -> None:
    """Makes a folder, and those above it, as far as they are missing."""
    if not folder.is_dir():
        _make(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=OWNER_FOLDER | (GROUP if _is_shared(folder.parent) else 0))


def _is_shared(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_ISGID)


def _group_of(folder: Path) -> int:
    """What the group may do in a folder that is shared with it."""
    return folder.stat().st_mode & GROUP if _is_shared(folder) else 0


def _all_in(folder: Path) -> Iterator[Path]:
    yield folder
    for place, folders, files in os.walk(folder):
        yield from (Path(place) / name for name in (*folders, *files))


def _too_open(folder: Path, path: Path) -> int:
    """The permission bits of a file or folder that it should not have."""
    most = OWNER_FOLDER if path.is_dir() else OWNER_FILE
    return path.stat().st_mode & ALL & ~(most | _group_of(folder))


def _close(folder: Path, path: Path) -> None:
    """Takes those bits away; leaves alone what is another account's, and what the file system refuses."""
    with suppress(OSError):
        status = path.lstat()
        if status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode):
            path.chmod(stat.S_IMODE(status.st_mode) & ~_too_open(folder, path))
