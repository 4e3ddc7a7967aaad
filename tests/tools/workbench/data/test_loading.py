"""From a task's files to its examples: stable ids, no silent choice, and one sentence for what cannot be."""

import json
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.data import Splits, load_data
from toishi.tools.workbench.data.placed import Streamed
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.events import Warned
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.runs import create_run
from toishi.tools.workbench.task import Task

LINES = [f"message {number},{'card' if number % 2 else 'refund'}" for number in range(20)]


def task(choices: list[str] | None = None, *, metric: dict[str, Any] | None = None, **data: Any) -> Task:
    return Task.model_validate(
        {
            "name": "Messages",
            "program": {"prompt": "prompt.txt"},
            "data": {"inputs": ["text"], "expected": "label", **(data or {"file": "m.csv"})},
            "metric": metric or {"kind": "choice", "choices": choices},
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


BAD_ROWS = [
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
    pytest.param(
        [*LINES, "message, 20,card"],
        "m.csv, line 22 has 3 values for 2 columns; put double quotes around a text that holds a comma",
        id="too many values",
    ),
]


@pytest.mark.parametrize(("lines", "sentence"), BAD_ROWS)
def test_a_row_that_cannot_be_used_is_left_out_and_told(tmp_path: Path, lines: list[str], sentence: str) -> None:
    write(tmp_path, lines)
    splits = load_data(task(["card", "refund"]), tmp_path)
    assert len(splits.all) == 20
    assert splits.problems == (f"1 row was left out: {sentence}",)


@pytest.mark.parametrize(("lines", "sentence"), BAD_ROWS)
def test_a_strict_task_stops_at_the_first_row_that_cannot_be_used(
    tmp_path: Path, lines: list[str], sentence: str
) -> None:
    write(tmp_path, lines)
    assert refusal(task(["card", "refund"], file="m.csv", strict=True), tmp_path) == sentence


def test_of_rows_with_the_same_problem_the_first_is_named(tmp_path: Path) -> None:
    write(tmp_path, [*LINES, *(f"more {number}," for number in range(11)), "a,b,c"])
    (problem,) = load_data(task(), tmp_path).problems
    assert problem == (
        "12 rows were left out: m.csv, line 22 has an empty 'label'; fill it in, or take the row out (so have 10 more)"
        "; m.csv, line 33 has 3 values for 2 columns; put double quotes around a text that holds a comma"
    )


def test_of_many_problems_the_first_five_are_named(tmp_path: Path) -> None:
    write(tmp_path, [*LINES, *(f"more,weather{number}" for number in range(12)), "again,weather0"])
    (problem,) = load_data(task(["card", "refund"]), tmp_path).problems
    assert problem.startswith("13 rows were left out: m.csv, line 22 has the label 'weather0'")
    assert "(so has 1 more)" in problem
    assert problem.endswith("; and 7 more")
    assert problem.count("m.csv, line") == 5


def test_where_most_rows_cannot_be_used_there_is_nothing_to_go_on(tmp_path: Path) -> None:
    write(tmp_path, [*LINES, *(f"more {number},weather" for number in range(21))])
    assert refusal(task(["card", "refund"]), tmp_path) == (
        "m.csv, line 22 has the label 'weather', which is not among metric.choices; known are 'card', 'refund' "
        "(21 of 41 rows cannot be used)"
    )


def test_a_file_without_rows_is_named(tmp_path: Path) -> None:
    write(tmp_path, [])
    assert refusal(task(), tmp_path) == "m.csv holds no rows; fill it, or name another file in the task"


def test_a_split_that_nobody_knows_is_named(tmp_path: Path) -> None:
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


def test_the_other_columns_are_fields_of_the_example(tmp_path: Path) -> None:
    meta = {"plan": "gold", "n": [1, None]}
    rows = [{"id": f"r{n}", "text": f"message {n}", "label": "card", "country": "DE", "meta": meta} for n in range(9)]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    example = load_data(task(file="m.jsonl", subgroups=["meta.plan", "meta.city"]), tmp_path).all[0]
    assert example.fields == {
        "country": "DE",
        "meta": '{"plan": "gold", "n": [1, null]}',
        "meta.plan": "gold",
        "meta.city": "",
    }


def test_dots_lead_into_objects_and_lists(tmp_path: Path) -> None:
    rows = [{"item": {"question": f"q{n}", "answers": [f"a{n}", "x"]}, "plain.name": "p"} for n in range(9)]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    inputs = ["item.question", "plain.name"]
    exact = task(metric={"kind": "exact"}, file="m.jsonl", inputs=inputs, expected="item.answers.0")
    splits = load_data(exact, tmp_path)
    assert {(example.inputs["item.question"], example.expected) for example in splits.all} == {
        (f"q{n}", f"a{n}") for n in range(9)
    }
    assert splits.all[0].inputs["plain.name"] == "p"


def test_rows_without_an_answer_are_fine_where_the_metric_needs_none(tmp_path: Path) -> None:
    write(tmp_path, [f"message {number}," for number in range(9)])
    judge = {"kind": "judge", "rubric": "Is it polite?"}
    assert {example.expected for example in load_data(task(metric=judge, file="m.csv"), tmp_path).all} == {""}
    splits = load_data(task(metric=judge, file="m.csv", expected=None), tmp_path)
    assert (len(splits.all), splits.all[0].fields) == (9, {"label": ""})


def test_where_hardly_a_row_has_an_answer_the_way_out_is_named(tmp_path: Path) -> None:
    write(tmp_path, [*LINES[:2], *(f"more {number}," for number in range(5))])
    assert refusal(task(), tmp_path) == (
        "m.csv, line 4 has an empty 'label'; fill it in, or take the row out (5 of 7 rows cannot be used); "
        "or let a model or a rule draft some with: toishi label TASK.toml"
    )


def test_a_column_that_the_metric_reads_must_be_there(tmp_path: Path) -> None:
    write(tmp_path, LINES)
    metric = {"kind": "contains", "texts_column": "musts"}
    assert refusal(task(metric=metric, file="m.csv"), tmp_path) == (
        "m.csv has no column 'musts'; its columns are 'text', 'label'"
    )


LABEL_COLUMNS = "id,text,expected,source,status"


def test_confirmed_labels_judge_and_drafted_ones_serve_as_feedback(tmp_path: Path) -> None:
    write(tmp_path, [f"message {number}," for number in range(20)])
    statuses = ["confirmed"] * 12 + ["drafted"] * 5 + ["refused"]
    rows = [f"x{number},message {number},card,model:m,{status}" for number, status in enumerate(statuses)]
    write(tmp_path, rows, "m.labels.csv", header=LABEL_COLUMNS)
    splits = load_data(task(), tmp_path)
    drafted = {f"message {number}" for number in range(12, 17)}
    judging = {example.inputs["text"] for example in (*splits.validation, *splits.test)}
    assert not drafted & judging
    assert drafted < {example.inputs["text"] for example in splits.feedback}
    assert len(splits.all) == 17
    assert splits.problems == (
        "3 rows have no label and were left out; let a model or a rule draft some with: toishi label TASK.toml",
        "5 rows have a drafted label that nobody confirmed: they serve as feedback only",
    )


def test_a_drafted_row_that_almost_repeats_a_judging_one_is_left_out(tmp_path: Path) -> None:
    lines = [f"message {number},card" for number in range(9)]
    write(tmp_path, [*lines, *(f"MESSAGE {number}!," for number in range(9))])
    rows = [f"x{number},MESSAGE {number}!,card,model:m,drafted" for number in range(9)]
    write(tmp_path, rows, "m.labels.csv", header=LABEL_COLUMNS)
    splits = load_data(task(), tmp_path)
    judging = {example.inputs["text"] for example in (*splits.validation, *splits.test)}
    feedback = {example.inputs["text"].casefold().rstrip("!") for example in splits.feedback}
    assert len(judging) == 6
    assert not feedback & judging
    assert splits.problems == (
        "9 rows have a drafted label that nobody confirmed: they serve as feedback only, and 6 of them not even so, "
        "being like rows that judge",
    )


def test_labels_that_nobody_confirmed_cannot_judge(tmp_path: Path) -> None:
    write(tmp_path, [f"message {number}," for number in range(6)])
    rows = [f"x{number},message {number},card,model:m,drafted" for number in range(6)]
    write(tmp_path, rows, "m.labels.csv", header=LABEL_COLUMNS)
    assert refusal(task(), tmp_path) == (
        "0 of 6 labels are confirmed, too few to judge by; read the drafts and confirm some with: "
        "toishi label TASK.toml --confirm"
    )


def test_a_label_does_not_change_the_id_of_its_row(tmp_path: Path) -> None:
    write(tmp_path, [*LINES[:9], *(f"more {number}," for number in range(3))])
    rows = [f"x{number},more {number},card,person,confirmed" for number in range(3)]
    write(tmp_path, rows, "m.labels.csv", header=LABEL_COLUMNS)
    once = {example.inputs["text"]: example.id for example in load_data(task(), tmp_path).all}
    write(tmp_path, [row.replace("card", "refund") for row in rows], "m.labels.csv", header=LABEL_COLUMNS)
    assert {example.inputs["text"]: example.id for example in load_data(task(), tmp_path).all} == once


def test_data_too_large_to_hold_is_read_anew_and_is_the_same(tmp_path: Path) -> None:
    long = "word " * 25_000
    lines = [f"{number} {long},{'card' if number % 2 else 'refund'}" for number in range(80)]
    write(tmp_path, [*lines, "bad row"])
    large = load_data(task(), tmp_path)
    assert isinstance(large.feedback, Streamed)
    held = Splits(tuple(large.feedback), tuple(large.validation), tuple(large.test))
    assert (len(held.feedback), len(held.validation), len(held.test)) == (32, 24, 24)
    assert held.content_hash == large.content_hash
    assert [large.test[0], large.test[-1], *large.test[1:3]] == [held.test[0], held.test[-1], *held.test[1:3]]
    assert large.test[::-1] == held.test[::-1]
    with pytest.raises(IndexError):
        large.test[24]
    write(tmp_path, lines)
    with pytest.raises(DataError, match="the data was changed while it was read; start again"):
        list(large.test)


def test_how_far_reading_is_can_be_followed(tmp_path: Path) -> None:
    write(tmp_path, [f"message {number},card" for number in range(2500)])
    told: list[int] = []
    load_data(task(), tmp_path, progress=told.append)
    assert told == [1000, 2000, 2500]


def test_what_a_task_reads_does_not_change_with_the_format(tmp_path: Path) -> None:
    write(tmp_path, LINES)
    rows = [dict(zip(("text", "label"), line.split(","), strict=True)) for line in LINES]
    (tmp_path / "m.json").write_text(json.dumps({"version": 1, "rows": rows}))
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "m.tsv").write_text("\n".join(["text\tlabel", *(line.replace(",", "\t") for line in LINES)]))
    hashes = {load_data(task(file=f"m.{ending}"), tmp_path).content_hash for ending in ("csv", "json", "jsonl", "tsv")}
    assert len(hashes) == 1


def test_what_is_to_be_known_of_the_rows_is_in_a_runs_first_events(tmp_path: Path) -> None:
    write(tmp_path, [*LINES, "message 20,"])
    named = task(file="m.csv")
    models = named.models.model_copy(update={"task": "scripted/nobody"})
    journal = Journal.open(tmp_path)
    run = create_run(tmp_path, journal, named.model_copy(update={"models": models}), method="gepa")
    told = [event.message for _, event in journal.events(run) if isinstance(event, Warned)]
    journal.close()
    assert told == [
        "1 row was left out: m.csv, line 22 has an empty 'label'; fill it in, or take the row out",
    ]
