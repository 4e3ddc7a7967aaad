"""`toishi demo`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toishi.assistant.options import shared

if TYPE_CHECKING:
    from toishi.assistant.demo.folder import Intents


@click.command("demo")
@click.option(
    "--folder",
    default="toishi-demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the task, its prompt and its messages are written.",
)
@click.option(
    "--intents", default="ten", show_default=True, type=click.Choice(("ten", "all")), help="Ten intents, or all 77."
)
@shared
def command(folder: Path, intents: "Intents", as_json: bool, project: Path | None) -> None:
    """Improve a prompt for real bank messages.

    It takes no key and no network: all happens on this machine. Writes a folder with a task as your own would be,
    improves its prompt with the model that ships in the package, and judges the result on messages that it never
    saw. Nothing is applied: you decide.

    \b
    Example:
      toishi demo --folder /tmp/bank
    """
    from toishi.assistant import exit_codes
    from toishi.assistant.console import print_json
    from toishi.assistant.demo.folder import write
    from toishi.assistant.demo.telling import document, print_end, print_start
    from toishi.assistant.following.headless import attend, begin
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.readiness import require_embedded
    from toishi.tools.workbench.task import load_task

    require_embedded()
    task_file = write(folder, intents)
    home = (project or folder).resolve()
    task = load_task(task_file, project=home)
    if not as_json:
        print_start(folder, intents)
    with open_journal(home) as journal:
        run = begin(journal, home, task, "gepa")
        ending = attend(journal, home, run, yes=False)
        if as_json:
            print_json(document(ending))
        else:
            print_end(journal, home, folder, ending)
    unfinished = ending.exit_code in (exit_codes.FAILED, exit_codes.INTERRUPTED)
    click.get_current_context().exit(ending.exit_code if unfinished else exit_codes.DONE)
