"""What is read from data, as a document and for a person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.assistant import wording
from toishi.assistant.console import say, table
from toishi.tools.workbench.drafting.writing import toml
from toishi.tools.workbench.personal.sending import told

if TYPE_CHECKING:
    from toishi.tools.workbench.data.columns import Column
    from toishi.tools.workbench.data.graders import Proposal
    from toishi.tools.workbench.data.importing import Inspection
    from toishi.tools.workbench.data.looking import Looked
    from toishi.tools.workbench.task import Task

LABELS_SHOWN = 20
VALUE_WIDTH = 300
COMMON_WIDTH = 24


def task_document(looked: "Looked") -> dict[str, Any]:
    """The JSON document of `toishi data TASK.toml`; the labels of a split are null where they are too many, and
    there are no splits where too few labels are there to divide by."""
    loaded = looked.loaded
    return {
        "files": [
            {"name": part.source.name, "format": part.source.format, "encoding": part.source.encoding, "for": part.said}
            for part in loaded.parts
        ],
        "rows": len(loaded.rows),
        "bad_rows": loaded.bad_rows,
        "unlabelled": loaded.unlabelled,
        "drafted": loaded.drafted,
        "duplicates": loaded.divided.duplicates,
        "near_duplicates": loaded.divided.near,
        "problems": list(loaded.splits.problems),
        "splits": {
            split: {"rows": counts.total(), "labels": dict(counts) if _few(looked.labels) else None}
            for split, counts in looked.labels.items()
            if loaded.is_divided
        },
        "columns": [_column(column) for column in looked.columns],
        "personal": [
            {
                "column": finding.field,
                "kind": finding.kind,
                "rows": finding.rows,
                "share": finding.share,
                "samples": list(finding.samples),
            }
            for finding in looked.personal.found
        ],
        "examples": [
            {
                "split": split if loaded.is_divided else None,
                "id": example.id,
                "inputs": dict(example.inputs),
                "expected": example.expected,
                "fields": dict(example.fields),
            }
            for split, example in looked.samples
        ],
    }


def print_task(task: "Task", looked: "Looked") -> None:
    """The same for a person."""
    loaded = looked.loaded
    rows = [
        [part.source.name, part.source.format, part.source.encoding or "–", part.said or "to be divided"]
        for part in loaded.parts
    ]
    table(["file", "format", "encoding", "rows are for"], rows)
    say()
    left_out = f" {_further(loaded.bad_rows)}" if loaded.bad_rows else ""
    alike = (
        f"{wording.count(loaded.divided.duplicates)} of them with the inputs of another, "
        f"{wording.count(loaded.divided.near)} that nearly repeat one"
    )
    say(f"{wording.plural(len(loaded.rows), 'row')}, {alike}.{left_out}")
    _print_warnings(loaded.splits.problems)
    say()
    if loaded.is_divided:
        _print_splits(looked.labels, task.data.expected)
        say()
    _print_columns(looked.columns)
    say()
    if looked.personal:
        say("Looks personal:")
        for finding in looked.personal.found:
            say(f"  {told(finding)}")
    else:
        say("Nothing looks personal.")
    for split, example in looked.samples:
        say()
        say(f"{split if loaded.is_divided else 'not divided yet'}  {example.id}")
        shown = {**example.inputs, "→": example.expected, **example.fields}
        _print_row(shown)


def file_document(found: "Inspection", written: Sequence[Path]) -> dict[str, Any]:
    """The JSON document of `toishi data FILE`."""
    metric = found.metric
    return {
        "file": found.name,
        "format": found.format,
        "encoding": found.encoding,
        "rows": found.rows,
        "bad_rows": found.bad_rows,
        "problems": list(found.problems),
        "columns": [_column(column) for column in found.columns],
        "examples": [dict(row) for row in found.samples],
        "inputs": list(found.inputs),
        "expected": found.expected,
        "system": found.system,
        "metric": dict(metric.metric) if metric is not None and metric.metric is not None else None,
        "notes": list(metric.sentences) if metric is not None else [],
        "files": dict(metric.files) if metric is not None else {},
        "written": [str(path) for path in written],
    }


def print_file(found: "Inspection", written: Sequence[Path]) -> None:
    """The same for a person."""
    encoding = f", {found.encoding}" if found.encoding else ""
    bad = f" {_further(found.bad_rows)}" if found.bad_rows else ""
    say(f"{found.name}: {found.format}{encoding}, {wording.plural(found.rows, 'row')}.{bad}")
    _print_warnings(found.problems)
    say()
    _print_columns(found.columns)
    for number, row in enumerate(found.samples, start=1):
        say()
        say(f"row {number}")
        _print_row(row)
    if found.system is not None:
        say()
        say("System prompt, which may become the prompt file:")
        for line in found.system.split("\n"):
            say(f"  {line}".rstrip())
    if found.inputs:
        say()
        for line in _tables(found):
            say(line)
    if found.metric is not None:
        _print_notes(found.metric, written)


def _further(rows: int) -> str:
    """Rows that cannot be used are not among those that were counted."""
    return "1 further row cannot be used." if rows == 1 else f"{wording.count(rows)} further rows cannot be used."


def _print_notes(metric: "Proposal", written: Sequence[Path]) -> None:
    for sentence in metric.sentences:
        say(f"# {sentence}")
    if metric.metric is None:
        say("# No grader could be taken over; see the kinds of metric in the docs.")
    if written:
        say()
        say(f"Written: {', '.join(map(str, written))}")
    elif metric.files:
        say(f"# {', '.join(metric.files)} can be written with --write-graders")


def _tables(found: "Inspection") -> list[str]:
    """What may go into a `task.toml`."""
    lines = ["[data]", f"file = {toml(found.name)}"]
    if found.format in ("chat-log", "openai-evals"):
        lines.append(f"format = {toml(found.format)}")
    lines.append(f"inputs = {toml(found.inputs)}")
    if found.expected is not None:
        lines.append(f"expected = {toml(found.expected)}")
    if found.metric is not None and found.metric.metric is not None:
        top = {key: value for key, value in found.metric.metric.items() if key != "parts"}
        lines += ["", "[metric]", *_keys(top)]
        for part in found.metric.metric.get("parts", ()):
            lines += ["", "[[metric.parts]]", *_keys(part)]
    return lines


def _keys(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {toml(value)}" for key, value in values.items()]


def _column(column: "Column") -> dict[str, Any]:
    return {
        "name": column.name,
        "kind": column.kind,
        "filled": column.filled,
        "empty": column.rows - column.filled,
        "distinct": column.distinct,
        "mean_length": round(column.mean_length, 1),
        "longest": column.longest,
        "common": [list(pair) for pair in column.common],
    }


def _print_columns(columns: Sequence["Column"]) -> None:
    rows = [
        [
            column.name,
            column.kind,
            wording.count(column.rows - column.filled) if column.filled < column.rows else "–",
            "many" if column.distinct is None else wording.count(column.distinct),
            f"{column.mean_length:.0f} / {wording.count(column.longest)}",
            ", ".join(f"{_line(value, COMMON_WIDTH)} ({count})" for value, count in column.common[:3]),
        ]
        for column in columns
    ]
    headers = ["column", "kind", "empty", "different", "length mean / most", "most frequent"]
    table(headers, rows, right=["empty", "different", "length mean / most"])


def _print_splits(labels: Mapping[Any, Counter[str]], expected: str | None) -> None:
    if not _few(labels) or expected is None:
        table(["split", "rows"], [[split, wording.count(counts.total())] for split, counts in labels.items()])
        return
    every = sorted({label for counts in labels.values() for label in counts})
    rows = [[_line(label, 40), *(wording.count(counts[label]) for counts in labels.values())] for label in every]
    rows.append(["all", *(wording.count(counts.total()) for counts in labels.values())])
    table([expected, *labels], rows, right=list(labels))


def _few(labels: Mapping[Any, Counter[str]]) -> bool:
    return len({label for counts in labels.values() for label in counts}) <= LABELS_SHOWN


def _print_warnings(problems: Sequence[str]) -> None:
    for problem in problems:
        say(f"Warning: {problem}.")


def _print_row(row: Mapping[str, str]) -> None:
    for name, value in row.items():
        say(f"  {name}: {_line(value, VALUE_WIDTH)}")


def _line(value: str, width: int) -> str:
    return wording.shorten(" ".join("".join(one if one.isprintable() else " " for one in value).split()), width)
