"""A sheet of answers with a person's marks beside them: written to be filled in, and read again.

One row an answer: the example's id or its inputs, `output`, and a `mark` on the judge's scale. Several people each have
a column of their own, `mark_anna`, `mark_ben`; what they thought may stand in `reason`, `reason_anna`.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toishi.tools.workbench.data.rows import Record, read_records
from toishi.tools.workbench.errors import DataError, UsageError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.judges.agreement import place_of
from toishi.tools.workbench.seeds import streams

ID, OUTPUT, MARK, REASON = "id", "output", "mark", "reason"

NO_VERDICT = -1

WORDS = {
    "pass": ("pass", "passed", "yes", "y", "good", "ok", "right", "true", "1"),
    "fail": ("fail", "failed", "no", "n", "bad", "wrong", "false", "0"),
    "win": ("win", "better", "output"),
    "loss": ("loss", "lose", "worse", "expected"),
    "tie": ("tie", "same", "equal"),
}
"""What people write for a value, in lower case."""


@dataclass(frozen=True)
class Marked:
    """One answer with its marks: places on the scale by person, and what they wrote beside them."""

    place: str
    example: Example
    output: str
    marks: Mapping[str, int]
    reasons: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """The marked rows, and how many rows nobody has marked yet."""

    rows: tuple[Marked, ...]
    unmarked: int
    people: tuple[str, ...]


def read_marks(
    file: Path,
    *,
    examples: Sequence[Example],
    inputs: Sequence[str],
    expected: str | None,
    values: Sequence[str],
) -> Sheet:
    """The sheet, its rows joined with the examples by id, else by inputs; a row of neither is an example of its own.

    `inputs` and `expected` are names of columns, `values` the scale. Raises `DataError` with file and line for a column
    that is missing, a row that no example fits, and a mark that is not on the scale.
    """
    columns = _columns(file)
    people = [column for column in columns if column == MARK or column.startswith(f"{MARK}_")]
    if not people:
        raise DataError(f"{file} has no column '{MARK}' (or '{MARK}_NAME' for each person); add one with your marks")
    if ID not in columns and not set(inputs) <= set(columns):
        raise DataError(f"{file} has neither a column '{ID}' nor the inputs {', '.join(inputs)}; add one or the other")
    records = read_records(file, name=str(file), columns=[OUTPUT, *people], optional=columns)
    by_id = {example.id: example for example in examples}
    by_inputs = {tuple(example.inputs.items()): example for example in examples}
    rows, unmarked = [], 0
    for number, record in enumerate(records):
        marks = {_person(column): _mark(record, column, values) for column in people if record.fields[column].strip()}
        if not marks:
            unmarked += 1
            continue
        example = _example(record, number, by_id, by_inputs, inputs, expected)
        reasons = {
            _person(column): text.strip()
            for column, text in record.fields.items()
            if (column == REASON or column.startswith(f"{REASON}_")) and text.strip()
        }
        rows.append(Marked(record.place, example, record.fields[OUTPUT], marks, reasons))
    if not rows:
        raise DataError(f"{file} holds no mark; write one of {', '.join(values)} into its column '{people[0]}'")
    return Sheet(tuple(rows), unmarked, tuple(map(_person, people)))


def write_draft(
    file: Path, rows: Sequence[tuple[Example, str]], *, inputs: Sequence[str], expected: str | None
) -> None:
    """A sheet of answers without marks. The judge's own marks are not in it, since they would sway whoever fills it in.

    Raises `UsageError` where the file exists, since it may hold somebody's marks, and where it cannot be written.
    """
    told = expected if any(example.expected for example, _ in rows) else None
    columns = [ID, *inputs, *([told] if told else []), OUTPUT, MARK, REASON]
    try:
        with file.open("x", newline="", encoding="utf-8") as stream:
            sheet = csv.writer(stream)
            sheet.writerow(columns)
            for example, output in rows:
                known = [example.expected] if told else []
                sheet.writerow([example.id, *(example.inputs[name] for name in inputs), *known, output, "", ""])
    except FileExistsError:
        raise UsageError(f"{file} exists and may hold marks; name another file") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}; name a file in a folder that exists") from None


def worth_marking(scores: Sequence[float | None], rows: int, values: Sequence[str], *, seed: int) -> list[int]:
    """The places of so many scores, as evenly as can be over the marks of the judge, at random within each.

    None is the score of an answer that the judge gave no readable verdict on: these are a mark of their own.

    Where nearly all answers pass, marks drawn blindly would show how the judge treats good ones only.
    """
    strata: dict[int, list[int]] = {}
    for place in streams(seed)("marks/draft", 0).sample(range(len(scores)), len(scores)):
        strata.setdefault(NO_VERDICT if (score := scores[place]) is None else place_of(score, values), []).append(place)
    chosen: list[int] = []
    while strata and len(chosen) < rows:
        # The rarest mark first: what it cannot give, the others do.
        for mark in sorted(strata, key=lambda mark: (len(strata[mark]), mark)):
            if len(chosen) < rows:
                chosen.append(strata[mark].pop())
        strata = {mark: left for mark, left in strata.items() if left}
    # In the order of the rows, so that a sheet does not tell the judge's mark by its place.
    return sorted(chosen)


def _columns(file: Path) -> list[str]:
    from toishi.tools.workbench.data.opening import open_file

    columns = open_file(file, name=str(file)).columns
    if columns is None:
        raise DataError(f"{file} is no table; name a csv file with the columns {ID}, {OUTPUT} and {MARK}")
    return list(columns)


def _person(column: str) -> str:
    """The name behind `mark_` or `reason_`; the one person of a sheet with the plain columns is `you`."""
    return column.partition("_")[2] or "you"


def _mark(record: Record, column: str, values: Sequence[str]) -> int:
    written = record.fields[column].strip()
    text = re.sub(r"\.0+$|\s*/\s*\d+$", "", written).casefold()
    for place, value in enumerate(values):
        if text in WORDS.get(value, (value,)):
            return place
    raise DataError(f"{record.place} has the {column} '{written}'; write one of {', '.join(values)}, or nothing")


def _example(
    record: Record,
    number: int,
    by_id: Mapping[str, Example],
    by_inputs: Mapping[tuple[tuple[str, str], ...], Example],
    inputs: Sequence[str],
    expected: str | None,
) -> Example:
    known = by_id.get(record.fields.get(ID, "").strip())
    if known is not None:
        return known
    if not all(name in record.fields for name in inputs):
        raise DataError(
            f"{record.place} has the {ID} '{record.fields.get(ID, '')}', which no example of the task has; add its "
            f"inputs as columns: {', '.join(inputs)}"
        )
    own = {name: record.fields[name] for name in inputs}
    known = by_inputs.get(tuple(own.items()))
    return known or Example(f"marks-{number + 1}", own, record.fields.get(expected or "", "").strip(), record.fields)
