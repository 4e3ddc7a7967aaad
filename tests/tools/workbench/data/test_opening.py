"""Every format gives back what was written, and a file says itself what it is."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from toishi.tools.workbench.data.opening import open_file
from toishi.tools.workbench.data.rows import Bad, Raw
from toishi.tools.workbench.errors import DataError

Rows = list[dict[str, str]]

NASTY = [
    {"text": 'quotes "here", commas, and; semicolons', "label": "a\tb"},
    {"text": "lines\nof\r\nall\rkinds", "label": "\u2028\u2029\x85\x0b\x0c"},
    {"text": "👩‍👩‍👧 emoji, ｆｕｌｌ width, RTL עברית", "label": "\ufeffmark"},
    {"text": "NUL\x00 inside", "label": "  blanks at the ends  "},
    {"text": "x" * 1_000_000, "label": "long"},
    {"text": "", "label": "null"},
]

texts = st.text(st.characters(codec="utf-8"), max_size=20)
tables = st.lists(st.fixed_dictionaries({"text": texts, "label": texts}), min_size=1, max_size=5)


def delimited(delimiter: str) -> Callable[[Path, Rows], None]:
    def write(file: Path, rows: Rows) -> None:
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([("text", "label"), *((row["text"], row["label"]) for row in rows)])
        file.write_bytes(stream.getvalue().encode())

    return write


def json_array(file: Path, rows: Rows) -> None:
    file.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8", newline="")


def json_inside(file: Path, rows: Rows) -> None:
    file.write_text(json.dumps({"version": 3, "tags": ["x"], "data": rows}, indent=1), encoding="utf-8", newline="")


def json_lines(file: Path, rows: Rows) -> None:
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8", newline="")


def parquet(file: Path, rows: Rows) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), file)


def arrow(file: Path, rows: Rows) -> None:
    import pyarrow as pa

    table = pa.Table.from_pylist(rows)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def arrow_stream(file: Path, rows: Rows) -> None:
    import pyarrow as pa

    table = pa.Table.from_pylist(rows)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


FORMATS = [
    pytest.param("m.csv", delimited(","), "csv", id="csv"),
    pytest.param("m.csv", delimited(";"), "csv (;)", id="csv with semicolons"),
    pytest.param("m.tsv", delimited("\t"), "tsv", id="tsv"),
    pytest.param("m.json", json_array, "json", id="json array"),
    pytest.param("m.json", json_inside, "json", id="json array in an object"),
    pytest.param("m.jsonl", json_lines, "jsonl", id="jsonl"),
    pytest.param("m.parquet", parquet, "parquet", id="parquet"),
    pytest.param("m.arrow", arrow, "arrow", id="arrow file"),
    pytest.param("m.arrow", arrow_stream, "arrow", id="arrow stream"),
]


def values(file: Path) -> list[dict[str, object]]:
    rows = list(open_file(file, name=file.name).rows())
    assert [row for row in rows if isinstance(row, Bad)] == []
    return [dict(row.values) for row in rows if isinstance(row, Raw)]


@pytest.mark.parametrize(("name", "write", "format"), FORMATS)
def test_nasty_texts_come_back_as_they_were(
    tmp_path: Path, name: str, write: Callable[[Path, Rows], None], format: str
) -> None:
    file = tmp_path / name
    write(file, NASTY)
    assert values(file) == NASTY
    source = open_file(file, name=name)
    assert source.format == format
    assert [row.number for row in source.rows()] == [row.number for row in source.rows()]


@pytest.mark.parametrize(("name", "write", "format"), [FORMATS[0], FORMATS[2], FORMATS[3], FORMATS[5]])
@given(rows=tables)
@settings(max_examples=40)
def test_any_text_comes_back_as_it_was(name: str, write: Callable[[Path, Rows], None], format: str, rows: Rows) -> None:
    # Tabs and line ends in one value can look like a tsv whose quotes mean nothing: no reader can tell them apart.
    assume(
        format != "tsv" or not any("\t" in text and set("\r\n") & set(text) for row in rows for text in row.values())
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / name
        write(file, rows)
        assert values(file) == rows


def seen(folder: Path, name: str, content: str | bytes) -> list[tuple[int, object]]:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    found = open_file(file, name=name).rows()
    return [(row.number, row.problem if isinstance(row, Bad) else tuple(row.values.values())) for row in found]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param("text,label\nhi there,x\nho,y\n", [(2, ("hi there", "x")), (3, ("ho", "y"))], id="commas"),
        pytest.param("text;label\nhi, there;x\nho;y\n", [(2, ("hi, there", "x")), (3, ("ho", "y"))], id="semicolons"),
        pytest.param("text\tlabel\nhi, there\tx\n", [(2, ("hi, there", "x"))], id="tabs in a csv"),
        pytest.param("text|label\nhi, there|x\n", [(2, ("hi, there", "x"))], id="bars"),
        pytest.param("sep=;\r\ntext;label\r\nhi, there;x\r\n", [(3, ("hi, there", "x"))], id="as Excel says it"),
        pytest.param("text\nhi; there\nho\n", [(2, ("hi; there",)), (3, ("ho",))], id="one column"),
        pytest.param("text,label;more\na,b\n", [(2, ("a", "b"))], id="a sign in a column's name"),
    ],
)
def test_what_parts_the_values_is_found(tmp_path: Path, content: str, rows: list[tuple[int, object]]) -> None:
    assert seen(tmp_path, "m.csv", content) == rows


def test_quotes_of_a_tsv_are_text_where_they_end_nothing(tmp_path: Path) -> None:
    content = 'text\tlabel\n"Hi" she said\tx\n"open\ty\n"done"\tz\n'
    assert [values for _, values in seen(tmp_path, "m.tsv", content)] == [
        ('"Hi" she said', "x"),
        ('"open', "y"),
        ('"done"', "z"),
    ]
    quoted = 'text\tlabel\n"Hi, ""you"""\tx\n"two\nlines"\ty\n'
    assert [values for _, values in seen(tmp_path, "m.tsv", quoted)] == [('Hi, "you"', "x"), ("two\nlines", "y")]


def test_an_open_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    content = 'text,label\nhi,x\n"open,y\nmore,z\n"two\nlines",w\nlast,v\n'
    rows = seen(tmp_path, "m.csv", content)
    assert [number for number, _ in rows] == [2, 3, 4, 5, 7]
    assert rows[0] == (2, ("hi", "x"))
    assert str(rows[1][1]).startswith("is no csv: ")
    assert [values for _, values in rows[2:]] == [("more", "z"), ("two\nlines", "w"), ("last", "v")]


def test_a_row_with_too_many_values_over_several_lines_gives_these_back(tmp_path: Path) -> None:
    rows = seen(tmp_path, "m.csv", 'text,label\n"a,x\nb",y,z\nc,w\n')
    assert [number for number, value in rows if isinstance(value, tuple)] == [4]
    assert [number for number, value in rows if isinstance(value, str)] == [2, 3]


def test_lines_that_are_no_json_cost_themselves_only(tmp_path: Path) -> None:
    rows = seen(tmp_path, "m.jsonl", '{"text": "a"}\n{"text": \n\n"b"\n{"text": "c"}')
    assert rows == [
        (1, ("a",)),
        (2, "is no JSON: expecting value at column 10"),
        (4, 'is no JSON object; each should be one, such as {"text": "…"}'),
        (5, ("c",)),
    ]


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        pytest.param("m.json", '{"text": "a"}\n{"text": "b"}\n', "jsonl", id="lines called json"),
        pytest.param("m.jsonl", '[{"text": "a"}, {"text": "b"}]', "json", id="an array called jsonl"),
        pytest.param("m.jsonl", '{"data":\n[{"text": "a"},\n{"text": "b"}]}', "json", id="an object called jsonl"),
        pytest.param("calls.log", '{"text": "a"}\n{"text": "b"}\n', "jsonl", id="a log"),
        pytest.param("m.jsonl", '{"text": "a", cut off\n{"text": "b"}\n{"text": "c"}', "jsonl", id="a bad first line"),
    ],
)
def test_the_content_says_what_kind_of_json_it_is(tmp_path: Path, name: str, content: str, format: str) -> None:
    file = tmp_path / name
    file.write_text(content)
    source = open_file(file, name=name)
    assert source.format == format
    assert len([row for row in source.rows() if isinstance(row, Raw)]) == 2


def test_the_named_array_is_taken_and_graders_never(tmp_path: Path) -> None:
    document = {"testing_criteria": [{"type": "x"}] * 5, "other": [{"n": 1}] * 3, "examples": [{"text": "a"}]}
    assert seen(tmp_path, "m.json", json.dumps(document)) == [(1, ("a",))]
    del document["examples"]
    assert [number for number, _ in seen(tmp_path, "m.json", json.dumps(document))] == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        pytest.param("m.json", '[{"text": "a"}, {"text"', "m.json is no JSON: ", id="cut off"),
        pytest.param("m.json", '{"text": "a"}', "m.json holds no array of objects; ", id="one object"),
        pytest.param("m.txt", "hello", "m.txt is of no known format; let its name end in one of .csv, ", id="text"),
        pytest.param("m.parquet", "PAR1 no", "m.parquet is no parquet file, or is damaged: ", id="parquet"),
        pytest.param("m.arrow", "no", "m.arrow is no arrow file, or is damaged: ", id="arrow"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError) as raised:
        list(open_file(tmp_path / name, name=name).rows())
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)


def test_a_said_format_needs_no_ending(tmp_path: Path) -> None:
    (tmp_path / "rows.dat").write_text("text\tlabel\na\tx\n")
    (row,) = open_file(tmp_path / "rows.dat", name="rows.dat", format="tsv").rows()
    assert row == Raw(2, {"text": "a", "label": "x"})
