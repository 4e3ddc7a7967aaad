"""`toishi judge`."""

from pathlib import Path

import click

from toishi.assistant.options import project_of_task, settle_trust, shared, trusting
from toishi.assistant.rows.sending import consent_for, sending


@click.command("judge")
@click.argument("task_file", metavar="TASK.toml", type=click.Path(path_type=Path))
@click.option(
    "--draft", metavar="FILE", type=click.Path(path_type=Path), help="Write answers to be marked to this csv file."
)
@click.option(
    "--rows", type=click.IntRange(min=1), default=40, show_default=True, help="With --draft: how many answers."
)
@click.option(
    "--marks", metavar="FILE", type=click.Path(path_type=Path), help="Hold the judge against the marks in it."
)
@click.option("--part", metavar="NAME", help="Which judge, of a metric that has several.")
@trusting
@sending
@shared
def command(
    task_file: Path,
    draft: Path | None,
    rows: int,
    marks: Path | None,
    part: str | None,
    trust: bool,
    send_personal: bool,
    as_json: bool,
    project: Path | None,
) -> None:
    """Hold the judge of a task against your own marks.

    First --draft writes a sheet of answers; fill in its column `mark` (pass or fail, or a mark on the task's scale; for
    several people a column each, mark_anna, mark_ben), and what you thought into `reason` if you like. Then --marks
    tells on how many rows the judge agrees with you, how sure that is, and on which rows you differ. Exit code 0 says
    that the judge can be trusted, 3 that more marks are needed, 1 that it cannot be trusted.

    \b
    Example:
      toishi judge task.toml --draft marks.csv --rows 40
      toishi judge task.toml --marks marks.csv
    """
    from toishi.assistant import exit_codes
    from toishi.assistant.console import log, print_json, say
    from toishi.assistant.judges.checking import check_marks, the_judge
    from toishi.assistant.judges.checking import draft as write
    from toishi.assistant.judges.report import print_check
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.ticking import ticking
    from toishi.assistant.wording import plural
    from toishi.tools.workbench.task import load_task

    if (draft is None) == (marks is None):
        raise click.UsageError(
            "name either --draft FILE, to write a sheet, or --marks FILE, to check the judge with it"
        )
    folder = project_of_task(project, task_file)
    task = load_task(task_file, project=folder)
    judge = the_judge(task, part)
    settle_trust(folder, task, given=trust)
    with open_journal(folder) as journal:
        consent = consent_for(journal, given=send_personal, rewriting=False)
        if draft is not None:
            found = write(journal, folder, task, judge, draft, rows=rows, ticking=ticking, consent=consent)
            code = exit_codes.DONE
        else:
            assert marks is not None
            found = check_marks(journal, folder, task, judge, marks, ticking=ticking, consent=consent)
            code = found["exit_code"]
    if as_json:
        print_json(found)
    elif draft is not None:
        values = f"{', '.join(judge.values[:-1])} or {judge.values[-1]}"
        say(f"{draft} holds {plural(found['rows'], 'answer')}. Write {values} into its column `mark`, then:")
        say(f"  toishi judge {task_file} --marks {draft}")
        if found["unreadable"]:
            log(
                f"Warning: the judge gave no verdict that can be read on {found['unreadable']} of {found['answers']} "
                "answers; name a stronger model in models.judge, raise models.judge_max_tokens, or simplify the rubric."
            )
    else:
        print_check(found)
    click.get_current_context().exit(code)
