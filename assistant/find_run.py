"""Which run a person means."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal, RunRow

EVALUATION = "eval"


def find_run(journal: "Journal", name: str) -> "RunRow":
    """By its id, a part of it that only one run has, or `last`: the newest run that improves something.

    Raises `UsageError` with the nearest ids where there is none.
    """
    if name == "last":
        improving = [run for run in journal.runs() if run.method != EVALUATION]
        if improving:
            return improving[-1]
    return journal.run(name)
