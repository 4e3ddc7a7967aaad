"""`toishi eval`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toishi.assistant.options import modelled, project_of_task, settle_trust, shared, trusting, with_model
from toishi.assistant.rows.sending import consent_for, sending

if TYPE_CHECKING:
    from toishi.tools.workbench.data.splits import Split


@click.command("eval")
@click.argument("task_file", metavar="TASK.toml", type=click.Path(path_type=Path))
@click.option(
    "--against",
    metavar="VERSION",
    help="Compare with another version: a prompt file, another task.toml, or a run (RUN: its best candidate, RUN:0: "
    "its seed, RUN:3 or RUN:HASH: another).",
)
@click.option(
    "--split",
    "splits",
    multiple=True,
    type=click.Choice(("feedback", "validation", "test")),
    help="Score these rows; may be given more than once.  [default: validation and test; with --against: test]",
)
@click.option("--rows", type=click.IntRange(min=1), help="Of each split only so many rows, drawn by the task's seed.")
@click.option(
    "--replicates",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Run each row so many times, and average: for models that answer differently each time.",
)
@click.option("--min-score", type=click.FloatRange(0, 1), help="Fail (1) where the score is lower.")
@click.option(
    "--max-drop",
    type=click.FloatRange(0, 1),
    help="With --against: succeed (0) where a drop of so much is ruled out, instead of where it is better.",
)
@click.option("--by", "fields", multiple=True, metavar="FIELD", help="Also score by the values of this field.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write a summary: FILE.md, or JUnit FILE.xml."
)
@modelled
@trusting
@sending
@shared
def command(
    task_file: Path,
    against: str | None,
    splits: "tuple[Split, ...]",
    rows: int | None,
    replicates: int,
    min_score: float | None,
    max_drop: float | None,
    fields: tuple[str, ...],
    out: Path | None,
    model: str | None,
    base_url: str | None,
    trust: bool,
    send_personal: bool,
    as_json: bool,
    project: Path | None,
) -> None:
    """Score a task's program, or compare two versions.

    A gate for CI. With --against it ends with exit code 0 where the task's program is better than VERSION, 1 where it
    is worse, 3 where the rows show no evidence of either. With --max-drop too, it is 0 where a drop of so much is ruled
    out (worse by less or not), else 1 where the program is worse, and 3 where more rows are needed: 36 at least to
    rule out a drop of 0.1, 183 for 0.02. With --min-score it is 1 where the score is lower. Where a model or a judge is
    out of reach it is 130, which says nothing of the program: with --json the document has `error`, and no `exit_code`.

    --model changes the model of the task, and of a VERSION that has none of its own; so models are compared by
    `toishi eval task.toml --model NEW --against task.toml`. The judge stays the task's. Where the metric is pairwise,
    answers are compared with those of VERSION. Rollouts that were paid for before cost nothing. Of the task's budget,
    all limits hold but max_rollouts.

    \b
    Example:
      toishi eval task.toml
      toishi eval task.toml --against prompt-of-last-week.txt --max-drop 0.05 --out eval.md
      toishi eval task.toml --by country --min-score 0.8
    """
    from toishi.assistant.console import print_json
    from toishi.assistant.evaluating.files import write_file, writer_for
    from toishi.assistant.evaluating.findings import Asked, baseline, comparison
    from toishi.assistant.evaluating.scoring import Plan, failed_in, score
    from toishi.assistant.evaluating.text import print_baseline, print_comparison
    from toishi.assistant.evaluating.versions import other_version, own_version
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.rows.reading import warnings_of
    from toishi.assistant.ticking import ticking
    from toishi.tools.workbench.judges.checks import unproved
    from toishi.tools.workbench.task import load_task

    if max_drop is not None and against is None:
        raise click.UsageError("--max-drop needs --against VERSION, from which the score may drop")
    write = writer_for(out) if out is not None else None
    folder = project_of_task(project, task_file)
    task = with_model(load_task(task_file, project=folder), model, base_url)
    settle_trust(folder, task, given=trust)
    chosen: tuple[Split, ...] = splits or (("validation", "test") if against is None else ("test",))
    asked = Asked(min_score, max_drop, (*task.data.subgroups, *fields))
    with open_journal(folder) as journal:
        versions = [own_version(task, folder, name=str(task_file))]
        if against is not None:
            versions.insert(0, other_version(against, task, folder, journal))
            settle_trust(versions[0].project, versions[0].task, given=trust)
        consent = consent_for(journal, given=send_personal, rewriting=False)
        plan = Plan(tuple(dict.fromkeys(chosen)), rows, replicates, asked.fields)
        scored = score(journal, versions, plan, ticking, consent)
        warned = [*scored.doubts, *filter(None, [unproved(journal, scored.task), failed_in(scored)])]
        if against is None:
            found = baseline(scored, asked=asked, warned=warned)
        else:
            found = comparison(scored, asked=asked, against=versions[0].name, warned=warned)
        journal.set_result(scored.run, found)
        # A person was told of the rows when they were read.
        document = {**found, "warnings": [*warnings_of(journal, scored.run), *found["warnings"]]}
    name = task.program.prompt or task.program.own_code() or task.name
    if write is not None and out is not None:
        write_file(out, write(document, name))
    if as_json:
        print_json(document)
    elif against is None:
        print_baseline(found, name=name)
    else:
        print_comparison(found, before=versions[0].name, after=name)
    click.get_current_context().exit(found["exit_code"])
