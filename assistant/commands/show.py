"""`toishi show`."""

from pathlib import Path

import click

from toishi.assistant.options import project_with_runs, shared


@click.command("show")
@click.argument("run", default="last")
@shared
def command(run: str, as_json: bool, project: Path | None) -> None:
    """Show one run: plan, numbers, candidates.

    RUN is a run's id, a part of it that only one run has, or `last`. Also says what became of its change.

    \b
    Example:
      toishi show last
    """
    from toishi.assistant.console import print_json
    from toishi.assistant.find_run import find_run
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.portrait import document, print_portrait

    folder = project_with_runs(project)
    with open_journal(folder) as journal:
        row = find_run(journal, run) if run == "last" else journal.run(run)
        if as_json:
            print_json(document(journal, folder, row))
        else:
            print_portrait(journal, folder, row)
