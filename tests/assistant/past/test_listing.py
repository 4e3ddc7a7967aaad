"""`toishi runs` and `toishi show`."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.assistant.conftest import CHANGE, RUN, SECOND, Toishi, fill, story

RUNS = """\
run              started           method  status    validation     test            time  task
r-20260102-0a0b  2026-01-02 10:00  gepa    improved  0.500 → 0.750  0.200 → 0.800  00:09  Bank messages
"""

SHOW = f"""\
r-20260102-0a0b  Bank messages · improved
started     2026-01-02 10:00 UTC
improves    prompt.txt
models      scripted/nobody
metric      choice
method      gepa, seed 3
examples    6 feedback, 4 validation, 5 test
limits      100 rollouts
spent       60 rollouts, 2,640 tokens, $0.00, 00:09
rejected    1 proposal
change      {CHANGE.hash} waits for a person
            apply it with: toishi apply r-20260102-0a0b

Locked test, 5 examples: improved
  seed prompt  0.200
  best prompt  0.800
  difference   +0.600  95 % interval [+0.200, +1.000], p = 0.030

candidate  from  module  characters  gate   validation  lineage
        0  –     –               69  –           0.500  on the way
        1  0     prompt          87  1 → 2       0.500  on the way
        2  1     prompt         105  1 → 2       0.750  best
"""


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_runs_are_a_table(toishi: Toishi, finished: Path) -> None:
    answer = toishi("runs")

    assert (answer.exit_code, answer.stderr) == (0, "")
    assert lines(answer.stdout) == lines(RUNS)


def test_runs_as_json(toishi: Toishi, finished: Path) -> None:
    answer = toishi("runs", "--json")

    assert json.loads(answer.stdout) == {
        "project": str(finished),
        "runs": [
            {
                "run": RUN,
                "name": "Bank messages",
                "method": "gepa",
                "status": "improved",
                "created": "2026-01-02T10:00:00+00:00",
                "seconds": 9.0,
                "seed": 3,
                "candidates": 3,
                "validation_seed": 0.5,
                "validation_best": 0.75,
                "test_seed": 0.2,
                "test_best": 0.8,
                "interval": [0.2, 1.0],
            }
        ],
    }


def test_a_run_whose_process_is_gone_is_interrupted(toishi: Toishi, folder: Path) -> None:
    fill(folder, story()[:5])

    row = json.loads(toishi("runs", "--json").stdout)["runs"][0]

    assert row["status"] == "interrupted"
    assert (row["validation_seed"], row["validation_best"], row["test_best"]) == (0.5, 0.5, None)


def test_show_tells_everything_about_one_run(toishi: Toishi, finished: Path) -> None:
    answer = toishi("show")

    assert (answer.exit_code, answer.stderr) == (0, "")
    assert lines(answer.stdout) == lines(SHOW)


def test_show_from_elsewhere_names_the_project_in_its_commands(
    toishi: Toishi, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished.parent)

    answer = toishi("show", "--project", finished.name)

    assert f"apply it with: toishi apply r-20260102-0a0b --project {finished.name}\n" in answer.stdout


def test_show_as_json_is_one_document(toishi: Toishi, finished: Path) -> None:
    told = json.loads(toishi("show", RUN, "--json").stdout)

    assert told["status"] == "improved"
    assert told["plan"]["validation_examples"] == 4
    assert told["spent"] == {"rollouts": 60, "tokens": 2640, "cost": 0.0, "seconds": 9.0}
    assert [candidate["in_lineage"] for candidate in told["candidates"]] == [True, True, True]
    assert told["candidates"][2]["texts"] == {"prompt": SECOND}
    assert told["change"] == {"hash": CHANGE.hash, "status": "proposed", "purged": False}
    assert told["test"]["p_value"] == 0.03


def test_show_of_a_run_that_was_cut_off_says_where_it_stood(toishi: Toishi, folder: Path) -> None:
    fill(folder, story()[:3])

    answer = toishi("show")

    assert answer.stdout.startswith(f"{RUN}  Bank messages · interrupted\n")
    assert "Locked test" not in answer.stdout


def test_codes_that_a_terminal_obeys_never_reach_it(toishi: Toishi, finished: Path) -> None:
    name = "Bank\nmail \x1b[31mred\x1b]0;title\x07 \x9b1m\r"
    with sqlite3.connect(finished / ".toishi" / "toishi.db") as journal:
        journal.execute("UPDATE runs SET name = ?", (name,))
    for command in (("runs",), ("show",)):
        shown = toishi(*command).stdout
        assert "mail [31mred]0;title 1m" in shown
        assert not set("\x1b\x07\x9b\r") & set(shown)
    assert "Bank mail" in toishi("runs").stdout
