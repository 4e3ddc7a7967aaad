"""`toishi run`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toishi.assistant.options import modelled, project_hint, project_of_task, settle_trust, shared, trusting, with_model
from toishi.assistant.rows.sending import consent_for, sending

if TYPE_CHECKING:
    from toishi.tools.workbench.task import Task


@click.command("run")
@click.argument("task_file", metavar="TASK.toml", type=click.Path(path_type=Path))
@click.option(
    "--method", type=click.Choice(("auto", "gepa")), default="auto", show_default=True, help="How to improve."
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Decides every random draw; overrides the task.")
@click.option("--max-rollouts", type=click.IntRange(min=1), help="Spend at most so many rollouts.")
@click.option("--max-cost", type=click.FloatRange(min=0, min_open=True), help="Spend at most so many US dollars.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Spend at most so many tokens.")
@click.option("--max-seconds", type=click.FloatRange(min=0, min_open=True), help="Take at most so many seconds.")
@click.option("--yes", is_flag=True, help="Apply the change if the locked test shows that it is better.")
@click.option("--detach", is_flag=True, help="Start the run and leave it to itself.")
@modelled
@trusting
@sending
@shared
def command(
    task_file: Path,
    method: str,
    seed: int | None,
    max_rollouts: int | None,
    max_cost: float | None,
    max_tokens: int | None,
    max_seconds: float | None,
    yes: bool,
    detach: bool,
    model: str | None,
    base_url: str | None,
    trust: bool,
    send_personal: bool,
    as_json: bool,
    project: Path | None,
) -> None:
    """Improve a task's program, and judge the result.

    The program is the one that TASK.toml names, of one prompt or several; it is judged on rows that the search never
    saw. Without --yes an improvement waits: the run ends with exit code 5 and says how to read and apply it. Exit
    code 3 says that there is no evidence of improvement, or that it got worse; then nothing is applied, with --yes or
    without. The run is a process of its own: it goes on when the terminal closes, and Ctrl-C stops it so that it can be
    resumed.

    \b
    Example:
      toishi run task.toml --max-rollouts 500
    """
    from toishi.assistant.console import print_json, say
    from toishi.assistant.following.headless import attend, begin, document, print_ending
    from toishi.assistant.open_journal import open_journal
    from toishi.tools.workbench.task import load_task

    folder = project_of_task(project, task_file)
    task = overridden(
        with_model(load_task(task_file, project=folder), model, base_url),
        seed=seed,
        max_rollouts=max_rollouts,
        max_cost=max_cost,
        max_tokens=max_tokens,
        max_seconds=max_seconds,
    )
    settle_trust(folder, task, given=trust)
    with open_journal(folder) as journal:
        consent = consent_for(journal, given=send_personal, rewriting=True)
        run = begin(journal, folder, task, method, consent=consent)
        if detach:
            if as_json:
                print_json({"run": run, "status": "running"})
            else:
                say(f"Run {run} goes on by itself. Follow it with: toishi resume {run}{project_hint(folder)}")
            return
        ending = attend(journal, folder, run, yes=yes)
        if as_json:
            print_json(document(journal, ending))
        else:
            print_ending(journal, folder, ending, yes=yes)
    click.get_current_context().exit(ending.exit_code)


def overridden(task: "Task", *, seed: int | None, **limits: float | None) -> "Task":
    """The task with the seed and the limits that the command line names; the others stay."""
    said = {name: limit for name, limit in limits.items() if limit is not None}
    budget = task.budget.model_copy(update=said)
    return task.model_copy(update={"budget": budget, "seed": task.seed if seed is None else seed})
