"""Which run a person means."""

from typing import TYPE_CHECKING

from toishi.tools.workbench.errors import UsageError

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal, RunRow

EVALUATION = "eval"


def find_run(journal: "Journal", name: str) -> "RunRow":
    """A run that improves something, by its id, a part of it that only one run has, or `last`.

    Raises `UsageError` with the nearest ids where there is none, and for an evaluation.
    """
    if name == "last":
        improving = journal.newest_run(but=EVALUATION)
        if improving is not None:
            return improving
    run = journal.run(name)
    if run.method == EVALUATION:
        raise UsageError(
            f"Run {run.id} is an evaluation, which improves nothing; `toishi show {run.id}` tells what it found, and "
            "the same `toishi eval` again takes known answers from the journal"
        )
    return run
