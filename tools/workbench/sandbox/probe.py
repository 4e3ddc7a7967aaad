"""Whether programs can be confined on this machine, and by what: found by trying to break out."""

import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from toishi.tools.workbench.errors import SandboxUnavailable
from toishi.tools.workbench.sandbox.machine import WITHOUT
from toishi.tools.workbench.sandbox.outcome import USUAL, Outcome
from toishi.tools.workbench.sandbox.project import Launch
from toishi.tools.workbench.sandbox.pure import Job

Profile = Literal["pure", "project"]

# The namespaces that a program has of its own where the kernel grants them.
OWN = ("user", "network", "IPC")

# Each prints the one word only where everything that it tries is refused.
HELD = "held"
_OUT_OF_PURE = f"""
import os, socket
def refused(what, *given):
    try:
        what(*given)
    except PermissionError:
        return True
if refused(open, os.devnull) and refused(os.fork) and refused(socket.socket) and refused(os.kill, os.getppid(), 0):
    print({HELD!r})
"""
_OUT_OF_PROJECT = f"""
import os, socket, sys
def refused(what, *given):
    try:
        what(*given)
    except PermissionError:
        return True
if refused(open, sys.argv[1], "a") and refused(open, sys.argv[1]) and refused(socket.socket):
    print({HELD!r})
"""


def available(profile: Profile | None = None) -> str | None:
    """None where programs can be confined here, by this profile or by both; else one sentence that says why not."""
    profiles: tuple[Profile, ...] = ("pure", "project") if profile is None else (profile,)
    return next((sentence for one in profiles if (sentence := _tried(one)[0]) is not None), None)


def level(profile: Profile | None = None) -> str:
    """What holds programs here, by this profile or by both, in one line for whoever reads a report about code that was
    run; it says too what this kernel lacks, and where nothing is run at all.
    """
    profiles: tuple[Profile, ...] = ("pure", "project") if profile is None else (profile,)
    found = {one: _level(*_tried(one)) for one in profiles}
    if len(set(found.values())) == 1:
        return f"sandbox: {found[profiles[0]]}"
    return "sandbox: " + "; ".join(f"{one}: {words}" for one, words in found.items())


def _level(missing: str | None, walls: tuple[str, ...]) -> str:
    if missing is not None:
        return f"none. {missing}"
    namespaces = [one.removeprefix("own ").removesuffix(" namespace") for one in walls if one.startswith("own ")]
    others = [one for one in walls if not one.startswith("own ")]
    own = [f"own {_listed(namespaces)} namespace{'s' * (len(namespaces) > 1)}"] if namespaces else []
    held = f"kernel-enforced ({', '.join((*others, 'no new privileges', 'no network', *own))})"
    lacks = [f"own {one} namespace" for one in OWN if one not in namespaces]
    if not any(one.startswith("Landlock") for one in walls):
        lacks.insert(0, "Landlock")
    return f"{held}; not granted here: {', '.join(lacks)}, so seccomp alone stands for it" if lacks else held


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


@cache
def _tried(profile: Profile) -> tuple[str | None, tuple[str, ...]]:
    """Why programs cannot be confined, None where they can, and the walls that held the one that tried."""
    try:
        outcome = _try_pure() if profile == "pure" else _try_project()
    except SandboxUnavailable as error:
        return str(error), ()
    if outcome.ok and outcome.stdout.strip() == HELD:
        return None, outcome.walls
    found = outcome.reason or outcome.stderr.rstrip().rpartition("\n")[2] or "it got out"
    return f"The system does not confine programs as it should (profile {profile}: {found}), {WITHOUT}", ()


def _try_pure() -> Outcome:
    return Job(_OUT_OF_PURE).run()


def _try_project() -> Outcome:
    with tempfile.TemporaryDirectory(prefix="toishi-probe-") as outside:
        folder = Path(outside, "folder")
        folder.mkdir()
        secret = Path(outside, "secret")
        secret.touch()
        command = [sys.executable, "-I", "-S", "-c", _OUT_OF_PROJECT, str(secret)]
        return Launch(command, folder, limits=USUAL).run()
