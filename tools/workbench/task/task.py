"""A task as loaded from its `task.toml`: the file, the texts that it names, and what identifies the rest.

`load_task` checks everything that can be seen without reading the data. In a `Task` all paths count from the project
folder, and the prompts' texts are part of it, so its JSON is all that a run needs to be resumed.
"""

import hashlib
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.prompting import placeholders
from toishi.tools.workbench.settings import TASK_FILE, find_project
from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task.data import ENDINGS, is_saved_dataset
from toishi.tools.workbench.task.file import TaskFile
from toishi.tools.workbench.task.program import ProgramSection
from toishi.tools.workbench.task.section import Section
from toishi.tools.workbench.task.toml import NotToml, parse_toml
from toishi.tools.workbench.texts import CODE, parted
from toishi.tools.workbench.validation import explain

DATA_ENDINGS = (*ENDINGS, ".log")
UNFILLED = (*CODE, "json", "toml")
"""Kinds of text that are used as they stand."""

IN_BRACES = re.compile(r"{([A-Za-z_]\w*)}")


class ModuleText(Section):
    """A module's text file: its path from the project folder, and its content to the last byte."""

    path: str
    content: str

    @property
    def text(self) -> str:
        """The instruction: the content without the line end that closes the file."""
        return self.content.rstrip("\r\n")

    def with_text(self, text: str) -> str:
        """What the file holds when `text` is the instruction: the line end that closed the file stays."""
        return text + self.content[len(self.text) :]


class Task(TaskFile):
    """A task as loaded: its paths count from the project folder, and its JSON is the snapshot that a run keeps."""

    texts: dict[str, ModuleText] = Field(description="the modules' text files, by module")
    sources: dict[str, str] = Field(description="SHA-256 of the code and corpora that the task runs on, by path")

    def seed_texts(self) -> dict[str, str]:
        """The instruction of each module as it stands in its file."""
        return {module: one.text for module, one in self.texts.items()}

    def placeholders(self) -> Mapping[str, tuple[str, ...]]:
        """What each module's text names in braces, which a rewritten text must name too.

        The inputs, for a prompt; for other programs, whose modules have fields of their own, every name, but for code
        and configs, where braces mean something else.
        """
        if self.program.prompt is not None:
            return {module: placeholders(one.text, self.data.inputs) for module, one in self.texts.items()}
        filled = [one for one in self.texts if parted(self.program.kind_of(one))[0] not in UNFILLED]
        return {module: tuple(dict.fromkeys(IN_BRACES.findall(self.texts[module].text))) for module in filled}

    @property
    def runs_code(self) -> bool:
        """Whether what a model wrote is run, in the sandbox: texts of the program, or answers that the metric tries."""
        kinds = (parted(self.program.kind_of(module))[0] for module in self.texts)
        return self.metric.runs_code or any(kind in CODE for kind in kinds)

    @property
    def solves(self) -> bool:
        """Whether the rows are the very tasks to solve, so that all of them are learned from and none is locked."""
        return self.gepa.get("mode") == "solve"


def load_task(path: Path, *, project: Path | None = None) -> Task:
    """The task in a `task.toml` (or in the folder that holds one).

    `project` is found by `find_project` where it is not given. Raises `TaskError` with one sentence for a file that is
    missing, no TOML, or says something that cannot be, and for a file that it names and that is missing or unusable.
    """
    path = path / TASK_FILE if path.is_dir() else path
    try:
        written = TaskFile.model_validate(_parse(path))
    except ValidationError as error:
        raise TaskError(f"{path}: {explain(error, TaskFile)}") from None
    root = (project or find_project(path)).resolve()
    program, texts, sources = _program(path, written.program, root)
    _refuse_slips(path, written, texts)
    files = {key: _place(path, f"data.{key}", name, root) for key, name in written.data.files().items()}
    for key, name in files.items():
        if (
            written.data.format == "auto"
            and not (root / name).is_dir()
            and Path(name).suffix.lower() not in DATA_ENDINGS
        ):
            raise TaskError(f"{path}: data.{key} = '{name}' should end in {', '.join(ENDINGS)}; or say data.format")
    if written.data.requests is not None:
        files["requests"] = _place(path, "data.requests", written.data.requests, root)
    if written.data.labels is not None:
        files["labels"] = _place_to_write(path, "data.labels", written.data.labels, root)
    metric = written.metric.placed(lambda key, name: _place(path, key, name, root), root)
    sources |= {file: source_hash(root / file) for file in metric.own_code}
    changed = {"program": program, "data": written.data.model_copy(update=files), "metric": metric}
    return Task(**{**dict(written), **changed}, texts=texts, sources=sources)


def _program(
    source: Path, written: ProgramSection, root: Path
) -> tuple[ProgramSection, dict[str, ModuleText], dict[str, str]]:
    """The section with its paths counted from the project, the modules' texts, and the hashes of code and corpora."""
    keys = {module: f"program.modules.{module}" for module in written.modules} or {"prompt": "program.prompt"}
    placed, texts = {}, {}
    for module, name in written.prompts().items():
        placed[module] = _place(source, keys[module], name, root)
        content = _prompt_text(f"{source}: {keys[module]} = '{name}'", written, root / placed[module])
        texts[module] = ModuleText(path=placed[module], content=content)
    retrievers = {
        name: one.model_copy(update={"file": _place(source, f"program.retrievers.{name}.file", one.file, root)})
        for name, one in written.retrievers.items()
    }
    update: dict[str, Any] = {"retrievers": retrievers}
    if written.prompt is not None:
        update["prompt"] = placed["prompt"]
    else:
        update["modules"] = placed
    code = []
    for key in ("code", "graph"):
        name = getattr(written, key)
        if name is not None:
            file, _, attribute = name.partition(":")
            code.append(_place(source, f"program.{key}", file, root))
            update[key] = f"{code[-1]}:{attribute}"
    files = [*code, *(one.file for one in retrievers.values())]
    return written.model_copy(update=update), texts, {file: source_hash(root / file) for file in files}


def _refuse_slips(source: Path, written: TaskFile, texts: Mapping[str, ModuleText]) -> None:
    """A name in a prompt's braces that is nearly an input's would reach the model as it is written."""
    if written.program.prompt is None:
        return
    for text in texts.values():
        for name in IN_BRACES.findall(text.content):
            near = get_close_matches(name, written.data.inputs, n=1, cutoff=0.75)
            if near and name not in written.data.inputs:
                raise TaskError(
                    f"{source}: program.prompt = '{written.program.prompt}' names {{{name}}}, which is no input; "
                    f"did you mean {{{near[0]}}}?"
                )


def source_hash(file: Path) -> str:
    """SHA-256 of a file's content."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return parse_toml(text)
    except FileNotFoundError:
        raise TaskError(f"{path} does not exist; name a task.toml or the folder that holds one") from None
    except OSError as error:
        raise TaskError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TaskError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except NotToml as problem:
        raise TaskError(f"{path}{problem}") from None


def _place(source: Path, key: str, name: str, project: Path) -> str:
    """A path as the project sees it. Only data may lie outside, and only where its absolute path was written."""
    if not name.strip():
        raise TaskError(f"{source}: {key} is empty; name a file")
    if "://" in name:
        raise TaskError(f"{source}: {key} = '{name}' is an address; download it, and name the file")
    full = (source.absolute().parent / name).resolve()
    outside = not full.is_relative_to(project)
    inside_only = not key.startswith("data.")
    if outside and (inside_only or not Path(name).is_absolute()):
        way_out = "move it there" if inside_only else "move it there or write its absolute path"
        raise TaskError(f"{source}: {key} = '{name}' leads out of the project folder {project}; {way_out}")
    if not full.is_file() and (inside_only or not is_saved_dataset(full)):
        if full.is_dir():
            raise TaskError(f"{source}: {key} = '{name}' is a folder; name a file in it")
        what = "is no file" if full.exists() else "does not exist"
        files = (path for path in full.parent.glob("*.*") if path.is_file())
        hint = did_you_mean(full.name, sorted(path.name for path in files))
        way_out = f"; {hint}" if hint.startswith("did") else f" (looked for {full})"
        raise TaskError(f"{source}: {key} = '{name}' {what}{way_out}")
    return str(full) if outside else full.relative_to(project).as_posix()


def _place_to_write(source: Path, key: str, name: str, project: Path) -> str:
    """A path as the project sees it, where toishi writes: inside, and in a folder that is there."""
    full = (source.absolute().parent / name).resolve()
    if not full.is_relative_to(project):
        raise TaskError(f"{source}: {key} = '{name}' leads out of the project folder {project}; name a file in it")
    if full.exists() and not full.is_file():
        raise TaskError(f"{source}: {key} = '{name}' is no file; name one that may be written")
    if not full.parent.is_dir():
        raise TaskError(f"{source}: {key} = '{name}' lies in a folder that does not exist; make {full.parent} first")
    return full.relative_to(project).as_posix()


def _prompt_text(name: str, written: ProgramSection, file: Path) -> str:
    try:
        text = file.read_bytes().decode()
    except OSError as error:
        raise TaskError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TaskError(f"{name} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    if not text.strip():
        raise TaskError(f"{name} is empty; write the text that is to be improved")
    if len(text) > written.max_characters:
        raise TaskError(
            f"{name} has {len(text)} characters, more than program.max_characters = {written.max_characters}"
        )
    return text
