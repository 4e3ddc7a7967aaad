"""Rows of text files: every text is kept to the last character, and what is wrong is named with its line."""

import csv
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.data.opening import open_file
from toishi.tools.workbench.data.rows import Bad, read_records
from toishi.tools.workbench.errors import DataError

texts = st.text(st.characters(codec="utf-8"), max_size=20)
tables = st.lists(st.tuples(texts, texts), max_size=5)


def rows(file: Path) -> list[dict[str, str]]:
    return [record.fields for record in read_records(file, name=file.name, columns=["text", "label"])]


def seen(file: Path) -> list[tuple[int, object]]:
    """Every row with its number: its values, or what is wrong with it."""
    found = open_file(file, name=file.name).rows()
    return [(row.number, row.problem if isinstance(row, Bad) else dict(row.values)) for row in found]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def refusal(folder: Path, name: str, content: str | bytes) -> str:
    with pytest.raises(DataError) as raised:
        rows(write(folder, name, content))
    return str(raised.value)


@given(table=tables)
def test_csv_gives_back_what_was_written(table: list[tuple[str, str]]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "label"), *table])
    with TemporaryDirectory() as folder:
        file = write(Path(folder), "m.csv", stream.getvalue())
        assert rows(file) == [{"text": text, "label": label} for text, label in table]


@given(table=tables, ascii_only=st.booleans())
def test_jsonl_gives_back_what_was_written(table: list[tuple[str, str]], ascii_only: bool) -> None:
    lines = [json.dumps({"label": label, "text": text}, ensure_ascii=ascii_only) for text, label in table]
    with TemporaryDirectory() as folder:
        file = write(Path(folder), "m.jsonl", "\n".join(lines))
        assert rows(file) == [{"text": text, "label": label} for text, label in table]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("m.csv", "text,label\nhi,x\n", id="csv"),
        pytest.param("m.CSV", "text,label\r\nhi,x", id="csv of Windows"),
        pytest.param("m.csv", "\ufefftext,label\nhi,x\n\n", id="csv with byte order mark and blank line"),
        pytest.param("m.csv", "more,label,text\n1,x,hi\n", id="csv with more columns"),
        pytest.param("m.jsonl", '{"text": "hi", "label": "x"}\n', id="jsonl"),
        pytest.param("m.jsonl", '\ufeff{"text": "hi", "label": "x"}\r\n\r\n', id="jsonl of Windows"),
    ],
)
def test_the_same_rows_in_other_clothes(tmp_path: Path, name: str, content: str) -> None:
    assert rows(write(tmp_path, name, content)) == [{"text": "hi", "label": "x"}]


def test_jsonl_is_split_at_line_feeds_alone(tmp_path: Path) -> None:
    line = '{"text": "a\u2028b\u0085c\x0bd", "label": "x"}\n'.replace("\x0b", "\\u000b")
    assert rows(write(tmp_path, "m.jsonl", line)) == [{"text": "a\u2028b\u0085c\x0bd", "label": "x"}]


def test_values_that_are_no_text_become_their_json(tmp_path: Path) -> None:
    lines = ['{"text": 5, "label": true}', '{"text": {"é": [1.5]}, "label": null}']
    assert rows(write(tmp_path, "m.jsonl", "\n".join(lines))) == [
        {"text": "5", "label": "true"},
        {"text": '{"é": [1.5]}', "label": ""},
    ]


def test_a_very_long_field_is_read(tmp_path: Path) -> None:
    text = "a" * 200_000
    assert rows(write(tmp_path, "m.csv", f"text,label\n{text},x\n"))[0]["text"] == text


def test_an_optional_column_is_read_where_it_stands(tmp_path: Path) -> None:
    file = write(tmp_path, "m.jsonl", '{"text": "hi", "id": 7}\n{"text": "ho"}\n')
    records = read_records(file, name="m.jsonl", columns=["text"], optional=["id"])
    assert [record.fields for record in records] == [{"text": "hi", "id": "7"}, {"text": "ho"}]


def test_a_row_knows_the_line_on_which_it_begins(tmp_path: Path) -> None:
    file = write(tmp_path, "m.csv", 'text,label\n"two\nlines",x\nhi,y\n')
    records = read_records(file, name="data/m.csv", columns=["text"])
    assert [record.place for record in records] == ["data/m.csv, line 2", "data/m.csv, line 4"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        pytest.param(
            "m.csv",
            "txt,label\nhi,x\n",
            "m.csv has no column 'text'; its columns are 'txt', 'label' (did you mean 'txt'?)",
            id="csv column",
        ),
        pytest.param("m.csv", "", "m.csv is empty; its first line should name the columns text, label", id="empty csv"),
        pytest.param(
            "m.csv", "text,label,text\n", "m.csv, line 1 names the column 'text' twice; rename one", id="column twice"
        ),
        pytest.param(
            "m.csv",
            "text,label\nhi,x\nhi, there,x\n",
            "m.csv, line 3 has 3 values for 2 columns; put double quotes around a text that holds a comma",
            id="too many values",
        ),
        pytest.param(
            "m.csv",
            'text,label\nhi,x\n"open,y\nmore,z\n',
            "m.csv, line 3 is no csv: unexpected end of data; check its double quotes",
            id="open quote",
        ),
        pytest.param(
            "m.jsonl",
            '{"text": "hi", "label": "x"}\n{"text": "ho", "kind": 1}\n',
            "m.jsonl, line 2 has no column 'label'; its columns are 'text', 'kind'",
            id="jsonl column",
        ),
        pytest.param(
            "m.jsonl",
            '{"text": "hi", "label": "x"}\n\n{"text": \n',
            "m.jsonl, line 3 is no JSON: expecting value at column 10",
            id="no JSON",
        ),
        pytest.param(
            "m.jsonl",
            '"hi"\n',
            'm.jsonl, line 1 is no JSON object; each should be one, such as {"text": "…"}',
            id="no object",
        ),
        pytest.param(
            "m.jsonl",
            '{"text": "naïveté", "label": "x"}\n'.encode() + b'{"text": "caf\xe9", "label": "y"}\n',
            "m.jsonl, line 2 is not UTF-8 in 'text' (byte 0xe9); mend or remove it",
            id="a broken byte",
        ),
        pytest.param(
            "m.jsonl",
            '{"text": "\\ud83d", "label": "x"}\n',
            "m.jsonl, line 1 has half a character (\\ud83d) in 'text'; take it out",
            id="half a character",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, name: str, content: str | bytes, sentence: str) -> None:
    assert refusal(tmp_path, name, content) == sentence


def test_a_file_that_vanished_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"m\.csv cannot be read: No such file or directory"):
        rows(tmp_path / "m.csv")
