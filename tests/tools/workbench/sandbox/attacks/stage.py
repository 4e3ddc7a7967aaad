"""The stage on which attacks are run: what they want to read, change, reach and kill, all of it made for them.

Everything belongs to the account that makes the stage, and nothing of it is part of what runs them.
"""

import os
import resource
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

SECRET = "sk-the-key-that-nobody-may-read"
SECRET_FILE = "key-of-nobody"
VARIABLE = "OPENAI_API_KEY"
LIMITS_OF_OTHERS = (resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)


@dataclass
class Stage:
    """One stage, of which a project may read the folder `given`; `before` is what it was like before the attack."""

    folder: Path
    outside: Path
    project: Path
    given: Path
    descriptor: int
    victim: "subprocess.Popen[bytes]"
    pidfd: int
    listeners: dict[str, socket.socket]
    mark: str
    before: tuple[object, ...] = field(default=())

    def names(self) -> dict[str, object]:
        """What a program is told of the stage."""
        return {
            "secret": str(self.outside / SECRET_FILE),
            "outside": str(self.outside),
            "original": str(self.project),
            "rows": str(self.given / "rows"),
            "target": self.victim.pid,
            "descriptor": self.descriptor,
            "mark": self.mark,
            "number": int(self.mark.rpartition("-")[2]) & 0x3FFFFFFF,
            "scratch": f"toishi-{self.mark}",
            **{name: _address(one) for name, one in self.listeners.items()},
        }

    def files(self) -> tuple[object, ...]:
        """Everything that could be changed below what lies outside, access times left out."""
        found: list[object] = []
        for path in sorted([self.outside, *self.outside.rglob("*")]):
            with suppress(FileNotFoundError):
                one = path.lstat()
                changed = one.st_mtime_ns, one.st_ctime_ns
                found.append((str(path), one.st_mode, one.st_uid, one.st_nlink, one.st_size, changed))
        return tuple(found)

    def victim_is_well(self) -> bool:
        """Whether the victim lives, runs as it did, and is what it was; a moment is left to it for dying."""
        select.select([self.pidfd], [], [], 0.05)
        return self.victim.poll() is None and self._victim() == self.before[1]

    def files_are_whole(self) -> bool:
        """Whether nothing outside was changed."""
        return self.files() == self.before[0]

    def was_heard_from(self) -> bool:
        """Whether anybody spoke to one of the sockets."""
        for one in self.listeners.values():
            with suppress(BlockingIOError):
                if one.type == socket.SOCK_STREAM:
                    one.accept()[0].close()
                else:
                    one.recv(9)
                return True
        return False

    def _victim(self) -> tuple[object, ...]:
        pid = self.victim.pid
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return (
            "stopped" if state in "tT" else "",
            Path(f"/proc/{pid}/environ").read_bytes(),
            os.getpriority(os.PRIO_PROCESS, pid),
            os.sched_getaffinity(pid),
            os.sched_getscheduler(pid),
            [resource.prlimit(pid, which) for which in LIMITS_OF_OTHERS],
        )

    def begin(self) -> None:
        """Remembers what it is like now."""
        self.before = (self.files(), self._victim())


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A stage below this folder, which must be there and empty."""
    outside, project = folder / "outside", folder / "project"
    (outside / "inner").mkdir(parents=True)
    (outside / SECRET_FILE).write_text(SECRET)
    (outside / SECRET_FILE).chmod(0o640)
    (outside / "told.py").write_text(f"TEXT = {SECRET!r}\n")
    (outside / "inner" / "more").write_text("more\n")
    given = outside / "given"
    given.mkdir()
    (given / "rows").write_text("a,b\n")
    (project / ".git").mkdir(parents=True)
    (project / ".git" / "config").write_text(f"token = {SECRET}\n")
    (project / ".env").write_text(f"KEY={SECRET}\n")
    (project / "code.py").write_text("print(1)\n")
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    with ExitStack() as stack:
        descriptor = os.open(outside / SECRET_FILE, os.O_RDONLY)
        stack.callback(os.close, descriptor)
        # A careless caller has it open when the program starts.
        os.set_inheritable(descriptor, True)
        listeners = {name: stack.enter_context(one) for name, one in _listeners(folder, mark)}
        for listener in listeners.values():
            listener.setblocking(False)
        victim = subprocess.Popen(
            ["sleep", "1000"], env={**os.environ, "KEY": SECRET}, stdin=descriptor, process_group=0
        )
        stack.callback(_end, victim)
        pidfd = os.pidfd_open(victim.pid)
        stack.callback(os.close, pidfd)
        one = Stage(folder, outside, project, given, descriptor, victim, pidfd, listeners, mark)
        # A process that has just become another program does not tell of it at once.
        while b"KEY=" not in Path(f"/proc/{victim.pid}/environ").read_bytes():
            pass
        one.begin()
        yield one


def _listeners(folder: Path, mark: str) -> Iterator[tuple[str, socket.socket]]:
    tcp = socket.create_server(("127.0.0.1", 0))
    yield "tcp", tcp
    if socket.has_ipv6:
        with suppress(OSError):
            yield "tcp6", socket.create_server(("::1", 0), family=socket.AF_INET6)
    names: list[tuple[str, int, int, str | tuple[str, int]]] = [
        ("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        ("stream", socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "stream")),
        ("datagrams", socket.AF_UNIX, socket.SOCK_DGRAM, str(folder / "datagrams")),
        ("abstract", socket.AF_UNIX, socket.SOCK_STREAM, f"\0toishi-stream-{mark}"),
        ("letters", socket.AF_UNIX, socket.SOCK_DGRAM, f"\0toishi-letters-{mark}"),
    ]
    for name, family, kind, address in names:
        one = socket.socket(family, kind)
        one.bind(address)
        if kind == socket.SOCK_STREAM:
            one.listen()
        yield name, one


def _address(listener: socket.socket) -> str | int:
    """A path, a name, or a port."""
    address = listener.getsockname()
    if isinstance(address, bytes):
        return address.decode()
    return address if isinstance(address, str) else int(address[1])


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def marked(mark: str) -> list[str]:
    """The processes with this mark in their environment, which any of their threads may tell."""
    found = []
    for place in Path("/proc").glob("[0-9]*/task/[0-9]*"):
        with suppress(OSError):
            if f"MARK={mark}".encode() in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_text())
    return found
