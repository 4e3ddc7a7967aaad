"""From a task's files to its examples: stable ids, no silent choice, and one sentence for what cannot be."""

import json
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.data import load_data
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.task import Task

LINES = [f"message {number},{'card' if number % 2 else 'refund'}" for number in range(20)]


def task(choices: list[str] | None = None, **data: Any) -> Task:
    return Task.model_validate(
        {
            "name": "Messages",
            "program": {"prompt": "prompt.txt"},
            "data": {"inputs": ["text"], "expected": "label", **(data or {"file": "m.csv"})},
            "metric": {"kind": "choice", "choices": choices},
            "texts": {},
            "sources": {},
        }
    )


def write(folder: Path, lines: list[str], name: str = "m.csv", header: str = "text,label") -> None:
    (folder / name).write_text("\n".join([header, *lines]) + "\n")


def refusal(task: Task, folder: Path) -> str:
    with pytest.raises(DataError) as raised:
        load_data(task, folder)
    return str(raised.value)


def test_rows_become_examples_divided_by_the_shares(tmp_path: Path) -> None:
    write(tmp_path, LINES)
    splits = load_data(task(), tmp_path)
    assert (len(splits.feedback), len(splits.validation), len(splits.test)) == (8, 6, 6)
    assert {(example.inputs["text"], example.expected) for example in splits.all} == {
        tuple(line.split(",")) for line in LINES
    }


def test_files_for_train_and_test_are_what_they_are_called(tmp_path: Path) -> None:
    write(tmp_path, LINES[:14], "train.csv")
    (tmp_path / "test.jsonl").write_text(json.dumps({"text": "unseen", "label": "card"}) + "\n")
    splits = load_data(task(train="train.csv", test="test.jsonl"), tmp_path)
    assert (len(splits.feedback), len(splits.validation)) == (8, 6)
    assert [example.inputs["text"] for example in splits.test] == ["unseen"]


def test_three_files_are_three_splits(tmp_path: Path) -> None:
    for number, split in enumerate(("feedback", "validation", "test")):
        write(tmp_path, LINES[number : number + 1], f"{split}.csv")
    splits = load_data(task(feedback="feedback.csv", validation="validation.csv", test="test.csv"), tmp_path)
    assert [example.inputs["text"] for example in splits.all] == ["message 0", "message 1", "message 2"]


def test_a_split_column_is_obeyed(tmp_path: Path) -> None:
    parts = ["feedback"] * 10 + [" validation "] * 6 + ["test"] * 4
    write(tmp_path, [f"{line},{part}" for line, part in zip(LINES, parts, strict=True)], header="text,label,part")
    splits = load_data(task(file="m.csv", split="part"), tmp_path)
    assert [example.inputs["text"] for example in splits.test] == [f"message {n}" for n in range(16, 20)]
    assert (len(splits.feedback), len(splits.validation)) == (10, 6)


def test_ids_are_the_rows_own_where_they_tell_rows_apart(tmp_path: Path) -> None:
    write(tmp_path, [f"{line},row-{number}" for number, line in enumerate(LINES)], header="text,label,id")
    assert {example.id for example in load_data(task(), tmp_path).all} == {f"row-{number}" for number in range(20)}


@pytest.mark.parametrize("last", ["row-0", ""], ids=["repeated", "empty"])
def test_ids_that_do_not_tell_rows_apart_are_not_used(tmp_path: Path, last: str) -> None:
    own = [*(f"row-{number}" for number in range(19)), last]
    write(tmp_path, [f"{line},{name}" for line, name in zip(LINES, own, strict=True)], header="text,label,id")
    with_column = {example.id for example in load_data(task(), tmp_path).all}
    write(tmp_path, LINES)
    assert {example.id for example in load_data(task(), tmp_path).all} == with_column


def test_an_id_outlives_other_rows_other_columns_and_another_order(tmp_path: Path) -> None:
    write(tmp_path, LINES)
    ids = {example.inputs["text"]: example.id for example in load_data(task(), tmp_path).all}
    write(tmp_path, [f"x,{line}" for line in reversed(["new one,card", *LINES])], header="note,text,label")
    again = {example.inputs["text"]: example.id for example in load_data(task(), tmp_path).all}
    assert {text: again[text] for text in ids} == ids


def test_rows_that_repeat_each_other_keep_ids_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, [*LINES, LINES[0], LINES[0]])
    ids = [example.id for example in load_data(task(), tmp_path).all]
    assert len(set(ids)) == 22
    assert len({name.split("-")[0] for name in ids}) == 20


def test_blanks_around_the_expected_answer_are_taken_off(tmp_path: Path) -> None:
    write(tmp_path, [line.replace(",", " , ") for line in LINES])
    splits = load_data(task(["card", "refund"]), tmp_path)
    assert {example.expected for example in splits.all} == {"card", "refund"}
    assert splits.all[0].inputs["text"].endswith(" ")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        pytest.param(
            [*LINES, "message 20,"], "m.csv, line 22 has an empty 'label'; fill it in, or take the row out", id="empty"
        ),
        pytest.param(
            [*LINES, "message 20,crad"],
            "m.csv, line 22 has the label 'crad', which is not among metric.choices; did you mean 'card'?",
            id="near label",
        ),
        pytest.param(
            [*LINES, "message 20,weather"],
            "m.csv, line 22 has the label 'weather', which is not among metric.choices; known are 'card', 'refund'",
            id="far label",
        ),
        pytest.param([], "m.csv holds no rows; fill it, or name another file in the task", id="no rows"),
    ],
)
def test_rows_that_cannot_be_used_are_named(tmp_path: Path, lines: list[str], sentence: str) -> None:
    write(tmp_path, lines)
    assert refusal(task(["card", "refund"]), tmp_path) == sentence


def test_an_unknown_split_is_named(tmp_path: Path) -> None:
    write(tmp_path, ["hi,card,testing"], header="text,label,part")
    sentence = refusal(task(file="m.csv", split="part"), tmp_path)
    assert sentence == "m.csv, line 2 has the split 'testing'; did you mean 'test'?"


def test_the_same_row_in_train_and_test_is_named(tmp_path: Path) -> None:
    write(tmp_path, LINES, "train.csv")
    write(tmp_path, ["unseen,card", "message 3,card"], "test.csv")
    assert refusal(task(train="train.csv", test="test.csv"), tmp_path) == (
        "test.csv, line 3 is for test and has the same inputs as train.csv, line 5, which is for train; "
        "take one of them out"
    )


def test_a_column_that_the_data_does_not_have_is_named(tmp_path: Path) -> None:
    write(tmp_path, LINES)
    assert refusal(task(file="m.csv", split="part"), tmp_path) == (
        "m.csv has no column 'part'; its columns are 'text', 'label'"
    )
