"""A task.toml: what it means, and one sentence for each mistake in it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from toishi.tools.workbench.budget import Limits
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.models.protocol import Sampling
from toishi.tools.workbench.program.building import build_program
from toishi.tools.workbench.task import Task, TaskFile, load_task

SMALL = """\
name = "Bank messages"
[program]
prompt = "prompt.txt"
[data]
file = "messages.csv"
inputs = ["text"]
expected = "label"
[metric]
kind = "choice"
"""

FULL = """\
name = "Bank messages"
seed = 7
[program]
prompt = "prompt.txt"
max_characters = 900
[data]
file = "messages.csv"
inputs = ["text", "country"]
expected = "label"
split = "part"
shares = [0.5, 0.25, 0.25]
[metric]
kind = "choice"
choices = ["card_arrival", "refund"]
[models]
task = "embedded/mini"
reflection = "openai/large"
base_url = "http://127.0.0.1:8000/v1"
temperature = 0.5
max_tokens = 64
reflection_temperature = 0.8
reflection_max_tokens = 1024
concurrency = 4
[budget]
max_rollouts = 300
max_tokens = 100000
max_cost = 1.5
max_seconds = 60
[gepa]
minibatch = 4
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompt.txt").write_text("Name the intent.\n")
    (tmp_path / "messages.csv").write_text("text,label\nwhere is it,card_arrival\n")
    return tmp_path


def load(folder: Path, text: str) -> Task:
    (folder / "task.toml").write_text(text)
    return load_task(folder / "task.toml")


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(TaskError) as raised:
        load(folder, text)
    return str(raised.value).removeprefix(f"{folder / 'task.toml'}: ").removeprefix(str(folder / "task.toml"))


def test_everything_written_is_read(folder: Path) -> None:
    task = load(folder, FULL)
    assert (task.name, task.seed, task.program.max_characters) == ("Bank messages", 7, 900)
    assert (task.data.inputs, task.data.expected, task.data.split) == (("text", "country"), "label", "part")
    assert task.data.shares == (0.5, 0.25, 0.25)
    assert task.metric.choices == ("card_arrival", "refund")
    assert (task.models.task, task.models.reflection_name) == ("embedded/mini", "openai/large")
    assert task.models.sampling() == Sampling(temperature=0.5, max_tokens=64)
    assert task.models.reflection_sampling() == Sampling(temperature=0.8, max_tokens=1024)
    assert task.budget.limits() == Limits(300, 100000, 1.5, 60.0)
    assert task.gepa == {"minibatch": 4}


def test_what_is_not_written_has_its_default(folder: Path) -> None:
    task = load(folder, SMALL)
    assert (task.seed, task.data.shares, task.models.task, task.gepa) == (0, (0.4, 0.3, 0.3), "auto", {})
    assert task.models.reflection_name == "auto"
    assert task.budget.limits() == Limits(max_rollouts=600)


def test_one_limit_alone_is_the_only_one(folder: Path) -> None:
    assert load(folder, SMALL + "[budget]\nmax_seconds = 5.0\n").budget.limits() == Limits(max_seconds=5.0)


@pytest.mark.parametrize("text", [SMALL, FULL], ids=["small", "full"])
def test_the_json_of_a_task_is_the_task(folder: Path, text: str) -> None:
    task = load(folder, text)
    assert Task.model_validate_json(task.model_dump_json()) == task


def test_a_folder_stands_for_the_task_file_in_it(folder: Path) -> None:
    assert load(folder, SMALL) == load_task(folder)


def test_paths_count_from_the_project_wherever_the_task_lies(folder: Path) -> None:
    inner = folder / "tasks" / "bank"
    inner.mkdir(parents=True)
    (folder / ".toishi").mkdir()
    (inner / "prompt.txt").write_text("Inner.")
    (inner / "task.toml").write_text(SMALL.replace("messages.csv", "../../messages.csv"))
    task = load_task(inner / "task.toml")
    assert (task.program.prompt, task.data.file) == ("tasks/bank/prompt.txt", "messages.csv")
    assert task.texts["prompt"].content == "Inner."
    assert str(folder) not in task.model_dump_json()


def test_data_may_lie_outside_where_its_absolute_path_is_written(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "rows.jsonl"
    elsewhere.write_text("{}\n")
    assert load(folder, SMALL.replace("messages.csv", str(elsewhere))).data.file == str(elsewhere)


def test_a_byte_order_mark_before_the_task_is_no_mistake(folder: Path) -> None:
    (folder / "task.toml").write_text("\ufeff" + SMALL, encoding="utf-8")
    assert load_task(folder).name == "Bank messages"


def test_the_seed_program_is_the_prompt_without_its_last_line_end(folder: Path) -> None:
    (folder / "prompt.txt").write_bytes(b"Read.\r\nName the intent.\r\n")
    task = load(folder, SMALL)
    assert task.seed_texts() == {"prompt": "Read.\r\nName the intent."}
    file = task.texts["prompt"]
    assert file.with_text(file.text).encode() == (folder / "prompt.txt").read_bytes()
    assert file.with_text("Better.") == "Better.\r\n"


async def test_the_seed_program_hands_the_inputs_to_its_one_module(folder: Path) -> None:
    from toishi.tools.workbench.example import Example

    async def told(module: str, /, **fields: Any) -> str:
        return f"{module} got {fields}"

    call: Any = told
    program = build_program(load(folder, SMALL), folder)
    assert await program.run(Example("1", {"text": "hi"}, "x"), call) == "prompt got {'text': 'hi'}"
    assert Candidate(program.modules).texts["prompt"] == "Name the intent."


def test_placeholders_are_the_inputs_that_the_prompt_names(folder: Path) -> None:
    (folder / "prompt.txt").write_text('Answer as {"label": …} for {text} from {country}, {text}.')
    assert load(folder, FULL).placeholders() == {"prompt": ("text", "country")}


@pytest.mark.parametrize(
    ("written", "instead", "sentence"),
    [
        pytest.param("prompt =", "promt =", "unknown key 'promt' in [program]; did you mean 'prompt'?", id="near key"),
        pytest.param(
            'expected = "label"',
            'expected = "label"\ncolour = "red"',
            "unknown key 'colour' in [data]; known are 'file', 'train', 'feedback', 'validation', 'test', 'hf', "
            "'hf_config', 'hf_split', 'requests', 'format', 'encoding', 'inputs' and 8 more",
            id="far key",
        ),
        pytest.param(
            'expected = "label"',
            'expected = "label"\ntemperature = 0.5',
            "unknown key 'temperature' in [data]; it belongs in [models]",
            id="key of another table",
        ),
        pytest.param(
            "[metric]",
            "seed = 3\n[metric]",
            "unknown key 'seed' in [data]; it belongs at the top of the file, before the first table",
            id="key of the top",
        ),
        pytest.param("[metric]", "[metrics]", "unknown table 'metrics'; did you mean 'metric'?", id="near table"),
        pytest.param('[metric]\nkind = "choice"\n', "", "the table [metric] is missing", id="missing table"),
        pytest.param(
            'expected = "label"\n',
            "",
            "'expected' is missing in [data] (column with the right answer): kind = 'choice' needs it",
            id="missing key",
        ),
        pytest.param('"Bank messages"', "3", "name should be text, not 3", id="number for text"),
        pytest.param('["text"]', '"text"', "data.inputs should be a list, not 'text'", id="text for list"),
        pytest.param('["text"]', "[1]", "data.inputs[0] should be text, not 1", id="number in list"),
        pytest.param('["text"]', "[]", "data.inputs should have at least 1 item, not 0", id="no inputs"),
        pytest.param(
            '["text"]', '["text", "text"]', "data: inputs names a column twice: text, text", id="same input twice"
        ),
        pytest.param(
            '["text"]',
            '["label"]',
            "data: expected = 'label' is among the inputs, so the answer would be given away",
            id="answer given away",
        ),
        pytest.param(
            '[program]\nprompt = "prompt.txt"',
            'program = "prompt.txt"',
            "program should be a table, not 'prompt.txt'",
            id="text for table",
        ),
        pytest.param(
            "[metric]",
            "[budget]\nmax_rollouts = 1.5\n[metric]",
            "budget.max_rollouts should be a whole number, not 1.5",
            id="fraction",
        ),
        pytest.param(
            "[metric]",
            '[budget]\nmax_cost = "2"\n[metric]',
            "budget.max_cost should be a number, not '2'",
            id="text for number",
        ),
        pytest.param(
            "[metric]",
            "[budget]\nmax_rollouts = -5\n[metric]",
            "budget.max_rollouts should be greater than 0, not -5",
            id="negative budget",
        ),
        pytest.param(
            "[metric]",
            "[budget]\nmax_tokens = 0\n[metric]",
            "budget.max_tokens should be greater than 0, not 0",
            id="zero budget",
        ),
        pytest.param(
            "[metric]",
            "[budget]\nmax_cost = nan\n[metric]",
            "budget.max_cost should be a finite number, not nan",
            id="no number",
        ),
        pytest.param(
            "[metric]",
            "shares = [0.5, 0.5, 0.5]\n[metric]",
            "data.shares: [0.5, 0.5, 0.5] are not three numbers above 0 that add up to 1 (feedback, validation, test)",
            id="shares above 1",
        ),
        pytest.param(
            "[metric]",
            "shares = [0.5, 0.5]\n[metric]",
            "data.shares: [0.5, 0.5] are not three numbers above 0 that add up to 1 (feedback, validation, test)",
            id="two shares",
        ),
        pytest.param(
            "[metric]",
            "shares = [1.2, -0.1, -0.1]\n[metric]",
            "data.shares: [1.2, -0.1, -0.1] are not three numbers above 0 that add up to 1 "
            "(feedback, validation, test)",
            id="negative share",
        ),
        pytest.param(
            '"choice"', '"chioce"', "metric.kind = 'chioce' is unknown; did you mean 'choice'?", id="unknown metric"
        ),
        pytest.param(
            '"choice"',
            '"exact"\nchoices = ["a", "b"]',
            "metric.choices has no meaning with kind = 'exact', only with 'choice'",
            id="choices without choice",
        ),
        pytest.param(
            '"choice"',
            '"choice"\nchoices = ["a"]',
            "metric.choices should have at least 2 items, not 1",
            id="one choice",
        ),
        pytest.param(
            '"choice"',
            '"choice"\nchoices = ["a", "A"]',
            "metric: the choices 'a' and 'A' are the same but for case",
            id="same choices",
        ),
        pytest.param(
            '"choice"',
            '"choice"\nchoices = ["a", " b"]',
            "metric: the choice ' b' is empty or has blanks at its ends",
            id="blank choice",
        ),
        pytest.param(
            'file = "messages.csv"',
            "",
            "data: rows come from nowhere; name either file, or train and test, or feedback, validation and "
            "test, or hf",
            id="no file",
        ),
        pytest.param(
            "file =",
            "train =",
            "data: rows come from train; name either file, or train and test, or feedback, validation and test, or hf",
            id="train alone",
        ),
        pytest.param(
            'file = "messages.csv"',
            'train = "messages.csv"\ntest = "messages.csv"\nsplit = "part"',
            "data: split = 'part' has no meaning beside files that are splits themselves",
            id="split beside files",
        ),
        pytest.param(
            "[metric]",
            '[models]\nbase_url = "localhost:8000"\n[metric]',
            "models.base_url: 'localhost:8000' should begin with http:// or https://",
            id="no address",
        ),
        pytest.param(
            "[metric]",
            '[models]\nbase_url = "https://me:secret@host/v1"\n[metric]',
            "models.base_url: a user name or password does not belong here; keys come from the environment",
            id="secret in address",
        ),
        pytest.param(
            "[program]",
            "[program",
            ", line 2 is no TOML: close the bracket (`[program`)",
            id="syntax",
        ),
        pytest.param(
            '"choice"\n',
            '"""choice',
            ', line 9 is no TOML: close the quote (`kind = """choice`)',
            id="syntax at the end",
        ),
        pytest.param(
            "messages.csv",
            "prompt.txt",
            "data.file = 'prompt.txt' should end in .csv, .tsv, .tab, .json, .jsonl, .ndjson, .parquet, .pq, .arrow; "
            "or say data.format",
            id="no data",
        ),
    ],
)
def test_a_mistake_is_answered_by_one_sentence(folder: Path, written: str, instead: str, sentence: str) -> None:
    assert written in SMALL
    assert refusal(folder, SMALL.replace(written, instead, 1)) == sentence


def test_a_missing_task_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"task\.toml does not exist; name a task\.toml or the folder that holds one"):
        load_task(tmp_path)


def test_a_task_that_is_not_utf8_is_named(folder: Path) -> None:
    (folder / "task.toml").write_bytes(b'name = "caf\xe9"')
    with pytest.raises(TaskError, match=r"is not UTF-8 \(byte 11\); save it as UTF-8"):
        load_task(folder)


@pytest.mark.parametrize("key", ["program.prompt = 'gone.txt'", "data.file = 'gone.csv'"])
def test_a_missing_file_is_named_with_the_place_where_it_was_looked_for(folder: Path, key: str) -> None:
    name = key.split("'")[1]
    text = SMALL.replace("prompt.txt" if name.endswith("txt") else "messages.csv", name)
    assert refusal(folder, text) == f"{key} does not exist (looked for {folder / name})"


def test_a_folder_is_no_data_file(folder: Path) -> None:
    (folder / "rows.csv").mkdir()
    assert refusal(folder, SMALL.replace("messages.csv", "rows.csv")).startswith(
        "data.file = 'rows.csv' is a folder; name a file in it"
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "is empty; write the text that is to be improved", id="empty"),
        pytest.param(b" \n\n", "is empty; write the text that is to be improved", id="blank"),
        pytest.param(b"caf\xe9", "is not UTF-8 (byte 3); save it as UTF-8", id="not UTF-8"),
        pytest.param(b"x" * 4001, "has 4001 characters, more than program.max_characters = 4000", id="too long"),
    ],
)
def test_a_prompt_that_cannot_be_improved_is_refused(folder: Path, content: bytes, problem: str) -> None:
    (folder / "prompt.txt").write_bytes(content)
    assert refusal(folder, SMALL) == f"program.prompt = 'prompt.txt' {problem}"


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname", "link.txt"])
def test_the_prompt_stays_in_the_project(folder: Path, tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    outside = tmp_path_factory.mktemp("outside") / "p.txt"
    outside.write_text("Secret.")
    os.symlink(outside, folder / "link.txt")
    sentence = refusal(folder, SMALL.replace("prompt.txt", name))
    assert sentence == f"program.prompt = '{name}' leads out of the project folder {folder}; move it there"


@pytest.mark.parametrize("name", ["../rows.csv", "link.csv"])
def test_data_does_not_leave_the_project_by_a_relative_path(folder: Path, name: str) -> None:
    os.symlink("/etc/hostname", folder / "link.csv")
    sentence = refusal(folder, SMALL.replace("messages.csv", name))
    assert sentence == (
        f"data.file = '{name}' leads out of the project folder {folder}; move it there or write its absolute path"
    )


def described(model: type[BaseModel], at: str = "") -> Iterator[tuple[str, str | None]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from described(field.annotation, f"{at}{name}.")
            yield f"{at}{name}", field.annotation.__doc__
        else:
            yield f"{at}{name}", field.description


def test_every_key_says_what_it_means() -> None:
    silent = [name for name, meaning in described(TaskFile) if not meaning]
    assert silent == []
