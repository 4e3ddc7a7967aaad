"""`toishi front`."""

from pathlib import Path

import click

from toishi.assistant.options import project_with_runs, shared


@click.command("front")
@click.argument("run", default="last")
@click.option("--x", "across", metavar="NAME", help="The objective to the right in the plot; default: the second one.")
@click.option("--y", "upwards", metavar="NAME", help="The objective upwards in the plot; default: the score.")
@click.option(
    "--plot", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write the plot to this SVG file."
)
@shared
def command(
    run: str, across: str | None, upwards: str | None, file: Path | None, as_json: bool, project: Path | None
) -> None:
    """Show the candidates that a run leaves to choose from.

    Where a task has [[objectives]] beside the score, no candidate may be the best on all of them. The front holds those
    that no other one beats on everything, with the one suggested that trades best. RUN is a run's id, a part of it that
    only one run has, or `last`; it may still go on. Pick one with `toishi diff` and `toishi apply --candidate`.

    \b
    Example:
      toishi front last
      toishi front last --x seconds --plot front.svg
    """
    from toishi.assistant.console import print_json, say, stdout
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past.front import document, past_front, print_front
    from toishi.assistant.past.front_chart import chart_of, write_svg

    folder = project_with_runs(project)
    with open_journal(folder) as journal:
        found = past_front(journal, folder, run)
    chart = chart_of(found, across, upwards)
    if file is not None:
        write_svg(found, chart, file)
    if as_json:
        print_json({**document(found), "plot": None if file is None else str(file)})
        return
    print_front(found, folder, None if chart is None else chart.text(min(80, stdout().width)))
    if file is not None:
        say(f"Drew {file}.")
