"""Whether programs can be confined: said in one sentence, and where they cannot, nothing runs."""

import asyncio
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from toishi.tools.workbench.errors import SandboxUnavailable
from toishi.tools.workbench.sandbox import available, level, probe, pure, run_project, run_pure
from toishi.tools.workbench.sandbox.machine import machine
from toishi.tools.workbench.sandbox.project import Launch


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """What was found out about this machine is forgotten, before and after."""

    def forget() -> None:
        machine.cache_clear()
        probe._tried.cache_clear()
        for pool in pure._pools:
            pool.close()
        pure._pools.clear()

    forget()
    yield monkeypatch
    monkeypatch.undo()
    forget()


def test_here_both_profiles_hold_what_tries_to_break_out() -> None:
    assert [available(), available("pure"), available("project")] == [None, None, None]


def test_the_level_in_force_is_said_in_a_line() -> None:
    assert level().startswith(f"sandbox: kernel-enforced (seccomp, Landlock {machine().landlock}, no new privileges, ")
    assert level("pure") in level()


WALLS = {
    "everything": (
        ("seccomp", "Landlock 7", "own user namespace", "own network namespace", "own IPC namespace"),
        "kernel-enforced (seccomp, Landlock 7, no new privileges, no network, own user, network and IPC namespaces)",
    ),
    "root without users": (
        ("seccomp", "Landlock 1", "own network namespace", "own IPC namespace"),
        "kernel-enforced (seccomp, Landlock 1, no new privileges, no network, own network and IPC namespaces); not "
        "granted here: own user namespace, so seccomp alone stands for it",
    ),
    "the least": (
        ("seccomp",),
        "kernel-enforced (seccomp, no new privileges, no network); not granted here: Landlock, own user namespace, own "
        "network namespace, own IPC namespace, so seccomp alone stands for it",
    ),
}


@pytest.mark.parametrize(("walls", "sentence"), [pytest.param(*case, id=name) for name, case in WALLS.items()])
def test_what_the_kernel_does_not_grant_is_said_too(walls: tuple[str, ...], sentence: str) -> None:
    assert probe._level(None, walls) == sentence


# Runs as if the kernel had refused these calls, as some containers do.
REFUSING = """
import asyncio, sys
from toishi.tools.workbench.sandbox import available, confinement, level, run_pure
from toishi.tools.workbench.sandbox.filters import ALLOW, Rule, assemble, errno
from toishi.tools.workbench.sandbox.machine import machine
here = machine().architecture
rules = dict.fromkeys(sys.argv[1:], Rule(errno(1)))
one = assemble(here, rules, default=ALLOW, unknown=ALLOW).program
confinement.give_up_privileges(here.numbers)
assert confinement._install(here.numbers, (one, ()), confinement._TSYNC) == 0
machine.cache_clear()
for source in ("print(6 * 7)", "open('/usr/bin/env')", "import socket; socket.socket()"):
    outcome = asyncio.run(run_pure(source))
    print(outcome.stdout.strip() or outcome.reason)
print(level("pure"))
print(available("project"))
"""


@pytest.mark.parametrize(
    ("refused", "lacking", "project"),
    [
        pytest.param("unshare", "own user namespace, own network namespace, own IPC namespace", None, id="namespaces"),
        pytest.param(
            "landlock_create_ruleset",
            "Landlock",
            "This kernel lacks Landlock (Linux 5.13 or newer, switched on), so code that a model wrote is not run here",
            id="Landlock",
        ),
    ],
)
def test_what_is_refused_here_makes_no_difference_to_programs(refused: str, lacking: str, project: str | None) -> None:
    found = subprocess.run([sys.executable, "-c", REFUSING, refused], capture_output=True, text=True, check=False)

    *programs, said, missing = found.stdout.splitlines()
    assert programs == ["42", "tried to open a file (openat)", "tried to use the network (socket)"], found.stderr
    assert said.endswith(f"; not granted here: {lacking}, so seccomp alone stands for it")
    assert missing == str(project)


@pytest.mark.parametrize(
    ("told", "value", "sentence"),
    [
        pytest.param("system", "Darwin", "The sandbox stands on Linux, and this is Darwin", id="system"),
        pytest.param("machine", "riscv64", "The sandbox knows x86_64 and aarch64, and this is riscv64", id="machine"),
    ],
)
def test_elsewhere_nothing_runs(
    elsewhere: pytest.MonkeyPatch, tmp_path: Path, told: str, value: str, sentence: str
) -> None:
    elsewhere.setattr(platform, told, lambda: value)
    whole = f"{sentence}, so code that a model wrote is not run here"

    assert available() == whole
    assert level() == f"sandbox: none. {whole}"
    with pytest.raises(SandboxUnavailable, match=sentence):
        asyncio.run(run_pure("open('/dev/full', 'w')"))
    with pytest.raises(SandboxUnavailable, match=sentence):
        asyncio.run(run_project(["touch", str(tmp_path / "ran")], folder=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_with_the_numbers_of_another_machine_no_program_is_looked_at(elsewhere: pytest.MonkeyPatch) -> None:
    """The filter cannot be installed then, and that is as far as it goes."""
    other = {"x86_64": "aarch64", "aarch64": "x86_64"}[platform.machine()]
    elsewhere.setattr(platform, "machine", lambda: other)

    found = available("pure")

    assert found is not None
    assert found.endswith("so code that a model wrote is not run here")
    with pytest.raises(SandboxUnavailable):
        asyncio.run(run_pure("print(1)"))


def test_without_landlock_no_command_runs_and_programs_still_do(elsewhere: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without = replace(machine(), landlock=0)
    elsewhere.setattr("toishi.tools.workbench.sandbox.project.machine", lambda: without)

    missing = (
        "This kernel lacks Landlock (Linux 5.13 or newer, switched on), so code that a model wrote is not run here"
    )
    assert (available("pure"), available("project")) == (None, missing)
    assert level().startswith("sandbox: pure: kernel-enforced (")
    assert level().endswith(f"; project: none. {missing}")
    with pytest.raises(SandboxUnavailable, match="lacks Landlock"):
        Launch(["true"], tmp_path)
