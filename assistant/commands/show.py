"""`toishi show`."""

from pathlib import Path

import click

from toishi.assistant.options import project_with_runs, shared


@click.command("show")
@click.argument("run", default="last")
@click.option("--events", is_flag=True, help="Everything that the run told, from its start.")
@click.option("--rollouts", is_flag=True, help="Its rollouts, in the order in which they ended.")
@click.option("--rollout", "number", type=int, metavar="N", help="One rollout with every prompt and reply.")
@click.option("--candidate", metavar="C", help="With --rollouts: only of this candidate, by number or id.")
@click.option("--split", type=click.Choice(["feedback", "validation", "test"]), help="With --rollouts: only of it.")
@click.option("--newest", is_flag=True, help="With --rollouts: the newest, newest first.")
@click.option("--after", default=0, metavar="N", help="With --rollouts: from the first behind rollout N.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(min=1), help="With --rollouts: at most so many."
)
@shared
def command(
    run: str,
    events: bool,
    rollouts: bool,
    number: int | None,
    candidate: str | None,
    split: str | None,
    newest: bool,
    after: int,
    limit: int,
    as_json: bool,
    project: Path | None,
) -> None:
    """Show one run: plan, numbers, candidates.

    RUN is a run's id, a part of it that only one run has, or `last`, which may be an evaluation. Also says what became
    of its change. The options look closer: at its events, its rollouts, or every prompt and reply of one rollout.

    \b
    Example:
      toishi show last
      toishi show last --rollouts --candidate 0 --split test
      toishi show last --rollout 12
    """
    from toishi.assistant.console import print_json
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past import event_stream, portrait, rollout_pages

    if events + rollouts + (number is not None) > 1:
        raise click.UsageError("--events, --rollouts and --rollout exclude one another; give one of them")
    folder = project_with_runs(project)
    with open_journal(folder) as journal:
        row = journal.run(run)
        if events and as_json:
            print_json(event_stream.document(journal, row.id))
        elif events:
            event_stream.print_stream(journal, row.id)
        elif number is not None and as_json:
            print_json(rollout_pages.trace_document(journal, row.id, number))
        elif number is not None:
            rollout_pages.print_trace(journal, row.id, number)
        elif rollouts:
            lines, following = rollout_pages.page(
                journal, row.id, candidate=candidate, split=split, newest=newest, after=after, limit=limit
            )
            if as_json:
                print_json(rollout_pages.page_document(row.id, lines, following))
            else:
                rollout_pages.print_page(lines, following)
        elif as_json:
            print_json(portrait.document(journal, folder, row))
        else:
            portrait.print_portrait(journal, folder, row)
