"""What lies in a folder in which a program writes at this moment, and does as it likes."""

import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

_LEAST = 4096

Reached = Literal["", "disk", "depth"]


class Disk:
    """The scratch folder of one command."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.device = os.stat(folder).st_dev
        self._free = self._free_then = _free(folder)
        self._next_walk = self._next_early_walk = 0.0
        self._taken = 0
        self._reached: Reached = ""

    def reached(self, most: int, beside: Callable[[], int], *, at_last: bool = False) -> Reached:
        """Whether more than `most` bytes were written, or folders are nested deeper than anybody can look.

        `beside` is asked for the bytes that are no more in the folder. The folder is looked through at most for a
        twentieth of the time, for the half of it where the file system has lost as much as there is room left, and
        always `at_last`. More than the half of what was free counts as too much, whoever took it: not all that a
        program holds can be found.
        """
        free = _free(self.folder)
        if any(now < before / 2 for now, before in zip(free, self._free, strict=True)):
            return "disk"
        now = time.monotonic()
        lost = max(0, self._free_then[0] - free[0]) + _LEAST * max(0, self._free_then[1] - free[1])
        is_early = now >= self._next_early_walk and lost > most - self._taken
        if at_last or is_early or now >= self._next_walk:
            self._free_then = free
            self._reached, self._taken = self._walk(most, beside())
            spent = time.monotonic() - now
            self._next_early_walk = now + 2 * spent
            self._next_walk = now + max(0.5, 20 * spent)
        return self._reached

    def _walk(self, most: int, taken: int) -> tuple[Reached, int]:
        """Ends as soon as there is too much, however fast more is made meanwhile; gives how much there is."""
        linked: set[int] = set()
        # A name and where it lies: whole paths, as long as they may be, would take more room than the files.
        waiting: list[tuple[str, str]] = [(self.folder, "")]
        while waiting:
            folder = os.path.join(*waiting.pop())
            try:
                for entry in self._entries(folder):
                    with suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        # An empty file takes its place in the system's tables.
                        taken += _LEAST if status.st_ino in linked else max(_LEAST, status.st_blocks * 512)
                        if status.st_nlink > 1 and entry.is_file(follow_symlinks=False):
                            linked.add(status.st_ino)
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append((folder, entry.name))
                    if taken > most:
                        return "disk", taken
            except OSError as error:
                if error.errno == errno.ENAMETOOLONG:
                    return "depth", taken
        return "", taken

    def _entries(self, folder: str) -> "list[os.DirEntry[str]]":
        try:
            return list(os.scandir(folder))
        except PermissionError:
            self._open_up(folder)
            return list(os.scandir(folder))

    def _open_up(self, folder: str) -> None:
        """Makes a folder readable. The program may write to what it made unreadable, and may put a link in its place at
        any moment, so only what is known to lie in the scratch folder is touched.
        """
        descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            place = f"/proc/self/fd/{descriptor}"
            if os.readlink(place).startswith(f"{self.folder}/"):
                os.chmod(place, 0o700)
        finally:
            os.close(descriptor)


def _free(folder: str) -> tuple[int, int]:
    """Free bytes and files, as far as others than root may use them; 0 files where there is no such number."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize, status.f_favail
