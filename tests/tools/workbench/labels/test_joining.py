"""Which labels count where: a row's own always, a confirmed one everywhere, a drafted one as feedback only."""

from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.data import load_data
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.labels.joining import Labels, labels_file
from toishi.tools.workbench.labels.rows import rows_of
from toishi.tools.workbench.labels.sidecar import Label, Status, key_of, update_labels
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.task.data import DataSection
from toishi.tools.workbench.task.metric import MetricSection

CHOICE = {"kind": "choice", "choices": ["card", "refund"]}


def task(**data: Any) -> Task:
    return Task.model_validate(
        {
            "name": "Messages",
            "program": {"prompt": "prompt.txt"},
            "data": {"inputs": ["text"], "expected": "label", "file": "m.csv", **data},
            "metric": {"kind": "exact"},
            "texts": {"prompt": {"path": "prompt.txt", "content": "Name the intent."}},
            "sources": {},
        }
    )


def label(text: str, expected: str = "card", status: Status = "confirmed", row: str = "") -> Label:
    return Label(row or key_of({"text": text}), {"text": text}, expected, "model:m", status)


def project(folder: Path, labels: list[Label], rows: int = 30, own: int = 0) -> None:
    lines = [f"message {number},{'own' if number < own else ''}" for number in range(rows)]
    (folder / "m.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    update_labels(folder / "m.labels.csv", ["text"], lambda _: labels)


def test_confirmed_labels_count_everywhere_and_drafts_as_feedback_only(tmp_path: Path) -> None:
    confirmed = [label(f"message {number}") for number in range(20)]
    drafted = [label(f"message {number}", "draft", "drafted") for number in range(20, 26)]
    refused = [label(f"message {number}", "refused", "refused") for number in range(26, 28)]
    project(tmp_path, [*confirmed, *drafted, *refused])

    splits = load_data(task(), tmp_path)

    assert {example.expected for example in (*splits.validation, *splits.test)} == {"card"}
    assert sum(example.expected == "card" for example in splits.all) == 20
    assert {example.expected for example in splits.feedback} <= {"card", "draft"}
    told = " ".join(splits.problems)
    assert "6 rows have a drafted label that nobody confirmed" in told
    assert "4 rows" in told  # refused or without a draft


def test_a_wrong_label_is_told_by_its_own_file_and_line(tmp_path: Path) -> None:
    labels = [label(f"message {number}", "refund" if number % 2 else "card") for number in range(29)]
    project(tmp_path, [*labels, label("message 29", "crad")], rows=30, own=0)
    choices = task().model_copy(update={"metric": MetricSection.model_validate(CHOICE)})

    assert load_data(choices, tmp_path).problems == (
        "1 row was left out: m.labels.csv, line 31 has the label 'crad', which is not among metric.choices; "
        "did you mean 'card'?",
    )


def test_a_label_in_the_data_itself_wins(tmp_path: Path) -> None:
    project(tmp_path, [label(f"message {number}", "beside") for number in range(30)], own=12)
    expected = [example.expected for example in load_data(task(), tmp_path).all]
    assert (expected.count("own"), expected.count("beside")) == (12, 18)


def test_the_column_may_be_missing_altogether(tmp_path: Path) -> None:
    project(tmp_path, [label(f"message {number}") for number in range(30)])
    (tmp_path / "m.csv").write_text("\n".join(["text", *(f"message {number}" for number in range(30))]) + "\n")
    assert len(load_data(task(), tmp_path).all) == 30


def test_drafts_alone_are_not_enough_to_judge_by(tmp_path: Path) -> None:
    project(tmp_path, [label(f"message {number}", status="drafted") for number in range(30)])
    with pytest.raises(DataError, match="toishi label"):
        load_data(task(), tmp_path)


def test_without_any_label_the_way_to_drafts_is_told(tmp_path: Path) -> None:
    project(tmp_path, [])
    with pytest.raises(DataError, match="toishi label"):
        load_data(task(), tmp_path)


def test_a_label_follows_its_row_through_edits_of_blanks_and_of_the_file() -> None:
    by_text = Labels([label("two  words\n")])
    assert by_text.of({"text": "two words"}) is not None
    assert by_text.of({"text": "other words"}) is None
    # An editor changed the text in the labels' file; the id is still that of the row.
    by_id = Labels([label("damaged", row=key_of({"text": "whole"}))])
    assert by_id.of({"text": "whole"}) is not None
    # The row was changed in the data: its old label says nothing about it.
    assert Labels([label("old text", row="17")]).of({"text": "new text"}) is None


def test_of_two_labels_for_the_same_inputs_the_settled_one_counts() -> None:
    pair = [label("a", "draft", "drafted", "1"), label("a", "right", "confirmed", "2")]
    for order in (pair, pair[::-1]):
        found = Labels(order).of({"text": "a"})
        assert found is not None
        assert found.expected == "right"
    with pytest.raises(DataError, match=r"'left' and 'right' are both confirmed .* \(ids 1 and 2\); refuse one"):
        Labels([label("a", "left", row="1"), label("a", "right", row="2")])


@pytest.mark.parametrize(
    ("data", "file"),
    [
        ({"file": "rows.csv"}, "rows.labels.csv"),
        ({"file": "sub/rows.jsonl"}, "sub/rows.labels.csv"),
        ({"train": "train.csv", "test": "test.csv"}, "train.labels.csv"),
        ({"file": "/somewhere/else/rows.csv"}, "rows.labels.csv"),
        ({"hf": "owner/rows"}, "rows.labels.csv"),
        ({"file": "rows.csv", "labels": "mine/l.csv"}, "mine/l.csv"),
    ],
)
def test_the_labels_lie_beside_the_data_and_in_the_project(data: dict[str, str], file: str) -> None:
    section = DataSection.model_validate({"inputs": ["text"], "expected": "label", **data})
    assert labels_file(section, Path("/project")) == Path("/project") / file


def test_rows_without_a_label_are_told_once_each_with_their_ids(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("id,text,label\na,one,\nb,two,card\nc,one,\nd,two,\ne,three,\n")
    found = rows_of(task(), tmp_path)
    assert found.different == 3
    assert [(row.id, row.inputs["text"]) for row in found.unlabelled] == [("a", "one"), ("e", "three")]
    assert found.labels == ("card",)
    (tmp_path / "m.csv").write_text("text,label\none,\n")
    assert [row.id for row in rows_of(task(), tmp_path).unlabelled] == [key_of({"text": "one"})]
