"""What the processes of one group take together, as `/proc` tells it: see proc(5)."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass

_KB = 1024
_LEAST = 4096


@dataclass(frozen=True)
class Taken:
    """How many processes there are, and the bytes of memory that are theirs, shared ones counted for each."""

    processes: int
    memory: int


class Group:
    """The process group that `leader` made, whose programs write below `scratch`."""

    def __init__(self, leader: int, scratch: str) -> None:
        self.leader = leader
        self.scratch = scratch
        self._members: list[int] = [leader]
        self._free = _free(scratch)
        self._next_walk = 0.0
        self._disk = 0

    def look(self) -> Taken:
        """Counts anew; what ended as an orphan is taken from the system's table."""
        self._members = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                self._consider(int(entry))
        return Taken(len(self._members), sum(_own_memory(pid) for pid in self._members))

    def memory_shared_out(self) -> int:
        """Bytes of memory of the group as last counted, those that several share divided among them."""
        return sum(_shared_out(pid) for pid in self._members)

    def disk(self) -> int:
        """Bytes below `scratch`; walked at most for a twentieth of the time. More than the half of what was free on
        the file system counts as without end, whoever took it: files that are open and removed are not below.
        """
        if _free(self.scratch) < self._free / 2:
            return 1 << 62
        now = time.monotonic()
        if now >= self._next_walk:
            self._disk = _size(self.scratch)
            spent = time.monotonic() - now
            self._next_walk = now + max(0.5, 20 * spent)
        return self._disk

    def _consider(self, pid: int) -> None:
        try:
            with open(f"/proc/{pid}/stat", "rb") as stream:
                state, parent, group, *_ = stream.read().rpartition(b")")[2].split()
        except OSError:
            return
        if int(group) != self.leader:
            return
        if state == b"Z" and int(parent) == os.getpid() and pid != self.leader:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            return
        self._members.append(pid)


def _own_memory(pid: int) -> int:
    return _fields(f"/proc/{pid}/status", b"RssAnon:", b"RssShmem:")


def _shared_out(pid: int) -> int:
    return _fields(f"/proc/{pid}/smaps_rollup", b"Pss_Anon:", b"Pss_Shmem:") or _own_memory(pid)


def _fields(file: str, *names: bytes) -> int:
    """The sum of lines like `RssAnon:   12 kB`, in bytes; 0 where the process is gone."""
    try:
        with open(file, "rb") as stream:
            lines = stream.read().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * _KB for line in lines if line.startswith(names))


def _free(folder: str) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _size(folder: str) -> int:
    """Bytes on disk; folders that cannot be entered hold nothing that could be written either."""
    total, waiting = 0, [folder]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    # An empty file takes its place in the system's tables.
                    total += max(_LEAST, entry.stat(follow_symlinks=False).st_blocks * 512)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return total
