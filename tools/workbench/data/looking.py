"""What is read from a task's data, for a person who wants to see it before anything is spent."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from toishi.tools.workbench.data.columns import Column, ColumnCounts
from toishi.tools.workbench.data.first_pass import Progress
from toishi.tools.workbench.data.loading import Loaded, read_data, read_undivided
from toishi.tools.workbench.data.splits import SPLITS, Split
from toishi.tools.workbench.errors import LabelsNeeded
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.personal.scan import Findings, scan
from toishi.tools.workbench.task import Task


@dataclass(frozen=True)
class Looked:
    """The rows of a task as loaded, with label counts by split, the columns, what looks personal, and some rows."""

    loaded: Loaded
    labels: Mapping[Split, Counter[str]]
    columns: tuple[Column, ...]
    personal: Findings
    samples: tuple[tuple[Split, Example], ...]


def look(task: Task, folder: Path, *, rows: int = 3, progress: Progress | None = None) -> Looked:
    """Loads the data of a task and looks at all of it, labelled or not yet. Else raises what `load_data` raises."""
    try:
        loaded = read_data(task, folder, progress=progress)
    except LabelsNeeded as problem:
        loaded = read_undivided(task, folder, problem, progress=progress)
    splits = loaded.splits
    samples: list[tuple[Split, Example]] = [
        (split, example) for split in SPLITS for example in islice(getattr(splits, split), rows)
    ]
    counts = ColumnCounts()

    def texts(example: Example) -> dict[str, str]:
        expected = {} if task.data.expected is None else {task.data.expected: example.expected}
        row = {**example.inputs, **expected, **example.fields}
        counts.add(row)
        return row

    personal = scan(map(texts, splits.all))
    return Looked(loaded, _labels(loaded), counts.columns(), personal, tuple(samples))


def _labels(loaded: Loaded) -> dict[Split, Counter[str]]:
    """How often each answer is expected in each part."""
    found: dict[Split, Counter[str]] = {split: Counter() for split in SPLITS}
    for row, part in zip(loaded.rows, loaded.divided.parts, strict=True):
        if part is not None:
            found[part][row.label] += 1
    return found
