"""`toishi resume`."""

from pathlib import Path

import click

from toishi.assistant.options import project_with_runs, settle_trust, shared, trusting


@click.command("resume")
@click.argument("run", default="last")
@click.option("--yes", is_flag=True, help="Apply the change if the locked test shows that it is better.")
@trusting
@shared
def command(run: str, yes: bool, trust: bool, as_json: bool, project: Path | None) -> None:
    """Go on with a run, or follow one that runs.

    RUN goes on where it stood, and nothing is paid twice.

    \b
    Example:
      toishi resume last
    """
    from toishi.assistant.console import print_json
    from toishi.assistant.following.headless import attend, document, print_ending
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past.find_run import find_run
    from toishi.tools.workbench.runs import is_alive, snapshot, start_worker

    folder = project_with_runs(project)
    with open_journal(folder) as journal:
        row = find_run(journal, run)
        stored = journal.events(row.id)
        after = max((number for number, _ in stored), default=0)
        if row.status != "finished" and not is_alive(folder, row.id):
            settle_trust(folder, snapshot(journal, row)[0], given=trust)
            start_worker(folder, row.id)
        ending = attend(journal, folder, row.id, yes=yes, after=after)
        if as_json:
            print_json(document(journal, ending))
        else:
            print_ending(journal, folder, ending, yes=yes)
    click.get_current_context().exit(ending.exit_code)
