"""Whether a task's judges were held against a person's marks, as far as the journal knows.

A check counts for one judge: its rubric, criteria, scale and samples, and the model that judges. Whatever of these
changes is another judge, which nobody has checked.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from toishi.tools.workbench.models.names import split_address

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal
    from toishi.tools.workbench.task import Task
    from toishi.tools.workbench.task.kinds.judges import JudgedKind

EMBEDDED = "embedded"

CHECK = "judge"
"""The method of a run that checked a judge; its result holds the judge's `fingerprint` as `judge`."""


def judges_of(task: "Task") -> "Sequence[JudgedKind]":
    """The tables of a task's metric in which a model judges."""
    # Imported when it is asked for, so that the name above costs nothing.
    from toishi.tools.workbench.task.kinds.judges import JudgedKind
    from toishi.tools.workbench.task.metric import SeveralKind

    metric = task.metric.root
    parts = metric.parts if isinstance(metric, SeveralKind) else (metric,)
    return [part for part in parts if isinstance(part, JudgedKind)]


def judging_model(task: "Task") -> str:
    """The model that judges, with the address of its server where it has one, however the task says it."""
    name, address = split_address(task.models.judge_name)[0], task.models.address_of(task.models.judge_name)
    return name if address is None else f"{name}@{address}"


def cannot_judge(task: "Task") -> str | None:
    """A sentence without full stop where the model that is to judge is the embedded one, which knows sorting only.

    `task` has its models by name.
    """
    name = split_address(task.models.judge_name)[0]
    if not judges_of(task) or not name.startswith(f"{EMBEDDED}/"):
        return None
    return (
        f"{name} sorts messages and cannot judge answers, so nothing can be scored as the task stands; name a model "
        "that can in models.judge, such as openai/gpt-5-mini, or judge by another metric.kind"
    )


def fingerprint(judge: "JudgedKind", model: str) -> str:
    """16 hexadecimal digits of all that decides how a judge judges; `model` as `judging_model` gives it."""
    body = {"model": model, **judge.model_dump(mode="json", exclude={"name", "weight"})}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]


def unproved(journal: "Journal", task: "Task") -> str | None:
    """One sentence where a judge of the task was never checked, or its last check ended badly; None where all is well.

    `task` has its models by name.
    """
    judges = judges_of(task)
    if not judges:
        return None
    model = judging_model(task)
    checks = {}
    for row in journal.read("SELECT result FROM runs WHERE method = ? AND result != '' ORDER BY created, id", (CHECK,)):
        found = json.loads(row["result"])
        checks[found.get("judge")] = found
    for judge in judges:
        found = checks.get(fingerprint(judge, model))
        shown = split_address(model)[0]
        name = f"The judge ({judge.name}, {shown})" if judge.name else f"The judge ({shown})"
        if found is None:
            return (
                f"{name} was never checked against a person's marks, so its scores may not be yours; begin with: "
                "toishi judge TASK.toml --draft marks.csv"
            )
        if found["verdict"] != "trust":
            return f"{name} was checked on {found['rows']} rows, and is not to be trusted yet ({found['verdict']})"
    return None
