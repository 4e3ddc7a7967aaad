"""Names in a prompt's braces that nothing fills."""

from pathlib import Path

import pytest

from toishi.tools.workbench.data import load_data
from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.task import load_task

TASK = """\
name = "Mails"
[program]
prompt = "prompt.txt"
[data]
file = "mails.csv"
inputs = ["body"]
expected = "label"
[metric]
kind = "choice"
"""


def problems(folder: Path, prompt: str) -> list[str]:
    (folder / "prompt.txt").write_text(prompt)
    (folder / "task.toml").write_text(TASK)
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]
    rows = [f"{word} came on day {number * 97},about {word},{'ab'[number % 2]}" for number, word in enumerate(words)]
    (folder / "mails.csv").write_text("\n".join(["body,title,label", *rows]) + "\n")
    return [one for one in load_data(load_task(folder / "task.toml", project=folder), folder).problems if "{" in one]


def test_a_column_that_is_no_input_is_told_with_the_way_to_fill_it(tmp_path: Path) -> None:
    assert problems(tmp_path, "Sort {title}: {body}") == [
        "prompt.txt names {title}, a column that is not among data.inputs, so it stays as it is; "
        'write inputs = ["body", "title"] to fill it'
    ]


def test_braces_around_anything_else_are_plain_text(tmp_path: Path) -> None:
    assert problems(tmp_path, 'Answer with {"label": "a"} or {nothing}. {body}') == []


def test_a_slip_of_the_pen_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        TaskError, match=r"program.prompt = 'prompt.txt' names \{bodyy\}, which is no input; did you mean"
    ):
        problems(tmp_path, "Sort {bodyy}")
