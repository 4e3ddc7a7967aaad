"""Rows that look personal are not sent to a model elsewhere before a person agreed, and that is asked once.

The model here is a provider's without a key: what passes the question ends at the missing key, before anything is sent.
"""

import json
from pathlib import Path

import pytest

from tests.assistant.conftest import Toishi
from tests.assistant.terminal import converse
from tests.servers.running import ModelServer
from toishi.tools.workbench.journal import Journal

ASKED = "What looks personal ('text') would be sent to openai"
KEY = "OPENAI_API_KEY"


@pytest.fixture
def personal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A task over messages of which one holds an address, for a model of a provider."""
    monkeypatch.delenv(KEY, raising=False)
    rows = (folder / "messages.csv").read_text()
    rows = rows.replace("I want another PIN", "Write to ada@example.org about my PIN")
    (folder / "messages.csv").write_text(rows + "m5,The PIN again,change_pin\nm6,A lost card,card_arrival\n")
    task = (folder / "task.toml").read_text()
    (folder / "task.toml").write_text(task.replace("scripted/nobody", "openai/gpt-5-mini"))
    return folder


@pytest.mark.parametrize("command", [["run"], ["eval"], ["run", "--json"]])
def test_nothing_is_sent_or_stored_before_somebody_agrees(toishi: Toishi, personal: Path, command: list[str]) -> None:
    answer = toishi(*command, "task.toml")

    assert answer.exit_code == 5
    assert answer.stderr.startswith(
        f"{ASKED}:\n  'text': e-mail addresses in 1 row (17 %), such as a••@e••••••.o••\n"
        "Error: Nothing was sent to openai, as 'text' looks personal; take it out,"
    )
    assert "agree with --send-personal" in answer.stderr
    assert "ada@example.org" not in answer.stderr
    journal = Journal.open(personal)
    assert journal.runs() == []
    journal.close()
    assert b"ada@example.org" not in b"".join(file.read_bytes() for file in (personal / ".toishi").glob("toishi.db*"))


def test_what_was_agreed_to_is_not_asked_again(toishi: Toishi, personal: Path) -> None:
    agreed = toishi("eval", "task.toml", "--send-personal")
    assert ASKED in agreed.stderr
    assert KEY in agreed.stderr

    again = toishi("eval", "task.toml")
    assert ASKED not in again.stderr
    assert KEY in again.stderr

    # Another row is another content.
    with (personal / "messages.csv").open("a") as stream:
        stream.write("m7,and grace@example.org,change_pin\n")
    assert toishi("eval", "task.toml").exit_code == 5


def test_rows_without_labels_are_looked_at_before_they_are_drafted(toishi: Toishi, personal: Path) -> None:
    rows = (personal / "messages.csv").read_text()
    (personal / "messages.csv").write_text(rows.replace("PIN,change_pin", "PIN,"))
    task = (personal / "task.toml").read_text()
    (personal / "task.toml").write_text(task.replace('kind = "choice"', 'kind = "exact"'))

    answer = toishi("label", "task.toml", "--json")

    assert answer.exit_code == 5
    assert json.loads(answer.stdout)["error"].startswith("Nothing was sent to openai, as 'text'")
    assert not (personal / "messages.labels.csv").exists()


def test_a_person_at_a_terminal_is_asked(toishi: Toishi, personal: Path) -> None:
    code, shown = converse(["eval", "task.toml"], [("Send these rows? [y/N]", "n\n")])
    assert code == 5
    assert "Nothing was sent. Take the fields out, or name a model on this machine." in shown
    assert "Error" not in shown
    code, shown = converse(["eval", "task.toml"], [("Send these rows? [y/N]", "y\n")])
    assert (code, KEY in shown) == (2, True)
    assert ASKED not in toishi("eval", "task.toml").stderr


def test_a_model_on_this_machine_needs_no_question(toishi: Toishi, personal: Path, model_server: ModelServer) -> None:
    task = (personal / "task.toml").read_text()
    here = f'task = "openai/rules"\nbase_url = "{model_server.base_url}"'
    (personal / "task.toml").write_text(task.replace('task = "openai/gpt-5-mini"', here))

    answer = toishi("eval", "task.toml")

    assert answer.exit_code == 0, answer.stderr
    assert ASKED not in answer.stderr
