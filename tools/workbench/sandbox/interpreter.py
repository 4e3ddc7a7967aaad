"""Starts clean interpreters: no environment but what is named, no site packages, nothing of the caller's memory.

A clean interpreter knows the standard library and the modules of this folder, which it imports by their full names
although `toishi` is not installed for it.
"""

import os
import site
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from toishi.tools.workbench.errors import SandboxUnavailable
from toishi.tools.workbench.sandbox import wire
from toishi.tools.workbench.sandbox.machine import WITHOUT

PACKAGE = __package__

_BOOTSTRAP = """
import importlib, sys, types
package, folder, module = sys.argv[1:4]
names = package.split(".")
for end in range(1, len(names) + 1):
    sys.modules[".".join(names[:end])] = types.ModuleType(".".join(names[:end]))
sys.modules[package].__path__ = [folder]
importlib.import_module(package + "." + module).main()
"""

# Whether it may keep what it compiled is as for this process: its own environment does not say.
_OPTIONS = ["-S", "-s", "-P", "-X", "utf8", *(["-B"] if sys.dont_write_bytecode else [])]

# Fixed hashes make runs repeat; the thread pools of numerical libraries would not survive a fork.
ENVIRONMENT = {
    "HOME": "/",
    "LANG": "C.UTF-8",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
}


class Interpreter:
    """The process of a module of this folder, whose `main` it runs; frames (see `wire`) go in and come out."""

    def __init__(self, module: str) -> None:
        folder = str(Path(__file__).parent)
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, *_OPTIONS, "-c", _BOOTSTRAP, PACKAGE, folder, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )

    def send(self, header: Mapping[str, Any], *parts: bytes) -> None:
        """Sends a frame; where the process is gone, `receive` tells."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError, ValueError):
            wire.send(self._process.stdin.fileno(), header, *parts)

    def receive(self) -> tuple[dict[str, Any], list[bytes]]:
        """The next frame; raises `SandboxUnavailable` where the process ended, or could not confine a program."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        frame = wire.receive(self._process.stdout.fileno())
        if frame is None:
            self._process.kill()
            last = self._process.stderr.read().decode(errors="replace").rstrip().rpartition("\n")[2]
            raise SandboxUnavailable(f"The sandbox's process ended by itself ({last or 'it was killed'}), {WITHOUT}")
        if "broken" in frame[0]:
            raise SandboxUnavailable(f"A program cannot be confined here ({frame[0]['broken']}), {WITHOUT}")
        return frame

    def kill(self) -> None:
        """Ends the process at once."""
        self._process.kill()

    def let_go(self) -> None:
        """Closes its input: the process ends what it does, and then itself."""
        assert self._process.stdin is not None
        with self._lock, suppress(OSError):
            self._process.stdin.close()

    def close(self) -> None:
        """Lets go of the process and waits for its end."""
        self.let_go()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()
        self._process.wait()


def places_of_packages() -> list[str]:
    """Folders in which this interpreter finds installed packages: not all of `sys.path`, which may hold any folder."""
    users = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [folder for folder in (*site.getsitepackages(), *users) if os.path.isdir(folder)]
