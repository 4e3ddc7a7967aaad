"""What a person should know of a task before anything is spent: its rows, its metric, what would leave the machine."""

import asyncio
from pathlib import Path

from toishi.assistant.rows.reading import reading
from toishi.tools.workbench.data import load_data
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.judges.checks import cannot_judge
from toishi.tools.workbench.metrics.building import build_metric
from toishi.tools.workbench.metrics.checking import weaknesses
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.personal.sending import before_sending, models_of
from toishi.tools.workbench.runs import with_models
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.task.metric import SeveralKind

NEED_MORE = frozenset(("judge", "pairwise", "code", "python"))
"""Kinds of metric that need a model, the sandbox or a person's trust before they can be tried."""


def _kinds(task: Task) -> set[str]:
    metric = task.metric.root
    return {part.kind for part in metric.parts} if isinstance(metric, SeveralKind) else {metric.kind}


def doubts(task: Task, project: Path) -> list[str]:
    """Sentences without full stops; where the data cannot be used, that one alone."""
    try:
        with reading() as progress:
            splits = load_data(task, project, progress=progress)
        found = list(splits.problems)
        if not _kinds(task) & NEED_MORE:
            metric = build_metric(task, splits.all, MetricContext(project))
            found += asyncio.run(weaknesses(task.metric, metric, splits.all))
        task = with_models(task)
    except UsageError as problem:
        return [str(problem)]
    found += filter(None, [cannot_judge(task)])
    sending = before_sending(task, splits.all, models_of(task, rewriting=True))
    return found if sending is None else [*found, f"{sending.sentence()}; you are asked before the first row is sent"]
