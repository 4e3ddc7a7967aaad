"""The documents say what is so: their commands exist, their links lead somewhere, their example loads."""

import re
from pathlib import Path

import pytest

from toishi.assistant.cli import VERBS
from toishi.tools.workbench.task import load_task

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "examples").rglob("README.md"))]


def code_in(text: str) -> str:
    """The fenced blocks and the inline code."""
    return "\n".join([*re.findall(r"```\w*\n(.*?)```", text, re.DOTALL), *re.findall(r"`([^`\n]+)`", text)])


def block(language: str) -> str:
    """The first fenced block of a language in the README."""
    found = re.search(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_in_a_document_exist(document: Path) -> None:
    code = code_in(document.read_text())
    assert set(re.findall(r"^(?:.*[/ ])?toishi ([a-z]+)", code, re.MULTILINE)) <= set(VERBS)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", code)) <= targets
    benchmarks = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    assert set(re.findall(r"benchmarks\.([a-z_]+)", code)) <= benchmarks


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_in_a_document_lead_somewhere(document: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", document.read_text()) if not link.startswith("http")]
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_task_in_the_readme_loads(tmp_path: Path) -> None:
    (tmp_path / "task.toml").write_text(block("toml"))
    (tmp_path / "prompt.txt").write_text(block("text"))
    (tmp_path / "messages.csv").write_text(block("csv"))
    task = load_task(tmp_path)
    assert task.texts["prompt"].content == block("text")
    assert [*task.data.inputs, task.data.expected] == block("csv").splitlines()[0].split(",")


def test_the_readme_names_every_command() -> None:
    named = set(re.findall(r"toishi ([a-z]+)", code_in((ROOT / "README.md").read_text())))
    assert named >= {"eval", "run", "diff", "apply", "undo", "resume", "models", "doctor"}
