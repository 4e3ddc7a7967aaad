"""`toishi eval`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toishi.assistant.options import project_of_task, settle_trust, shared, trusting
from toishi.assistant.sending import consent_for, sending

if TYPE_CHECKING:
    from toishi.tools.workbench.data.splits import Split


@click.command("eval")
@click.argument("task_file", metavar="TASK.toml", type=click.Path(path_type=Path))
@click.option(
    "--against",
    metavar="PROMPT_FILE",
    type=click.Path(path_type=Path),
    help="Compare the task's prompt with this earlier version of it.",
)
@click.option(
    "--split",
    "splits",
    multiple=True,
    type=click.Choice(("feedback", "validation", "test")),
    help="Score these rows; may be given more than once.  [default: validation and test; with --against: test]",
)
@trusting
@sending
@shared
def command(
    task_file: Path,
    against: Path | None,
    splits: "tuple[Split, ...]",
    trust: bool,
    send_personal: bool,
    as_json: bool,
    project: Path | None,
) -> None:
    """Score a task's prompt, or compare two versions.

    With --against it is a gate for CI: exit code 0 where the task's prompt is better than PROMPT_FILE, 1 where it
    is worse, 3 where the rows show no evidence of either. Rollouts that were paid for before cost nothing. Of the
    task's budget, all limits hold but max_rollouts.

    \b
    Example:
      toishi eval task.toml
      toishi eval task.toml --against prompt-of-last-week.txt --split test
    """
    from toishi.assistant.console import print_json
    from toishi.assistant.evaluation import baseline, comparison, print_baseline, print_comparison
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.prompt_text import read_prompt
    from toishi.assistant.scoring import score
    from toishi.assistant.ticking import ticking
    from toishi.tools.workbench.task import PROMPT, load_task

    folder = project_of_task(project, task_file)
    task = load_task(task_file, project=folder)
    settle_trust(folder, task, given=trust)
    earlier = [] if against is None else [read_prompt(against, task.program.max_characters)]
    chosen: tuple[Split, ...] = splits or (("validation", "test") if against is None else ("test",))
    prompts = [*earlier, task.seed_texts()[PROMPT]]
    with open_journal(folder) as journal:
        consent = consent_for(journal, given=send_personal, rewriting=False)
        scored = score(journal, folder, task, prompts, list(dict.fromkeys(chosen)), ticking, consent)
        found, code = baseline(scored, seed=task.seed) if against is None else comparison(scored, seed=task.seed)
        journal.set_result(scored.run, found)
    if as_json:
        print_json(found)
    elif against is None:
        print_baseline(found, name=task.program.prompt)
    else:
        print_comparison(found, before=str(against), after=task.program.prompt)
    click.get_current_context().exit(code)
