"""A task: what to improve, and how to judge it, as read from its `task.toml`.

`load_task` checks everything that can be seen without reading the data. In a `Task` all paths count from the project
folder, and the prompt's text is part of it, so its JSON is all that a run needs to be resumed.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.program import Program, prompt_program
from toishi.tools.workbench.prompting import placeholders
from toishi.tools.workbench.settings import TASK_FILE, find_project
from toishi.tools.workbench.task.file import TaskFile
from toishi.tools.workbench.validation import explain

MODULE = "prompt"
DATA_KINDS = (".csv", ".jsonl")


class Task(TaskFile):
    """A task as loaded: its paths count from the project folder, and its JSON is the snapshot that a run keeps."""

    prompt_text: str = Field(description="content of the prompt file, to the last byte")

    def program_at_seed(self) -> Program:
        """The program with the prompt as it is in the file, without the line end that closes it."""
        return prompt_program(self.prompt_text.rstrip("\r\n"), module=MODULE)

    def prompt_file_with(self, text: str) -> str:
        """What the prompt file holds when `text` is the prompt: the line end that closed the file stays."""
        return text + self.prompt_text[len(self.prompt_text.rstrip("\r\n")) :]

    def placeholders(self) -> Mapping[str, tuple[str, ...]]:
        """The inputs that each module's text names in braces; a rewritten text must name them too."""
        return {MODULE: placeholders(self.prompt_text, self.data.inputs)}


def load_task(path: Path, *, project: Path | None = None) -> Task:
    """The task in a `task.toml` (or in the folder that holds one).

    `project` is found by `find_project` where it is not given. Raises `TaskError` with one sentence for a file that is
    missing, no TOML, or says something that cannot be, and for a prompt or data file that is missing or unusable.
    """
    path = path / TASK_FILE if path.is_dir() else path
    try:
        written = TaskFile.model_validate(_parse(path))
    except ValidationError as error:
        raise TaskError(f"{path}: {explain(error, TaskFile)}") from None
    root = (project or find_project(path)).resolve()

    def place(key: str, name: str) -> str:
        return _place(path, key, name, root)

    prompt = place("program.prompt", written.program.prompt)
    text = _prompt_text(path, written, root / prompt)
    files = {key: place(f"data.{key}", name) for key, name in written.data.files().items()}
    for key, name in written.data.files().items():
        if Path(name).suffix.lower() not in DATA_KINDS:
            raise TaskError(f"{path}: data.{key} = '{name}' should end in {' or '.join(DATA_KINDS)}")
    return Task(
        **{
            **dict(written),
            "program": written.program.model_copy(update={"prompt": prompt}),
            "data": written.data.model_copy(update=files),
        },
        prompt_text=text,
    )


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        raise TaskError(f"{path} does not exist; name a task.toml or the folder that holds one") from None
    except OSError as error:
        raise TaskError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TaskError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        problem = str(error).replace("at end of document", f"at line {text.count(chr(10)) + 1}, the end of the file")
        raise TaskError(f"{path} is not valid TOML: {problem[:1].lower()}{problem[1:]}") from None


def _place(source: Path, key: str, name: str, project: Path) -> str:
    """A path as the project sees it. Only data may lie outside, and only where its absolute path was written."""
    full = (source.absolute().parent / name).resolve()
    outside = not full.is_relative_to(project)
    if outside and (key == "program.prompt" or not Path(name).is_absolute()):
        way_out = "move it there" if key == "program.prompt" else "move it there or write its absolute path"
        raise TaskError(f"{source}: {key} = '{name}' leads out of the project folder {project}; {way_out}")
    if not full.is_file():
        what = "is no file" if full.exists() else "does not exist"
        raise TaskError(f"{source}: {key} = '{name}' {what} (looked for {full})")
    return str(full) if outside else full.relative_to(project).as_posix()


def _prompt_text(source: Path, written: TaskFile, file: Path) -> str:
    name = f"{source}: program.prompt = '{written.program.prompt}'"
    try:
        text = file.read_bytes().decode()
    except OSError as error:
        raise TaskError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TaskError(f"{name} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    if not text.strip():
        raise TaskError(f"{name} is empty; write the instruction that is to be improved")
    if len(text) > written.program.max_characters:
        raise TaskError(
            f"{name} has {len(text)} characters, more than program.max_characters = {written.program.max_characters}"
        )
    return text
