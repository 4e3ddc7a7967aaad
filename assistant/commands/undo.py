"""`toishi undo`."""

from pathlib import Path

import click

from toishi.assistant.options import project_hint, project_with_runs, shared


@click.command("undo")
@click.argument("run", default="last")
@shared
def command(run: str, as_json: bool, project: Path | None) -> None:
    """Take an applied change back.

    Every file that RUN's change touched gets the bytes and the mode that it had. A file that was changed after the
    change was applied is left alone, and so are the others then.

    \b
    Example:
      toishi undo last
    """
    from toishi.assistant.console import print_json, say
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past.approval import undo_change
    from toishi.assistant.past.find_run import find_run

    folder = project_with_runs(project)
    with open_journal(folder) as journal:
        run = find_run(journal, run).id
        undone = undo_change(journal, folder, run)
    if as_json:
        print_json(undone)
        return
    say(f"Took back change {undone['change'][:12]} of run {run}: {', '.join(undone['files'])} as before.")
    picked = f" --candidate {undone['candidate']}" if "candidate" in undone else ""
    say(f"Apply it again with: toishi apply {run}{picked}{project_hint(folder)}")
