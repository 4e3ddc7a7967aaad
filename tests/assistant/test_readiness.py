"""`toishi models` and `toishi doctor`: what is here, and the way to what is not."""

import json
import os
from pathlib import Path

import pytest

from tests.assistant.conftest import RUN, Toishi
from toishi.assistant import readiness
from toishi.assistant.readiness import Check, checks, methods
from toishi.tools.workbench.errors import ModelUnknown
from toishi.tools.workbench.models.discovery import discover
from toishi.tools.workbench.runs import take_lock
from toishi.tools.workbench.sandbox import available, level
from toishi.tools.workbench.settings import journal_file

KEY = "sk-this-value-must-not-be-seen"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in ("ANTHROPIC", "OPENAI", "GEMINI", "GOOGLE", "MISTRAL", "DEEPSEEK", "GROQ", "XAI", "OPENROUTER"):
        monkeypatch.delenv(f"{name}_API_KEY", raising=False)


def test_models_tells_what_was_found_and_what_auto_stands_for(toishi: Toishi) -> None:
    answer = toishi("models", "--json")

    told = json.loads(answer.stdout)
    found = discover()
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert [row["reason"] for row in told["found"]] == [one.reason for one in found]
    assert told["default"]["model"] == next(one.model for one in found if one.model)


def test_models_prefers_a_key_and_never_shows_it(toishi: Toishi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    answer, document = toishi("models"), toishi("models", "--json")

    row = next(line for line in answer.stdout.splitlines() if "OPENAI_API_KEY is set" in line)
    assert row.split()[:3] == ["environment", json.loads(document.stdout)["default"]["model"], "auto"]
    assert KEY not in answer.output + document.output


def test_the_doctor_finds_what_the_demo_needs(toishi: Toishi, folder: Path) -> None:
    answer, document = toishi("doctor"), toishi("doctor", "--json")

    told = json.loads(document.stdout)
    assert answer.exit_code == document.exit_code == 0
    assert told["methods"] == {"gepa": {"ready": True, "missing": []}}
    assert {check["name"] for check in told["checks"] if not check["ok"]} == set()
    assert "\ngepa: ready\n" in answer.stdout
    assert not (folder / ".toishi").exists()


def test_the_doctor_says_what_holds_code_that_a_model_wrote(folder: Path) -> None:
    sandbox = next(check for check in checks(None) if check.name == "sandbox")

    assert f"sandbox: {sandbox.found}" == level() if sandbox.ok else sandbox.found == available()


def test_the_doctor_counts_the_runs_of_the_journal(toishi: Toishi, finished: Path) -> None:
    journal = next(check for check in checks(None) if check.name == "journal")

    assert journal == Check("journal", True, f"{finished}/.toishi/toishi.db, 1 run")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (".toishi", ".toishi is a file, where toishi keeps a folder"),
        (".toishi/toishi.db", "toishi.db is a folder, where toishi keeps a file"),
    ],
)
def test_what_lies_in_the_place_of_the_journal_is_told(
    tmp_path: Path, toishi: Toishi, name: str, sentence: str
) -> None:
    if name == ".toishi":
        (tmp_path / name).write_text("")
    else:
        (tmp_path / name).mkdir(parents=True)

    answer = toishi("doctor", "--project", tmp_path, "--json")

    journal = next(check for check in json.loads(answer.stdout)["checks"] if check["name"] == "journal")
    assert (journal["ok"], journal["way_out"]) == (False, "move it away")
    assert journal["found"].endswith(sentence)


def test_a_damaged_journal_is_told_and_is_no_obstacle_to_telling_the_rest(toishi: Toishi, folder: Path) -> None:
    (folder / ".toishi").mkdir()
    (folder / ".toishi" / "toishi.db").write_text("this is no database, whatever its name says")

    answer = toishi("doctor", "--json")

    told = json.loads(answer.stdout)
    assert answer.exit_code == 1
    assert told["methods"] == {"gepa": {"ready": False, "missing": ["journal"]}}
    assert [check["name"] for check in told["checks"] if not check["ok"]] == ["journal"]


def test_what_a_damaged_journal_holds_is_saved_when_nobody_works_on_a_run(toishi: Toishi, finished: Path) -> None:
    before = toishi("show").stdout
    with journal_file(finished).open("r+b") as file:
        file.seek(-4096, 2)
        file.write(b"\xff" * 4096)
    lock = take_lock(finished, RUN)
    refused = toishi("doctor", "--save-journal")
    os.close(lock)
    assert refused.stderr == f"Error: Run {RUN} is being worked on; wait for its end, or: toishi cancel {RUN}\n"

    answer = toishi("doctor", "--save-journal", "--json")

    told = json.loads(answer.stdout)
    assert (answer.exit_code, Path(told["damaged"]).name) == (0, "toishi.damaged-1.db")
    assert told["rows"]["runs"] == 1
    assert toishi("show").stdout == before


def test_without_the_local_extra_the_way_out_is_named(
    toishi: Toishi, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "LOCAL", ("torch", "a_package_that_nobody_has"))

    answer = toishi("demo")
    doctor = toishi("doctor")

    assert answer.exit_code == 2
    assert answer.stderr == (
        "Error: embedded/mini cannot run here, missing: a_package_that_nobody_has; pip install 'toishi[local]'\n"
    )
    assert not (folder / "toishi-demo").exists()
    assert "local: pip install 'toishi[local]'\n" in doctor.stdout


def test_a_method_lacks_what_its_checks_lack() -> None:
    found = [Check("python", True, ""), Check("journal", False, ""), Check("model", False, "")]

    (gepa,) = methods(found)

    assert (gepa.name, gepa.ready, gepa.missing) == ("gepa", False, ("journal", "model"))


def test_weights_that_are_not_there_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(readiness, "WEIGHTS", tmp_path / "mini")

    with pytest.raises(ModelUnknown, match=r"no weights in .*; reinstall toishi"):
        readiness.require_embedded()
