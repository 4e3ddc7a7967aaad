"""The tables `[[objectives]]`: what they mean, and one sentence for each mistake in them."""

from pathlib import Path

import pytest

from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.objectives import SCORE, Objective
from toishi.tools.workbench.task import Task, load_task
from toishi.tools.workbench.task.objectives import wanted

TASK = """\
name = "Bank messages"
[program]
prompt = "prompt.txt"
[data]
file = "messages.csv"
inputs = ["text"]
expected = "label"
[metric]
{metric}
{objectives}
"""

CHOICE = 'kind = "choice"'
JUDGE = """\
kind = "judge"
[[metric.criteria]]
name = "polite"
description = "Is it polite?"
"""
SEVERAL = """\
kind = "several"
[[metric.parts]]
name = "right"
kind = "exact"
[[metric.parts]]
name = "form"
kind = "ifeval"
[[metric.parts]]
name = "tone"
kind = "judge"
[[metric.parts.criteria]]
name = "polite"
description = "Is it polite?"
"""
PYTHON = 'kind = "python"\nfunction = "metric.py:score"'


def load(folder: Path, objectives: str, metric: str = CHOICE) -> Task:
    (folder / "prompt.txt").write_text("Name the intent.\n")
    (folder / "messages.csv").write_text("text,label\nwhere is it,card_arrival\n")
    (folder / "metric.py").write_text("def score(example, output):\n    return 1.0\n")
    (folder / "task.toml").write_text(TASK.format(metric=metric, objectives=objectives))
    return load_task(folder / "task.toml")


def table(*lines: str) -> str:
    return "\n".join(["[[objectives]]", *lines, ""])


def test_without_a_table_the_score_alone_is_wanted(tmp_path: Path) -> None:
    assert wanted(load(tmp_path, "").objectives) == (SCORE,)


def test_the_score_comes_first_and_directions_are_the_natural_ones(tmp_path: Path) -> None:
    task = load(
        tmp_path,
        table('name = "seconds"', "limit = 2")
        + table('name = "diversity"')
        + table('field = "country"', 'value = "fr"', "limit = 0.5")
        + table('name = "score"', "tolerance = 0.01"),
    )
    assert wanted(task.objectives) == (
        Objective("score", "higher", tolerance=0.01),
        Objective("seconds", "lower", limit=2.0),
        Objective("diversity", "higher"),
        Objective("score", "higher", limit=0.5, field="country", value="fr"),
    )


def test_objectives_are_part_of_what_a_run_keeps(tmp_path: Path) -> None:
    task = load(tmp_path, table('name = "tokens"', "limit = 300"))
    assert Task.model_validate_json(task.model_dump_json()) == task


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        (JUDGE, "polite"),
        (SEVERAL, "right"),
        (SEVERAL, "form.prompt_loose"),
        (SEVERAL, "tone.polite"),
        ('kind = "pairwise"\nrubric = "Which is better?"', "order_consistent"),
        ('kind = "ifeval"', "instruction_strict"),
        (PYTHON, "whatever it gives"),
    ],
)
def test_what_a_metric_gives_beside_its_score_can_be_wanted(tmp_path: Path, metric: str, name: str) -> None:
    (objective,) = wanted(load(tmp_path, table(f'name = "{name}"', 'direction = "lower"'), metric).objectives)[1:]
    assert objective == Objective(name, "lower")


@pytest.mark.parametrize(
    ("objectives", "sentence"),
    [
        pytest.param(
            table('name = "secnods"'),
            "objectives[0].name = 'secnods' is nothing that is measured here; did you mean 'seconds'?",
            id="a slip",
        ),
        pytest.param(
            table('name = "latency"'),
            "objectives[0].name = 'latency' is nothing that is measured here; did you mean 'seconds'?",
            id="another word",
        ),
        pytest.param(
            table('name = "polite"'),
            "objectives[0].name = 'polite' is nothing that is measured here; known are 'score', 'prompt_characters', "
            "'prompt_tokens', 'tokens', 'seconds', 'cost', 'diversity'",
            id="not of this metric",
        ),
        pytest.param(
            table('name = "cost"') + table('name = "cost"', "limit = 1"),
            "objectives[1]: 'cost' is named twice; keep one of the tables",
            id="twice",
        ),
        pytest.param(
            table('field = "country"'),
            "objectives[0]: field = 'country' has a meaning only with value; name both or neither",
            id="a field without a value",
        ),
        pytest.param(
            table('value = "fr"'),
            "objectives[0]: value = 'fr' has a meaning only with field; name both or neither",
            id="a value without a field",
        ),
        pytest.param(
            table('name = "prompt_characters"', 'field = "country"', 'value = "fr"'),
            "objectives[0]: 'prompt_characters' is of the texts and the same for every row; leave field and value out",
            id="texts of a subgroup",
        ),
        pytest.param(
            table('direction = "lower"'),
            "objectives[0]: direction = 'lower' has no meaning for the score, of which 1 is the best",
            id="a low score",
        ),
        pytest.param(
            table('name = "cost"', 'direction = "least"'),
            "objectives[0].direction should be 'higher' or 'lower', not 'least'",
            id="a direction that is none",
        ),
        pytest.param(
            table("limit = 70"),
            "objectives[0]: limit = 70 makes no sense for 'score', since none can have more than 1",
            id="a score in per cent",
        ),
        pytest.param(
            table("limit = 0"),
            "objectives[0]: limit = 0 makes no sense for 'score', since every candidate has at least 0; leave it out "
            "or raise it",
            id="a score that everybody has",
        ),
        pytest.param(
            table('name = "tokens"', "limit = 0"),
            "objectives[0]: limit = 0 makes no sense for 'tokens', since none can have none at all",
            id="no tokens",
        ),
        pytest.param(
            table('name = "seconds"', "limit = -1"),
            "objectives[0]: limit = -1 makes no sense for 'seconds', since none can have less than 0",
            id="less than no time",
        ),
        pytest.param(
            table('name = "diversity"', 'direction = "lower"', "limit = 1"),
            "objectives[0]: limit = 1 makes no sense for 'diversity', since every candidate has at most 1; leave it "
            "out or lower it",
            id="alike at most",
        ),
        pytest.param(
            table('name = "tokens"', "max = 300"),
            "unknown key 'max' in [objectives[0]]; did you mean 'limit'?",
            id="another word for a key",
        ),
        pytest.param(
            table('name = "tokens"', "tolerance = -1"),
            "objectives[0].tolerance should be greater than or equal to 0, not -1",
            id="less than no tolerance",
        ),
        pytest.param(
            table('name = "tokens"', 'limit = "300"'), "objectives[0].limit should be a number, not '300'", id="text"
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(tmp_path: Path, objectives: str, sentence: str) -> None:
    with pytest.raises(TaskError) as raised:
        load(tmp_path, objectives)
    assert str(raised.value) == f"{tmp_path / 'task.toml'}: {sentence}"


def test_a_part_of_the_metric_cannot_be_called_as_a_measure(tmp_path: Path) -> None:
    with pytest.raises(TaskError) as raised:
        load(tmp_path, table('name = "tokens"'), SEVERAL.replace('"right"', '"tokens"'))
    assert str(raised.value) == (
        f"{tmp_path / 'task.toml'}: objectives[0].name = 'tokens' means tokens of a rollout, prompts and replies "
        "together, and a part of the metric has the same name; rename the part"
    )
