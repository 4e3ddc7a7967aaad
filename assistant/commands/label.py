"""`toishi label`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toishi.assistant.options import project_hint, project_of_task, shared
from toishi.assistant.rows.sending import sending

if TYPE_CHECKING:
    from toishi.assistant.labelling.session import Wish


@click.command("label")
@click.argument("task_file", metavar="TASK.toml", type=click.Path(path_type=Path))
@click.argument("ids", nargs=-1, metavar="[ID]…")
@click.option("--by-model", is_flag=True, help="Draft by the task's model, and stop there.")
@click.option("--rule", type=click.Path(path_type=Path), help="Draft by the rules of this toml or csv file.")
@click.option("--choices", metavar="A,B,…", help="The labels there are, where metric.choices names none.")
@click.option(
    "--samples",
    type=click.IntRange(min=1, max=9),
    default=3,
    show_default=True,
    help="Ask so often for each row; the share that agrees is the draft's confidence.",
)
@click.option("--most", type=click.IntRange(min=1), help="Draft at most so many rows now.")
@click.option("--again", is_flag=True, help="Draft anew also what was drafted and nobody touched.")
@click.option("--confirm", is_flag=True, help="Confirm the drafts of these IDs, or those that are selected.")
@click.option("--refuse", is_flag=True, help="Refuse them.")
@click.option("--all", "everything", is_flag=True, help="With --confirm or --refuse: all drafts.")
@click.option("--source", metavar="NAME", help="Only drafts from here: model, rule, rule:2, person.")
@click.option(
    "--at-least",
    type=click.FloatRange(min=0, max=1),
    metavar="SHARE",
    help="Only drafts of this confidence or more, such as 1.",
)
@click.option("--edit", "edits", multiple=True, metavar="ID=LABEL", help="Write a label, which also confirms it.")
@click.option("--max-cost", type=click.FloatRange(min=0, min_open=True), help="Spend at most so many US dollars.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Spend at most so many tokens.")
@click.option("--max-seconds", type=click.FloatRange(min=0, min_open=True), help="Take at most so many seconds.")
@sending
@shared
def command(
    task_file: Path,
    ids: tuple[str, ...],
    by_model: bool,
    rule: Path | None,
    choices: str | None,
    samples: int,
    most: int | None,
    again: bool,
    confirm: bool,
    refuse: bool,
    everything: bool,
    source: str | None,
    at_least: float | None,
    edits: tuple[str, ...],
    max_cost: float | None,
    max_tokens: int | None,
    max_seconds: float | None,
    send_personal: bool,
    as_json: bool,
    project: Path | None,
) -> None:
    """Draft labels for rows that have none, and confirm them.

    The drafts stand in a csv file beside the data (rows.labels.csv, or data.labels), which you may edit. Only confirmed
    labels count in validation and test. In a terminal, without options: what is missing is drafted, and then you go
    through the drafts row by row. Elsewhere it only drafts.

    \b
    Example:
      toishi label task.toml
      toishi label task.toml --rule rules.toml
      toishi label task.toml --confirm --all --at-least 1
      toishi label task.toml --edit row-17=refund
    """
    from toishi.assistant.commands.run import overridden
    from toishi.assistant.console import print_json
    from toishi.assistant.labelling.session import Session, wish
    from toishi.assistant.labelling.telling import print_state
    from toishi.assistant.open_journal import open_journal
    from toishi.tools.workbench.labels.marking import Selection
    from toishi.tools.workbench.task import load_task

    folder = project_of_task(project, task_file)
    task = load_task(task_file, project=folder)
    task = overridden(task, seed=None, max_cost=max_cost, max_tokens=max_tokens, max_seconds=max_seconds)
    wanted: Wish = wish(
        by_model=by_model,
        rule=rule,
        mark="confirmed" if confirm else "refused" if refuse else None,
        selection=Selection(ids, source, at_least),
        everything=everything,
        edits=edits,
        contradictory=confirm and refuse,
    )
    is_seen = not as_json and sys.stdin.isatty() and sys.stderr.isatty()
    with open_journal(folder) as journal:
        session = Session(journal, folder, task, is_seen=is_seen, most=most, again=again)
        session.go(wanted, samples=samples, choices=choices, send_personal=send_personal)
        found, labels = session.state()
    if as_json:
        print_json(found)
    else:
        print_state(found, labels, task_file, project_hint(folder))
    click.get_current_context().exit(session.exit_code)
