"""Rows of JSON: one object a line (jsonl), or one array of objects, at the top of a file or inside of an object."""

import codecs
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

from toishi.tools.workbench.data.encoding import Encoding
from toishi.tools.workbench.data.rows import Bad, Raw
from toishi.tools.workbench.errors import DataError

NO_OBJECT = 'is no JSON object; each should be one, such as {"text": "…"}'
# An eval's definition beside its data.
GRADERS = "testing_criteria.item"
NAMED = ("data", "rows", "examples", "items", "samples", "records", "results")


class _Json:
    """What both have in common: every row may have columns of its own."""

    columns = None

    def __init__(self, file: Path, *, name: str, encoding: Encoding) -> None:
        self._file = file
        self._encoding = encoding
        self.name = name
        self.encoding = encoding.codec
        self.notes = (encoding.note,) if encoding.note else ()


class JsonLines(_Json):
    """One JSON object a line; blank lines are no rows."""

    format = "jsonl"
    unit = "line"

    def rows(self) -> Iterator[Raw | Bad]:
        """The rows in order."""
        # Split at \n alone: texts may hold other characters that Python takes for line ends.
        with self._file.open(encoding=self._encoding.codec, errors=self._encoding.errors, newline="\n") as stream:
            for number, line in enumerate(stream, start=1):
                if line.isspace():
                    continue
                try:
                    row = json.loads(line.rstrip("\r\n"))
                except (json.JSONDecodeError, RecursionError) as error:
                    yield Bad(number, f"is no JSON: {_problem(error)}")
                    continue
                yield Raw(number, row) if isinstance(row, dict) else Bad(number, NO_OBJECT)


class JsonArray(_Json):
    """An array of objects, read piece by piece: as it stands, or the one inside of an object."""

    format = "json"
    unit = "row"

    @cached_property
    def _where(self) -> str:
        """The path of the array, as ijson writes it."""
        import ijson

        lengths: dict[str, int] = {}
        with self._bytes() as stream, self._told():
            for prefix, event, _ in ijson.parse(stream):
                if event == "start_array" and prefix == "" and not lengths:
                    return "item"
                if event == "start_map" and prefix.endswith("item") and prefix.count("item") == 1 and prefix != GRADERS:
                    lengths[prefix] = lengths.get(prefix, 0) + 1
        if not lengths:
            raise DataError(f"{self.name} holds no array of objects; one row should be one object in an array")
        named = [f"{name}.item" for name in NAMED if f"{name}.item" in lengths]
        return named[0] if named else max(lengths, key=lambda prefix: lengths[prefix])

    def rows(self) -> Iterator[Raw | Bad]:
        """The objects of the array in order. Raises `DataError` where the file is no JSON from somewhere on."""
        import ijson

        with self._bytes() as stream, self._told():
            for number, row in enumerate(ijson.items(stream, self._where, use_float=True), start=1):
                yield Raw(number, row) if isinstance(row, dict) else Bad(number, NO_OBJECT)

    @contextmanager
    def _bytes(self) -> Iterator[BinaryIO]:
        """The file as UTF-8 without a mark, which is what ijson reads."""
        with self._file.open("rb") as stream:
            if self._encoding.codec == "utf-8-sig":
                stream.seek(len(codecs.BOM_UTF8))
            if self._encoding.codec in ("utf-8", "utf-8-sig"):
                yield stream
            else:
                yield cast(BinaryIO, _Recoded(stream, self._encoding.codec))

    @contextmanager
    def _told(self) -> Iterator[None]:
        import ijson

        try:
            yield
        except ijson.JSONError as error:
            # The library shows where in the text on further lines.
            reason = re.sub(r"\s+", " ", str(error).splitlines()[0] if str(error) else "it ends too early").strip()
            raise DataError(f"{self.name} is no JSON: {reason}; check it with: python -m json.tool FILE") from None
        except UnicodeDecodeError as error:
            raise DataError(f"{self.name} is not {self._encoding.codec} ({error.reason}); save it as UTF-8") from None


class _Recoded:
    """A file in another encoding, read as UTF-8."""

    def __init__(self, stream: BinaryIO, codec: str) -> None:
        self._text = io.TextIOWrapper(stream, encoding=codec)

    def read(self, size: int = -1) -> bytes:
        return self._text.read(size).encode()


def _problem(error: Exception) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return "it is nested too deeply"
    return f"{error.msg[:1].lower()}{error.msg[1:]} at column {error.colno}"


def first_value(text: str) -> Any:
    """The JSON value that the first line of a text holds whole, None where it holds none."""
    line = next((line for line in text.split("\n") if line.strip()), "")
    try:
        return json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        return None
