"""`toishi purge`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toishi.assistant.options import project_with_runs, shared

if TYPE_CHECKING:
    from toishi.tools.workbench.purge import Purge


@click.command("purge")
@click.argument("run", required=False)
@click.option(
    "--where", multiple=True, metavar="FIELD=VALUE", help="Rows whose field has this value; several: all of it."
)
@click.option("--containing", multiple=True, metavar="TEXT", help="Rows in which this text stands, in any case.")
@click.option("--example", "examples", multiple=True, metavar="ID", help="The row with this id.")
@click.option("--all", "everything", is_flag=True, help="All that toishi keeps of this project.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@shared
def command(
    run: str | None,
    where: tuple[str, ...],
    containing: tuple[str, ...],
    examples: tuple[str, ...],
    everything: bool,
    yes: bool,
    as_json: bool,
    project: Path | None,
) -> None:
    """Delete a run, or a person's rows, for good.

    Shows what would go, and asks. Rows go with every trace of them: answers, rollouts and model replies on them, and
    what other texts quote of them. Your own files stay, and so does what a provider was sent. Without --yes, and with
    nobody to ask, nothing is deleted and the exit code is 5.

    \b
    Example:
      toishi purge r-20260102-0a0b
      toishi purge --where email=ada@example.org
      toishi purge --containing "Ada Lovelace" --yes
    """
    from toishi.assistant import exit_codes
    from toishi.assistant.console import print_json, say
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past.purging import document, print_found, target
    from toishi.tools.workbench.errors import JournalDamaged
    from toishi.tools.workbench.purge import purge_damaged

    folder = project_with_runs(project)

    def settled(purge: "Purge") -> bool:
        if not as_json:
            print_found(purge, folder)
        agreed = bool(purge.found) and (yes or _agrees(as_json))
        if agreed:
            purge.carry_out()
        return agreed

    try:
        with open_journal(folder) as journal:
            purge = target(journal, folder, run, where, containing, examples, everything=everything)
            agreed = settled(purge)
    except JournalDamaged:
        if not everything or run or where or containing or examples:
            raise
        purge = purge_damaged(folder)
        agreed = settled(purge)
    if as_json:
        print_json(document(purge, folder, purged=agreed))
    elif agreed:
        say("Deleted for good.")
    elif purge.found:
        say("Nothing was deleted; say --yes to delete it.")
    click.get_current_context().exit(exit_codes.WAITING if purge.found and not agreed else exit_codes.DONE)


def _agrees(as_json: bool) -> bool:
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return click.confirm("Delete it for good?", err=True)
