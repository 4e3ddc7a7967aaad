"""What an import costs, and that what is exported is there."""

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SLOW = ["langgraph", "litellm", "pandas", "peft", "scipy", "sqlite_utils", "torch", "transformers", "trl"]


def loaded_by(code: str) -> set[str]:
    """The top-level names in a fresh interpreter after `code`."""
    report = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    answer = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return set(json.loads(answer.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import toishi.assistant", id="the package"),
        pytest.param("from toishi.assistant.cli import cli; cli(['--version'], standalone_mode=False)", id="--version"),
        pytest.param("from toishi.assistant.cli import cli; cli(['--help'], standalone_mode=False)", id="--help"),
        pytest.param("import toishi.tools.gepa", id="an engine"),
    ],
)
def test_nothing_slow_is_loaded_before_it_is_needed(code: str) -> None:
    assert loaded_by(code).isdisjoint(SLOW)


def exporting_modules() -> list[str]:
    """The modules that say in `__all__` what they export."""
    found = []
    for room in ("assistant", "graph", "tools", "tui"):
        for path in sorted((ROOT / room).rglob("*.py")):
            assigned = (node.targets for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign))
            if any(isinstance(name, ast.Name) and name.id == "__all__" for targets in assigned for name in targets):
                parts = path.relative_to(ROOT).with_suffix("").parts
                found.append(".".join(["toishi", *(parts[:-1] if parts[-1] == "__init__" else parts)]))
    return found


@pytest.mark.parametrize("name", exporting_modules())
def test_exported_names_exist_and_are_sorted(name: str) -> None:
    module = importlib.import_module(name)
    assert [export for export in module.__all__ if not hasattr(module, export)] == []
    assert list(module.__all__) == sorted(module.__all__, key=lambda export: (not export.isupper(), export))
