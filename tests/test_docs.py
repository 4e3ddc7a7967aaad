"""The documentation is true: pages made from the code are current, links lead somewhere, and examples run.

An example is a fenced block whose info string says so. On each page they run one after another in one folder, as a
reader would: `toml file=task.toml` writes a file, `sh example` runs commands (`exits=5` where that is the point), and
`text output` is what the block before it printed, line by line, where `…` stands for anything. `copy=examples/tickets`
on a page's first block copies a folder in. Models are answered by a server on loopback that stands in for a provider.
"""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from tests.servers.running import ModelServer
from toishi.assistant.cli import cli

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
BLOCK = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
SECRET = re.compile(r"KEY|TOKEN|SECRET", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """One fenced block: the words of its info string, and what stands in it."""

    language: str
    words: tuple[str, ...]
    body: str

    def value(self, name: str) -> str | None:
        """What stands behind `name=` in the info string."""
        return next((word.partition("=")[2] for word in self.words if word.startswith(f"{name}=")), None)


def blocks(page: Path) -> list[Block]:
    found = []
    for match in BLOCK.finditer(page.read_text()):
        language, *words = match["info"].split()
        found.append(Block(language, tuple(words), match["body"]))
    return found


def has_examples(page: Path) -> bool:
    return any("example" in block.words for block in blocks(page))


@pytest.fixture
def reader(tmp_path: Path, model_server: ModelServer) -> dict[str, str]:
    """The environment of somebody who has a key for OpenAI, which a server on loopback answers for."""
    plain = {name: value for name, value in os.environ.items() if not SECRET.search(name)}
    return {
        **plain,
        "HOME": str(tmp_path / "home"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "OPENAI_API_KEY": "sk-of-nobody",
        "OPENAI_API_BASE": model_server.base_url,
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }


def matches(wanted: str, printed: str) -> bool:
    """Whether the lines were printed in this order; others may stand between them where a line is `…` alone."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line.rstrip()).replace("…", ".*?") + r"[ \t]*\n"
        for line in wanted.splitlines()
    )
    return re.search(rf"^{pattern}", printed + "\n", re.MULTILINE) is not None


@pytest.mark.parametrize("page", [page for page in PAGES if has_examples(page)], ids=lambda page: page.stem)
def test_the_examples_of_a_page_run_as_they_stand(page: Path, reader: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    printed = ""
    for block in blocks(page):
        copied, file = block.value("copy"), block.value("file")
        if copied:
            shutil.copytree(ROOT / copied, folder, dirs_exist_ok=True)
        if file:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(block.body)
        elif "example" in block.words:
            command = [sys.executable, "-"] if block.language == "python" else ["bash", "-euo", "pipefail", "-s"]
            done = subprocess.run(
                command, input=block.body, cwd=folder, env=reader, capture_output=True, text=True, check=False
            )
            assert done.returncode == int(block.value("exits") or 0), f"{block.body}\n{done.stdout}\n{done.stderr}"
            printed = done.stdout + done.stderr
        elif "output" in block.words:
            assert matches(block.body, printed), f"the page says\n{block.body}\nand there came\n{printed}"


def test_the_pages_made_from_the_code_are_current() -> None:
    spec = importlib.util.spec_from_file_location("toishi_docs", ROOT / ".dev" / "docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.stale() == [], "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if link.startswith("http"):
            continue
        name, _, heading = link.partition("#")
        target = page if not name else (page.parent / name)
        assert target.exists(), link
        headings = {
            re.sub(r"[^\w\- ]", "", line.lstrip("# ")).strip().lower().replace(" ", "-")
            for line in (target.read_text().splitlines() if target.suffix == ".md" else ())
            if line.startswith("#")
        }
        assert not heading or heading in headings, link


def test_the_index_leads_to_every_page() -> None:
    seen: set[Path] = set()
    waiting = [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", page.read_text())]
        waiting += [
            (page.parent / link).resolve() for link in links if link.endswith(".md") and not link.startswith("http")
        ]
    assert set(PAGES) <= seen


def test_a_mistake_in_a_page_would_be_found() -> None:
    assert matches("one\n…\nthr… words\n", "zero\none\ntwo\nthree words  \nfour\n")
    assert not matches("one\nthree\n", "one\ntwo\nthree\n")


def commands_in(page: Path) -> list[list[str]]:
    """The calls of `toishi` in the shell blocks of a page, word by word, without what a pipe or a comment adds."""
    lines = [line for block in blocks(page) if block.language == "sh" for line in block.body.splitlines()]
    calls = [re.split(r"\s#|\s[|>]", line.partition("toishi ")[2])[0] for line in lines if "toishi " in line]
    return [shlex.split(call) for call in calls]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_the_commands_of_a_page_exist_with_their_options(page: Path) -> None:
    for verb, *words in commands_in(page):
        command = cli.get_command(click.Context(cli), verb)
        assert command is not None, verb
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), words[0])
            assert command is not None, words
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, f"toishi {verb} {' '.join(words)}"
