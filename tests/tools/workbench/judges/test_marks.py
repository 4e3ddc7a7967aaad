"""Sheets of marks: written without swaying anybody, read in whatever way people fill them in."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.errors import DataError, UsageError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.judges.marks import Sheet, read_marks, worth_marking, write_draft

EXAMPLES = [Example(f"m{number}", {"text": f"Message {number}"}, "card") for number in range(3)]
PASS, FIVE = ("fail", "pass"), ("1", "2", "3", "4", "5")


def read(folder: Path, text: str, values: tuple[str, ...] = PASS) -> Sheet:
    file = folder / "marks.csv"
    file.write_text(text)
    return read_marks(file, examples=EXAMPLES, inputs=["text"], expected="label", values=values)


def test_rows_are_joined_by_id_and_rows_without_a_mark_wait(tmp_path: Path) -> None:
    sheet = read(tmp_path, "id,output,mark,reason\nm1,card,pass,\nm0,pin,NO ,Off the point.\nm2,card,,\n")
    assert [(row.example, row.output, row.marks, row.reasons) for row in sheet.rows] == [
        (EXAMPLES[1], "card", {"you": 1}, {}),
        (EXAMPLES[0], "pin", {"you": 0}, {"you": "Off the point."}),
    ]
    assert (sheet.unmarked, sheet.people) == (1, ("you",))
    assert sheet.rows[1].place.endswith("marks.csv, line 3")


def test_several_people_have_a_column_each(tmp_path: Path) -> None:
    sheet = read(tmp_path, "id,output,mark_anna,mark_ben,reason_ben\nm1,card,4,5/5,Fine\nm2,pin,1.0,,\n", FIVE)
    assert [row.marks for row in sheet.rows] == [{"anna": 3, "ben": 4}, {"anna": 0}]
    assert (sheet.rows[0].reasons, sheet.people) == ({"ben": "Fine"}, ("anna", "ben"))


def test_rows_are_joined_by_their_inputs_or_stand_for_themselves(tmp_path: Path) -> None:
    sheet = read(tmp_path, "text,label,output,mark\nMessage 2,card,card,yes\nSomething new,pin,card,0\n")
    assert sheet.rows[0].example == EXAMPLES[2]
    new = sheet.rows[1].example
    assert (new.id, new.inputs, new.expected) == ("marks-2", {"text": "Something new"}, "pin")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("id,output\nm1,card\n", r"marks.csv has no column 'mark' \(or 'mark_NAME' for each person\)"),
        ("id,mark\nm1,pass\n", "has no column 'output'"),
        ("output,mark\ncard,pass\n", "has neither a column 'id' nor the inputs text"),
        ("id,output,mark\nm1,card,perhaps\n", "line 2 has the mark 'perhaps'; write one of fail, pass, or nothing"),
        ("id,output,mark\nm9,card,pass\n", "line 2 has the id 'm9', which no example of the task has"),
        ("id,output,mark\nm1,card,\n", "holds no mark; write one of fail, pass into its column 'mark'"),
    ],
)
def test_a_sheet_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        read(tmp_path, text)


def test_a_draft_can_be_filled_in_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "draft.csv"
    write_draft(file, [(EXAMPLES[0], 'a "b",\nc'), (EXAMPLES[2], "")], inputs=["text"], expected="label")
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["id", "text", "label", "output", "mark", "reason"]
    filled = [{**row, "mark": "pass"} for row in rows]
    with (tmp_path / "marks.csv").open("w", newline="") as stream:
        sheet = csv.DictWriter(stream, list(rows[0]))
        sheet.writeheader()
        sheet.writerows(filled)
    found = read_marks(tmp_path / "marks.csv", examples=EXAMPLES, inputs=["text"], expected="label", values=PASS)
    assert [(row.example, row.output) for row in found.rows] == [(EXAMPLES[0], 'a "b",\nc'), (EXAMPLES[2], "")]


def test_a_draft_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "marks.csv"
    file.write_text("precious")
    with pytest.raises(UsageError, match="exists and may hold marks; name another file"):
        write_draft(file, [(EXAMPLES[0], "x")], inputs=["text"], expected=None)
    assert file.read_text() == "precious"


@given(
    scores=st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=40),
    rows=st.integers(1, 50),
    seed=st.integers(0, 99),
)
def test_a_draft_takes_as_many_of_each_mark_as_there_are(scores: list[float], rows: int, seed: int) -> None:
    chosen = worth_marking(scores, rows, FIVE, seed=seed)
    assert chosen == sorted(set(chosen)) == worth_marking(scores, rows, FIVE, seed=seed)
    assert len(chosen) == min(rows, len(scores))
    taken = [sum(scores[place] == score for place in chosen) for score in set(scores)]
    left = [scores.count(score) for score in set(scores)]
    # Who has more than another by two could have given one up, unless the other had no more.
    assert all(a <= b + 1 or b == had for a in taken for b, had in zip(taken, left, strict=True))
