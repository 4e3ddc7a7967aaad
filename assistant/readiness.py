"""What toishi needs here, whether it is there, and the way out where it is missing."""

import importlib.util
import os
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from toishi.tools.embedded import WEIGHTS
from toishi.tools.workbench.errors import ModelUnknown, ToishiError
from toishi.tools.workbench.settings import find_project, journal_file

LOCAL = ("torch", "transformers", "tokenizers", "safetensors")
TRAINING = ("peft", "trl", "accelerate")
INSTALL_LOCAL = "pip install 'toishi[local]'"
# Bytes of a journal that are read in a moment.
LOOKED_THROUGH = 100_000_000

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `way_out` says what to do where it is not ok."""

    name: str
    ok: bool
    found: str
    way_out: str = ""


@dataclass(frozen=True)
class Method:
    """A way to improve something, and the checks that it lacks."""

    name: str
    missing: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether it can run here."""
        return not self.missing


def checks(given: Path | None) -> list[Check]:
    """Everything that can be looked at without spending or writing anything."""
    return [
        _python(),
        _cores(),
        _gpu(),
        _sandbox(),
        _journal(given),
        _hosted(),
        _local(),
        _embedded(),
        _training(),
        _model(),
    ]


def require_embedded() -> None:
    """Raises `ModelUnknown` with the way out where the model of the package cannot run here."""
    for check in (_local(), _embedded()):
        if not check.ok:
            raise ModelUnknown(f"embedded/mini cannot run here, {check.found}; {check.way_out}")


def methods(found: list[Check]) -> list[Method]:
    """What works here, given the checks."""
    ok = {check.name: check.ok for check in found}
    needed = {"gepa": ("python", "journal", "model")}
    return [Method(name, tuple(one for one in needs if not ok[one])) for name, needs in needed.items()]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return Check("python", sys.version_info >= OLDEST_PYTHON, version, f"install Python {oldest} or newer")


def _cores() -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Check("cores", True, str(cores))


def _gpu() -> Check:
    if not _installed("torch"):
        return Check("gpu", True, "not looked for, since torch is not installed")
    import torch

    if torch.cuda.is_available():
        return Check("gpu", True, torch.cuda.get_device_name(0))
    return Check("gpu", True, "none; local models run on the CPU")


def _sandbox() -> Check:
    from toishi.tools.workbench.sandbox import available, level

    missing = available()
    found = missing or level().removeprefix("sandbox: ")
    return Check("sandbox", missing is None, found, "run toishi on Linux 5.13 or newer, where it may confine")


def _journal(given: Path | None) -> Check:
    project = find_project() if given is None else given.resolve()
    file = journal_file(project)
    for path, here, kept in ((file.parent, "a file", "a folder"), (file, "a folder", "a file")):
        if path.exists() and path.is_dir() == (here == "a folder"):
            return Check("journal", False, f"{path} is {here}, where toishi keeps {kept}", "move it away")
    if not file.is_file():
        writable = os.access(project, os.W_OK)
        found = f"{file} will be made with the first run" if writable else f"{project} is not writable"
        return Check("journal", writable, found, "make the folder writable, or choose another with --project")
    from toishi.tools.workbench.journal import Journal

    size = file.stat().st_size
    try:
        with closing(Journal.open(project)) as journal:
            if size <= LOOKED_THROUGH:
                journal.check()
            runs = int(journal.read("SELECT count(*) FROM runs")[0][0])
    except ToishiError as error:
        return Check("journal", False, str(error))
    large = "" if size <= LOOKED_THROUGH else f"; its {size / 1e6:,.0f} MB were not looked through for damage"
    return Check("journal", True, f"{file}, {runs} run{'s' * (runs != 1)}{large}")


def _hosted() -> Check:
    there = _installed("litellm")
    found = "litellm for hosted models and OpenAI-compatible servers" if there else "litellm is missing"
    return Check("hosted", there, found, "pip install litellm")


def _local() -> Check:
    missing = [name for name in LOCAL if not _installed(name)]
    return Check("local", not missing, _packages(LOCAL, missing), INSTALL_LOCAL)


def _training() -> Check:
    missing = [name for name in TRAINING if not _installed(name)]
    return Check("training", not missing, _packages(TRAINING, missing), INSTALL_LOCAL)


def _packages(wanted: tuple[str, ...], missing: list[str]) -> str:
    return ", ".join(wanted) if not missing else f"missing: {', '.join(missing)}"


def _embedded() -> Check:
    there = (WEIGHTS / "config.json").is_file()
    size = sum(file.stat().st_size for file in WEIGHTS.glob("*")) / 1e6 if there else 0.0
    found = f"embedded/mini, {size:.1f} MB" if there else f"no weights in {WEIGHTS}"
    return Check("embedded", there, found, "reinstall toishi, or train it: python -m toishi.tools.embedded.train")


def _model() -> Check:
    from toishi.tools.workbench.models.discovery import choose_default

    try:
        chosen = choose_default()
    except ModelUnknown as error:
        return Check("model", False, "none within reach", str(error))
    return Check("model", True, f"auto is {chosen.model}: {chosen.reason}")


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None
