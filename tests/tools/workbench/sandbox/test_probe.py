"""Whether programs can be confined: said in one sentence, and where they cannot, nothing runs."""

import asyncio
import platform
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from toishi.tools.workbench.errors import SandboxUnavailable
from toishi.tools.workbench.sandbox import available, probe, pure, run_project, run_pure
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

    assert available("pure") is None
    assert available("project") == (
        "This kernel lacks Landlock (Linux 5.13 or newer, switched on), so code that a model wrote is not run here"
    )
    with pytest.raises(SandboxUnavailable, match="lacks Landlock"):
        Launch(["true"], tmp_path)
