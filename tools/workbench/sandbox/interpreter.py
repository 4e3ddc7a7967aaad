"""Starts clean interpreters: no environment but what is named, no site packages, nothing of the caller's memory.

A clean interpreter knows the standard library and the modules of this folder, which it imports by their full names
although `toishi` is not installed for it.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

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


def start(module: str, *, environment: Mapping[str, str] = ENVIRONMENT) -> "subprocess.Popen[bytes]":
    """Runs `main` of a module of this folder; stdin and stdout are pipes, stderr is a pipe too."""
    folder = str(Path(__file__).parent)
    return subprocess.Popen(
        [sys.executable, "-S", "-s", "-P", "-B", "-X", "utf8", "-c", _BOOTSTRAP, PACKAGE, folder, module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        cwd="/",
        start_new_session=True,
        close_fds=True,
    )


def places_of_modules() -> list[str]:
    """Folders in which this interpreter finds installed packages, without the working directory."""
    standard = Path(os.__file__).parent
    return [
        entry
        for entry in sys.path
        if os.path.isabs(entry)
        and Path(entry).is_dir()
        and not (Path(entry).is_relative_to(standard) and "-packages" not in entry)
    ]
