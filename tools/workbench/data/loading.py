"""From a task's files to its examples."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from toishi.tools.workbench.data.rows import Record, read_records
from toishi.tools.workbench.data.splits import NAMES, Row, Splits, divide
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task import Task

ID = "id"


def load_data(task: Task, folder: Path) -> Splits:
    """The task's examples by split; `folder` is the project folder, from which the task's paths count.

    An example's id is the row's `id` where every row has one and no two are the same, else a hash of its content.
    Blanks around the expected answer are taken off.

    Raises `DataError` with one sentence: a file that cannot be read, a missing column, a row that is not in form, an
    empty expected answer, a label that is not among the choices, an unknown split, the same inputs in two splits, and
    a split without rows.
    """
    found: list[tuple[Record, str]] = []
    for key, name in task.data.files().items():
        records = _records(task, folder, name)
        said = "" if key == "file" else key
        found += [(record, said or _said(task, record)) for record in records]
    examples = _examples(task, [record for record, _ in found])
    rows = [Row(record.place, example, said) for (record, said), example in zip(found, examples, strict=True)]
    return divide(rows, seed=task.seed, shares=task.data.shares)


def _records(task: Task, folder: Path, name: str) -> list[Record]:
    data = task.data
    columns = [*data.inputs, data.expected, *([data.split] if data.split else [])]
    records = read_records(folder / name, name=name, columns=columns, optional=[] if ID in columns else [ID])
    if not records:
        raise DataError(f"{name} holds no rows; fill it, or name another file in the task")
    return records


def _said(task: Task, record: Record) -> str:
    said = record.fields[task.data.split].strip() if task.data.split else ""
    if said and said not in NAMES:
        raise DataError(f"{record.place} has the split '{said}'; {did_you_mean(said, NAMES)}")
    return said


def _examples(task: Task, records: Sequence[Record]) -> list[Example]:
    contents = [_content(task, record) for record in records]
    own = [record.fields.get(ID, "").strip() for record in records]
    ids = own if all(own) and len(set(own)) == len(own) else _hashes(contents)
    return [Example(name, inputs, expected) for name, (inputs, expected) in zip(ids, contents, strict=True)]


def _content(task: Task, record: Record) -> tuple[dict[str, str], str]:
    data, choices = task.data, task.metric.choices
    expected = record.fields[data.expected].strip()
    if not expected:
        raise DataError(f"{record.place} has an empty '{data.expected}'; fill it in, or take the row out")
    if choices is not None and expected not in choices:
        raise DataError(
            f"{record.place} has the label '{expected}', which is not among metric.choices; "
            f"{did_you_mean(expected, choices)}"
        )
    return {column: record.fields[column] for column in data.inputs}, expected


def _hashes(contents: Sequence[tuple[Mapping[str, str], str]]) -> list[str]:
    """16 hexadecimal digits each; rows that repeat another to the letter are counted up behind a hyphen."""
    ids: list[str] = []
    times: dict[str, int] = {}
    for content in contents:
        digest = hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:16]
        times[digest] = times.get(digest, 0) + 1
        ids.append(digest if times[digest] == 1 else f"{digest}-{times[digest]}")
    return ids
