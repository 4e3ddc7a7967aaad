"""A look at a file before there is a task: columns, and for logs and evals what a task could make of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.data.importing import Inspection, inspect, write_files
from toishi.tools.workbench.errors import DataError

ITEMS = [
    {"item": {"ticket": "My monitor stays dark", "correct_label": "Hardware"}},
    {"item": {"ticket": "I cannot quit vim", "correct_label": "Software"}},
    {"item": {"ticket": "Where to eat in Cleveland?", "correct_label": "Other"}},
]
CHECK = {
    "type": "string_check",
    "name": "label",
    "input": "{{sample.output_text}}",
    "operation": "eq",
    "reference": "{{item.correct_label}}",
}
PYTHON = {"type": "python", "name": "py", "source": "def grade(sample, item):\n    return 1.0"}


def lines(folder: Path, rows: list[dict[str, Any]], name: str = "rows.jsonl") -> Path:
    (folder / name).write_text("\n".join(map(json.dumps, rows)))
    return folder / name


def test_columns_are_counted_over_all_rows(tmp_path: Path) -> None:
    rows = [
        {"text": "x" * number, "n": number, "ok": number > 3, "meta": {"a": 1}, "none": None} for number in range(6)
    ]
    found = inspect(lines(tmp_path, rows))
    assert [(column.name, column.kind, column.filled, column.distinct) for column in found.columns] == [
        ("text", "text", 5, 5),
        ("n", "number", 6, 6),
        ("ok", "true or false", 6, 2),
        ("meta", "JSON", 6, 1),
        ("none", "empty", 0, 0),
    ]
    assert (found.columns[0].longest, found.columns[0].mean_length) == (5, 3.0)
    assert found.columns[2].common == (("false", 4), ("true", 2))
    assert (found.format, found.inputs, found.expected, found.metric) == ("jsonl", (), None, None)


def test_many_values_are_not_counted_for_ever(tmp_path: Path) -> None:
    found = inspect(lines(tmp_path, [{"text": f"message {number}"} for number in range(1500)]))
    assert (found.columns[0].distinct, found.columns[0].filled, found.columns[0].common) == (None, 1500, ())


def test_bad_rows_are_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("text,label\nhi,x\nho\n")
    found = inspect(tmp_path / "m.csv")
    assert (found.rows, found.bad_rows) == (1, 1)
    assert found.problems == ("m.csv, line 3 has 1 value for 2 columns; add what is missing, or take the row out",)


def test_a_log_proposes_its_question_answer_and_most_frequent_system_prompt(tmp_path: Path) -> None:
    def call(system: str) -> dict[str, Any]:
        asked = [{"role": "system", "content": system}, {"role": "user", "content": "Where is my card?"}]
        return {"messages": asked, "response": "On its way."}

    found = inspect(lines(tmp_path, [call("Be brief."), call("Be kind."), call("Be brief.")]))
    assert (found.format, found.inputs, found.expected) == ("chat-log", ("input",), "expected")
    assert found.system == "Be brief."
    assert found.problems == ("there are 2 system prompts; the most frequent is shown",)


@pytest.mark.parametrize("graders", [[CHECK], [CHECK, PYTHON]], ids=["one", "several"])
def test_an_eval_with_its_data_beside_it_is_a_task(tmp_path: Path, graders: list[dict[str, Any]]) -> None:
    (tmp_path / "eval.json").write_text(json.dumps({"object": "eval", "testing_criteria": graders}))
    found = inspect(lines(tmp_path, ITEMS), graders=tmp_path / "eval.json")
    assert (found.format, found.inputs, found.expected) == ("openai-evals", ("ticket",), "correct_label")
    assert found.metric is not None
    assert found.metric.metric is not None
    assert found.metric.metric["kind"] == ("exact" if len(graders) == 1 else "several")


def test_an_eval_with_its_data_inside_is_a_task(tmp_path: Path) -> None:
    document = {
        "name": "tickets",
        "testing_criteria": [CHECK] * 5,
        "data_source": {"type": "jsonl", "source": {"type": "file_content", "content": ITEMS}},
    }
    (tmp_path / "run.json").write_text(json.dumps(document))
    found = inspect(tmp_path / "run.json")
    assert (found.rows, found.inputs, found.expected) == (3, ("ticket",), "correct_label")
    assert found.metric is not None


def test_output_items_of_a_run_give_back_their_data(tmp_path: Path) -> None:
    item = {
        "object": "eval.run.output_item",
        "datasource_item": {"headline": "Stocks rally", "ground_truth": "Markets"},
        "results": [{"name": "label", "passed": True, "score": 1.0}],
        "sample": {
            "input": [{"role": "developer", "content": "Name the topic."}, {"role": "user", "content": "Stocks rally"}],
            "output": [{"role": "assistant", "content": "Markets"}],
        },
    }
    (tmp_path / "items.json").write_text(json.dumps({"object": "list", "data": [item, item]}))
    found = inspect(tmp_path / "items.json")
    assert (found.format, found.rows) == ("openai-evals", 2)
    assert (found.inputs, found.expected, found.system) == (("headline",), "ground_truth", "Name the topic.")
    assert found.samples[0]["output"] == "Markets"


@pytest.mark.parametrize(
    ("ideal", "expected", "kind"), [("Paris", "expected", None), (["Paris", "paris"], "ideals", "text")]
)
def test_a_sample_of_the_registry_says_what_was_right(
    tmp_path: Path, ideal: str | list[str], expected: str, kind: str | None
) -> None:
    asked = [{"role": "system", "content": "Answer."}, {"role": "user", "content": "Capital of France?"}]
    found = inspect(lines(tmp_path, [{"input": asked, "ideal": ideal}]))
    assert (found.inputs, found.expected) == (("input",), expected)
    assert found.samples[0]["expected"] == "Paris"
    assert json.loads(found.samples[0]["ideals"]) == (ideal if isinstance(ideal, list) else [ideal])
    proposed = found.metric.metric if found.metric is not None else None
    assert (proposed["kind"] if proposed else None) == kind


def python_eval(folder: Path) -> Inspection:
    (folder / "eval.json").write_text(json.dumps({"testing_criteria": [PYTHON]}))
    return inspect(lines(folder, ITEMS), graders=folder / "eval.json")


def test_files_of_the_graders_are_written_once(tmp_path: Path) -> None:
    found = python_eval(tmp_path)
    assert write_files(found, tmp_path) == write_files(found, tmp_path) == [tmp_path / "grader.py"]
    (tmp_path / "grader.py").write_text("mine")
    with pytest.raises(DataError, match="is there already and says something else; move it away first"):
        write_files(found, tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"name": "x"}', "eval.json holds no graders; an exported eval has them in testing_criteria"),
        ("{", "eval.json is no JSON"),
    ],
)
def test_a_file_without_graders_is_named(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "eval.json").write_text(content)
    with pytest.raises(DataError) as raised:
        inspect(lines(tmp_path, ITEMS), graders=tmp_path / "eval.json")
    assert sentence in str(raised.value)


def test_a_file_without_rows_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text("")
    with pytest.raises(DataError, match=r"m\.jsonl holds no rows; fill it, or name another file"):
        inspect(tmp_path / "m.jsonl")
