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
from toishi.tools.workbench.metrics.protocol import Metric
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.task.kinds.answers import ChoiceKind, ContainsKind, ExactKind, F1Kind, NumberKind, TextKind
from toishi.tools.workbench.task.kinds.code import CodeKind, PythonKind
from toishi.tools.workbench.task.kinds.forms import IfevalKind, JsonKind, RegexKind
from toishi.tools.workbench.task.kinds.judges import JudgeKind, PairwiseKind
from toishi.tools.workbench.task.metric import SeveralKind, Single


def build_metric(task: Task, examples: Sequence[Example], context: MetricContext) -> Metric:
    """The metric that the task names; `examples` are all of the task's, of every split.

    A choice without `choices` takes the labels of the examples, sorted. Raises `DataError` where these are fewer than
    two, or two of them differ in case only, and what the builders of single kinds raise.
    """
    return build_kind(task.metric.root, examples, context)


def build_kind(section: Single | SeveralKind, examples: Sequence[Example], context: MetricContext) -> Metric:
    """The metric of one table, be it `[metric]` or one of `[[metric.parts]]`."""
    match section:
        case ExactKind():
            return Exact()
        case ChoiceKind():
            return Choice(section.choices or _labels(examples))
        case TextKind():
            from toishi.tools.workbench.metrics import text

            return text.build(section, context)
        case NumberKind():
            from toishi.tools.workbench.metrics import number

            return number.build(section, context)
        case F1Kind():
            from toishi.tools.workbench.metrics import f1

            return f1.build(section, context)
        case ContainsKind():
            from toishi.tools.workbench.metrics import contains

            return contains.build(section, context)
        case RegexKind():
            from toishi.tools.workbench.metrics import pattern

            return pattern.build(section, context)
        case JsonKind():
            from toishi.tools.workbench.metrics import structure

            return structure.build(section, context)
        case IfevalKind():
            from toishi.tools.workbench.metrics import ifeval

            return ifeval.build(section, context)
        case PythonKind():
            from toishi.tools.workbench.metrics import own_function

            return own_function.build(section, context)
        case CodeKind():
            from toishi.tools.workbench.metrics import code

            return code.build(section, context)
        case JudgeKind():
            from toishi.tools.workbench.metrics import judge

            return judge.build(section, context)
        case PairwiseKind():
            from toishi.tools.workbench.metrics import pairwise

            return pairwise.build(section, context)
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
