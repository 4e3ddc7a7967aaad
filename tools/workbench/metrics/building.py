"""From a task's `[metric]` to the metric: the one place that knows which kind is judged by which module.

Modules of single kinds are imported where they are needed, since some stand on slow libraries.
"""

from collections.abc import Sequence
from typing import assert_never

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.choice import Choice
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.exact import Exact
from toishi.tools.workbench.metrics.protocol import Choosy, Metric
from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.task.kinds.answers import ChoiceKind, ContainsKind, ExactKind, F1Kind, NumberKind, TextKind
from toishi.tools.workbench.task.kinds.code import CodeKind, PythonKind
from toishi.tools.workbench.task.kinds.forms import IfevalKind, JsonKind, RegexKind
from toishi.tools.workbench.task.kinds.judges import JudgeKind, PairwiseKind
from toishi.tools.workbench.task.metric import SeveralKind, Single


def build_metric(task: Task, examples: Sequence[Example], context: MetricContext) -> Metric:
    """The metric that the task names; `examples` are all of the task's, of every split.

    A choice without `choices` takes the labels of the examples, sorted. Raises `DataError` where these are fewer than
    two, or two of them differ in case only; where a column that the metric reads is not there, or a row is one that it
    cannot judge; and what the builders of single kinds raise.
    """
    for key, name in task.metric.columns().items():
        known = [*examples[0].fields, *examples[0].inputs]
        if name not in known:
            raise DataError(f"{key} = '{name}' is no column of the data; {did_you_mean(name, known)}")
    metric = build_kind(task.metric.root, examples, context)
    if isinstance(metric, Choosy):
        for example in examples:
            problem = metric.problem(example)
            if problem is not None:
                raise DataError(f"metric.kind = '{task.metric.kind}' cannot judge the row {example.id}: {problem}")
    return metric


def build_kind(section: Single | SeveralKind, examples: Sequence[Example], context: MetricContext) -> Metric:
    """The metric of one table, be it `[metric]` or one of `[[metric.parts]]`."""
    match section:
        case ExactKind():
            return Exact()
        case ChoiceKind():
            return Choice(section.choices or _labels(examples))
        case TextKind():
            from toishi.tools.workbench.metrics.text import build as build_text

            return build_text(section, context)
        case NumberKind():
            from toishi.tools.workbench.metrics.number import build as build_number

            return build_number(section, context)
        case F1Kind():
            from toishi.tools.workbench.metrics.f1 import build as build_f1

            return build_f1(section, context)
        case ContainsKind():
            from toishi.tools.workbench.metrics.contains import build as build_contains

            return build_contains(section, context)
        case RegexKind():
            from toishi.tools.workbench.metrics.pattern import build as build_pattern

            return build_pattern(section, context)
        case JsonKind():
            from toishi.tools.workbench.metrics.structure import build as build_structure

            return build_structure(section, context)
        case IfevalKind():
            from toishi.tools.workbench.metrics.ifeval.metric import build as build_ifeval

            return build_ifeval(section, context)
        case PythonKind():
            from toishi.tools.workbench.metrics.own_function import build as build_own_function

            return build_own_function(section, context)
        case CodeKind():
            from toishi.tools.workbench.metrics.code import build as build_code

            return build_code(section, context)
        case JudgeKind():
            from toishi.tools.workbench.metrics.judge import build as build_judge

            return build_judge(section, context)
        case PairwiseKind():
            from toishi.tools.workbench.metrics.pairwise import build as build_pairwise

            return build_pairwise(section, context)
        case SeveralKind():
            from toishi.tools.workbench.metrics.several import Several

            return Several(section, [build_kind(part, examples, context) for part in section.parts])
    assert_never(section)


def _labels(examples: Sequence[Example]) -> list[str]:
    labels = sorted({example.expected for example in examples})
    if len(labels) < 2:
        raise DataError(f"every row has the label '{labels[0]}'; a choice needs at least two, so name metric.choices")
    seen: dict[str, str] = {}
    for label in labels:
        other = seen.setdefault(label.casefold(), label)
        if other != label:
            raise DataError(f"the labels '{other}' and '{label}' differ in case only; write them alike in the data")
    return labels
