"""`toishi init`."""

from dataclasses import asdict
from pathlib import Path

import click

from toishi.assistant.options import shared


@click.command("init")
@click.argument("files", metavar="[FILE]...", nargs=-1)
@click.option("--inputs", metavar="COLUMNS", help="Columns that the program is given, with commas between.")
@click.option("--expected", metavar="COLUMN", help="Column with the right answer; `none` if there is none.")
@click.option("--split", metavar="COLUMN", help="Column that says train, feedback, validation or test.")
@click.option("--metric", metavar="KIND", help="How an answer is judged: choice, number, f1, judge, …")
@click.option("--model", metavar="NAME", help="Model that runs the program.  [default: what `toishi models` finds]")
@click.option("--base-url", metavar="URL", help="Address of the server that runs it.")
@click.option("--corpus", metavar="FILE", help="Passages that a program's search looks through.")
@click.option("--name", help="Name of the task, for people.")
@click.option("--out", metavar="PATH", type=click.Path(path_type=Path), help="Where the task is written.")
@click.option("--force", is_flag=True, help="Write over a task.toml that is there.")
@click.option("--keys", is_flag=True, help="Print every key that task.toml may have, with its meaning, and end.")
@shared
def command(
    files: tuple[str, ...],
    inputs: str | None,
    expected: str | None,
    split: str | None,
    metric: str | None,
    model: str | None,
    base_url: str | None,
    corpus: str | None,
    name: str | None,
    out: Path | None,
    force: bool,
    keys: bool,
    as_json: bool,
    project: Path | None,
) -> None:
    """Draft a task.toml from your own files.

    FILE is a prompt or a program (`program.py:run`), and the data; without any, the folder is looked at. In a terminal
    it asks what it cannot find out; elsewhere it takes its own proposals, and says why on stderr. Nothing is sent
    anywhere, no code is run, and no file is written over.

    \b
    Example:
      toishi init prompt.txt tickets.csv
      toishi init
      toishi init program.py:run rows.jsonl --expected answer --metric f1
    """
    from toishi.assistant.console import print_json
    from toishi.assistant.drafting.session import document, print_draft, settle, write
    from toishi.assistant.reference import print_tables, tables
    from toishi.tools.workbench.drafting import Wishes

    if keys:
        if as_json:
            print_json([asdict(one) for one in tables()])
        else:
            print_tables(tables())
        return
    wishes = Wishes(
        files=files,
        inputs=tuple(column.strip() for column in (inputs or "").split(",") if column.strip()),
        expected=expected or "",
        split=split or "",
        metric=metric or "",
        model=model or "",
        base_url=base_url or "",
        corpus=corpus or "",
        name=name or "",
        out=out,
    )
    draft = settle(wishes, ask=not as_json, force=force, folder=project)
    written = write(draft)
    if as_json:
        print_json(document(draft, written))
    else:
        print_draft(draft, written)
