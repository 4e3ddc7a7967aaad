"""`toishi label` against a real server: drafts by rule and by model, in bulk and row by row, killed and resumed."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.assistant.conftest import Toishi
from tests.assistant.terminal import converse
from tests.servers.running import ModelServer

WORDS = {"delivery": "card_arrival", "passcode": "change_pin", "cashback": "rewards"}
PROMPT = "\n".join(["Answer.", *(f"If the message mentions {word}, answer {label}." for word, label in WORDS.items())])
RULES = '[[rule]]\nlabel = "rewards"\nkeyword = "cashback"\n'

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
choices = ["card_arrival", "change_pin", "rewards"]

[models]
task = "openai/rules"
base_url = "{base_url}"
max_tokens = 32
"""


@pytest.fixture
def tickets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_server: ModelServer) -> Path:
    """A person's folder, which is also the current one: twelve rows, of which the first has a label."""
    words = list(WORDS)
    rows = [f"t{n},my {words[n % 3]} number {n},{'card_arrival' if n == 0 else ''}" for n in range(12)]
    (tmp_path / "tickets.csv").write_text("\n".join(["id,text,label", *rows]) + "\n")
    (tmp_path / "prompt.txt").write_text(PROMPT + "\n")
    (tmp_path / "rules.toml").write_text(RULES)
    (tmp_path / "task.toml").write_text(TASK.format(base_url=model_server.base_url))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def labels(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "tickets.labels.csv").open(newline="") as stream:
        return {row["id"]: row for row in csv.DictReader(stream)}


def unnamed(folder: Path) -> None:
    """The task names no choices, and no row has a label."""
    task = folder / "task.toml"
    task.write_text("\n".join(line for line in task.read_text().splitlines() if not line.startswith("choices")))
    (folder / "tickets.csv").write_text((folder / "tickets.csv").read_text().replace("card_arrival", ""))


def test_rules_draft_what_they_match_and_the_model_the_rest(
    toishi: Toishi, tickets: Path, model_server: ModelServer
) -> None:
    ruled = toishi("label", "task.toml", "--rule", "rules.toml", "--json")
    assert ruled.exit_code == 0
    told = json.loads(ruled.stdout)
    assert (told["new_drafts"], told["undecided"], told["drafted"], told["without_draft"]) == (4, 7, 4, 7)
    assert model_server.state()["calls"] == 0

    drafted = toishi("label", "task.toml", "--by-model")
    assert drafted.exit_code == 0, drafted.stderr
    assert drafted.stderr.startswith("7 drafts made.\nSpent: ")
    assert drafted.stdout == (
        "tickets.labels.csv: 11 rows without a label in the data\n"
        "      11 drafted        used as feedback only, until you confirm them\n"
        "Row by row:  toishi label task.toml\n"
        "In bulk:     toishi label task.toml --confirm --all\n"
    )
    assert model_server.state()["calls"] == 7 * 3
    found = labels(tickets)
    assert set(found) == {f"t{n}" for n in range(1, 12)}
    assert {(row["source"], row["confidence"]) for row in found.values()} == {
        ("rule:1", ""),
        ("model:openai/rules", "1.00"),
    }
    assert all(row["expected"] == WORDS[row["text"].split()[1]] for row in found.values())
    # Nothing is left to draft, so nothing is paid.
    assert json.loads(toishi("label", "task.toml", "--json").stdout)["run"] is None
    # Drafting is a run that improves nothing.
    assert [run["method"] for run in json.loads(toishi("runs", "--json").stdout)["runs"]] == ["label"]
    assert "drafted labels, which improves nothing" in toishi("diff", "last").stderr
    run = json.loads(toishi("runs", "--json").stdout)["runs"][0]["run"]
    assert "drafted     7 labels, each from 3 samples\n" in toishi("show", run).stdout
    assert json.loads(toishi("show", run, "--json").stdout)["labelling"]["drafts"] == 7


def test_drafts_are_confirmed_refused_and_edited_in_bulk(toishi: Toishi, tickets: Path) -> None:
    toishi("label", "task.toml", "--rule", "rules.toml")
    toishi("label", "task.toml", "--by-model", "--samples", 1)

    assert toishi("label", "task.toml", "--confirm", "--source", "rule").exit_code == 0
    assert toishi("label", "task.toml", "--refuse", "t1", "t3").exit_code == 0
    edited = toishi("label", "task.toml", "--edit", "t4=rewards", "--json")

    told = json.loads(edited.stdout)
    assert (told["confirmed"], told["refused"], told["drafted"]) == (5, 2, 4)
    assert (told["drafts_confirmed"], told["drafts_confirmed_as_drafted"]) == (5, 4)
    found = labels(tickets)
    assert (found["t4"]["source"], found["t4"]["draft"]) == ("person", "change_pin")
    assert found["t6"]["confidence"] == ""


def test_only_confirmed_labels_judge(toishi: Toishi, tickets: Path) -> None:
    unlabelled = toishi("eval", "task.toml")
    assert unlabelled.exit_code == 2
    assert "toishi label TASK.toml" in unlabelled.stderr
    toishi("label", "task.toml", "--by-model", "--samples", 1)
    drafted = toishi("eval", "task.toml")
    assert drafted.exit_code == 2
    assert "toishi label TASK.toml --confirm" in drafted.stderr
    toishi("label", "task.toml", "--confirm", "--all")
    assert toishi("eval", "task.toml", "--json").exit_code == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--confirm"], "which drafts are meant is not said; name their IDs, or give --all"),
        (["t1"], "which drafts are meant is said, but not what with them; add --confirm or --refuse"),
        (["--confirm", "--refuse", "t1"], "--confirm and --refuse together say nothing"),
        (["--confirm", "t1", "--all"], "IDs and --all, --source or --at-least are two ways"),
        (["--edit", "t1"], "--edit t1 is not in the form ID=LABEL"),
        (["--edit", "t2=rewads"], "'rewads' for 't2' is not among metric.choices; did you mean 'rewards'?"),
        (["--confirm", "t99"], "no draft has the id 't99'"),
        (["--rule", "none.toml"], "none.toml does not exist"),
        (["--by-model", "--confirm", "--all"], "drafting and marking are two steps"),
        (["--rule", "rules.toml", "--by-model"], "--by-model and --rule are two ways to draft"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(
    toishi: Toishi, tickets: Path, options: list[str], sentence: str
) -> None:
    toishi("label", "task.toml", "--rule", "rules.toml")
    answer = toishi("label", "task.toml", *options)
    assert answer.exit_code == 2
    assert sentence in answer.stderr


def test_what_a_person_edited_in_the_file_stays(toishi: Toishi, tickets: Path) -> None:
    toishi("label", "task.toml", "--rule", "rules.toml")
    file = tickets / "tickets.labels.csv"
    file.write_text(file.read_text().replace("t2,my cashback number 2,rewards", "t2,my cashback number 2,change_pin"))
    toishi("label", "task.toml", "--by-model", "--again", "--samples", 1)
    assert labels(tickets)["t2"]["expected"] == "change_pin"
    assert {row["source"] for row in labels(tickets).values()} == {"rule:1", "model:openai/rules"}
    assert labels(tickets)["t5"]["source"] == "model:openai/rules"


def test_labels_that_are_no_choice_are_not_told_as_used(toishi: Toishi, tickets: Path) -> None:
    toishi("label", "task.toml", "--rule", "rules.toml")
    toishi("label", "task.toml", "--confirm", "--all")
    file = tickets / "tickets.labels.csv"
    file.write_text(file.read_text().replace("my cashback number 2,rewards", "my cashback number 2,Rewards"))

    told = toishi("label", "task.toml", "--confirm", "--all")

    assert "       3 confirmed      used everywhere\n" in told.stdout
    assert "       1 unfit          not used, since their labels are not among metric.choices" in told.stdout
    assert json.loads(toishi("label", "task.toml", "--confirm", "--all", "--json").stdout)["unfit"] == 1


def test_rows_are_named_by_their_own_ids_though_one_comes_twice(toishi: Toishi, tickets: Path) -> None:
    data = tickets / "tickets.csv"
    data.write_text(data.read_text().replace("t8,", "t5,"))
    toishi("label", "task.toml", "--rule", "rules.toml")
    found = labels(tickets)
    assert {"t2", "t11"} < set(found)
    assert "t5" not in found

    # In a file from before there were ids, and for a repeated row, the data's own id still tells which is meant.
    file = tickets / "tickets.labels.csv"
    file.write_text(file.read_text().replace("t2,", "0123456789abcdef,", 1))
    data.write_text(data.read_text() + "t99,my cashback number 2,\n")
    assert toishi("label", "task.toml", "--confirm", "t2").exit_code == 0
    assert labels(tickets)["0123456789abcdef"]["status"] == "confirmed"
    assert toishi("label", "task.toml", "--edit", "t99=change_pin").exit_code == 0
    assert labels(tickets)["0123456789abcdef"]["expected"] == "change_pin"
    assert "no draft has the id 't5'" in toishi("label", "task.toml", "--confirm", "t5").stderr


def test_a_killed_drafting_goes_on_and_pays_nothing_twice(tickets: Path, model_server: ModelServer) -> None:
    task = tickets / "task.toml"
    task.write_text(task.read_text().replace("max_tokens = 32", "max_tokens = 32\nconcurrency = 2"))
    model_server.fail(*[None] * 9, *[{"kind": "hold"}] * 99)
    command = [sys.executable, "-m", "toishi.assistant", "label", "task.toml", "--json", "--samples", "1"]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    model_server.calls(at_least=11)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    model_server.fail()
    model_server.release()

    again = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "NO_COLOR": "1"})
    assert json.loads(again.stdout)["drafted"] == 11
    # Nine were answered, two were in flight; only these two are asked again.
    assert model_server.state()["calls"] == 9 + 2 + 2


def test_a_budget_ends_drafting_early_and_more_of_it_goes_on(
    toishi: Toishi, tickets: Path, model_server: ModelServer
) -> None:
    poor = toishi("label", "task.toml", "--samples", 1, "--max-tokens", 1500, "--json")
    told = json.loads(poor.stdout)
    assert poor.exit_code == 0
    assert 0 < told["new_drafts"] < 11
    assert told["tokens"] <= 1500
    assert "max_tokens = 1500" in told["stopped"]
    assert "the same command with more goes on" in poor.stderr

    none = toishi("label", "task.toml", "--samples", 1, "--max-tokens", 10)
    assert none.exit_code == 4
    rich = json.loads(toishi("label", "task.toml", "--samples", 1, "--json").stdout)
    assert (rich["drafted"], rich["stopped"]) == (11, None)
    assert model_server.state()["calls"] == 11


def test_rows_without_an_answer_wait_for_a_person(toishi: Toishi, tickets: Path, model_server: ModelServer) -> None:
    model_server.fail(*[{"kind": "nonsense"}] * 99)
    told = toishi("label", "task.toml", "--samples", 1)
    assert "0 drafts made, 11 rows left without one.\n" in told.stderr
    assert re.search(r"To 't\d+' openai/rules said nothing that is a label: '.+'\.\n", told.stderr)
    assert "11 without draft  not used, until you write their labels into the file" in told.stdout
    assert labels(tickets)["t1"]["expected"] == ""
    assert toishi("label", "task.toml", "--edit", "t1=rewards").exit_code == 0


def test_a_row_without_a_word_is_no_question_for_a_model(
    toishi: Toishi, tickets: Path, model_server: ModelServer
) -> None:
    (tickets / "tickets.csv").write_text('id,text,label\nt0,my cashback,\nt1," ",\n')
    told = toishi("label", "task.toml", "--by-model", "--samples", 1)
    assert "1 draft made, 1 row left without one.\n't1' holds nothing to label.\n" in told.stderr
    assert model_server.state()["calls"] == 1


def test_choices_that_nobody_named_are_proposed_and_wait_for_a_person(
    toishi: Toishi, tickets: Path, model_server: ModelServer
) -> None:
    unnamed(tickets)
    proposal = {"kind": "nonsense", "text": "- card_arrival\n- change_pin\n- rewards"}
    model_server.fail(proposal)
    asked = toishi("label", "task.toml", "--samples", 1)
    assert asked.exit_code == 5
    assert 'confirm or change them: --choices "card_arrival,change_pin,rewards"' in asked.stderr
    assert not (tickets / "tickets.labels.csv").exists()

    named = toishi("label", "task.toml", "--samples", 1, "--most", 4, "--choices", "card_arrival, change_pin,rewards")
    assert named.exit_code == 0
    assert 'write into [metric]: choices = ["card_arrival", "change_pin", "rewards"]' in named.stderr
    # What was said once holds for the rest.
    rest = json.loads(toishi("label", "task.toml", "--samples", 1, "--json").stdout)
    assert (rest["drafted"], rest["choices"]) == (12, ["card_arrival", "change_pin", "rewards"])
    assert model_server.state()["calls"] == 1 + 12


def test_row_by_row_in_a_terminal(tickets: Path, model_server: ModelServer) -> None:
    code, shown = converse(
        ["label", "task.toml", "--samples", "1"],
        [
            ("Draft 11 labels with openai/rules? [Y/n]", "y\n"),
            ("1/11  t1", "y"),
            ("2/11  t2", "n"),
            ("3/11  t3", "s"),
            ("4/11  t4", "e"),
            ("label or number: ", "rewads\n"),
            # Its letters would else be keys: y confirms.
            ("did you mean 'rewards'?", "yes\n"),
            ("'yes' for 't4' is not among", ""),
            ("label or number: ", "3\n"),
            ("5/11  t5", "?"),
            ("q stop", "q"),
        ],
    )
    assert code == 0, shown
    assert "  text: my passcode number 1\n  → change_pin  (model:openai/rules)" in shown
    assert "2 confirmed" in " ".join(shown.split())
    found = labels(tickets)
    assert [found[f"t{n}"]["status"] for n in range(1, 6)] == [
        "confirmed",
        "refused",
        "drafted",
        "confirmed",
        "drafted",
    ]
    assert found["t4"]["expected"] == "rewards"

    # The next sitting begins where this one ended.
    code, shown = converse(["label", "task.toml"], [("3/11  t3", "y"), ("5/11  t5", "\x04")])
    assert code == 0, shown
    assert labels(tickets)["t3"]["status"] == "confirmed"
    assert model_server.state()["calls"] == 11


def test_only_its_own_key_confirms_and_a_row_can_be_taken_back(toishi: Toishi, tickets: Path) -> None:
    toishi("label", "task.toml", "--rule", "rules.toml", "--json")
    file = tickets / "tickets.labels.csv"
    before = file.read_text()

    code, shown = converse(
        ["label", "task.toml"],
        [
            ("Draft 7 labels", "n\n"),
            ("1/4  t2", "\r"),
            ("q stop", "\n"),
            ("q stop", " \x1b[By"),
            ("2/4  t5", "n"),
            ("3/4  t8", "s"),
            ("4/4  t11", "u"),
            ("3/4  t8", "b"),
            ("2/4  t5", "u"),
            ("1/4  t2", "u"),
            ("q stop", "q"),
        ],
    )

    assert code == 0, shown
    assert "taken back: refused" in shown
    assert "taken back: confirmed: rewards" in shown
    assert file.read_text() == before


def test_proposed_choices_are_confirmed_in_a_terminal(tickets: Path, model_server: ModelServer) -> None:
    unnamed(tickets)
    model_server.fail({"kind": "nonsense", "text": "- card_arrival\n- change_pin\n- rewards"})
    code, shown = converse(
        ["label", "task.toml", "--samples", "1"],
        [
            ("Draft 12 labels", "\n"),
            ("Take these (y), or write others", "card_arrival,change_pin\n"),
            ("1/12  t0", "q"),
        ],
    )
    assert code == 0, shown
    assert "  rewards" in shown
    assert {row["expected"] for row in labels(tickets).values()} == {"card_arrival", "change_pin", ""}


def test_a_task_whose_rows_are_all_labelled_has_nothing_to_draft(toishi: Toishi, folder: Path) -> None:
    answer = toishi("label", "task.toml")
    assert (answer.exit_code, answer.stdout) == (0, "Every row has a label in the data itself (4 rows).\n")
    assert not (folder / "messages.labels.csv").exists()
