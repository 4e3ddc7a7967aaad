"""`toishi judge` against a real server: from a sheet of answers to a verdict on the judge, which later runs know."""

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.assistant.conftest import Toishi
from tests.servers.running import ModelServer

TASK = """\
name = "Tickets"
[program]
prompt = "prompt.txt"
[data]
file = "tickets.csv"
inputs = ["text"]
expected = "label"
[metric]
{metric}
[models]
task = "openai/rules"
base_url = "{base_url}"
max_tokens = 16
"""

# The server follows such lines in the last message, by the first whose word stands in the rest of it.
JUDGE = '''\
kind = "judge"
rubric = """
Is the answer a label?
If the message mentions unknown, answer fail.
If the message mentions answer, answer pass.
"""
'''
PROMPT = "Answer with the label.\nIf the message mentions delivery, answer card_arrival.\n"


@pytest.fixture
def tickets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_server: ModelServer) -> Path:
    """A person's folder, which is also the current one: 60 tickets, half of which the prompt knows."""
    rows = [f"{word} number {number},card_arrival" for number in range(30) for word in ("delivery", "parcel")]
    (tmp_path / "tickets.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    (tmp_path / "prompt.txt").write_text(PROMPT)
    (tmp_path / "task.toml").write_text(TASK.format(metric=JUDGE, base_url=model_server.base_url))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fill_in(folder: Path, mark: Callable[[int, str], str]) -> None:
    """Marks every row of the sheet by its place and its output."""
    with (folder / "draft.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (folder / "marks.csv").open("w", newline="") as stream:
        sheet = csv.DictWriter(stream, list(rows[0]))
        sheet.writeheader()
        sheet.writerows({**row, "mark": mark(number, row["output"])} for number, row in enumerate(rows))


def test_a_judge_that_agrees_is_trusted_and_later_runs_know_it(toishi: Toishi, tickets: Path) -> None:
    drafted = toishi("judge", "task.toml", "--draft", "draft.csv", "--rows", 24)
    assert (drafted.exit_code, drafted.stdout) == (
        0,
        "draft.csv holds 24 answers. Write fail or pass into its column `mark`, then:\n"
        "  toishi judge task.toml --marks draft.csv\n",
    )
    # As many good as bad ones, and nothing that tells the judge's view.
    text = (tickets / "draft.csv").read_text()
    assert text.count(",unknown,,") == text.count(",card_arrival,card_arrival,,") == 12
    assert text.startswith("id,text,label,output,mark,reason\n")
    assert "was never checked" in toishi("eval", "task.toml", "--rows", 3).stderr

    fill_in(tickets, lambda number, output: "no" if output == "unknown" else "yes")
    checked = toishi("judge", "task.toml", "--marks", "marks.csv")

    assert checked.exit_code == 0
    assert checked.stdout.startswith(
        "The judge agrees with you on 86 % to 100 % of such rows (kappa 1.00, 1.00 to 1.00): trust it for this task.\n"
    )
    assert "was never checked" not in toishi("eval", "task.toml", "--rows", 3).stderr
    row = json.loads(toishi("runs", "--json").stdout)["runs"][1]
    assert (row["method"], row["status"]) == ("judge", "finished")
    assert "trust it for this task" in toishi("show", row["run"]).stdout
    assert json.loads(toishi("show", row["run"], "--json").stdout)["judge_check"]["verdict"] == "trust"
    refused = toishi("diff", row["run"])
    assert (refused.exit_code, "checked a judge, which improves nothing" in refused.stderr) == (2, True)


def test_a_judge_that_differs_is_not_trusted_and_says_where(
    toishi: Toishi, tickets: Path, model_server: ModelServer
) -> None:
    toishi("judge", "task.toml", "--draft", "draft.csv", "--rows", 20)
    fill_in(tickets, lambda number, output: "pass" if number % 2 else "fail")
    paid = len(model_server.calls())

    answer = toishi("judge", "task.toml", "--marks", "marks.csv")

    assert answer.exit_code == 1
    assert "do not trust it: read the rows on which you differ" in answer.stdout
    assert "you \\ judge  fail  pass\n" in answer.stdout
    assert "\n  judge: correct verdict: pass – pass\n" in answer.stdout
    # What the judge said of these answers was known since they were drafted.
    assert len(model_server.calls()) == paid

    told = json.loads(toishi("judge", "task.toml", "--marks", "marks.csv", "--json").stdout)
    assert told["exit_code"] == 1
    assert sum(map(sum, told["table"])) == told["rows"] == 20
    assert len(told["disagreements"]) == 20 - told["table"][0][0] - told["table"][1][1]


def test_a_sheet_with_marks_is_never_overwritten(toishi: Toishi, tickets: Path, model_server: ModelServer) -> None:
    (tickets / "marks.csv").write_text("precious")
    answer = toishi("judge", "task.toml", "--draft", "marks.csv")
    assert (answer.exit_code, (tickets / "marks.csv").read_text()) == (2, "precious")
    assert model_server.calls() == []


def test_a_judge_that_says_nothing_stops_the_run_with_a_sentence(
    toishi: Toishi, tickets: Path, model_server: ModelServer
) -> None:
    text = (tickets / "task.toml").read_text()
    (tickets / "task.toml").write_text(text.replace("answer pass.", "answer perhaps."))

    answer = toishi("eval", "task.toml", "--rows", 2, "--json")

    assert answer.exit_code == 130
    assert json.loads(answer.stdout).keys() == {"error"}
    assert "The judge gave no verdict on example" in answer.stderr
    assert "also when asked again (the verdict 'perhaps' is none of fail, pass" in answer.stderr
    assert json.loads(toishi("runs", "--json").stdout)["runs"][0]["status"] == "failed"


def test_a_sheet_is_drafted_also_where_the_judge_cannot_be_read(toishi: Toishi, tickets: Path) -> None:
    text = (tickets / "task.toml").read_text()
    (tickets / "task.toml").write_text(text.replace("answer pass.", "answer perhaps."))

    answer = toishi("judge", "task.toml", "--draft", "draft.csv", "--rows", 10)

    assert answer.exit_code == 0, answer.stderr
    assert len((tickets / "draft.csv").read_text().splitlines()) == 11
    assert "Warning: the judge gave no verdict that can be read on 7 of 20 answers; " in answer.stderr
    told = json.loads(toishi("judge", "task.toml", "--draft", "other.csv", "--rows", 10, "--json").stdout)
    assert (told["rows"], told["unreadable"], told["answers"]) == (10, 7, 20)


@pytest.mark.parametrize(
    ("arguments", "healthy"),
    [
        (["eval", "task.toml", "--rows", "4"], 3),
        (["judge", "task.toml", "--draft", "draft.csv", "--rows", "4"], 3),
        (["label", "open.toml", "--by-model", "--choices", "card_arrival,unknown"], 2),
    ],
)
def test_ctrl_c_says_that_the_replies_are_kept(
    toishi: Toishi, tickets: Path, model_server: ModelServer, arguments: list[str], healthy: int
) -> None:
    (tickets / "open.csv").write_text("text,label\n" + "".join(f"delivery {number},\n" for number in range(9)))
    text = (tickets / "task.toml").read_text().replace("tickets.csv", "open.csv")
    (tickets / "open.toml").write_text(text.replace(JUDGE, 'kind = "choice"'))
    model_server.fail(*[None] * healthy, *[{"kind": "hold"}] * 100)
    process = subprocess.Popen(
        [sys.executable, "-m", "toishi.assistant", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    model_server.calls(at_least=healthy + 1)

    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()

    model_server.release()
    assert (process.returncode, stdout) == (130, ""), stderr
    kept = "Interrupted: replies that came are kept and cost nothing the next time; the same command goes on\n"
    assert stderr.endswith(kept), stderr
    assert json.loads(toishi("runs", "--json").stdout)["runs"][0]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("metric", "arguments", "problem"),
    [
        pytest.param('kind = "exact"', ["--draft", "x.csv"], "'exact', in which no model judges", id="no judge"),
        pytest.param(JUDGE, [], "name either --draft FILE, to write a sheet, or --marks FILE", id="neither"),
        pytest.param(JUDGE, ["--marks", "no.csv"], "no.csv cannot be read", id="no sheet"),
        pytest.param(JUDGE, ["--marks", "no.csv", "--part", "tone"], "the metric has no judge 'tone'", id="no part"),
    ],
)
def test_what_cannot_be_checked_is_told(
    toishi: Toishi, tickets: Path, model_server: ModelServer, metric: str, arguments: list[str], problem: str
) -> None:
    (tickets / "task.toml").write_text(TASK.format(metric=metric, base_url=model_server.base_url))
    answer = toishi("judge", "task.toml", *arguments)
    assert answer.exit_code == 2
    assert problem in answer.stderr


def test_one_judge_of_several_metrics_is_checked_by_its_name(
    toishi: Toishi, tickets: Path, model_server: ModelServer
) -> None:
    part = JUDGE.replace('kind = "judge"', 'name = "tone"\nkind = "judge"')
    metric = f'kind = "several"\n[[metric.parts]]\n{part}[[metric.parts]]\nname = "same"\nkind = "exact"'
    (tickets / "task.toml").write_text(TASK.format(metric=metric, base_url=model_server.base_url))
    assert toishi("judge", "task.toml", "--draft", "draft.csv", "--rows", 20, "--part", "tone").exit_code == 0
    fill_in(tickets, lambda number, output: "no" if output == "unknown" else "yes")
    told = json.loads(toishi("judge", "task.toml", "--marks", "marks.csv", "--json").stdout)
    assert (told["name"], told["verdict"], told["rows"]) == ("tone", "trust", 20)


def test_a_run_says_that_its_judge_was_never_checked(toishi: Toishi, tickets: Path) -> None:
    answer = toishi("run", "task.toml", "--max-rollouts", 10)
    assert answer.exit_code == 4
    assert "warning   The judge (openai/rules) was never checked against a person's marks" in answer.stderr
