"""Which run a person means."""

from typing import TYPE_CHECKING

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.judges.checks import CHECK

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal, RunRow

EVALUATION = "eval"
LABELLING = "label"


def find_run(journal: "Journal", name: str) -> "RunRow":
    """A run that improves something, by its id, a part of it that only one run has, or `last`.

    Raises `UsageError` with the nearest ids where there is none, and for an evaluation, a labelling or a judge's check.
    """
    if name == "last":
        improving = journal.newest_run(but=(EVALUATION, LABELLING, CHECK))
        if improving is not None:
            return improving
    run = journal.run(name)
    if run.method == EVALUATION:
        raise UsageError(
            f"Run {run.id} is an evaluation, which improves nothing; `toishi show {run.id}` tells what it found, and "
            "the same `toishi eval` again takes known answers from the journal"
        )
    if run.method == CHECK:
        raise UsageError(
            f"Run {run.id} checked a judge, which improves nothing; `toishi show {run.id}` tells what it found"
        )
    if run.method == LABELLING:
        raise UsageError(
            f"Run {run.id} drafted labels, which improves nothing; `toishi label TASK.toml` goes on with them"
        )
    return run
