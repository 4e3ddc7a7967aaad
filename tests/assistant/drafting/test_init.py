"""`toishi init`: what it writes, what it asks, what it never does."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.assistant.conftest import Toishi
from toishi.tools.workbench.data import load_data
from toishi.tools.workbench.models.keys import PROVIDERS
from toishi.tools.workbench.task import load_task

PROMPT = "Sort the message into one of: billing, delivery, fault.\n"
LABELS = ("billing", "delivery", "fault")
NAMES = ("Anna", "Bert", "Cleo", "Dora", "Emil", "Finn", "Gina", "Hugo", "Ines", "Jara", "Kim", "Lea", "Max")
THINGS = {"billing": "invoice", "delivery": "parcel", "fault": "screen"}

PROGRAM = """\
raise SystemExit("nobody may run this")

async def run(example, call):
    query = await call("write_query", question=example.inputs["question"])
    passages = await call("search", query=query)
    return await call("answer", question=example.inputs["question"], passages=passages)
"""

Mine = Path


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mine:
    """A person's folder, which is the current one, on a machine without keys."""
    for provider in PROVIDERS:
        for variable in provider.variables:
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def messages(folder: Path, rows: int = 120) -> None:
    lines = []
    for row in range(rows):
        label = LABELS[row % 3]
        lines.append(f"{NAMES[row % 13]} wants to know about {THINGS[label]} {row * 7919} since week {row},{label}")
    (folder / "messages.csv").write_text("\n".join(["text,label", *lines]) + "\n")


def test_a_prompt_and_data_become_a_task_that_loads(toishi: Toishi, mine: Mine) -> None:
    (mine / "prompt.txt").write_text(PROMPT)
    messages(mine)

    answer = toishi("init", "prompt.txt", "messages.csv")

    assert answer.exit_code == 0
    assert answer.stdout == (
        "Wrote task.toml.\n"
        "\n"
        "  toishi eval task.toml   how good it is as it stands\n"
        "  toishi run task.toml    improve it, and judge the result on rows that it never saw\n"
    )
    assert "data.expected = label: named for an answer, 3 different values in 120 rows\n" in answer.stderr
    task = load_task(mine / "task.toml", project=mine)
    splits = load_data(task, mine)
    assert (task.program.prompt, task.data.inputs, task.data.expected) == ("prompt.txt", ("text",), "label")
    assert (task.metric.kind, task.metric.choices) == ("choice", LABELS)
    assert len(splits.test) == 60
    code = [line for line in (mine / "task.toml").read_text().splitlines() if " = " in line and line[0] != "#"]
    above = (mine / "task.toml").read_text().splitlines()
    assert all("  # " in line or above[above.index(line) - 1].startswith("# ") for line in code)


def test_alone_it_looks_at_the_folder(toishi: Toishi, mine: Mine) -> None:
    (mine / "prompt.txt").write_text(PROMPT)
    (mine / "README.md").write_text("About this folder.\n")
    messages(mine)

    found = json.loads(toishi("init", "--json").stdout)

    decided = {one["key"]: one["value"] for one in found["decisions"]}
    assert (decided["program.prompt"], decided["data.file"]) == ("prompt.txt", "messages.csv")
    assert found["written"] == [str(mine / "task.toml")]
    assert found["next"] == ["toishi eval task.toml", "toishi run task.toml"]


def test_data_alone_gets_a_first_prompt(toishi: Toishi, mine: Mine) -> None:
    messages(mine)

    answer = toishi("init", "messages.csv")

    assert answer.stdout.startswith("Wrote task.toml and prompt.txt.\n")
    assert (mine / "prompt.txt").read_text() == (
        "Sort the text into one of: billing, delivery, fault.\nAnswer with that one alone.\n"
    )


def test_every_decision_has_an_option(toishi: Toishi, mine: Mine) -> None:
    (mine / "prompt.txt").write_text("Answer the question.\n")
    rows = [{"q": f"what is {n}", "hint": f"one of many {n}", "a": str(n), "b": "x"} for n in range(40)]
    (mine / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))

    options = ["--inputs", "q, hint", "--expected", "a", "--metric", "exact", "--model", "openai/mine"]
    more = ["--base-url", "http://127.0.0.1:9/v1", "--name", "Numbers", "--out", "other.toml"]
    answer = toishi("init", "rows.jsonl", "prompt.txt", *options, *more)

    assert answer.exit_code == 0, answer.stderr
    task = load_task(mine / "other.toml", project=mine)
    assert task.data.inputs == ("q", "hint")
    assert (task.name, task.data.expected, task.metric.kind) == ("Numbers", "a", "exact")
    assert (task.models.task, task.models.base_url) == ("openai/mine", "http://127.0.0.1:9/v1")


def test_nothing_is_written_over(toishi: Toishi, mine: Mine) -> None:
    (mine / "prompt.txt").write_text(PROMPT)
    messages(mine)
    (mine / "task.toml").write_text("mine\n")

    refused = toishi("init")
    assert refused.exit_code == 2
    assert refused.stderr.endswith(
        f"Error: {mine / 'task.toml'} is there already; write over it with --force, or elsewhere with --out\n"
    )
    assert (mine / "task.toml").read_text() == "mine\n"

    assert toishi("init", "--force").exit_code == 0
    assert load_task(mine / "task.toml", project=mine).data.file == "messages.csv"


def test_a_draft_that_cannot_be_loaded_leaves_nothing_behind(toishi: Toishi, mine: Mine) -> None:
    messages(mine)

    answer = toishi("init", "messages.csv", "--base-url", "localhost:8000", "--model", "openai/mine")

    assert answer.exit_code == 2
    assert "models.base_url: 'localhost:8000' should begin with http:// or https://" in answer.stderr
    assert sorted(path.name for path in mine.iterdir()) == ["messages.csv"]


def test_what_cannot_be_loaded_names_no_file_that_is_not_there(toishi: Toishi, mine: Mine) -> None:
    (mine / "prompt.txt").write_text("Sort {Text}.\n")
    messages(mine)

    answer = toishi("init", "prompt.txt", "messages.csv")

    assert answer.exit_code == 2
    assert answer.stderr == (
        "Error: nothing was written, since program.prompt = 'prompt.txt' names {Text}, which is no input; "
        "did you mean {text}?\n"
    )
    assert not (mine / "task.toml").exists()


def test_what_is_proposed_is_not_told_as_possible_too(toishi: Toishi, mine: Mine) -> None:
    (mine / "prompt.txt").write_text(PROMPT)
    lines = [f"a{row % 50}@example.org;{NAMES[row % 13]} waits since week {row};{LABELS[row % 3]}" for row in range(90)]
    (mine / "mail.csv").write_text("\n".join(["E-Mail;Anfrage;Abteilung", *lines]) + "\n")

    answer = toishi("init", "prompt.txt", "mail.csv")

    assert (
        "data.inputs = Anfrage: the longest text, about 5 words each (not sure; also possible: E-Mail)" in answer.stderr
    )


def test_a_program_is_read_and_never_run(toishi: Toishi, mine: Mine) -> None:
    (mine / "program.py").write_text(PROGRAM)
    (mine / "prompts").mkdir()
    (mine / "prompts" / "answer.txt").write_text("Answer in a word.\n")
    (mine / "corpus.jsonl").write_text('{"title": "Bern", "text": "It lies at the Aare."}\n')
    rows = [{"question": f"who won race {n}", "answer": f"rider {n}"} for n in range(40)]
    (mine / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))

    answer = toishi("init", "program.py:run", "rows.jsonl")

    assert answer.exit_code == 0, answer.stderr
    task = load_task(mine / "task.toml", project=mine)
    assert task.program.code == "program.py:run"
    assert task.program.modules == {"write_query": "prompts/write_query.txt", "answer": "prompts/answer.txt"}
    assert task.program.retrievers["search"].file == "corpus.jsonl"
    assert (mine / "prompts" / "answer.txt").read_text() == "Answer in a word.\n"
    assert (mine / "prompts" / "write_query.txt").read_text() == (
        "Write query. You are given: question. Answer with the result and nothing else.\n"
    )
    assert "  toishi run task.toml --trust " in answer.stdout


def test_logged_calls_bring_their_prompt(toishi: Toishi, mine: Mine) -> None:
    def call(number: int) -> str:
        asked = [
            {"role": "system", "content": "You sort mails."},
            {"role": "user", "content": f"mail {number} about {NAMES[number % 13]}"},
        ]
        said = {"choices": [{"message": {"role": "assistant", "content": ("ham", "spam")[number % 2]}}]}
        return json.dumps({"request": {"messages": asked}, "response": said})

    (mine / "log.jsonl").write_text("\n".join(map(call, range(40))))

    answer = toishi("init", "log.jsonl")

    assert answer.exit_code == 0, answer.stderr
    task = load_task(mine / "task.toml", project=mine)
    assert (task.data.format, task.data.inputs, task.metric.choices) == ("chat-log", ("input",), ("ham", "spam"))
    assert (mine / "prompt.txt").read_text() == "You sort mails.\n"
    assert "correct what is wrong before it counts as right (not sure; also possible: none)" in answer.stderr


def test_rows_without_answers_are_judged_by_a_rubric_or_get_labels_first(toishi: Toishi, mine: Mine) -> None:
    (mine / "prompt.txt").write_text("Answer the mail.\n")
    (mine / "mails.csv").write_text("\n".join(["mail", *(f"{NAMES[n % 13]} asks for {n} things" for n in range(40))]))

    answer = toishi("init")
    task = load_task(mine / "task.toml", project=mine)
    assert (task.metric.kind, task.data.expected) == ("judge", None)
    assert "  toishi judge task.toml --draft marks.csv   mark some answers, to see whether" in answer.stdout
    assert "Warning: embedded/mini sorts messages and cannot judge answers, so nothing can be scored" in answer.stderr
    assert "cannot judge" not in toishi("init", "--force", "--model", "openai/gpt-5-mini").stderr

    answer = toishi("init", "--force", "--metric", "choice")
    assert "  toishi label task.toml --by-model   draft right answers, which you then confirm\n" in answer.stdout
    assert load_task(mine / "task.toml", project=mine).data.expected == "answer"


def test_a_column_for_labels_to_come_can_be_named(toishi: Toishi, mine: Mine) -> None:
    (mine / "prompt.txt").write_text(PROMPT)
    (mine / "mail.csv").write_text(
        "\n".join(["comment", *(f"{NAMES[row % 13]} waits {row}" for row in range(60))]) + "\n"
    )

    slip = toishi("init", "mail.csv", "prompt.txt", "--expected", "coment", "--metric", "choice")
    assert (slip.exit_code, "did you mean 'comment'?" in slip.stderr) == (2, True)
    assert "has no column 'topic'" in toishi("init", "mail.csv", "prompt.txt", "--expected", "topic").stderr
    answer = toishi("init", "mail.csv", "prompt.txt", "--expected", "topic", "--metric", "choice")

    assert answer.exit_code == 0, answer.stderr
    assert load_task(mine / "task.toml", project=mine).data.expected == "topic"
    assert "toishi label task.toml --by-model" in answer.stdout


def test_a_disk_that_is_full_leaves_no_empty_task(toishi: Toishi, mine: Mine) -> None:
    (mine / "prompt.txt").write_text(PROMPT)
    messages(mine)
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
        "from toishi.assistant.cli import main; main()"
    )

    # The system refuses every write to a file, as it does on a disk without room.
    command = [sys.executable, "-B", "-c", code, "init", "prompt.txt", "messages.csv"]
    full = subprocess.run(command, capture_output=True, text=True)

    assert (full.returncode, "task.toml cannot be written" in full.stderr) == (2, True), full.stderr
    assert not (mine / "task.toml").exists()
    assert toishi("init", "prompt.txt", "messages.csv").exit_code == 0


def test_what_makes_a_score_worthless_is_told_before_anything_is_spent(toishi: Toishi, mine: Mine) -> None:
    (mine / "rows.csv").write_text("text,label\n" + "".join(f"word {n},same\n" for n in range(20)))

    told = toishi("init").stderr

    assert "Warning: every row expects 'same', so there is nothing to tell a good prompt by.\n" in told
    assert (
        "with 10 test rows, a prompt that answers 78 more of every 100 rows right is proved better four times" in told
    )


def test_what_looks_personal_is_told_where_the_model_is_elsewhere(toishi: Toishi, mine: Mine) -> None:
    (mine / "prompt.txt").write_text(PROMPT)
    lines = [f"please write to anna{n}@example.org about {n * 7919},{LABELS[n % 3]}" for n in range(60)]
    (mine / "rows.csv").write_text("\n".join(["text,label", *lines]))

    told = toishi("init", "--model", "openai/gpt-5-mini").stderr

    assert "Warning: What looks personal ('text') would be sent to openai; you are asked before the first row" in told


def test_the_keys_of_a_task_are_printed(toishi: Toishi, mine: Mine) -> None:
    printed = toishi("init", "--keys").stdout
    assert "\n[budget]\nWhat a run may use at most.\n  max_rollouts: whole number, above 0\n" in printed

    tables: list[dict[str, Any]] = json.loads(toishi("init", "--keys", "--json").stdout)
    assert [key["name"] for table in tables if table["title"] == "top of the file" for key in table["keys"]] == [
        "name",
        "seed",
    ]
    assert list(mine.iterdir()) == []


def test_in_a_terminal_it_asks_what_it_cannot_find_out(mine: Mine) -> None:
    (mine / "prompt.txt").write_text("Answer the question.\n")
    rows = [f"who is number {n},as was said in week {n},rider {n}" for n in range(40)]
    (mine / "rows.csv").write_text("\n".join(["question,remark,answer", *rows]))

    answers = ["question, remrk", "question, remark", "exact"]
    asked = in_terminal("init", "--model", "embedded/mini", answers=answers, folder=mine)

    task = load_task(mine / "task.toml", project=mine)
    assert (task.data.inputs, task.metric.kind) == (("question", "remark"), "exact")
    assert "Which columns is the program given? question: named for what goes in" in asked
    assert "How is an answer judged?" in asked
    assert "rows.csv has no column 'remrk'; did you mean 'remark'?" in asked
    assert "data.expected [" not in asked


def in_terminal(*arguments: str, answers: list[str], folder: Path) -> str:
    """Calls `toishi` in a terminal of its own, gives one answer at each prompt, and tells what stood on the screen."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "toishi.assistant", *arguments]
    process = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    screen, waiting = "", list(answers)
    with os.fdopen(ours, "rb+", buffering=0) as terminal:
        while True:
            try:
                screen += terminal.read(4096).decode()
            except OSError:
                break
            if waiting and screen.endswith("]: "):
                answer = waiting.pop(0)
                terminal.write(f"{answer}\n".encode())
                screen += "\n"
    assert process.wait() == 0, screen
    assert waiting == []
    return screen.replace("\r", "")


def test_an_exported_eval_brings_its_graders(toishi: Toishi, mine: Mine) -> None:
    grader = {
        "type": "string_check",
        "name": "match",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.verdict }}",
        "operation": "eq",
    }
    (mine / "eval.json").write_text(json.dumps({"name": "mails", "testing_criteria": [grader]}))
    (mine / "prompt.md").write_text("Say yes or no: {{item.mail}}\n")
    refused = toishi("init", "eval.json").stderr
    assert refused.endswith(
        "eval.json holds graders and no rows; name the data as well: toishi init eval.json rows.jsonl\n"
    )
    items = [{"mail": f"{NAMES[n % 13]} wrote number {n * 7919}", "verdict": ("yes", "no")[n % 2]} for n in range(40)]
    (mine / "items.jsonl").write_text("\n".join(json.dumps({"item": item}) for item in items))

    answer = toishi("init", "eval.json")

    assert answer.exit_code == 0, answer.stderr
    task = load_task(mine / "task.toml", project=mine)
    assert (task.metric.kind, task.data.inputs, task.data.expected) == ("exact", ("mail",), "verdict")
    assert (
        "Warning: prompt.md has double braces, {{item.mail}}; toishi fills {column}, with single ones.\n"
        in answer.stderr
    )
