"""`toishi diff`."""

from pathlib import Path

import click

from toishi.assistant.options import project_hint, project_with_runs, shared


@click.command("diff")
@click.argument("run", default="last")
@click.option("--candidate", metavar="C", help="Show what this candidate changes, by number or id.")
@click.option(
    "--examples", default=3, show_default=True, type=click.IntRange(min=0), help="How many examples per edit."
)
@shared
def command(run: str, candidate: str | None, examples: int, as_json: bool, project: Path | None) -> None:
    """Show what a run changed, word by word.

    With each edit stand the validation examples that it fixed and broke. RUN is a run's id, a part of it that only
    one run has, or `last`. Removed words stand in [-…-], added ones in {+…+}; whole lines have - or + in the
    margin. With --candidate it is one of those that `toishi front` lists, with the hash of its change.

    \b
    Example:
      toishi diff last --examples 5
      toishi diff last --candidate 3
    """
    from toishi.assistant.console import print_json, say, stdout
    from toishi.assistant.open_journal import open_journal
    from toishi.assistant.past.difference import difference, document, print_difference
    from toishi.assistant.past.pick import difference_to, facts, pick

    folder = project_with_runs(project)
    with open_journal(folder) as journal:
        if candidate is None:
            found = difference(journal, run)
            if as_json:
                print_json(document(found))
            else:
                print_difference(found, examples=examples)
            return
        picked = pick(journal, run, candidate)
        found = difference_to(journal, picked)
        if as_json:
            print_json({**document(found), **facts(picked), "change": picked.change.hash})
            return
        print_difference(found, examples=examples)
        say()
        if picked.judged is None:
            stdout().print(picked.sentence, markup=False)
        for limit in picked.broken:
            say(f"It breaks a limit of the task: {limit}.")
        say(f"This is the change {picked.change.hash}.")
        say(f"Write it:  toishi apply {picked.run.id} --candidate {picked.candidate.number}{project_hint(folder)}")
