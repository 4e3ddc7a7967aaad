"""`toishi data`: what is read from a task's data or from a file, in words and as a document."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Toishi = Callable[..., Result]

CHECK = {
    "type": "string_check",
    "name": "label",
    "input": "{{sample.output_text}}",
    "operation": "eq",
    "reference": "{{item.label}}",
}
PYTHON = {"type": "python", "name": "py", "source": "def grade(sample, item):\n    return 1.0"}


@pytest.fixture
def data(folder: Path) -> Path:
    rows = [f"r{n},Where is my card number {n}?,card_arrival,DE" for n in range(10)]
    rows += [f'r{n},"Change my pin, please",change_pin,{"FR" if n % 2 else ""}' for n in range(10, 12)]
    rows += ["r12,too,many,values,here", "r13,anna@example.org lost it,lost_phone,FR"]
    (folder / "messages.csv").write_text("\n".join(["id,text,label,country", *rows]) + "\n")
    return folder


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_tasks_data_is_told_as_a_document(toishi: Toishi, data: Path) -> None:
    told = document(toishi("data", "task.toml", "--json", "--rows", "1"))
    assert told["files"] == [{"name": "messages.csv", "format": "csv", "encoding": "utf-8", "for": ""}]
    assert (told["rows"], told["bad_rows"], told["duplicates"], told["near_duplicates"]) == (13, 1, 1, 0)
    assert told["problems"] == [
        "1 row was left out: messages.csv, line 14 has 5 values for 4 columns; put double quotes around a text that "
        "holds a comma"
    ]
    assert sum(split["rows"] for split in told["splits"].values()) == 13
    labels = [split["labels"] for split in told["splits"].values()]
    assert sum(counts.get("card_arrival", 0) for counts in labels) == 10
    assert [column["name"] for column in told["columns"]] == ["text", "label", "country"]
    assert told["columns"][2]["empty"] == 1
    assert [(finding["column"], finding["kind"]) for finding in told["personal"]] == [("text", "e-mail address")]
    assert "anna@example.org" not in json.dumps(told["personal"])
    assert [example["split"] for example in told["examples"]] == ["feedback", "validation", "test"]


def test_a_tasks_data_is_told_in_words(toishi: Toishi, data: Path) -> None:
    result = toishi("data", "task.toml", "--rows", "0")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1].split() == ["messages.csv", "csv", "utf-8", "to", "be", "divided"]
    assert lines[3] == (
        "13 rows, 1 of them with the inputs of another, 0 that nearly repeat one. 1 further row cannot be used."
    )
    assert lines[4].startswith("Warning: 1 row was left out: messages.csv, line 14 has 5 values")
    assert any(line.split()[0] == "card_arrival" for line in lines if line)
    assert any(line.startswith("  'text': e-mail addresses in 1 row") for line in lines)


def test_data_without_labels_can_be_looked_at(toishi: Toishi, data: Path) -> None:
    (data / "messages.csv").write_text("\n".join(["id,text", *(f"r{n},Where is card {n}?" for n in range(10))]) + "\n")
    told = document(toishi("data", "task.toml", "--json", "--rows", "1"))
    assert (told["rows"], told["unlabelled"], told["splits"], told["examples"][0]["split"]) == (10, 10, {}, None)
    assert "has no column 'label'" in told["problems"][0]

    labels = "".join(f"{n},Where is card {n}?,card_arrival,model:m,drafted\n" for n in range(4))
    (data / "messages.labels.csv").write_text(f"id,text,expected,source,status\n{labels}")
    result = toishi("data", "task.toml", "--rows", "1")
    assert result.exit_code == 0
    assert "Warning: 0 of 4 labels are confirmed, too few to judge by" in result.stdout
    assert "not divided yet  r0" in result.stdout
    assert toishi("eval", "task.toml").exit_code == 2


def test_nothing_is_stored_by_looking(toishi: Toishi, data: Path) -> None:
    assert toishi("data", "task.toml").exit_code == 0
    assert not (data / ".toishi").exists()


def test_a_mistake_is_one_sentence(toishi: Toishi, data: Path) -> None:
    (data / "task.toml").write_text((data / "task.toml").read_text().replace('"label"', '"lable"'))
    result = toishi("data", "task.toml")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "Error: messages.csv has no column 'lable'; its columns are 'id', 'text', 'label', 'country' "
        "(did you mean 'label'?)"
    )


def items(folder: Path) -> None:
    rows = [{"item": {"ticket": f"It is broken {number}", "label": "Hardware"}} for number in range(3)]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "eval.json").write_text(json.dumps({"testing_criteria": [CHECK, PYTHON]}))


def test_a_file_is_told_before_there_is_a_task(toishi: Toishi, folder: Path) -> None:
    items(folder)
    told = document(toishi("data", "items.jsonl", "--graders", "eval.json", "--json"))
    assert (told["format"], told["rows"], told["inputs"], told["expected"]) == (
        "openai-evals",
        3,
        ["ticket"],
        "label",
    )
    assert [part["kind"] for part in told["metric"]["parts"]] == ["exact", "python"]
    assert (list(told["files"]), told["written"]) == (["grader.py"], [])


def test_what_an_eval_becomes_is_a_task_that_loads(toishi: Toishi, folder: Path) -> None:
    items(folder)
    result = toishi("data", "items.jsonl", "--graders", "eval.json", "--write-graders", "--rows", "0")
    assert result.exit_code == 0
    tables = result.stdout[result.stdout.index("[data]") : result.stdout.index("\nWritten: grader.py")]
    head = 'name = "Tickets"\n[program]\nprompt = "prompt.txt"\n'
    (folder / "tickets.toml").write_text(head + tables)
    told = document(toishi("data", "tickets.toml", "--json"))
    assert (told["rows"], told["files"][0]["format"]) == (3, "openai-evals")


def test_graders_are_for_files_and_not_for_tasks(toishi: Toishi, data: Path) -> None:
    result = toishi("data", "task.toml", "--graders", "eval.json")
    assert result.exit_code == 2
    assert result.stderr == "Error: --graders goes with a data file, not with a task, which has its metric\n"


def test_a_file_that_does_not_exist_is_named(toishi: Toishi, folder: Path) -> None:
    result = toishi("data", "nothing.csv")
    assert (result.exit_code, result.stderr) == (2, "Error: nothing.csv cannot be read: No such file or directory\n")
