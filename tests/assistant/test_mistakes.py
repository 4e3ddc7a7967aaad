"""Mistakes in a task and its files, as a person meets them: one sentence, before anything is spent or stored."""

import json
from pathlib import Path

import pytest

from tests.assistant.conftest import Toishi

WORDS = ("amber", "birch", "cedar", "daisy", "elder", "fern", "grape", "hazel", "iris", "jade", "kiwi", "lily")
ROWS = "text,label\n" + "".join(f"the {word} is on day {n * 97},{'ab'[n % 2]}\n" for n, word in enumerate(WORDS))
TASK = """\
name = "T"
[program]
prompt = "prompt.txt"
[data]
file = "rows.csv"
inputs = ["text"]
expected = "label"
[metric]
kind = "choice"
choices = ["a", "b"]
[models]
task = "embedded/mini"
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "task.toml").write_text(TASK)
    (tmp_path / "prompt.txt").write_text("Sort.\n")
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "rows.dir.csv").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("written", "instead", "sentence"),
    [
        ('choices = ["a", "b"]', "[gepa]\nminibach = 3", "unknown key 'minibach' in [gepa]; did you mean 'minibatch'?"),
        ('"text"]', '"txt"]', "rows.csv has no column 'txt'; its columns are 'text', 'label' (did you mean 'text'?)"),
        ('"rows.csv"', '"row.csv"', "task.toml: data.file = 'row.csv' does not exist; did you mean 'rows.csv'?"),
        ('"rows.csv"', '"rows.dir.csv"', "task.toml: data.file = 'rows.dir.csv' is a folder; name a file in it"),
        ('"prompt.txt"', '"."', "task.toml: program.prompt = '.' is a folder; name a file in it"),
        ('"rows.csv"', '""', "task.toml: data.file is empty; name a file"),
        ('"rows.csv"', '"https://example.org/x.csv"', "'https://example.org/x.csv' is an address; download it"),
        (
            '"T"',
            '"T"\nseed = 99999999999999999999999',
            "seed should be less than or equal to 9223372036854775807, not 99999999999999999999999",
        ),
        ('task = "', 'max_rollouts = 5\ntask = "', "unknown key 'max_rollouts' in [models]; it belongs in [budget]"),
        ('task = "', 'model = "', "unknown key 'model' in [models]; did you mean 'task'?"),
        (
            'task = "',
            'api_key = "sk-secret',
            "unknown key 'api_key' in [models]; secrets stand in the environment or in",
        ),
        ("[models]", "[budget]\nmax_rollouts = -5\n[models]", "budget.max_rollouts should be greater than 0, not -5"),
        (
            'kind = "choice"',
            "kind = choice",
            "task.toml, line 9 is no TOML: put texts in double quotes (`kind = choice`)",
        ),
    ],
)
def test_a_mistake_in_the_task(toishi: Toishi, mine: Path, written: str, instead: str, sentence: str) -> None:
    (mine / "task.toml").write_text(TASK.replace(written, instead))

    answer = toishi("run", "task.toml")

    assert answer.exit_code == 2
    assert sentence in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert "sk-secret" not in answer.stderr
    told = json.loads(toishi("runs", "--json").stdout)
    assert told.get("runs", []) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "rows.csv is empty; its first line should name the columns text"),
        ("text,label\n", "rows.csv holds no rows; fill it, or name another file in the task"),
        ("text,label\none row,a\n", "no row is left for validation (1 row with different inputs); add rows or change"),
        (
            "text,label\nx,c\ny,c\nz,c\n",
            "rows.csv, line 2 has the label 'c', which is not among metric.choices; known are",
        ),
        (
            b"\xff\xfe\x00\x01garb\x00",
            "rows.csv begins as utf-16-le and is not (truncated data); save it as UTF-8, or say",
        ),
    ],
)
def test_data_that_cannot_be_used(toishi: Toishi, mine: Path, content: str | bytes, sentence: str) -> None:
    (mine / "rows.csv").write_bytes(content if isinstance(content, bytes) else content.encode())

    answer = toishi("eval", "task.toml")

    assert answer.exit_code == 2
    assert sentence in answer.stderr


def test_a_split_that_is_empty_tells_which_row_was_left_out(toishi: Toishi, mine: Path) -> None:
    (mine / "task.toml").write_text(TASK.replace("[metric]", 'split = "part"\n[metric]'))
    (mine / "rows.csv").write_text("text,label,part\none,a,train\ntwo and more,b,train\nthree,a,tset\n")

    answer = toishi("eval", "task.toml")

    assert "left out was rows.csv, line 4 has the split 'tset'; did you mean 'test'?" in answer.stderr


def test_the_same_row_for_training_and_for_the_test_is_refused(toishi: Toishi, mine: Path) -> None:
    (mine / "task.toml").write_text(TASK.replace("[metric]", 'split = "part"\n[metric]'))
    (mine / "rows.csv").write_text("text,label,part\none,a,train\ntwo,b,train\none,a,test\n")

    answer = toishi("eval", "task.toml")

    assert answer.exit_code == 2
    assert "rows.csv, line 4 is for test and has the same inputs as rows.csv, line 2, which is for " in answer.stderr
    assert answer.stderr.endswith("; take one of them out\n")
