"""The folder that the demo writes."""

import csv
import io
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from toishi.assistant.demo.folder import DATA, PROMPT, TEN, files, messages, write
from toishi.tools.workbench.data import load_data
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.task import load_task


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_shipped_data_holds_seven_rows_of_each_intent_for_training_and_for_the_test() -> None:
    shipped = rows((DATA / "banking77.csv").read_text(encoding="utf-8"))

    assert len(shipped) == 1078
    assert len({row["id"] for row in shipped}) == 1078
    assert set(Counter((row["split"], row["label"]) for row in shipped).values()) == {7}
    assert len({row["label"] for row in shipped}) == 77


def test_the_data_is_attributed() -> None:
    notice = (DATA / "NOTICE.md").read_text(encoding="utf-8")

    assert "CC BY 4.0" in notice
    assert "Casanueva" in notice
    assert "https://creativecommons.org/licenses/by/4.0/" in notice


def test_ten_intents_are_real_ones() -> None:
    chosen = rows(messages("ten"))

    assert {row["label"] for row in chosen} == set(TEN)
    assert len(TEN) == 10
    assert len(chosen) == 140
    assert {row["id"] for row in chosen} < {row["id"] for row in rows(messages("all"))}


def test_the_first_prompt_names_an_intent_that_is_there() -> None:
    named = set(re.findall(r": (\w+)$", PROMPT, re.MULTILINE))

    assert named
    assert named <= set(TEN)


@pytest.mark.parametrize(("intents", "labels"), [("ten", 10), ("all", 77)])
def test_the_task_loads_and_its_test_rows_are_those_of_the_data(tmp_path: Path, intents: str, labels: int) -> None:
    task_file = write(tmp_path / "demo", intents)  # type: ignore[arg-type]

    task = load_task(task_file, project=tmp_path / "demo")
    splits = load_data(task, tmp_path / "demo")

    assert {example.id.split("/")[0] for example in splits.test} == {"test"}
    assert {example.id.split("/")[0] for example in (*splits.feedback, *splits.validation)} == {"train"}
    assert len(splits.test) == len(splits.feedback) + len(splits.validation) == labels * 7
    assert {example.expected for example in splits.validation} == {example.expected for example in splits.test}


def test_writing_again_is_fine_also_with_other_intents(tmp_path: Path) -> None:
    write(tmp_path, "all")
    write(tmp_path, "ten")

    assert (tmp_path / "messages.csv").read_text(encoding="utf-8") == messages("ten")


@pytest.mark.parametrize("name", sorted(files("ten")))
def test_what_a_person_edited_is_left_alone(tmp_path: Path, name: str) -> None:
    write(tmp_path, "ten")
    (tmp_path / name).write_text("edited", encoding="utf-8")

    with pytest.raises(UsageError, match=re.escape(f"{tmp_path / name} is not as the demo wrote it")):
        write(tmp_path, "all")

    assert (tmp_path / name).read_text(encoding="utf-8") == "edited"
    others = {other: text for other, text in files("ten").items() if other != name}
    assert {other: (tmp_path / other).read_text(encoding="utf-8") for other in others} == others


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("not a folder")

    with pytest.raises(UsageError, match="is a file; name another folder with --folder"):
        write(tmp_path / "demo", "ten")


def test_the_written_task_is_toml_with_the_models_of_the_package(tmp_path: Path) -> None:
    task = tomllib.loads(write(tmp_path, "ten").read_text(encoding="utf-8"))

    assert task["models"]["task"] == task["models"]["reflection"] == "embedded/mini"
