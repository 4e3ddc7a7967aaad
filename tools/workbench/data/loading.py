"""From a task's files to its examples, in two passes, so that what is kept of a row in between is little.

The first pass keeps of every row what places it (a few hundred bytes), and the examples themselves only while they are
few. Where they are many, they are read again from the files, each time that they are gone through.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from toishi.tools.workbench.data.dividing import Divided, Row
from toishi.tools.workbench.data.first_pass import FirstPass, Progress
from toishi.tools.workbench.data.placed import placed
from toishi.tools.workbench.data.reading import Reader
from toishi.tools.workbench.data.sources import Part
from toishi.tools.workbench.data.splits import Split, Splits
from toishi.tools.workbench.data.unfilled import unfilled
from toishi.tools.workbench.errors import DataError, LabelsNeeded
from toishi.tools.workbench.task import Task


@dataclass(frozen=True)
class Loaded:
    """What came of reading a task's rows: the splits, and how they came about.

    `rows` and `divided.parts` are in the order of the files, bad rows left out; `bad` are the first sentences about
    these, `bad_rows` is their number. `unlabelled` rows have no answer yet, and `drafted` ones an unconfirmed one.
    """

    splits: Splits
    parts: tuple[Part, ...]
    rows: tuple[Row, ...]
    divided: Divided
    bad: tuple[str, ...]
    bad_rows: int
    unlabelled: int
    drafted: int
    is_divided: bool = True


def load_data(task: Task, folder: Path, *, progress: Progress | None = None) -> Splits:
    """The task's examples by split; `folder` is the project folder, from which the task's paths count.

    An example's id is the row's `id` where every row has one and no two are the same, else a hash of its content.
    Blanks around the expected answer are taken off. A row that cannot be used is left out, and told in
    `Splits.problems`. `progress` is told every now and then how many rows were read.

    Raises `DataError` with one sentence: a file that cannot be read, a column that is missing, more bad rows than good
    ones (with `data.strict`, any), the same inputs in two splits that the data names, and a split without rows.
    """
    return read_data(task, folder, progress=progress).splits


def read_undivided(task: Task, folder: Path, why: LabelsNeeded, *, progress: Progress | None = None) -> Loaded:
    """All rows, with answers or without, for a look at data that cannot be divided yet; they stand under feedback."""
    reader = Reader(task, folder, unlabelled_too=True)
    first = FirstPass(reader, strict=False)
    first.run(progress)
    parts: tuple[Split | None, ...] = tuple("feedback" for _ in first.rows)
    divided = Divided(parts)
    problems = (str(why), *first.problems(divided))
    splits = placed(reader, divided.parts, first.ids(), first.hashes, first.kept, problems)
    rows, unlabelled = tuple(first.rows), sum(not row.label for row in first.rows)
    drafted = len(first.drafted)
    return Loaded(
        splits, tuple(reader.parts), rows, divided, tuple(first.bad), first.bad_rows, unlabelled, drafted, False
    )


def read_data(task: Task, folder: Path, *, progress: Progress | None = None) -> Loaded:
    """As `load_data`, with all that was found on the way."""
    reader = Reader(task, folder)
    first = FirstPass(reader, strict=task.data.strict)
    first.run(progress)
    if task.solves:
        return _tasks_to_solve(task, reader, first)
    try:
        divided = first.divide(seed=task.seed, shares=task.data.shares, most=task.data.most)
    except DataError as problem:
        if isinstance(problem, LabelsNeeded):
            raise
        # A row that was left out may be the very one that is missing.
        raise DataError(f"{problem}; left out was {first.bad[0]}" if first.bad else str(problem)) from None
    splits = placed(reader, divided.parts, first.ids(), first.hashes, first.kept, first.problems(divided))
    splits = replace(splits, problems=(*splits.problems, *unfilled(task, splits.feedback[0].fields)))
    return _loaded(reader, first, splits, divided)


def _tasks_to_solve(task: Task, reader: Reader, first: FirstPass) -> Loaded:
    """All rows, to learn from and to be judged by at once; none is locked."""
    if any(row.said == "test" for row in first.rows):
        raise DataError(
            'with mode = "solve" the rows are the tasks themselves, and none can be kept for a test; take the test '
            "rows out of [data], or mode out of [gepa]"
        )
    if not first.rows:
        raise DataError(f"there is no row to solve; left out was {first.bad[0]}" if first.bad else "there is no row")
    divided = Divided(tuple("feedback" for _ in first.rows))
    splits = placed(reader, divided.parts, first.ids(), first.hashes, first.kept, first.problems(divided))
    splits = replace(splits, validation=splits.feedback, test=(), known_hash="")
    return _loaded(reader, first, splits, divided)


def _loaded(reader: Reader, first: FirstPass, splits: Splits, divided: Divided) -> Loaded:
    rows, drafted = tuple(first.rows), len(first.drafted)
    return Loaded(
        splits, tuple(reader.parts), rows, divided, tuple(first.bad), first.bad_rows, first.unlabelled, drafted
    )
