"""The wheel as somebody gets it: built, installed beside a project with modules of the same names, and used there."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("assistant", "graph", "tools", "tui")
LARGEST_WHEEL = 20_000_000
NOT_SHIPPED = shutil.ignore_patterns("__pycache__", ".*", "*.log")


@dataclass(frozen=True)
class Installed:
    """A wheel, the environment that has it and not the checkout, and a person's own project folder."""

    wheel: Path
    bin: Path
    project: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment from inside the project."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
        return subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=self.project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is built, so that nothing left over in the checkout can get in."""
    copy = tmp_path_factory.mktemp("source")
    for room in (*ROOMS, "tests", "benchmarks"):
        shutil.copytree(ROOT / room, copy / room, ignore=NOT_SHIPPED)
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "THIRD_PARTY.md"):
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")

    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True)
    # The dependencies come from here. A folder named in a .pth file is searched, but its own .pth files, with the
    # editable install of the checkout among them, are not read.
    here = sysconfig.get_path("purelib")
    there = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    (there / "dependencies.pth").write_text(here + "\n")

    project = folder / "project"
    project.mkdir()
    for room in ROOMS:
        (project / f"{room}.py").write_text('OWNER = "the person"\n')
    return Installed(wheel, environment / "bin", project)


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_of_the_four_rooms_and_nothing_else(installed: Installed, source: Path) -> None:
    shipped = {name for name in names(installed.wheel) if ".dist-info/" not in name}
    rooms = (path for room in ROOMS for path in (source / room).rglob("*") if path.is_file())
    assert shipped == {f"toishi/{path.relative_to(source).as_posix()}" for path in rooms}


def test_the_wheel_carries_the_licence_and_the_notices(installed: Installed) -> None:
    licences = {name.partition("/licenses/")[2] for name in names(installed.wheel) if "/licenses/" in name}
    assert licences == {"LICENSE", "THIRD_PARTY.md"}


def test_the_wheel_stays_small(installed: Installed) -> None:
    assert installed.wheel.stat().st_size < LARGEST_WHEEL


def test_the_command_works_beside_modules_of_the_same_names(installed: Installed) -> None:
    answer = installed.run("toishi", "--version")
    assert answer.stderr == ""
    assert answer.stdout.startswith("toishi 0.")


def test_both_the_engines_and_the_persons_modules_are_importable(installed: Installed) -> None:
    code = (
        "import json, assistant, graph, tools, tui, toishi.tools.gepa, toishi.tools.workbench.task\n"
        "owners = [module.OWNER for module in (assistant, graph, tools, tui)]\n"
        "print(json.dumps([toishi.tools.gepa.__file__, owners]))"
    )
    answer = installed.run("python", "-c", code)
    assert answer.stderr == ""
    where, owners = json.loads(answer.stdout)
    assert Path(where).is_relative_to(installed.bin.parent)
    assert owners == ["the person"] * 4


def test_the_embedded_model_is_found_in_the_installed_package(installed: Installed) -> None:
    code = (
        "import toishi.tools.embedded as embedded; from pathlib import Path\n"
        "print(*sorted(path.name for path in Path(embedded.WEIGHTS).iterdir()))"
    )
    answer = installed.run("python", "-c", code)
    assert answer.stderr == ""
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(answer.stdout.split())
