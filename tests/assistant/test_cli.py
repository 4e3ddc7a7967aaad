"""The command line as a whole: help, exit codes, errors in one sentence, nothing heavy loaded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.assistant.conftest import Toishi
from toishi.assistant.cli import VERBS, cli
from toishi.assistant.commands import runs as runs_module

# Keys belong to a person, not to a project.
COMMANDS_OF_THEIR_OWN = {"key": ("set", "list", "forget")}
HEAVY = ("torch", "litellm", "langgraph", "pandas", "pydantic", "rich", "sqlite_utils", "scipy", "numpy")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example_and_the_shared_options(toishi: Toishi, verb: str) -> None:
    answer = toishi(verb, "--help")

    assert answer.exit_code == 0
    assert "Example:\n" in answer.stdout
    assert f"  toishi {verb}" in answer.stdout
    if verb in COMMANDS_OF_THEIR_OWN:
        return
    assert "--json" in answer.stdout
    assert "--project" in answer.stdout


@pytest.mark.parametrize(
    ("verb", "name"), [(verb, name) for verb, names in COMMANDS_OF_THEIR_OWN.items() for name in names]
)
def test_a_command_of_a_verb_has_help_and_answers_in_json_too(toishi: Toishi, verb: str, name: str) -> None:
    answer = toishi(verb, name, "--help")

    assert answer.exit_code == 0
    assert "--json" in answer.stdout


def test_help_lists_every_verb_with_what_it_does(toishi: Toishi) -> None:
    answer = toishi("--help")

    assert answer.exit_code == 0
    for verb in VERBS:
        command = cli.get_command(click.Context(cli), verb)
        assert command is not None
        assert verb in answer.stdout
        assert command.get_short_help_str(40)[:30] in answer.stdout


def test_an_unknown_verb_is_answered_with_the_nearest_one(toishi: Toishi) -> None:
    answer = toishi("evla")

    assert answer.exit_code == 2
    assert "There is no command 'evla'; did you mean `toishi eval`?" in answer.stderr


def test_an_unknown_verb_without_a_near_one_is_answered_with_the_way_to_all(toishi: Toishi) -> None:
    answer = toishi("xyzzy")

    assert answer.exit_code == 2
    assert "There is no command 'xyzzy'; `toishi --help` lists the commands" in answer.stderr


def test_a_mistake_in_the_task_is_one_sentence_and_exit_code_2(toishi: Toishi, folder: Path) -> None:
    task = folder / "task.toml"
    task.write_text(task.read_text().replace("inputs", "inptus"))

    answer = toishi("run", task)

    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert answer.stderr == f"Error: {task}: unknown key 'inptus' in [data]; did you mean 'inputs'?\n"


def test_an_error_with_json_is_also_the_one_document(toishi: Toishi, folder: Path) -> None:
    answer = toishi("run", "nothing.toml", "--json")

    assert answer.exit_code == 2
    sentence = "nothing.toml does not exist; name a task.toml or the folder that holds one"
    assert json.loads(answer.stdout) == {"error": sentence}
    assert answer.stderr == f"Error: {sentence}\n"


@pytest.mark.parametrize("verb", ["runs", "show", "diff", "apply", "undo", "resume", "cancel"])
def test_a_folder_without_runs_is_left_as_it_is(toishi: Toishi, folder: Path, verb: str) -> None:
    answer = toishi(verb)

    assert answer.exit_code == 2
    way_out = "start one with `toishi run TASK.toml`, or name its folder with --project"
    assert answer.stderr == f"Error: No run was made in {folder}; {way_out}\n"
    assert not (folder / ".toishi").exists()


def test_a_project_that_does_not_exist_is_named(toishi: Toishi, folder: Path) -> None:
    answer = toishi("runs", "--project", "elsewhere")

    assert answer.exit_code == 2
    sentence = "The project folder elsewhere does not exist; name one that does with --project"
    assert answer.stderr == f"Error: {sentence}\n"


def test_an_unexpected_error_is_one_sentence_unless_debugging(
    toishi: Toishi, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> Path:
        raise LookupError(f"nobody expected this, {os.environ['OPENAI_API_KEY']}")

    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody-may-see-this")
    monkeypatch.setattr(runs_module, "project_with_runs", broken)

    plain, debugging = toishi("runs"), toishi("--debug", "runs")

    assert plain.exit_code == debugging.exit_code == 1
    hint = "run it again as `toishi --debug …` for the traceback"
    assert plain.stderr == f"Error: LookupError: nobody expected this, [OPENAI_API_KEY]; {hint}\n"
    assert "Traceback (most recent call last)" not in plain.stderr
    assert debugging.stderr.startswith("Traceback (most recent call last)")
    assert "LookupError" in debugging.stderr


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["run", "--help"]])
def test_nothing_heavy_is_loaded_for_what_needs_nothing(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom toishi.assistant.cli import cli\n"
        f"try:\n    cli({arguments!r}, prog_name='toishi')\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', *[name for name in {HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "loaded:"


def test_the_module_runs_as_the_command_does() -> None:
    done = subprocess.run([sys.executable, "-m", "toishi.assistant", "--version"], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("toishi ")


def test_a_reader_that_goes_away_is_no_error(finished: Path) -> None:
    command = [sys.executable, "-m", "toishi.assistant", "diff"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()

    told = process.stderr.read()
    process.stderr.close()

    assert process.wait() == 1
    assert told == b""
