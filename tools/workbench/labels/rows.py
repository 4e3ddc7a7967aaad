"""The rows of a task's data that came without a label, each content once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toishi.tools.workbench.data.reading import Found, Reader
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.labels.sidecar import key_of
from toishi.tools.workbench.task import Task

SEVERAL = ""
"""Stands for the key of an id that rows with different inputs share."""


@dataclass(frozen=True)
class Unlabelled:
    """A row without an answer of its own. `id` is the row's where no row with other inputs has it, else its key."""

    id: str
    key: str
    inputs: Mapping[str, str]


@dataclass(frozen=True)
class Rows:
    """The rows of a task: how many there are with different inputs, those without a label, and the labels seen.

    `keys` holds the key of each id that the data gives to one content alone.
    """

    different: int
    unlabelled: tuple[Unlabelled, ...]
    labels: tuple[str, ...]
    keys: Mapping[str, str]


def rows_of(task: Task, folder: Path) -> Rows:
    """Reads the data; `folder` is the project's. Rows with the same inputs count once, and one label is enough for all.

    Raises `DataError` for data that cannot be read, and for a task that names no column for labels.
    """
    if task.data.expected is None:
        raise DataError("data.expected names no column, so this task needs no labels; name one to draft what it holds")
    reader = Reader(task, folder, any_label=True)
    waiting: dict[str, Found] = {}
    labelled: dict[str, str] = {}
    keys: dict[str, str] = {}
    for row in reader.rows():
        if not isinstance(row, Found):
            continue
        key = key_of(row.inputs)
        if row.id:
            keys[row.id] = key if keys.get(row.id, key) == key else SEVERAL
        if row.expected:
            labelled.setdefault(key, row.expected)
            waiting.pop(key, None)
        elif key not in labelled:
            waiting.setdefault(key, row)
    keys = {own: key for own, key in keys.items() if key != SEVERAL}
    unlabelled = tuple(Unlabelled(row.id if row.id in keys else key, key, row.inputs) for key, row in waiting.items())
    return Rows(len(waiting) + len(labelled), unlabelled, tuple(sorted(set(labelled.values()))), keys)
