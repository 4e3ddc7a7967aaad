"""The process of the profile `pure`: it imports what programs may use, and forks a confined child for each of them.

So a program finds its modules there without opening a file, and starts in milliseconds. Between the two stands a
supervisor, made anew each time, which watches the program, reads what it prints, and tells. The program reads its own
text and gives up its rights before it looks at it. So nothing of a program ever comes into this process, and none finds
in its memory what another one said.
"""

import encodings
import gc
import importlib
import os
import pkgutil
import random
import resource
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from toishi.tools.workbench.sandbox import confinement, wire
from toishi.tools.workbench.sandbox.group import threads_of
from toishi.tools.workbench.sandbox.program import prepare, run_program
from toishi.tools.workbench.sandbox.watch import Watch

REQUESTS, REPLIES = 0, 1

STANDARD = """
    __future__ abc argparse array ast asyncio atexit base64 binascii bisect builtins calendar cmath codecs
    collections collections.abc colorsys concurrent.futures concurrent.futures.thread configparser contextlib
    contextvars copy copyreg csv ctypes dataclasses datetime _strptime decimal difflib dis enum errno fnmatch
    fractions functools gc getopt glob graphlib hashlib heapq hmac html html.entities html.parser inspect io
    ipaddress itertools json keyword linecache locale logging marshal math mmap multiprocessing numbers opcode
    operator os os.path pathlib pickle pkgutil platform pprint queue random re reprlib resource sched secrets select
    selectors shlex shutil signal socket stat statistics string stringprep struct subprocess symtable sys sysconfig
    tempfile textwrap threading time timeit tokenize traceback tracemalloc types typing unicodedata unittest
    unittest.mock urllib.parse uuid warnings weakref xml.dom.minidom xml.etree.ElementTree zlib zoneinfo
""".split()  # noqa: SIM905
"""What every program may import: of the standard library what computes, and what is often imported in passing."""

OF_WINDOWS = ("mbcs", "oem")
INSPECTION_SECONDS = 0.1


def main() -> None:
    """Reads its settings, then programs until the stream ends."""
    settings = wire.receive(REQUESTS)
    if settings is None:
        return
    header, filters = settings
    try:
        zygote = Zygote(header, filters)
    except Exception as error:
        wire.send(REPLIES, {"broken": f"{type(error).__name__}: {error}"})
        return
    wire.send(REPLIES, {"landlock": zygote.ruleset is not None, "namespaces": zygote.namespaces})
    # From here on the settings are all that is told apart from what is garbage; no child copies pages to look again.
    gc.collect()
    gc.freeze()
    while zygote.serve():
        pass


class Zygote:
    """The modules, and what every child will be bound by."""

    def __init__(self, header: Mapping[str, Any], filters: Sequence[bytes]) -> None:
        self.numbers = header["numbers"]
        self.new_thread = header["new_thread"]
        self.filters = tuple(zip(filters, header["own_pid_at"], strict=True))
        sys.path += header["places"]
        for name in (*STANDARD, *header["preload"]):
            importlib.import_module(name)
            _wake(name)
        for codec in pkgutil.iter_modules(encodings.__path__):
            if codec.name not in OF_WINDOWS:
                importlib.import_module(f"encodings.{codec.name}")
        threads = len(os.listdir("/proc/self/task"))
        if threads > 1:
            raise RuntimeError(f"importing {', '.join(header['preload'])} starts threads, which no fork survives")
        if _shares_memory():
            raise RuntimeError(f"importing {', '.join(header['preload'])} makes memory that all programs would share")
        self.virtual = _virtual_size()
        # No module is looked for any more: what was not imported does not exist.
        sys.path.clear()
        sys.path_importer_cache.clear()
        # The filter of programs already refuses the network and every file; these are second walls, where the kernel
        # has them.
        self.namespaces = confinement.leave_namespaces()
        confinement.give_up_privileges(self.numbers)
        self.ruleset = confinement.landlock_rules(self.numbers, tuple(header["handled"]), [])

    def serve(self) -> bool:
        """Has a supervisor wait for one program and run it; False where the stream cannot be read any further."""
        zygote = os.getpid()
        supervisor = os.fork()
        if supervisor == 0:
            self._become_supervisor(zygote)
        _, status = os.waitpid(supervisor, 0)
        return status == 0

    def _become_supervisor(self, zygote: int) -> NoReturn:
        """In the supervisor: runs one program, replies, and ends; with 0 where there may be another."""
        code = 1
        try:
            confinement.die_with_parent(zygote)
            request = wire.receive_header(REQUESTS)
            if request is not None:
                reply, said = self._supervise(request)
                wire.send(REPLIES, reply, *said)
                code = 1 if "broken" in reply else 0
        except BaseException:
            traceback.print_exc()
        os._exit(code)

    def _supervise(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        threads = Threads(self.new_thread, request["threads"])
        watch = Watch(
            request,
            stop=_kill,
            decide=lambda number, arguments: threads.may_start(child, watch, number, arguments),
            inspect=lambda: threads.too_many(child),
            every=INSPECTION_SECONDS,
        )
        supervisor = os.getpid()
        child = os.fork()
        if child == 0:
            self._become_program(request, watch, supervisor)
        reply = watch.follow(child)
        return reply, [bytes(said) for said in watch.said.values()]

    def _become_program(self, request: Mapping[str, Any], watch: Watch, supervisor: int) -> NoReturn:
        """In the child: reads the program, gives up all rights, and runs it."""
        try:
            confinement.die_with_parent(supervisor)
            source, given = (wire.exactly(REQUESTS, size) or b"" for size in request["sizes"])
            confinement.die_first()
            if self.ruleset is not None:
                confinement.landlock(self.numbers, self.ruleset)
            channel = watch.become_program(given)
            prepare()
            confinement.limit(
                {
                    "RLIMIT_CORE": confinement.NO_CORE,
                    "RLIMIT_FSIZE": 0,
                    "RLIMIT_NOFILE": 64,
                    "RLIMIT_AS": self.virtual + request["memory"],
                    "RLIMIT_CPU": int(request["seconds"]) + 2,
                    "RLIMIT_SIGPENDING": confinement.SIGNALS_PENDING,
                }
            )
            _seed()
            listener = confinement.filter_calls(self.numbers, *self.filters)
            confinement.hand_over(channel, listener, self.namespaces)
        except BaseException as error:
            watch.fail(error)
        run_program(source)


class Threads:
    """How many threads a program has, none of which starts unasked where refused calls can be listened to."""

    def __init__(self, new_thread: Mapping[str, int], most: int) -> None:
        self._call, self._has, self._lacks = new_thread["call"], new_thread["has"], new_thread["lacks"]
        self._most = most
        self._expected = 1

    def may_start(self, child: int, watch: Watch, number: int, arguments: Sequence[int]) -> bool:
        """Whether a call may go on: only one that makes a thread, and only as long as there are not too many."""
        flags = arguments[0]
        if number != self._call or flags & self._has != self._has or flags & self._lacks:
            return False
        if self._expected >= self._most:
            self._expected = threads_of(child)
        self._expected += 1
        if self._expected > self._most:
            watch.end("threads")
            return False
        return True

    def too_many(self, child: int) -> str:
        """The limit, where it is passed."""
        return "threads" if threads_of(child) > self._most else ""


def _kill(child: int) -> None:
    """The child is not waited for yet, so the number is still its own."""
    os.kill(child, signal.SIGKILL)


def _wake(name: str) -> None:
    """Has a package import what it otherwise imports, or asks of the machine, when it is first used."""
    if name == "numpy":
        for part in ("fft", "ma", "polynomial", "random", "testing"):
            importlib.import_module(f"numpy.{part}")
    elif name == "torch":
        torch = importlib.import_module("torch")
        repr(torch.linalg.svd(torch.rand(4, 4) @ torch.rand(4, 4)))


def _seed() -> None:
    """What draws at random without being told a seed does so alike in every program.

    In the child, since modules draw anew when a process is forked.
    """
    random.seed(0)
    for name, function in (("numpy.random", "seed"), ("torch", "manual_seed")):
        if name in sys.modules:
            getattr(sys.modules[name], function)(0)


def _shares_memory() -> bool:
    """Whether there is memory that a forked child would write to for all others."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as stream:
        return any(mode[1] == "w" and mode[3] == "s" for mode in (line.split()[1] for line in stream))


def _virtual_size() -> int:
    """Bytes of address space that are taken before the first program."""
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[0]) * resource.getpagesize()
