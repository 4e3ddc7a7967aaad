"""The table `[metric]`: what each kind takes, and one sentence for each mistake."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.task import Task, TaskFile, load_task
from toishi.tools.workbench.task.metric import MetricSection
from toishi.tools.workbench.validation import explain, sections

TASK = """\
name = "Messages"
[program]
prompt = "prompt.txt"
[data]
file = "rows.csv"
inputs = ["text"]
expected = "label"
"""

PARTS = """\
kind = "several"
[[metric.parts]]
name = "right"
kind = "number"
tolerance = 0.5
[[metric.parts]]
name = "brief"
kind = "regex"
pattern = "^.{1,80}$"
weight = 0.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompt.txt").write_text("Name it.\n")
    (tmp_path / "rows.csv").write_text("text,label\nhi,x\n")
    return tmp_path


def load(folder: Path, metric: str) -> Task:
    (folder / "task.toml").write_text(f"{TASK}[metric]\n{metric}\n")
    return load_task(folder)


def refusal(folder: Path, metric: str) -> str:
    with pytest.raises(TaskError) as raised:
        load(folder, metric)
    return str(raised.value).removeprefix(f"{folder / 'task.toml'}: ")


def described() -> Iterator[tuple[str, FieldInfo]]:
    for kind, table in sections(TaskFile.model_fields["metric"].annotation).items():
        for key, field in table.model_fields.items():
            if key != "kind":
                yield f"{kind}.{key}", field


def test_every_kind_and_every_key_says_what_it_means() -> None:
    kinds = sections(TaskFile.model_fields["metric"].annotation)
    assert {"exact", "text", "number", "choice", "f1", "contains", "regex", "json", "code"} <= set(kinds)
    assert {"ifeval", "judge", "pairwise", "python", "several"} <= set(kinds)
    assert [kind for kind, table in kinds.items() if not table.__doc__] == []
    assert [name for name, field in described() if not field.description] == []


@pytest.mark.parametrize(
    "metric",
    [
        'kind = "exact"',
        'kind = "text"\nignore = ["case"]\nseparator = "|"',
        'kind = "number"\nfind = "last"\nrelative = 0.01',
        'kind = "choice"\nchoices = ["a", "b"]',
        'kind = "f1"',
        'kind = "contains"\ntexts = ["a"]\nneed = "any"',
        'kind = "regex"\npattern = "(a)"\ngroup = 1',
        'kind = "json"\n[metric.json_schema]\ntype = "object"',
        'kind = "ifeval"\nscore = "all"\nloose = true',
        PARTS,
    ],
)
def test_the_json_of_a_task_keeps_its_metric(folder: Path, metric: str) -> None:
    task = load(folder, metric)
    assert Task.model_validate_json(task.model_dump_json()) == task


@pytest.mark.parametrize(
    ("metric", "needed"),
    [
        ({"kind": "exact"}, True),
        ({"kind": "contains"}, True),
        ({"kind": "contains", "texts": ["a"]}, False),
        ({"kind": "contains", "texts_column": "must"}, False),
        ({"kind": "regex", "pattern": "a"}, False),
        ({"kind": "regex", "pattern": "(a)", "group": 1}, True),
        ({"kind": "json"}, False),
        ({"kind": "json", "compare": "fields"}, True),
        ({"kind": "ifeval"}, False),
        ({"kind": "python", "function": "metric.py:score"}, False),
        ({"kind": "judge", "rubric": "Be kind."}, False),
        ({"kind": "several", "parts": [{"name": "a", "kind": "json"}]}, False),
        ({"kind": "several", "parts": [{"name": "a", "kind": "json"}, {"name": "b", "kind": "f1"}]}, True),
    ],
)
def test_which_metrics_need_an_expected_answer(metric: dict[str, Any], needed: bool) -> None:
    assert MetricSection.model_validate(metric).needs_expected == needed


def test_the_columns_of_a_metric_are_known_with_their_keys() -> None:
    parts = [
        {"name": "form", "kind": "regex", "pattern_column": "form"},
        {"name": "words", "kind": "contains", "texts_column": "must"},
        {"name": "shape", "kind": "json", "schema_column": "shape"},
    ]
    assert MetricSection.model_validate({"kind": "several", "parts": parts}).columns() == {
        "metric.parts[0].pattern_column": "form",
        "metric.parts[1].texts_column": "must",
        "metric.parts[2].schema_column": "shape",
    }


def test_the_choices_of_a_part_are_the_labels_of_the_data() -> None:
    parts = [{"name": "a", "kind": "regex", "pattern": "x"}, {"name": "b", "kind": "choice", "choices": ["x", "y"]}]
    assert MetricSection.model_validate({"kind": "several", "parts": parts}).choices == ("x", "y")
    assert MetricSection.model_validate({"kind": "exact"}).choices is None


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        ("tolerance = 0.1", "'kind' is missing in [metric]; known are 'exact', 'text', 'number'"),
        ('kind = "nubmer"', "metric.kind = 'nubmer' is unknown; did you mean 'number'?"),
        ("kind = 3", "metric.kind should be text, not 3"),
        ('kind = "exact"\ntolerance = 0.1', "metric.tolerance has no meaning with kind = 'exact', only with 'number'"),
        ('kind = "number"\ntolerence = 0.1', "unknown key 'tolerence' in [metric]; did you mean 'tolerance'?"),
        ('kind = "exact"\ninputs = ["a"]', "unknown key 'inputs' in [metric]; it belongs in [data]"),
        ('kind = "number"\ntolerance = -1.0', "metric.tolerance should be greater than or equal to 0, not -1.0"),
        ('kind = "number"\nrelative = 5.0', "metric.relative should be less than 1, not 5.0"),
        ('kind = "number"\nfind = "first"', "metric.find should be 'final', 'last' or 'whole', not 'first'"),
        (
            'kind = "text"\nignore = ["case", "accents"]',
            "metric.ignore[1] should be 'case', 'blanks', 'punctuation' or 'articles', not 'accents'",
        ),
        ('kind = "contains"\ntexts = ["a", " "]', "metric: one of the texts is empty, so it stands in every answer"),
        ('kind = "contains"\ntexts = ["a"]\ntexts_column = "b"', "metric: texts and texts_column are both given"),
        (
            'kind = "contains"\ntexts = ["a"]\nseparator = ";"',
            "metric: separator = ';' has no meaning beside texts that are given",
        ),
        ('kind = "contains"\ncase = "yes"', "metric.case should be true or false, not 'yes'"),
        ('kind = "regex"', "metric: name either pattern or pattern_column"),
        ('kind = "regex"\npattern = "("', "metric: pattern = '(' is no regular expression: missing )"),
        ('kind = "regex"\npattern = "a"\ngroup = 1', "metric: group = 1 is not in the pattern 'a'"),
        ('kind = "regex"\npattern = "a"\ngroup = 1.5', "metric.group should be a whole number or text, not 1.5"),
        (
            'kind = "regex"\npattern = "(a)"\ngroup = 1\nmatch = "absent"',
            "metric: group has no meaning with match = 'absent', since nothing may match",
        ),
        ('kind = "json"\nfields = ["a"]', "metric: fields has no meaning with compare = 'nothing'; write compare ="),
        (
            'kind = "json"\nschema_file = "a"\nschema_column = "b"',
            "metric: schema_file and schema_column are both given; keep one",
        ),
        (
            'kind = "json"\n[metric.json_schema]\ntype = "thing"',
            "metric: json_schema is no JSON Schema: $.type: 'thing'",
        ),
        (
            'kind = "json"\n[metric.json_schema.items]\n"$ref" = "other.json"',
            "metric: json_schema is no JSON Schema: its $ref 'other.json' leads nowhere within it; write what it means",
        ),
        ('kind = "python"', "'function' is missing in [metric] (the function, as in 'metric.py:score')"),
        (
            'kind = "python"\nfunction = "score"',
            "metric.function: 'score' should name a file and a function in it, as in 'metric.py:score'",
        ),
        ('kind = "python"\nfunction = "gone.py:score"', "metric.function = 'gone.py' does not exist (looked for "),
        ('kind = "python"\nfunction = "../a.py:score"', "metric.function = '../a.py' leads out of the project folder"),
        ('kind = "json"\nschema_file = "gone.json"', "metric.schema_file = 'gone.json' does not exist (looked for "),
        ('kind = "exact"\nweight = 0.5', "metric: weight has a meaning in [[metric.parts]] only"),
        ('kind = "several"', "'parts' is missing in [metric] (the metrics, each a table [[metric.parts]] with a name)"),
        ('kind = "several"\nparts = 3', "metric.parts should be a list, not 3"),
        (
            PARTS.replace("0.5", '"x"'),
            "metric.parts[0].tolerance should be a number, not 'x'",
        ),
        (PARTS.replace("number", "numbre"), "metric.parts[0].kind = 'numbre' is unknown; did you mean 'number'?"),
        (
            PARTS.replace("pattern", "tolerance"),
            "metric.parts[1].tolerance has no meaning with kind = 'regex', only with 'number'",
        ),
        (PARTS.replace('name = "brief"\n', ""), "metric: parts[1] has no name; its score is reported under it"),
        (PARTS.replace("brief", "right"), "metric: two parts have the name 'right'"),
        (PARTS.replace("tolerance = 0.5", "weight = 0.0"), "metric: every part has the weight 0, so there is no score"),
        (PARTS.replace("weight = 0.0", "weight = -1.0"), "metric.parts[1].weight should be greater than or equal to 0"),
    ],
)
def test_a_mistake_is_answered_by_one_sentence(folder: Path, metric: str, sentence: str) -> None:
    assert refusal(folder, metric).startswith(sentence)


def test_a_schema_file_becomes_part_of_the_task(folder: Path) -> None:
    (folder / "order.json").write_text('{"type": "object"}')
    task = load(folder, 'kind = "json"\nschema_file = "order.json"')
    (folder / "order.json").unlink()
    dumped = json.loads(task.model_dump_json())["metric"]
    assert (dumped["json_schema"], dumped["schema_file"]) == ({"type": "object"}, None)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "metric.schema_file = 'order.json' is no JSON: "),
        ('{"type": "thing"}', "metric.schema_file = 'order.json' is no JSON Schema: $.type: 'thing'"),
        ("[]", "metric.schema_file = 'order.json' is no JSON Schema: it should be an object, not list"),
    ],
)
def test_a_schema_file_that_is_none_is_refused(folder: Path, content: str, sentence: str) -> None:
    (folder / "order.json").write_text(content)
    assert refusal(folder, 'kind = "json"\nschema_file = "order.json"').startswith(sentence)


def test_the_function_counts_from_the_project_and_its_file_is_known_by_its_hash(folder: Path) -> None:
    inner = folder / "tasks"
    inner.mkdir()
    (folder / ".toishi").mkdir()
    (inner / "metric.py").write_text("def score(example, output):\n    return 1.0\n")
    text = TASK.replace("prompt.txt", "../prompt.txt").replace("rows.csv", "../rows.csv")
    (inner / "task.toml").write_text(f'{text}[metric]\nkind = "python"\nfunction = "metric.py:score"\n')
    task = load_task(inner)
    assert json.loads(task.model_dump_json())["metric"]["function"] == "tasks/metric.py:score"
    assert len(task.sources["tasks/metric.py"]) == 64


def test_a_table_that_stands_alone_is_explained_too() -> None:
    with pytest.raises(ValidationError) as raised:
        MetricSection.model_validate({"kind": "number", "tolerance": "x"})
    assert explain(raised.value, MetricSection, table="metric") == "metric.tolerance should be a number, not 'x'"
