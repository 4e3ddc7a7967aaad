"""`toishi apply`."""

from pathlib import Path

import click

from toishi.assistant.options import project_hint, project_with_runs, shared


@click.command("apply")
@click.argument("run", default="last")
@click.option("--hash", "approved", metavar="HASH", help="Write only this very change, as `toishi show` names it.")
@click.option("--force", is_flag=True, help="Write also a change that made it worse on the locked test.")
@shared
def command(run: str, approved: str | None, force: bool, as_json: bool, project: Path | None) -> None:
    """Write a run's change into your files.

    Only the change that RUN proposed is written. A file that was changed since the run read it is never
    overwritten. What stood there before is kept and comes back with `toishi undo`. A change that was shown to make it
    worse is written with --force only.

    \b
    Example:
      toishi apply last
    """
    from toishi.assistant.console import log, print_json, say
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past.approval import apply_change, verdict_on
    from toishi.assistant.past.find_run import find_run

    folder = project_with_runs(project)
    with open_journal(folder) as journal:
        run = find_run(journal, run).id
        written = apply_change(journal, folder, run, approved, force=force)
        judged = verdict_on(journal, run)
        if judged is not None and not judged.improved:
            log(f"Note: {judged.sentence}")
    if as_json:
        print_json(written)
        return
    say(f"Applied change {written['change'][:12]} of run {run} to {', '.join(written['files'])}.")
    say(f"Take it back with: toishi undo {run}{project_hint(folder)}")
