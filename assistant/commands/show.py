"""`toishi show`."""

from pathlib import Path

import click

from toishi.assistant.options import project_with_runs, shared


@click.command("show")
@click.argument("run", default="last")
@click.option("--events", is_flag=True, help="Everything that the run told, from its start.")
@click.option("--rollouts", is_flag=True, help="Its rollouts, in the order in which they ended.")
@click.option("--rollout", "number", type=int, metavar="N", help="One rollout with every prompt and reply.")
@click.option("--answers", is_flag=True, help="The best answer to each row, of a search for answers.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="With --answers: write them to this file, as JSONL."
)
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
    answers: bool,
    out: Path | None,
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
    of its change. The options look closer: at its events, its rollouts, every prompt and reply of one rollout, or the
    best answer to each row that any candidate gave.

    \b
    Example:
      toishi show last
      toishi show last --rollouts --candidate 0 --split test
      toishi show last --rollout 12
    """
    from toishi.assistant.console import print_json
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past import best_of_each, event_stream, portrait, rollout_pages

    if events + rollouts + answers + (number is not None) > 1:
        raise click.UsageError("--events, --rollouts, --rollout and --answers exclude one another; give one of them")
    if out is not None and not answers:
        raise click.UsageError("--out has a meaning only with --answers")
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
        elif answers:
            found = best_of_each.answers_of(journal, row)
            if out is not None:
                best_of_each.write(found, out)
            if as_json:
                print_json({"run": row.id, "answers": found})
            elif out is None:
                best_of_each.print_answers(found)
        elif as_json:
            print_json(portrait.document(journal, folder, row))
        else:
            portrait.print_portrait(journal, folder, row)
