"""From a task's `[metric]` to the metric."""

from collections.abc import Sequence

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.choice import Choice
from toishi.tools.workbench.metrics.exact import Exact
from toishi.tools.workbench.metrics.protocol import Metric
from toishi.tools.workbench.task import Task


def build_metric(task: Task, examples: Sequence[Example]) -> Metric:
    """The metric that the task names; `examples` are all of the task's, of every split.

    A choice without `choices` takes the labels of the examples, sorted. Raises `DataError` where these are fewer than
    two, or two of them differ in case only.
    """
    if task.metric.kind == "exact":
        return Exact()
    return Choice(task.metric.choices or _labels(examples))


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
