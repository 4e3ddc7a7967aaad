"""`toishi apply`."""

from pathlib import Path

import click

from toishi.assistant.options import project_hint, project_with_runs, shared


@click.command("apply")
@click.argument("run", default="last")
@click.option("--hash", "approved", metavar="HASH", help="Write only this very change, as `toishi show` names it.")
@shared
def command(run: str, approved: str | None, as_json: bool, project: Path | None) -> None:
    """Write a run's change into your files.

    Only the change that RUN proposed is written. A file that was changed since the run read it is never
    overwritten. What stood there before is kept and comes back with `toishi undo`.

    \b
    Example:
      toishi apply last
    """
    from toishi.assistant.console import log, print_json, say
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past.approval import apply_change
    from toishi.assistant.past.find_run import find_run
    from toishi.tools.workbench.events import Judged

    folder = project_with_runs(project)
    with open_journal(folder) as journal:
        run = find_run(journal, run).id
        judged = [event for event in journal.decisions(run) if isinstance(event, Judged)]
        written = apply_change(journal, folder, run, approved)
        if judged and not judged[-1].improved:
            log(f"Note: {judged[-1].sentence}")
    if as_json:
        print_json(written)
        return
    say(f"Applied change {written['change'][:12]} of run {run} to {', '.join(written['files'])}.")
    say(f"Take it back with: toishi undo {run}{project_hint(folder)}")
