"""`toishi demo`, with the model of the package, on fewer intents and a smaller budget than the real one."""

import json
from pathlib import Path

import pytest

from tests.assistant.conftest import Toishi
from toishi.assistant.demo import folder as demo_folder

INTENTS = ("card_linking", "lost_or_stolen_phone")
ROLLOUTS = 60


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in which the demo ends early."""
    monkeypatch.setattr(demo_folder, "TEN", INTENTS)
    monkeypatch.setitem(demo_folder.ROLLOUTS, "ten", ROLLOUTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_demo_ends_with_numbers_and_what_to_do_next(toishi: Toishi, short: Path) -> None:
    answer = toishi("demo")

    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout.startswith("Real messages to a bank (BANKING77, CC BY 4.0), 2 intents; see toishi-demo/\n")
    assert "Locked test, 14 examples: " in answer.stdout
    assert "8 feedback, 6 validation, 14 test examples, at most 60 rollouts" in answer.stderr
    assert answer.stdout.endswith("toishi run task.toml\n")

    # The same again finds every answer in the journal; the run is a new one.
    again = toishi("demo", "--json")
    told = json.loads(again.stdout)
    assert again.exit_code == 0
    assert {"run", "seed_score", "best_score", "interval", "p_value", "rollouts", "seconds"} <= set(told)
    assert told["seed_score"] == pytest.approx(0.5, abs=0.2)
    assert told["best_score"] >= 0.0
    assert 0 < told["rollouts"] <= ROLLOUTS
    runs = json.loads(toishi("runs", "--project", "toishi-demo", "--json").stdout)["runs"]
    assert runs[0]["run"] == told["run"]
    assert len(runs) == 2


def test_an_edited_prompt_is_not_overwritten(toishi: Toishi, short: Path) -> None:
    demo_folder.write(short / "toishi-demo", "ten")
    (short / "toishi-demo" / "prompt.txt").write_text("My own prompt.\n")

    answer = toishi("demo")

    assert answer.exit_code == 2
    assert "toishi-demo/prompt.txt is not as the demo wrote it and is left alone" in answer.stderr
    assert (short / "toishi-demo" / "prompt.txt").read_text() == "My own prompt.\n"
