"""A look at a data file before there is a task: what is in it, and what a task could make of it."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toishi.tools.workbench.data.columns import Column, ColumnCounts
from toishi.tools.workbench.data.encoding import find_encoding
from toishi.tools.workbench.data.graders import Proposal, graders_in, propose
from toishi.tools.workbench.data.opening import open_file
from toishi.tools.workbench.data.rows import Bad, Unusable, as_text, place_in
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.task.data import Format

EXPECTED = (
    "expected",
    "ideal",
    "reference_answer",
    "expected_output",
    "ground_truth",
    "reference",
    "correct_label",
    "answer",
    "label",
    "target",
    "output",
)
"""How the column with the right answer is called, the likeliest first."""

BOOKKEEPING = ("id", "custom_id", "system", "history", "ideals", "error", "model", "status", "object", "type")
LISTED = 10
TOLD_EVERY = 1000
COUNTED_PROMPTS = 50
LARGEST_EVAL = 2**26
"""Bytes up to which a file with data is looked through for graders as well."""


@dataclass(frozen=True)
class Inspection:
    """What a file holds. `inputs` and `expected` are proposed where the shape of the rows or the graders say them;
    `system` is the most frequent system prompt of a log; `samples` are the first rows as text."""

    name: str
    format: str
    encoding: str
    rows: int
    bad_rows: int
    problems: tuple[str, ...]
    columns: tuple[Column, ...]
    samples: tuple[Mapping[str, str], ...]
    inputs: tuple[str, ...] = ()
    expected: str | None = None
    system: str | None = None
    metric: Proposal | None = None


def inspect(
    file: Path,
    *,
    graders: Path | None = None,
    format: Format = "auto",
    encoding: str | None = None,
    samples: int = 3,
    progress: Callable[[int], None] | None = None,
) -> Inspection:
    """Reads a file from beginning to end; `graders` is an OpenAI eval as exported, or stands in the file itself.

    Raises `DataError` where the file cannot be read, holds no row that can be used, or `graders` holds no grader.
    """
    source = open_file(file, name=file.name, format=format, encoding=encoding)
    counts, shown, problems = ColumnCounts(), list[Mapping[str, str]](), list[str]()
    systems: Counter[str] = Counter()
    rows = bad = 0
    several = False
    try:
        for row in source.rows():
            if progress is not None and (rows + bad) % TOLD_EVERY == 0:
                progress(rows + bad)
            try:
                if isinstance(row, Bad):
                    raise Unusable(row.problem)
                texts = _texts(row.values)
            except Unusable as problem:
                bad += 1
                if len(problems) < LISTED:
                    problems.append(f"{place_in(source, row.number)} {problem}")
                continue
            rows += 1
            several = several or ("ideals" in texts and len(json.loads(texts["ideals"])) > 1)
            counts.add(texts)
            if len(shown) < samples:
                shown.append(texts)
            if texts.get("system") and (len(systems) < COUNTED_PROMPTS or texts["system"] in systems):
                systems[texts["system"]] += 1
    except OSError as error:
        raise DataError(f"{file.name} cannot be read: {error.strerror or error}") from None
    if not rows:
        raise DataError(problems[0] if problems else f"{file.name} holds no rows; fill it, or name another file")
    found = Inspection(
        file.name, source.format, source.encoding, rows, bad, (*source.notes, *problems), counts.columns(), tuple(shown)
    )
    return _proposed(found, _graders(graders or file, named=graders is not None), systems, several=several)


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    texts = {}
    for column, value in row.items():
        if not isinstance(value, (bytes, bytearray, memoryview)):
            texts[column] = as_text(value, column)
    return texts


def _proposed(
    found: Inspection, graders: Sequence[Mapping[str, Any]], systems: Counter[str], *, several: bool
) -> Inspection:
    """With what the rows' shape and the graders say of the task."""
    names = [column.name for column in found.columns if column.filled]
    proposal = propose(graders) if graders else None
    if found.format == "chat-log":
        inputs = [name for name in ("input", "history") if name in names] or _variables(found)
        expected = "expected" if "expected" in names else None
    elif found.format == "openai-evals" or proposal is not None:
        of_graders = proposal.expected if proposal is not None else None
        expected = of_graders or next((name for name in EXPECTED if name in names), None)
        rest = [name for name in _variables(found) if name != expected]
        inputs = ["input"] if "input" in names and found.format == "openai-evals" else rest
    else:
        return found
    if proposal is None and expected == "expected" and several:
        proposal = Proposal({"kind": "text", "separator": "json", "ignore": ["blanks"]}, "ideals")
        expected = "ideals"
    system = systems.most_common(1)[0][0] if systems else None
    notes = [f"there are {len(systems)} system prompts; the most frequent is shown"] if len(systems) > 1 else []
    problems = (*found.problems, *notes)
    return replace(found, inputs=tuple(inputs), expected=expected, system=system, metric=proposal, problems=problems)


def _variables(found: Inspection) -> list[str]:
    """Columns that hold values of the person's own, and not the log's bookkeeping or a whole record."""
    plain = [column.name for column in found.columns if column.filled and column.kind != "JSON"]
    return [name for name in plain if name not in (*BOOKKEEPING, *EXPECTED)]


def _graders(file: Path, *, named: bool) -> list[Mapping[str, Any]]:
    """The graders in a JSON file; `DataError` where it was named for them and holds none."""
    try:
        if not named and (file.suffix.lower() != ".json" or file.stat().st_size > LARGEST_EVAL):
            return []
        encoding = find_encoding(file, name=file.name)
        found = graders_in(json.loads(file.read_text(encoding=encoding.codec)))
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from None
    except (json.JSONDecodeError, RecursionError) as error:
        if not named:
            return []
        raise DataError(f"{file} is no JSON ({error}); an eval is exported as one JSON object") from None
    if named and not found:
        raise DataError(f"{file} holds no graders; an exported eval has them in testing_criteria")
    return found


def write_files(found: Inspection, folder: Path) -> list[Path]:
    """Writes the files that the proposed metric needs; `DataError` where one is there already with another content."""
    written = []
    for name, content in (found.metric.files if found.metric is not None else {}).items():
        path = folder / name
        if path.exists() and path.read_text() != content:
            raise DataError(f"{path} is there already and says something else; move it away first")
        path.write_text(content)
        written.append(path)
    return written
