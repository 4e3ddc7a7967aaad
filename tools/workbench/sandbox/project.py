"""The profile `project`: a command that works on a copy of a folder, starts what it needs, and reaches no network."""

import asyncio
import os
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toishi.tools.workbench.errors import SandboxUnavailable, UsageError
from toishi.tools.workbench.sandbox import copies, interpreter, landlock, policies, removal
from toishi.tools.workbench.sandbox.copies import FileChange
from toishi.tools.workbench.sandbox.interpreter import Interpreter
from toishi.tools.workbench.sandbox.machine import WITHOUT, machine
from toishi.tools.workbench.sandbox.outcome import USUAL_OF_PROJECTS, Limits, Outcome, as_bytes, explain, walls

# What programs of every kind read. Of `/etc` only what decides how programs start; of `/proc` nothing about others.
SYSTEM = (
    "/bin /lib /lib32 /lib64 /nix/store /sbin /usr /etc/alternatives /etc/ld.so.cache /etc/ld.so.conf "
    "/etc/ld.so.conf.d /etc/localtime /etc/mime.types /etc/os-release /etc/ssl/openssl.cnf /etc/timezone "
    "/proc/cpuinfo /proc/filesystems /proc/loadavg /proc/meminfo /proc/self /proc/stat /proc/version "
    "/proc/sys/kernel/osrelease /proc/sys/vm/overcommit_memory /sys/devices/system/cpu"
)
# Of the scratch folder only what lies in these may be changed: whoever could put a link in the place of the copy would
# have it followed when its changes are looked for.
FOLDER, HOME, TEMPORARY = "folder", "home", "tmp"
DEVICES = ("/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero")


@dataclass(frozen=True)
class ProjectOutcome(Outcome):
    """How a command ended, and the files that it changed in its copy, by path."""

    changes: tuple[FileChange, ...] = ()

    def diff(self) -> str:
        """All changes as one unified diff."""
        return "".join(change.diff() for change in self.changes)


async def run_project(
    command: Sequence[str],
    *,
    folder: Path,
    limits: Limits = USUAL_OF_PROJECTS,
    data: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
    stdin: str | bytes = "",
) -> ProjectOutcome:
    """Runs a command in a copy of `folder`, which goes when the command has ended, with every process that it started.

    It may write to the copy and to a temporary folder, read the system's programs, this Python with its packages, and
    what `data` names, and start programs; it has no network, and sees of the original nothing but the copy (without
    what `copies.LEFT_OUT` names). Owners, modes and times of files stay as they are whatever it asks. Its environment
    is a short one of its own and `environment`. Cancelled, everything is killed.

    Raises `SandboxUnavailable` where it cannot be confined (then nothing was run), and `UsageError` for a folder that
    cannot be copied.
    """
    launch = Launch(command, folder, limits=limits, data=data, environment=environment, stdin=stdin)
    try:
        return await asyncio.to_thread(launch.run)
    except asyncio.CancelledError:
        launch.cancel()
        raise


class Launch:
    """One command, from the copy of its folder to what it changed there."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        limits: Limits = USUAL_OF_PROJECTS,
        data: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
        stdin: str | bytes = "",
    ) -> None:
        self.command, self.folder, self.limits = list(command), folder.resolve(), limits
        self.data, self.environment, self.stdin = [path.resolve() for path in data], environment or {}, as_bytes(stdin)
        self.here = machine()
        if not self.here.landlock:
            raise SandboxUnavailable(f"This kernel lacks Landlock (Linux 5.13 or newer, switched on), {WITHOUT}")
        self._lock = threading.Lock()
        self._launcher: Interpreter | None = None
        self._cancelled = False

    def run(self) -> ProjectOutcome:
        """Blocks until the command has ended; raises `SandboxUnavailable` and `UsageError`."""
        if not self.folder.is_dir():
            raise UsageError(f"{self.folder} is no folder; name one whose copy the command may work on")
        scratch = Path(tempfile.mkdtemp(prefix="toishi-sandbox-")).resolve()
        try:
            copied = scratch / FOLDER
            states = copies.copy_folder(self.folder, copied, most=self.limits.disk)
            (scratch / HOME).mkdir()
            (scratch / TEMPORARY).mkdir()
            reply, (stdout, stderr, _) = self._launch(scratch)
            refused = tuple(self.here.architecture.name_of(number) for number in reply["refused"])
            printed, complained = stdout.decode(errors="replace"), stderr.decode(errors="replace")
            code, reason = explain(reply["status"], reply["ended"], refused, complained, self.limits)
            try:
                changes = copies.changes(self.folder, copied, states, most=self.limits.value)
            except copies.TooMuchChanged:
                changes = ()
                code, reason = explain(reply["status"], "value", refused, complained, self.limits)
            held = walls(self.here.landlock, reply["namespaces"])
            return ProjectOutcome(code == 0, printed, complained, code, reason, refused, b"", held, changes)
        finally:
            removal.remove(str(scratch))

    def cancel(self) -> None:
        """Lets go of the launcher, which then ends everything."""
        with self._lock:
            self._cancelled = True
            if self._launcher is not None:
                self._launcher.let_go()

    def _launch(self, scratch: Path) -> tuple[dict[str, Any], list[bytes]]:
        machine, version = self.here.architecture, self.here.landlock
        filters = [policies.project(machine, landlock=version, notify=notify) for notify in (True, False)]
        request = {
            "command": self.command,
            "environment": {**_environment(scratch), **self.environment},
            "folder": str(scratch / FOLDER),
            "scratch": str(scratch),
            "limits": vars(self.limits),
            "numbers": machine.numbers,
            "own_pid_at": [one.own_pid_at for one in filters],
            "handled": landlock.handled(version),
            "rights": _rights(version, scratch, self.data),
            "new_process": {machine.numbers[name]: name for name in policies.NEW_PROCESS if name in machine.numbers},
            "thread": policies.CLONE_THREAD,
            "files": policies.CLONE_FILES,
            "namespaces": policies.CLONE_NAMESPACES,
        }
        launcher = Interpreter("launcher")
        try:
            with self._lock:
                self._launcher = launcher
                if self._cancelled:
                    launcher.let_go()
            launcher.send(request, *(one.program for one in filters), self.stdin)
            return launcher.receive()
        finally:
            launcher.close()


def _rights(version: int, scratch: Path, data: Sequence[Path]) -> list[tuple[str, int]]:
    """What may be reached, by path."""
    python = [place for place in (sys.prefix, sys.base_prefix, *interpreter.places_of_packages()) if place != "/"]
    readable = dict.fromkeys((*SYSTEM.split(), *python, *map(str, data)))
    return [
        *((path, landlock.read(folder=os.path.isdir(path))) for path in readable),
        *((path, landlock.use(version)) for path in DEVICES),
        *((str(scratch / name), landlock.own(version)) for name in (FOLDER, HOME, TEMPORARY)),
    ]


def _environment(scratch: Path) -> dict[str, str]:
    return {
        "HOME": str(scratch / HOME),
        "LANG": "C.UTF-8",
        "LOGNAME": "sandbox",
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "TMPDIR": str(scratch / TEMPORARY),
        "TZ": "UTC",
        "USER": "sandbox",
    }
