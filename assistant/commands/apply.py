"""`toishi apply`."""

from pathlib import Path

import click

from toishi.assistant.options import project_hint, project_with_runs, shared


@click.command("apply")
@click.argument("run", default="last")
@click.option("--candidate", metavar="C", help="Write this candidate, by number or id, in place of the proposed one.")
@click.option("--hash", "approved", metavar="HASH", help="Write only this very change, as `toishi show` names it.")
@click.option("--force", is_flag=True, help="Write also what the locked test showed to be worse, or breaks a limit.")
@shared
def command(
    run: str, candidate: str | None, approved: str | None, force: bool, as_json: bool, project: Path | None
) -> None:
    """Write a run's change into your files.

    Only the change that RUN proposed is written, or with --candidate the one that you picked among those of `toishi
    front`. A file that was changed since the run read it is never overwritten. What stood there before is kept and
    comes back with `toishi undo`. A change that was shown to make it worse is written with --force only.

    \b
    Example:
      toishi apply last
      toishi apply last --candidate 3
    """
    from toishi.assistant.console import log, print_json, say
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past.approval import apply_change, apply_pick, verdict_on
    from toishi.assistant.past.find_run import find_run
    from toishi.assistant.past.pick import facts, pick

    folder = project_with_runs(project)
    with open_journal(folder) as journal:
        run = find_run(journal, run).id
        if candidate is None:
            written = apply_change(journal, folder, run, approved, force=force)
            what, judged = f"change {written['change'][:12]}", verdict_on(journal, run)
            note = judged.sentence if judged is not None and not judged.improved else None
        else:
            picked = pick(journal, run, candidate)
            written = {**apply_pick(journal, folder, picked, approved, force=force), **facts(picked)}
            what = f"candidate {picked.candidate.number} (change {written['change'][:12]})"
            note = None if picked.judged is not None and picked.judged.improved else picked.sentence
        if note is not None:
            log(f"Note: {note}")
    if as_json:
        print_json(written)
        return
    say(f"Applied {what} of run {run} to {', '.join(written['files'])}.")
    say(f"Take it back with: toishi undo {run}{project_hint(folder)}")
