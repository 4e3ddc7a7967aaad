"""`toishi runs`."""

from pathlib import Path

import click

from toishi.assistant.options import project_with_runs, shared


@click.command("runs")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Show the newest so many.")
@shared
def command(limit: int, as_json: bool, project: Path | None) -> None:
    """List the runs of this project.

    The newest stands first.

    \b
    Example:
      toishi runs --limit 5
    """
    from toishi.assistant.console import print_json, table
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past.listing import COLUMNS, RIGHT, cells, past_runs

    folder = project_with_runs(project)
    with open_journal(folder) as journal:
        found = past_runs(journal, folder, limit=limit)
    if as_json:
        print_json({"project": str(folder), "runs": found})
    else:
        table(COLUMNS, [cells(run) for run in found], right=RIGHT)
