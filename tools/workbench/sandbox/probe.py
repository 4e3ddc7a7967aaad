"""Whether programs can be confined on this machine: found by trying to break out."""

import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Literal

from toishi.tools.workbench.errors import SandboxUnavailable
from toishi.tools.workbench.sandbox.machine import WITHOUT
from toishi.tools.workbench.sandbox.outcome import USUAL, Outcome
from toishi.tools.workbench.sandbox.project import Launch
from toishi.tools.workbench.sandbox.pure import Job

Profile = Literal["pure", "project"]

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
    return next((sentence for one in profiles if (sentence := _tried(one)) is not None), None)


@cache
def _tried(profile: Profile) -> str | None:
    try:
        outcome = _try_pure() if profile == "pure" else _try_project()
    except SandboxUnavailable as error:
        return str(error)
    if outcome.ok and outcome.stdout.strip() == HELD:
        return None
    found = outcome.reason or outcome.stderr.rstrip().rpartition("\n")[2] or "it got out"
    return f"The system does not confine programs as it should (profile {profile}: {found}), {WITHOUT}"


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
