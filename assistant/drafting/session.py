"""A drafted task on its way to the disk: questions in a terminal, reasons elsewhere, the files, and what comes next."""

import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from toishi.assistant.console import log, say, visible
from toishi.assistant.drafting.first_look import doubts
from toishi.tools.workbench.drafting import Draft, Question, Wishes, draft, with_answer
from toishi.tools.workbench.errors import ToishiError, UsageError
from toishi.tools.workbench.models.discovery import Found, discover
from toishi.tools.workbench.settings import find_project
from toishi.tools.workbench.task import load_task


def settle(wishes: Wishes, *, ask: bool, force: bool, folder: Path | None) -> Draft:
    """The draft once every question is answered, by a person in a terminal or else by what it proposes.

    After each answer all is drafted anew, since one answer changes others. Raises `UsageError` where the task is there
    already, before anything is asked.
    """
    models = discover()
    drafted = draft(wishes, models=models, here=folder)
    if drafted.path.exists() and not force:
        raise UsageError(f"{drafted.path} is there already; write over it with --force, or elsewhere with --out")
    if not ask or not _is_terminal():
        return drafted
    asked: set[str] = set()
    while question := next((one for one in drafted.questions if one.key not in asked), None):
        drafted, wishes = _answered(question, wishes, drafted, models=models, folder=folder)
        asked.add(question.key)
    return drafted


def _answered(
    question: Question, wishes: Wishes, drafted: Draft, *, models: Sequence[Found], folder: Path | None
) -> tuple[Draft, Wishes]:
    """Asks until the answer can be drafted with."""
    reason = next(one.reason for one in drafted.decisions if one.key == question.key)
    log(f"\n{question.words} {question.proposed}: {reason}.")
    if question.options:
        log(f"Also possible: {', '.join(question.options)}")
    while True:
        answer = click.prompt(question.key, default=visible(question.proposed), err=True)
        try:
            wanted = with_answer(wishes, question, answer)
            return draft(wanted, models=models, here=folder), wanted
        except ToishiError as error:
            log(str(error))


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


@dataclass(frozen=True)
class Written:
    """The files that were written, the task first, and what a person should know before they spend anything."""

    paths: tuple[Path, ...]
    warnings: tuple[str, ...]


def write(drafted: Draft) -> Written:
    """Writes the task and the files that go with it, and takes a first look at the data through the task.

    The task itself is written over, other files that are there stay. Raises `UsageError` where it cannot be written,
    and where what was written cannot be loaded; then nothing is left behind.
    """
    path = drafted.path
    if not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} does not exist; make it, or name another with --out")
    before = path.read_bytes() if path.exists() else None
    written: list[Path] = []
    try:
        for name, text in drafted.files.items():
            file = path.parent / name
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                # Listed first: on a full disk it is made and stays empty.
                written.append(file)
                file.write_text(text, encoding="utf-8")
        path.write_text(drafted.text, encoding="utf-8")
        task = load_task(path, project=find_project(path))
    except OSError as error:
        _take_back(path, before, written)
        raise UsageError(
            f"{error.filename or path} cannot be written: {error.strerror}; choose another place with --out"
        ) from None
    except ToishiError as problem:
        _take_back(path, before, written)
        # The file that the sentence begins with is not there.
        raise UsageError(f"nothing was written, since {str(problem).removeprefix(f'{path}: ')}") from None
    found = [] if drafted.needs_labels else doubts(task, find_project(path))
    return Written((path, *written), tuple(dict.fromkeys((*drafted.warnings, *found))))


def _take_back(path: Path, before: bytes | None, written: Sequence[Path]) -> None:
    """As it was, as far as the disk lets: what was written goes, and a task that was there is what it was."""
    with suppress(OSError):
        for file in written:
            file.unlink(missing_ok=True)
        if before is None:
            path.unlink(missing_ok=True)
        elif path.read_bytes() != before:
            path.write_bytes(before)


def next_commands(drafted: Draft) -> list[tuple[str, str]]:
    """What to type next, and what it does."""
    task = shlex.quote(_near(drafted.path))
    own_code = ("program.code", "program.graph", "metric.function")
    trust = " --trust" if any(one.key in own_code for one in drafted.decisions) else ""
    judges = any(one.key.endswith(".kind") and one.value == "judge" for one in drafted.decisions)
    label = (f"toishi label {task} --by-model", "draft right answers, which you then confirm")
    marks = (f"toishi judge {task}{trust} --draft marks.csv", "mark some answers, to see whether the judge is right")
    return [
        *([label] if drafted.needs_labels else []),
        *([marks] if judges else []),
        (f"toishi eval {task}{trust}", "how good it is as it stands"),
        (f"toishi run {task}{trust}", "improve it, and judge the result on rows that it never saw"),
    ]


def print_draft(drafted: Draft, written: Written) -> None:
    """The reasons on stderr, and on stdout what was written and what comes next."""
    for one in drafted.decisions:
        sure = "" if one.sure else f" (not sure; also possible: {', '.join(one.options)})"
        log(f"{one.key} = {_shown(one.value)}: {one.reason}{sure}")
    for warning in written.warnings:
        log(f"Warning: {warning}.")
    say(f"Wrote {' and '.join(_near(path) for path in written.paths)}.")
    say()
    commands = next_commands(drafted)
    width = max(len(command) for command, _ in commands)
    for command, what in commands:
        say(f"  {command:<{width}}   {what}")


def document(drafted: Draft, written: Written) -> dict[str, Any]:
    """The same for programs."""
    return {
        "task": str(drafted.path),
        "written": [str(path) for path in written.paths],
        "decisions": [
            {"key": one.key, "value": one.value, "reason": one.reason, "sure": one.sure, "options": list(one.options)}
            for one in drafted.decisions
        ],
        "warnings": list(written.warnings),
        "next": [command for command, _ in next_commands(drafted)],
    }


def _shown(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else flat[:79] + "…"


def _near(path: Path) -> str:
    here = Path.cwd().resolve()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path)
