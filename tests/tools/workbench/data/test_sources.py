"""Data sets that `datasets` saved, and a batch's answers beside its requests."""

import json
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.data import load_data
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.task import Task

# Those who have not installed the extra have no such data sets.
datasets = pytest.importorskip("datasets")

ROWS = [{"text": f"message {number}", "label": "card" if number % 2 else "refund"} for number in range(20)]


def task(**data: Any) -> Task:
    return Task.model_validate(
        {
            "name": "Messages",
            "program": {"prompt": "prompt.txt"},
            "data": {"inputs": ["text"], "expected": "label", **data},
            "metric": {"kind": "exact"},
            "texts": {},
            "sources": {},
        }
    )


def saved(folder: Path, splits: dict[str, list[dict[str, Any]]]) -> None:
    parts = {name: datasets.Dataset.from_list(rows) for name, rows in splits.items()}
    (parts[""] if "" in parts else datasets.DatasetDict(parts)).save_to_disk(str(folder))


def refusal(task: Task, folder: Path) -> str:
    with pytest.raises(DataError) as raised:
        load_data(task, folder)
    return str(raised.value)


def test_a_saved_data_set_is_divided_by_the_shares(tmp_path: Path) -> None:
    saved(tmp_path / "rows", {"": ROWS})
    splits = load_data(task(file="rows"), tmp_path)
    assert (len(splits.feedback), len(splits.validation), len(splits.test)) == (8, 6, 6)
    assert splits.all[0].inputs["text"] == "message 0"


def test_the_splits_of_a_data_set_are_what_they_are_called(tmp_path: Path) -> None:
    saved(tmp_path / "rows", {"train": ROWS[:10], "validation": ROWS[10:15], "test": ROWS[15:]})
    splits = load_data(task(file="rows"), tmp_path)
    assert (len(splits.feedback), len(splits.validation), len(splits.test)) == (10, 5, 5)
    assert len(load_data(task(file="rows", hf_split="train"), tmp_path).all) == 10


def test_a_split_with_a_name_of_its_own_must_be_chosen(tmp_path: Path) -> None:
    saved(tmp_path / "rows", {"train": ROWS[:10], "tset": ROWS[10:]})
    assert refusal(task(file="rows"), tmp_path) == (
        "rows has the split 'tset', which is none of feedback, validation, test, train (did you mean 'test'?); "
        "name one split to read with data.hf_split"
    )
    assert refusal(task(file="rows", hf_split="dev"), tmp_path) == (
        "rows has no split 'dev'; its splits are 'train', 'tset'"
    )


def test_a_column_of_records_is_led_into_and_one_of_bytes_is_left_alone(tmp_path: Path) -> None:
    rows = [{"text": row["text"], "meta": {"label": row["label"]}, "sound": b"\x00\x01"} for row in ROWS]
    saved(tmp_path / "rows", {"": rows})
    splits = load_data(task(file="rows", expected="meta.label"), tmp_path)
    assert {example.expected for example in splits.all} == {"card", "refund"}
    assert set(splits.all[0].fields) == {"meta"}
    assert "holds bytes in 'sound', and only texts can be given to a model; name another column" in refusal(
        task(file="rows", inputs=["sound"], expected="meta.label"), tmp_path
    )


def test_a_folder_that_holds_no_data_set_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    assert refusal(task(file="rows"), tmp_path).startswith("rows is no data set that `datasets` saved: ")


def test_a_data_set_on_the_hub_needs_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    sentence = refusal(task(hf="toishi-nobody/has-this"), tmp_path)
    assert sentence.startswith("data.hf = 'toishi-nobody/has-this' cannot be fetched (")
    assert sentence.endswith("save it where there is one with save_to_disk and name that folder as data.file")


def batch(folder: Path, answers: list[dict[str, Any]]) -> Task:
    asked = [
        {"custom_id": f"r{n}", "method": "POST", "body": {"messages": [{"role": "user", "content": f"message {n}"}]}}
        for n in range(9)
    ]
    (folder / "requests.jsonl").write_text("\n".join(map(json.dumps, asked)))
    (folder / "answers.jsonl").write_text("\n".join(map(json.dumps, answers)))
    return task(file="answers.jsonl", requests="requests.jsonl", inputs=["input"], expected="expected")


def answered(name: str, text: str = "yes") -> dict[str, Any]:
    body = {"choices": [{"message": {"role": "assistant", "content": text}}]}
    return {"custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}


def test_answers_of_a_batch_find_their_requests(tmp_path: Path) -> None:
    named = batch(tmp_path, [answered(f"r{number}", f"answer {number}") for number in reversed(range(9))])
    splits = load_data(named, tmp_path)
    pairs = {(example.inputs["input"], example.expected) for example in splits.all}
    assert pairs == {(f"message {number}", f"answer {number}") for number in range(9)}


def test_answers_without_a_request_are_named(tmp_path: Path) -> None:
    splits = load_data(batch(tmp_path, [*(answered(f"r{number}") for number in range(9)), answered("r99")]), tmp_path)
    assert splits.problems == (
        "1 row was left out: answers.jsonl, line 10 has the custom_id 'r99', which is not in requests.jsonl",
    )
