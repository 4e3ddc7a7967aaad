"""The process of the profile `pure`: it imports what programs may use, and forks a confined child for each of them.

So a program finds its modules there without opening a file, and starts in milliseconds. The child reads the program
itself and gives up its rights before it looks at it; this process, which never sees it, watches the child, reads what
it prints, and tells. Between programs it holds nothing of them.
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
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from toishi.tools.workbench.sandbox import confinement, wire
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
    wire.send(REPLIES, {"landlock": zygote.landlocked})
    # From here on the settings are all that is told apart from what is garbage; no child copies pages to look again.
    gc.collect()
    gc.freeze()
    while (request := wire.receive_header(REQUESTS)) is not None:
        if not zygote.serve(request):
            return


class Zygote:
    """The modules, and what every child will be bound by."""

    def __init__(self, header: Mapping[str, Any], filters: Sequence[bytes]) -> None:
        self.numbers = header["numbers"]
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
        self.virtual = _virtual_size()
        # No module is looked for any more: what was not imported does not exist.
        sys.path.clear()
        sys.path_importer_cache.clear()
        confinement.give_up_privileges(self.numbers)
        # The filter of the children already refuses every file; this is a second wall, where the kernel has it.
        self.landlocked = confinement.landlock(self.numbers, tuple(header["handled"]), [], optional=True)

    def serve(self, request: Mapping[str, Any]) -> bool:
        """Runs one program; False where the stream cannot be read any further."""
        watch = Watch(request, stop=_kill)
        supervisor = os.getpid()
        child = os.fork()
        if child == 0:
            self._become_program(request, watch, supervisor)
        reply = watch.follow(child)
        wire.send(REPLIES, reply, *(bytes(said) for said in watch.said.values()))
        return "broken" not in reply

    def _become_program(self, request: Mapping[str, Any], watch: Watch, supervisor: int) -> NoReturn:
        """In the child: reads the program, gives up all rights, and runs it."""
        try:
            confinement.die_with_parent(supervisor)
            source, given = (wire.exactly(REQUESTS, size) or b"" for size in request["sizes"])
            channel = watch.become_program(given)
            prepare()
            confinement.limit(
                {
                    "RLIMIT_CORE": 0,
                    "RLIMIT_FSIZE": 0,
                    "RLIMIT_NOFILE": 64,
                    "RLIMIT_AS": self.virtual + request["memory"],
                    "RLIMIT_CPU": int(request["seconds"]) + 2,
                }
            )
            _seed()
            confinement.hand_over(channel, confinement.filter_calls(self.numbers, *self.filters))
        except BaseException as error:
            watch.fail(error)
        run_program(source)


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


def _virtual_size() -> int:
    """Bytes of address space that are taken before the first program."""
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[0]) * resource.getpagesize()
