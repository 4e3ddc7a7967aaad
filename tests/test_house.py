"""The house rules that no linter checks: names, docstrings, sizes, and documents that say what is so."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("assistant", "graph", "tools", "tui")
LONGEST_MODULE = 400
# Modules that may be longer, each with its reason.
LONGER_WITH_REASON: dict[str, str] = {}


def modules() -> list[Path]:
    """Every module of the package and of the benchmarks."""
    return sorted(path for folder in (*ROOMS, "benchmarks") for path in (ROOT / folder).rglob("*.py"))


def project() -> dict[str, object]:
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_importable_in_the_namespace_only(room: str, tmp_path: Path) -> None:
    assert importlib.import_module(f"toishi.{room}").__file__
    # Elsewhere and in a process of its own: `python -m pytest` puts the working directory on the path.
    code = f"import importlib.util as found; raise SystemExit(found.find_spec({room!r}) is not None)"
    assert subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, check=False).returncode == 0


def test_every_module_says_what_is_in_it() -> None:
    silent = [
        str(path.relative_to(ROOT)) for path in modules() if ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


def test_no_module_is_too_long_to_read() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()}
    long = {name for name, lines in lengths.items() if lines > LONGEST_MODULE}
    assert long == set(LONGER_WITH_REASON)


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}
    assert [path for path in modules() if path.stem in empty] == []


def test_the_changelog_keeps_its_form_and_knows_this_version() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", heading) for heading in headings[1:])
    assert headings[1].startswith(f"[{project()['version']}]")
    sections = set(re.findall(r"^### (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE))
    assert sections <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_lock_pins_every_dependency() -> None:
    pinned = {line.partition("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    table = project()
    extras = table["optional-dependencies"]
    assert isinstance(extras, dict)
    assert isinstance(table["dependencies"], list)
    wanted = [*table["dependencies"], *(name for extra in extras.values() for name in extra)]
    assert {re.split(r"[^a-z0-9-]", name)[0] for name in wanted} <= pinned


def test_the_base_install_has_no_torch() -> None:
    base = project()["dependencies"]
    assert isinstance(base, list)
    assert not [name for name in base if re.match(r"torch|transformers|peft|trl|accelerate", name)]
