"""The profile `pure`: a program that computes, and reaches nothing but what it is given.

Programs run in children of zygotes (see `zygote`), of which one is kept for each processor and each set of modules.
They belong to the process and not to an event loop, since a loop ends with every command.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from toishi.tools.workbench.errors import SandboxUnavailable
from toishi.tools.workbench.sandbox import interpreter, landlock, policies
from toishi.tools.workbench.sandbox.machine import machine
from toishi.tools.workbench.sandbox.outcome import USUAL, Limits, Outcome, as_bytes, explain, walls


async def run_pure(
    source: str, *, stdin: str | bytes = "", limits: Limits = USUAL, preload: Sequence[str] = ()
) -> Outcome:
    """Runs a Python program that can open no file, start no process, reach no network and signal nobody.

    It finds the part of the standard library that computes, and the packages in `preload`, which are imported before
    any program and confined with it. Threads are allowed. What it writes to descriptor 3 comes back as `value`. It
    starts with the same hashes and random seeds each time. Cancelled, it is killed.

    Raises `SandboxUnavailable` where it cannot be confined; then nothing was run.
    """
    job = Job(source, stdin=stdin, limits=limits, preload=preload)
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool().threads, job.run)
    except asyncio.CancelledError:
        job.cancel()
        raise


class Job:
    """One program on its way through a zygote."""

    def __init__(
        self, source: str, *, stdin: str | bytes = "", limits: Limits = USUAL, preload: Sequence[str] = ()
    ) -> None:
        self.source, self.stdin, self.limits, self.preload = as_bytes(source), as_bytes(stdin), limits, tuple(preload)
        self._lock = threading.Lock()
        self._zygote: _Zygote | None = None
        self._cancelled = False

    def run(self) -> Outcome:
        """Blocks until the program has ended; raises `SandboxUnavailable`."""
        zygote, is_new = _pool().take(self.preload)
        try:
            return self._run_in(zygote)
        except SandboxUnavailable:
            # One that had waited may have been killed meanwhile, as when the system runs out of memory.
            if is_new or self._cancelled:
                raise
        return self._run_in(_Zygote(self.preload))

    def _run_in(self, zygote: "_Zygote") -> Outcome:
        try:
            with self._lock:
                self._zygote = zygote
                if self._cancelled:
                    zygote.kill()
            outcome = zygote.run(self.source, self.stdin, self.limits)
        except BaseException:
            zygote.close()
            raise
        _pool().give_back(zygote)
        return outcome

    def cancel(self) -> None:
        """Kills the program, and its zygote with it."""
        with self._lock:
            self._cancelled = True
            if self._zygote is not None:
                self._zygote.kill()


class _Zygote:
    """A zygote's process, from outside."""

    def __init__(self, preload: tuple[str, ...]) -> None:
        here = machine()
        filters = [policies.pure(here.architecture, notify=notify) for notify in (True, False)]
        settings = {
            "numbers": here.architecture.numbers,
            "new_thread": {
                "call": here.architecture.numbers["clone"],
                "has": policies.CLONE_THREAD | policies.CLONE_FILES,
                "lacks": policies.CLONE_NAMESPACES,
            },
            "own_pid_at": [one.own_pid_at for one in filters],
            "handled": landlock.handled(here.landlock),
            "preload": preload,
            "places": interpreter.places_of_packages() if preload else [],
        }
        self.preload = preload
        self._architecture = here.architecture
        self._process = interpreter.Interpreter("zygote")
        self._process.send(settings, *(one.program for one in filters))
        try:
            found, _ = self._process.receive()
            self._walls = walls(here.landlock if found["landlock"] else 0, found["namespaces"])
        except BaseException:
            self.close()
            raise

    def run(self, source: bytes, stdin: bytes, limits: Limits) -> Outcome:
        """Runs one program; raises `SandboxUnavailable` where it was not confined, or the zygote is gone."""
        self._process.send(vars(limits), source, stdin)
        reply, (stdout, stderr, value) = self._process.receive()
        refused = tuple(self._architecture.name_of(number) for number in reply["refused"])
        printed, complained = stdout.decode(errors="replace"), stderr.decode(errors="replace")
        code, reason = explain(reply["status"], reply["ended"], refused, complained, limits)
        return Outcome(code == 0, printed, complained, code, reason, refused, value, self._walls)

    def kill(self) -> None:
        """Ends the process at once; its child dies with it."""
        self._process.kill()

    def close(self) -> None:
        """Ends the process and waits for it."""
        self._process.kill()
        self._process.close()


class _Pool:
    """Zygotes that wait for a program, and the threads that talk to them: as many as there are processors."""

    def __init__(self) -> None:
        self.size = len(os.sched_getaffinity(0))
        self.threads = ThreadPoolExecutor(self.size, thread_name_prefix="sandbox")
        self._lock = threading.Lock()
        self._idle: list[_Zygote] = []

    def take(self, preload: tuple[str, ...]) -> tuple[_Zygote, bool]:
        """A zygote with these modules, the one that was used last, or a new one; and whether it is new."""
        with self._lock:
            for place in range(len(self._idle) - 1, -1, -1):
                if self._idle[place].preload == preload:
                    return self._idle.pop(place), False
        return _Zygote(preload), True

    def give_back(self, zygote: _Zygote) -> None:
        """Keeps it for the next program; of more than one for each processor, the one that waited longest goes."""
        with self._lock:
            self._idle.append(zygote)
            surplus = [self._idle.pop(0)] if len(self._idle) > self.size else []
        for one in surplus:
            one.close()

    def close(self) -> None:
        """Ends every zygote that waits."""
        with self._lock:
            waiting, self._idle = self._idle, []
        for zygote in waiting:
            zygote.close()


_pools: list[_Pool] = []


def _pool() -> _Pool:
    """The pool of this process; a process that was forked off makes one of its own."""
    if not _pools:
        machine()
        _pools.append(_Pool())
        atexit.register(_pools[0].close)
    return _pools[0]


os.register_at_fork(after_in_child=_pools.clear)
