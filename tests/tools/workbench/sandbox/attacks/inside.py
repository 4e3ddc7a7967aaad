"""Runs attacks inside the sandbox. The secret should stand in the environment of whoever asks for it."""

import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.tools.workbench.sandbox.attacks.attack import Attack, Profile, Said
from tests.tools.workbench.sandbox.attacks.stage import Stage, stage
from toishi.tools.workbench.errors import SandboxUnavailable
from toishi.tools.workbench.sandbox import Outcome, run_pure
from toishi.tools.workbench.sandbox.outcome import USUAL, USUAL_OF_PROJECTS, Limits
from toishi.tools.workbench.sandbox.project import Launch

PATIENCE = 20.0


def succeeds_inside(attack: Attack, profile: Profile, *, landlock: int | None = None) -> bool:
    """Whether it does its harm, with the kernel's Landlock or as if it had this older version."""
    with tempfile.TemporaryDirectory(prefix="toishi-stage-") as folder, stage(Path(folder).resolve()) as one:
        return attack.harm(one, outcome(attack, one, profile, landlock=landlock))


def outcome(attack: Attack, one: Stage, profile: Profile, *, landlock: int | None = None) -> Said:
    """What came of it."""
    said = Said()
    try:
        for source in filter(None, (attack.source, attack.then)):
            text = attack.program(one, source)
            if profile == "pure":
                said = Said.of(asyncio.run(run_pure(text, limits=_limits(attack, USUAL))))
            else:
                said = Said.of(_in_project(text, one, _limits(attack, USUAL_OF_PROJECTS), landlock))
    except SandboxUnavailable:
        return Said(told=False)
    return said


def _limits(attack: Attack, usual: Limits) -> Limits:
    return replace(usual, **{"seconds": PATIENCE, **attack.limits})


def _in_project(text: str, one: Stage, limits: Limits, landlock: int | None) -> Outcome:
    command = [sys.executable, "-S", "-c", text]
    launch = Launch(command, one.project, limits=limits, environment={"MARK": one.mark}, data=[one.given])
    if landlock is not None:
        launch.here = replace(launch.here, landlock=landlock)
    return launch.run()
