"""`toishi cancel`."""

from pathlib import Path

import click

from toishi.assistant.options import project_hint, project_with_runs, shared


@click.command("cancel")
@click.argument("run", default="last")
@shared
def command(run: str, as_json: bool, project: Path | None) -> None:
    """Stop a run cleanly.

    Waits until RUN has stopped. What it paid for is kept, so it can be resumed.

    \b
    Example:
      toishi cancel last
    """
    from toishi.assistant.console import print_json, say
    from toishi.assistant.following.follow import await_end
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past.find_run import find_run
    from toishi.tools.workbench.runs import request_cancel

    folder = project_with_runs(project)
    with open_journal(folder) as journal:
        row = find_run(journal, run)
        request_cancel(journal, row.id)
        await_end(journal, folder, row.id)
        status = journal.run(row.id).status
    if as_json:
        print_json({"run": row.id, "status": status})
    elif status == "cancelled":
        say(f"Cancelled run {row.id}. Go on with: toishi resume {row.id}{project_hint(folder)}")
    else:
        say(f"Run {row.id} came to its end before it could be cancelled; see: toishi show {row.id}")
