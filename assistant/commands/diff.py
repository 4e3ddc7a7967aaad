"""`toishi diff`."""

from pathlib import Path

import click

from toishi.assistant.options import project_with_runs, shared


@click.command("diff")
@click.argument("run", default="last")
@click.option(
    "--examples", default=3, show_default=True, type=click.IntRange(min=0), help="How many examples per edit."
)
@shared
def command(run: str, examples: int, as_json: bool, project: Path | None) -> None:
    """Show what a run changed, word by word.

    With each edit stand the validation examples that it fixed and broke. RUN is a run's id, a part of it that only
    one run has, or `last`. Removed words stand in [-…-], added ones in {+…+}; whole lines have - or + in the
    margin.

    \b
    Example:
      toishi diff last --examples 5
    """
    from toishi.assistant.console import print_json
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past.difference import difference, document, print_difference

    with open_journal(project_with_runs(project)) as journal:
        found = difference(journal, run)
        if as_json:
            print_json(document(found))
        else:
            print_difference(found, examples=examples)
