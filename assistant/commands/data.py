"""`toishi data`."""

from pathlib import Path

import click

from toishi.assistant.options import project_of_task, shared


@click.command("data")
@click.argument("file", metavar="TASK.toml|FILE", type=click.Path(path_type=Path))
@click.option("--rows", default=3, show_default=True, type=click.IntRange(min=0), help="Show so many rows.")
@click.option(
    "--graders",
    metavar="EVAL.json",
    type=click.Path(path_type=Path),
    help="With a data file: an exported OpenAI eval, whose graders become a [metric].",
)
@click.option("--write-graders", is_flag=True, help="Write the Python of the graders beside the data file.")
@shared
def command(
    file: Path, rows: int, graders: Path | None, write_graders: bool, as_json: bool, project: Path | None
) -> None:
    """Show what is read from a task's data, or from a file.

    For a task: its files, the rows that cannot be used, rows that are alike, the splits with their labels, the
    columns, and which of them look personal. For a data file, before there is a task: its format and columns, and
    for logged calls and OpenAI evals what a task could make of them. Nothing is sent anywhere.

    \b
    Example:
      toishi data task.toml
      toishi data calls.jsonl --rows 1
      toishi data items.jsonl --graders eval.json
    """
    from toishi.assistant.console import print_json
    from toishi.assistant.rows.reading import reading
    from toishi.assistant.rows.telling import file_document, print_file, print_task, task_document
    from toishi.tools.workbench.errors import UsageError

    if file.suffix.lower() == ".toml" or file.is_dir():
        from toishi.tools.workbench.data.looking import look
        from toishi.tools.workbench.task import load_task

        if graders is not None or write_graders:
            raise UsageError("--graders goes with a data file, not with a task, which has its metric")
        folder = project_of_task(project, file)
        task = load_task(file, project=folder)
        with reading() as progress:
            looked = look(task, folder, rows=rows, progress=progress)
        if as_json:
            print_json(task_document(looked))
        else:
            print_task(task, looked)
        return
    from toishi.tools.workbench.data.importing import inspect, write_files

    with reading() as progress:
        found = inspect(file, graders=graders, samples=rows, progress=progress)
    written = write_files(found, file.parent) if write_graders else []
    if as_json:
        print_json(file_document(found, written))
    else:
        print_file(found, written)
