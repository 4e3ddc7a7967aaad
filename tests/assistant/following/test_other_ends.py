"""Runs that end in something else than a better prompt, against a real server: answers, or a front to choose from."""

import json
from pathlib import Path

import pytest

from tests.assistant.conftest import Toishi
from tests.servers.running import ModelServer

LABELS = {"delivery": "card_arrival", "passcode": "change_pin", "cashback": "rewards", "mortgage": "loans"}
OPENINGS = ("my", "the", "a", "our", "your", "this")
SEED = "Answer with the label."

TASK = """\
name = "Tickets"
[program]
prompt = "prompt.txt"
[data]
file = "tickets.csv"
inputs = ["text"]
expected = "label"
[metric]
kind = "choice"
[models]
task = "openai/rules"
base_url = "{base_url}"
max_tokens = 16
reflection_max_tokens = 256
[budget]
max_rollouts = 200
"""


@pytest.fixture
def tickets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_server: ModelServer) -> Path:
    """A person's folder, which is also the current one, whose task names the server on loopback."""
    rows = [f'"{opening} {word}",{label}' for word, label in LABELS.items() for opening in OPENINGS]
    (tmp_path / "tickets.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    (tmp_path / "prompt.txt").write_text(SEED + "\n")
    (tmp_path / "task.toml").write_text(TASK.format(base_url=model_server.base_url))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def also(folder: Path, toml: str) -> None:
    """Adds tables to the task."""
    with (folder / "task.toml").open("a") as task:
        task.write(toml)


def test_a_search_for_answers_keeps_the_best_to_every_row_and_changes_no_file(toishi: Toishi, tickets: Path) -> None:
    also(tickets, '[gepa]\nmode = "solve"\n')
    answer = toishi("run", "task.toml", "--json")

    told = json.loads(answer.stdout)
    assert (answer.exit_code, told["outcome"], told["change"]) == (0, "solved", None)
    assert told["sentence"].startswith("The best answers score ")
    assert " on average over 24 rows, the seed's " in told["sentence"]
    answers = json.loads(toishi("show", "--answers", "--json").stdout)["answers"]
    assert len(answers) == 24
    assert sum(one["score"] for one in answers) > sum(one["seed_score"] for one in answers)
    assert all(one["answer"] in LABELS.values() for one in answers if one["score"] == 1.0)
    assert (tickets / "prompt.txt").read_text() == SEED + "\n"

    assert toishi("show", "--answers", "--out", "answers.jsonl").exit_code == 0
    written = [json.loads(line) for line in (tickets / "answers.jsonl").read_text().splitlines()]
    assert written == answers
    assert "Read the answers:  toishi show" in toishi("resume", told["run"]).stdout


def test_a_run_that_looked_for_a_prompt_has_no_answers_to_show(toishi: Toishi, tickets: Path) -> None:
    toishi("run", "task.toml", "--json", "--max-rollouts", 60)
    answer = toishi("show", "--answers")
    assert answer.exit_code == 2
    assert "looked for one program for all rows, not for answers to them" in answer.stderr


def test_rows_for_a_test_have_no_place_in_a_search_for_answers(toishi: Toishi, tickets: Path) -> None:
    (tickets / "test.csv").write_text("text,label\nmy delivery,card_arrival\n")
    task = (
        (tickets / "task.toml").read_text().replace('file = "tickets.csv"', 'train = "tickets.csv"\ntest = "test.csv"')
    )
    (tickets / "task.toml").write_text(task)
    also(tickets, '[gepa]\nmode = "solve"\n')
    answer = toishi("run", "task.toml")
    assert answer.exit_code == 2
    assert "the rows are the tasks themselves, and none can be kept for a test" in answer.stderr


def test_with_several_objectives_the_front_is_judged_and_one_of_it_is_picked(toishi: Toishi, tickets: Path) -> None:
    also(tickets, '[[objectives]]\nname = "prompt_characters"\n')
    answer = toishi("run", "task.toml", "--json")

    told = json.loads(answer.stdout)
    assert (answer.exit_code, told["outcome"]) == (5, "improved")
    found = json.loads(toishi("front", "--json").stdout)
    numbers = {one["number"]: one for one in found["candidates"]}
    assert 0 in found["front"]
    assert found["chosen"] == found["suggested"]
    chosen = numbers[found["chosen"]]
    assert chosen["judged_on_test"]
    assert chosen["values"]["prompt_characters"] == chosen["characters"] > len(SEED)
    test = json.loads(toishi("show", "--json").stdout)["test"]
    assert test["candidate"] == chosen["id"]
    assert test["objectives"][0]["name"] == "prompt_characters"
    assert test["objectives"][0]["seed"] == len(SEED)
    assert all(set(one["objectives"]) == {"prompt_characters"} for one in test["front"])
    assert all(set(one["values"]) == {"score", "prompt_characters"} for one in found["candidates"])

    assert toishi("apply", "--candidate", found["chosen"]).exit_code == 0
    assert len((tickets / "prompt.txt").read_text().rstrip("\n")) == chosen["characters"]


def test_a_limit_on_length_is_kept_by_what_is_proposed(toishi: Toishi, tickets: Path) -> None:
    also(tickets, f'[[objectives]]\nname = "prompt_characters"\nlimit = {len(SEED) + 60}\n')
    told = json.loads(toishi("run", "task.toml", "--json").stdout)
    found = json.loads(toishi("front", "--json").stdout)
    assert all(one["characters"] <= len(SEED) + 60 for one in found["candidates"])
    assert told["run"] == found["run"]
