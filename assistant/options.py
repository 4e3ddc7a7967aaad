"""The options that every command shares, and how a command finds the project folder."""

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.settings import find_project, journal_file

if TYPE_CHECKING:
    from toishi.tools.workbench.task import Task

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Settings:
    """What was said once for the whole command line."""

    debug: bool = False
    json: bool = False


def settings_of(ctx: click.Context) -> Settings:
    """The settings of this call of `toishi`."""
    settings = ctx.find_root().ensure_object(Settings)
    assert isinstance(settings, Settings)
    return settings


def _remember_json(ctx: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    settings_of(ctx).json = value
    return value


def answering_json(command: F) -> F:
    """Adds `--json` (passed as `as_json`)."""
    return click.option(
        "--json", "as_json", is_flag=True, is_eager=True, callback=_remember_json, help="One JSON document on stdout."
    )(command)


def shared(command: F) -> F:
    """Adds `--json` (passed as `as_json`) and `--project` (passed as `project`, None where it was not given)."""
    project = click.option(
        "--project",
        type=click.Path(path_type=Path, file_okay=False),
        help="The project folder, which holds .toishi/. Without it: the task's folder, or the nearest one above here.",
    )
    return answering_json(project(command))


def trusting(command: F) -> F:
    """Adds `--trust` (passed as `trust`)."""
    told = "Let the task's own Python code run; said once for each project."
    return click.option("--trust", is_flag=True, help=told)(command)


def modelled(command: F) -> F:
    """Adds `--model` and `--base-url` (passed as `model` and `base_url`), for `with_model`."""
    model = click.option("--model", metavar="NAME", help="The model that runs the program; overrides the task's.")
    told = "The address of an OpenAI-compatible server that has it; overrides the task's."
    return model(click.option("--base-url", metavar="URL", help=told)(command))


def with_model(task: "Task", model: str | None, base_url: str | None) -> "Task":
    """The task with another model for its program, at another address, or both.

    What the task names beside it stays, address and all: rewriting where a model for it is named, and judging always,
    since scores by different judges cannot be compared. Raises `UsageError` for what is no address, and for an
    address of a model that has none.
    """
    if model is None and base_url is None:
        return task
    from pydantic import ValidationError

    from toishi.tools.workbench.models.names import is_in_process, split_address
    from toishi.tools.workbench.task.models import ModelsSection
    from toishi.tools.workbench.validation import explain

    old = task.models
    name = model or old.task
    if base_url is not None and (is_in_process(name) or name == "auto"):
        why = "runs in this process and has no server" if is_in_process(name) else "names no model of a server"
        raise UsageError(f"--base-url {base_url}: '{name}' {why}; name the server's model too, as --model openai/NAME")

    def where_it_was(other: str | None) -> str | None:
        if other is None or other == "auto" or split_address(other)[1] is not None:
            return other
        address = old.address_of(other)
        return other if address is None else f"{other}@{address}"

    changes = {
        "task": name,
        "reflection": where_it_was(old.reflection),
        "judge": where_it_was(old.judge if old.judge_name == "auto" else old.judge_name),
        "modules": {module: where_it_was(other) for module, other in old.modules.items()},
        "base_url": base_url or old.address_of(name),
    }
    try:
        models = ModelsSection.model_validate({**old.model_dump(), **changes})
    except ValidationError as error:
        raise UsageError(f"--model and --base-url: {explain(error, ModelsSection)}") from None
    return task.model_copy(update={"models": models})


def settle_trust(project: Path, task: "Task", *, given: bool) -> None:
    """Asks once for each project whether the task's own code may run; `given` is `--trust`, which answers yes.

    Raises `TrustNeeded` where there is nobody to ask, and where the answer is no.
    """
    from toishi.tools.workbench.errors import TrustNeeded
    from toishi.tools.workbench.own_code import trust

    code = trust.own_code(task)
    if not code or (not given and trust.is_trusted(project)):
        return
    files = ", ".join(code)
    settings = settings_of(click.get_current_context())
    if not given and not settings.json and sys.stdin.isatty() and sys.stderr.isatty():
        if not click.confirm(f"This task runs code of yours: {files}. Run it?", err=True):
            raise TrustNeeded(f"The code of this task ({files}) was not run, since you said no")
        given = True
    if given:
        trust.trust(project)
    trust.require(project, files)


def project_with_runs(given: Path | None) -> Path:
    """The folder named by `--project`, else the nearest one from here upwards that holds a journal.

    Raises `UsageError` where there is no such folder, or no run was ever made in it.
    """
    if given is not None and not given.is_dir():
        raise UsageError(f"The project folder {given} does not exist; name one that does with --project")
    project = find_project() if given is None else given.resolve()
    if not journal_file(project).is_file():
        raise UsageError(
            f"No run was made in {project}; start one with `toishi run TASK.toml`, or name its folder with --project"
        )
    return project


def project_of_task(given: Path | None, task_file: Path) -> Path:
    """The folder named by `--project`, else the nearest one from the task's folder upwards that holds a journal.

    Raises `UsageError` where the named folder does not exist.
    """
    if given is not None and not given.is_dir():
        raise UsageError(f"The project folder {given} does not exist; name one that does with --project")
    return find_project(task_file) if given is None else given.resolve()


def project_hint(project: Path) -> str:
    """What to add to a printed command so that it finds this project from here: ` --project FOLDER` or nothing."""
    here = Path.cwd().resolve()
    if find_project() == project and journal_file(project).is_file():
        return ""
    shown = project.relative_to(here) if project.is_relative_to(here) else project
    return f" --project {shlex.quote(str(shown))}"
