"""The sources of a task's rows: which files or data sets its `[data]` names, and what each is for."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toishi.tools.workbench.data import chat_log
from toishi.tools.workbench.data.opening import open_file, shaped
from toishi.tools.workbench.data.rows import Bad, Raw, Source, Unusable
from toishi.tools.workbench.data.splits import NAMES
from toishi.tools.workbench.data.tables import DataSet, open_hub, open_saved
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task import Task


@dataclass(frozen=True)
class Part:
    """One source, and what all of its rows are for: one of `NAMES`, or "" where it does not say."""

    source: Source
    said: str


def open_sources(task: Task, folder: Path) -> list[Part]:
    """What `[data]` names, in its order; `folder` is the project's, from which paths count.

    Raises `DataError` for what cannot be opened, and for a split of a data set that has an unknown name.
    """
    data = task.data
    if data.hf is not None:
        return _parts(open_hub(data.hf, config=data.hf_config, split=data.hf_split), data.hf)
    parts: list[Part] = []
    for key, name in data.files().items():
        if (folder / name).is_dir():
            found = _parts(open_saved(folder / name, name=name, split=data.hf_split), name)
            parts += found if key == "file" else [Part(one.source, key) for one in found]
            continue
        source = open_file(folder / name, name=name, format=data.format, encoding=data.encoding)
        if data.requests is not None:
            source = Batch(source, open_file(folder / data.requests, name=data.requests, format="jsonl"))
        parts.append(Part(source, "" if key == "file" else key))
    return parts


def _parts(found: Mapping[str, DataSet], name: str) -> list[Part]:
    """The splits of a data set; those of one with a single split are to be divided."""
    if len(found) == 1:
        return [Part(shaped(one), "") for one in found.values()]
    unknown = next((key for key in found if key not in NAMES), None)
    if unknown is not None:
        raise DataError(
            f"{name} has the split '{unknown}', which is none of {', '.join(NAMES)} ({did_you_mean(unknown, NAMES)}); "
            "name one split to read with data.hf_split"
        )
    return [Part(shaped(one), key) for key, one in found.items()]


class Batch:
    """The answers of a batch with the requests that they belong to, by `custom_id`; the requests are kept in memory."""

    format = "chat-log"
    columns = None

    def __init__(self, answers: Source, requests: Source) -> None:
        self._answers = answers
        self.name, self.unit, self.encoding = answers.name, answers.unit, answers.encoding
        self.notes = (*answers.notes, *requests.notes)
        self._requests = {
            row.values.get("custom_id"): json.dumps(row.values.get("body"))
            for row in requests.rows()
            if isinstance(row, Raw) and row.values.get("custom_id") is not None
        }
        self._where = requests.name

    def rows(self) -> Iterator[Raw | Bad]:
        """The rows of the answers, with the columns of the whole call."""
        for row in self._answers.rows():
            if isinstance(row, Bad):
                yield row
                continue
            body = self._requests.get(row.values.get("custom_id"))
            if body is None:
                yield Bad(
                    row.number, f"has the custom_id '{row.values.get('custom_id')}', which is not in {self._where}"
                )
                continue
            try:
                call = chat_log.call_of({**row.values, "body": body})
            except Unusable as problem:
                yield Bad(row.number, str(problem))
                continue
            columns: dict[str, Any] = {} if call is None else call.columns()
            yield Raw(row.number, {**row.values, **columns})
