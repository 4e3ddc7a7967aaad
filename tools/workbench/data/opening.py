"""From a file to its rows: which format it is in, and which shape its rows have.

The name's ending says the format, and where it says none or the content belies it, the first lines do. A shape is what
rows stand for: calls that were logged, or OpenAI evals; it gives them columns beside their own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from toishi.tools.workbench.data import chat_log, openai_evals
from toishi.tools.workbench.data.delimited import Delimited
from toishi.tools.workbench.data.encoding import Encoding, find_encoding
from toishi.tools.workbench.data.json_rows import JsonArray, JsonLines, first_value
from toishi.tools.workbench.data.rows import Bad, Raw, Source, Unusable
from toishi.tools.workbench.data.tables import Arrow, Parquet
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.task.data import ENDINGS, Format

SHAPES = ("chat-log", "openai-evals")
LOOKED_AT = 20
MOSTLY = 0.8
START = 2**20


def open_file(file: Path, *, name: str, format: Format = "auto", encoding: str | None = None) -> Source:
    """The rows of a file; `name` is what messages call it, `format` and `encoding` what its owner says of it.

    Raises `DataError` for a file that cannot be read, or is of no known format.
    """
    try:
        source = _open(file, name, format, encoding)
        return shaped(source, format)
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} begins as {error.encoding} and is not ({error.reason}); save it as UTF-8, or say data.encoding"
        ) from None


def shaped(source: Source, format: Format = "auto") -> Source:
    """The source with the columns of its shape: the one that is said, or the one that its first rows surely have."""
    if format not in ("auto", *SHAPES):
        return source
    if format == "auto":
        if isinstance(source, Delimited):
            # Its values are texts; that these hold calls is for its owner to say.
            return source
        rows = [row.values for row in islice(source.rows(), LOOKED_AT) if isinstance(row, Raw)]
        shapes = ((openai_evals.is_eval_row, "openai-evals"), (chat_log.is_call, "chat-log"))
        seen = (shape for holds, shape in shapes if rows and sum(map(holds, rows)) >= MOSTLY * len(rows))
        shape = next(seen, None)
        if shape is None:
            return source
        format = "openai-evals" if shape == "openai-evals" else "chat-log"
    return Shaped(source, format, _call_columns if format == "chat-log" else _eval_columns)


@dataclass(frozen=True)
class Shaped:
    """A source whose rows get the columns of their shape; a text that stands under the same name already stays."""

    source: Source
    format: str
    derive: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    columns = None

    @property
    def name(self) -> str:
        """As the file's."""
        return self.source.name

    @property
    def encoding(self) -> str:
        """As the file's."""
        return self.source.encoding

    @property
    def unit(self) -> str:
        """As the file's."""
        return self.source.unit

    @property
    def notes(self) -> tuple[str, ...]:
        """As the file's."""
        return self.source.notes

    def rows(self) -> Iterator[Raw | Bad]:
        """The rows in order; one that is not of the shape is bad."""
        for row in self.source.rows():
            if isinstance(row, Bad):
                yield row
                continue
            try:
                derived = self.derive(row.values)
            except Unusable as problem:
                yield Bad(row.number, str(problem))
                continue
            own = row.values
            taken = {key: value for key, value in derived.items() if not isinstance(own.get(key), str)}
            yield Raw(row.number, {**own, **taken})


def _call_columns(row: Mapping[str, Any]) -> Mapping[str, Any]:
    call = chat_log.call_of(row)
    if call is not None:
        return call.columns()
    if chat_log.is_batch_output(row):
        return {"expected": chat_log.answer_of(row)}
    raise Unusable("logs no call: it has neither messages nor a request with some")


def _eval_columns(row: Mapping[str, Any]) -> Mapping[str, Any]:
    found = openai_evals.eval_columns(row)
    if found is None:
        raise Unusable("is no row of OpenAI evals: it has neither an item nor input and ideal")
    return found


def _open(file: Path, name: str, format: Format, encoding: str | None) -> Source:
    kind = format if format in ("csv", "tsv", "json", "jsonl", "parquet", "arrow") else ENDINGS.get(file.suffix.lower())
    if kind == "parquet":
        return Parquet(file, name=name)
    if kind == "arrow":
        return Arrow(file, name=name)
    found = find_encoding(file, name=name, said=encoding)
    if kind in ("csv", "tsv"):
        return Delimited(file, name=name, format=str(kind), encoding=found)
    return _json(file, name, found)


def _json(file: Path, name: str, encoding: Encoding) -> Source:
    """One array of JSON or lines of it, whatever the ending says: it is the content that tells."""
    ending = file.suffix.lower()
    with file.open(encoding=encoding.codec, errors=encoding.errors, newline="\n") as stream:
        start = stream.read(START).lstrip("\ufeff \t\r\n")
    if start[:1] not in ("{", "[") and ending not in ENDINGS:
        known = ", ".join(ENDINGS)
        raise DataError(f"{name} is of no known format; let its name end in one of {known}, or say data.format")
    lines = [line for line in start.split("\n")[:LOOKED_AT] if line.strip()]
    # A log's lines may be cut off here and there; of an object over many lines, none is an object by itself.
    rows = sum(isinstance(first_value(line), dict) for line in lines)
    in_lines = rows > 1 or (ending != ".json" and (rows == 1 or len(lines) == 1))
    array = start[:1] == "[" or (start[:1] == "{" and not in_lines)
    return (JsonArray if array else JsonLines)(file, name=name, encoding=encoding)
