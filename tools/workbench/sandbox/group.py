"""What the processes of one group take together, as `/proc` tells it: see proc(5).

A process lives on when its first thread has ended, and then tells of its memory only by the threads that are left.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

_KB = 1024
# What one socket holds of what was sent and not read, as long as nobody may ask for more (net.core.wmem_default).
_SOCKET = 212_992
# How memory that is shared with children, and lies in no file, is called in `maps`.
_SHARED = b"/dev/zero (deleted)"


# No dataclass: they take longer to import than all the rest, at every launch.
class Taken(NamedTuple):
    """How many processes and threads there are, and the bytes of memory that are theirs, which count for each that
    shares them.
    """

    processes: int
    threads: int
    memory: int


class Group:
    """The process group that `leader` made."""

    def __init__(self, leader: int) -> None:
        self.leader = leader
        self._members: dict[int, int] = {leader: 1}
        self._shared = _shared_memory()

    def look(self) -> Taken:
        """Counts anew; what ended as an orphan is taken from the system's table."""
        self._members = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                self._consider(int(entry))
        memory = sum(_own_memory(pid) for pid in self._members)
        return Taken(len(self._members), sum(self._members.values()), memory)

    def memory_shared_out(self) -> int:
        """Bytes of memory of the group as last counted, those that several share divided among them."""
        return sum(_shared_out(pid) for pid in self._members)

    def memory_of_sockets(self) -> int:
        """The most bytes that lie in sockets of the leader's network, which must be the group's own."""
        found = (_fields(place, "net/sockstat", b"sockets: used") for place in _places(self.leader))
        return next((number for number in found if number), 0) * _SOCKET

    def hides_memory(self, most: int) -> bool:
        """Whether more than `most` bytes of shared memory are kept that no process shows.

        A process may give back its view of such memory and keep the memory; then only the machine's sum tells, whoever
        else adds to it meanwhile.
        """
        if _shared_memory() - self._shared <= most:
            return False
        return any(_SHARED in _read(f"{place}/maps") for pid in self._members for place in _places(pid))

    def removed_files(self, device: int) -> int:
        """Bytes on disk, on this file system, of files that are open and have no name any more."""
        found: dict[int, int] = {}
        for pid in self._members:
            for place in _places(pid):
                with suppress(OSError):
                    for entry in os.scandir(f"{place}/fd"):
                        with suppress(OSError):
                            status = os.stat(entry.path)
                            if not status.st_nlink and status.st_dev == device and stat.S_ISREG(status.st_mode):
                                found[status.st_ino] = status.st_blocks * 512
                    break
        return sum(found.values())

    def _consider(self, pid: int) -> None:
        try:
            state, parent, group, threads = _state(pid)
        except OSError:
            return
        if group != self.leader:
            return
        if state == b"Z" and parent == os.getpid() and pid != self.leader:
            with suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    return
        self._members[pid] = max(1, threads)


def threads_of(pid: int) -> int:
    """How many threads a process has; 0 where it is gone."""
    try:
        return _state(pid)[3]
    except OSError:
        return 0


def _state(pid: int) -> tuple[bytes, int, int, int]:
    """State, parent, process group and number of threads."""
    with open(f"/proc/{pid}/stat", "rb") as stream:
        fields = stream.read().rpartition(b")")[2].split()
    return fields[0], int(fields[1]), int(fields[2]), int(fields[17])


def _places(pid: int) -> Iterator[str]:
    """Where a process tells of itself: in its own place, then in those of its threads."""
    yield f"/proc/{pid}"
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            if int(thread) != pid:
                yield f"/proc/{pid}/task/{thread}"


def _own_memory(pid: int) -> int:
    names = b"RssAnon:", b"RssShmem:", b"VmSwap:", b"HugetlbPages:"
    return next((taken * _KB for place in _places(pid) if (taken := _fields(place, "status", *names))), 0)


def _shared_out(pid: int) -> int:
    names = b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:", b"Private_Hugetlb:", b"Shared_Hugetlb:"
    found = (taken * _KB for place in _places(pid) if (taken := _fields(place, "smaps_rollup", *names)))
    return next(found, 0) or _own_memory(pid)


def _shared_memory() -> int:
    """Bytes of the machine's shared memory and of its file systems in memory."""
    return _fields("/proc", "meminfo", b"Shmem:") * _KB


def _fields(place: str, file: str, *names: bytes) -> int:
    """The sum of lines like `RssAnon:   12 kB`, without their unit; 0 where there are none."""
    lines = (line for line in _read(f"{place}/{file}").splitlines() if line.startswith(names))
    return sum(int(next(word for word in line.split() if word.isdigit())) for line in lines)


def _read(file: str) -> bytes:
    """What `/proc` says there, nothing where the process is gone or does not tell."""
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except OSError:
        return b""
