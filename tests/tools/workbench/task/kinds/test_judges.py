"""What a task may say of its judge, and the sentence for each mistake."""

from pathlib import Path

import pytest

from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.task import Task, load_task
from toishi.tools.workbench.task.kinds.judges import JudgeKind, PairwiseKind

TASK = """\
name = "Letters"
[program]
prompt = "prompt.txt"
[data]
file = "letters.csv"
inputs = ["text"]
expected = "label"
[metric]
"""


def load(folder: Path, metric: str) -> Task:
    (folder / "prompt.txt").write_text("Answer.")
    (folder / "letters.csv").write_text("text,label,country\na,b,fr\n")
    (folder / "task.toml").write_text(TASK + metric)
    return load_task(folder / "task.toml", project=folder)


def test_a_judge_of_two_criteria_on_a_scale(tmp_path: Path) -> None:
    task = load(
        tmp_path,
        """\
kind = "judge"
rubric = "Judge the letter."
scale = 5
samples = 3
fields = ["country"]
[[metric.criteria]]
name = "tone"
description = "is kind"
weight = 2.0
[[metric.criteria]]
name = "facts"
description = "is true"
""",
    )
    judge = task.metric.root
    assert isinstance(judge, JudgeKind)
    assert judge.values == ("1", "2", "3", "4", "5")
    assert [(one.name, one.weight) for one in judge.criteria] == [("tone", 2.0), ("facts", 1.0)]
    assert not judge.needs_expected
    assert task.metric.columns() == {"metric.fields[0]": "country"}


def test_pass_or_fail_is_the_usual_scale(tmp_path: Path) -> None:
    judge = load(tmp_path, 'kind = "judge"\nrubric = "Is it kind?"').metric.root
    assert isinstance(judge, JudgeKind)
    assert judge.values == ("fail", "pass")


def test_pairwise_needs_no_rubric_but_an_expected_answer(tmp_path: Path) -> None:
    judge = load(tmp_path, 'kind = "pairwise"').metric.root
    assert isinstance(judge, PairwiseKind)
    assert judge.needs_expected


def test_a_rubric_in_a_file_becomes_part_of_the_task(tmp_path: Path) -> None:
    (tmp_path / "rubric.md").write_text("\ufeffIs it kind?\n", encoding="utf-8")
    judge = load(tmp_path, 'kind = "judge"\nrubric_file = "rubric.md"').metric.root
    assert isinstance(judge, JudgeKind)
    assert (judge.rubric, judge.rubric_file) == ("Is it kind?", None)


@pytest.mark.parametrize(
    ("metric", "problem"),
    [
        pytest.param(
            'kind = "judge"',
            "metric: the judge is not told what is good; write a rubric, rubric_file or [[metric.criteria]]",
            id="nothing said",
        ),
        pytest.param(
            'kind = "judge"\nrubric = "x"\nrubric_file = "y"',
            "metric: rubric and rubric_file are both given; keep one",
            id="said twice",
        ),
        pytest.param(
            'kind = "judge"\nrubric = "x"\nscale = 1',
            "metric.scale: 1 is no best mark; it may be 2 to 10, or the scale 'pass/fail'",
            id="scale",
        ),
        pytest.param(
            'kind = "judge"\n[[metric.criteria]]\nname = "the tone"\ndescription = "x"',
            "metric.criteria[0].name: 'the tone' should begin with a letter and hold letters, digits, - and _ only",
            id="name",
        ),
        pytest.param(
            'kind = "judge"\n[[metric.criteria]]\nname = "a"\ndescription = "x"\n'
            '[[metric.criteria]]\nname = "A"\ndescription = "y"',
            "metric: two criteria have the name 'A'",
            id="same name",
        ),
        pytest.param(
            'kind = "judge"\nrubric_file = "nowhere.md"', "metric.rubric_file = 'nowhere.md' does not exist", id="file"
        ),
        pytest.param(
            'kind = "judge"\nrubric_file = "empty.md"',
            "metric.rubric_file = 'empty.md' is empty; write what makes an answer good",
            id="empty file",
        ),
        pytest.param('kind = "pairwise"\nscale = 5', "scale has no meaning with kind = 'pairwise'", id="wrong kind"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, metric: str, problem: str) -> None:
    (tmp_path / "empty.md").write_text(" \n")
    with pytest.raises(TaskError) as error:
        load(tmp_path, metric)
    assert problem in str(error.value)
