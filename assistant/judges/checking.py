"""Holds a task's judge against a person's marks, here and now: what `toishi judge` does.

A check is a run of its own in the journal (method `judge`), so that what the judge says is paid once, and later runs
know that it was checked.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.assistant.evaluating.scoring import Plan, Sitting, Ticking, score, sitting
from toishi.assistant.evaluating.versions import own_version
from toishi.assistant.judges.report import check, finished
from toishi.tools.workbench.bench import open_bench
from toishi.tools.workbench.errors import TaskError, UsageError
from toishi.tools.workbench.judges.checks import CHECK, fingerprint, judges_of, judging_model
from toishi.tools.workbench.judges.marks import Marked, read_marks, worth_marking, write_draft
from toishi.tools.workbench.metrics.building import build_kind
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.runs import Consent
from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.task.kinds.judges import JudgeKind, PairwiseKind
from toishi.tools.workbench.together import together

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal


def the_judge(task: Task, part: str | None) -> JudgeKind | PairwiseKind:
    """The judge of a task; of several, the one that `part` names. Raises `UsageError` where that is not one."""
    judges = [one for one in judges_of(task) if isinstance(one, JudgeKind | PairwiseKind)]
    if not judges:
        raise TaskError(
            f"the metric of '{task.name}' is '{task.metric.kind}', in which no model judges; there is nothing to check"
        )
    names = [one.name or "" for one in judges]
    if part is not None:
        if part not in names:
            raise UsageError(
                f"the metric has no judge '{part}'; {did_you_mean(part, [name for name in names if name])}"
            )
        return judges[names.index(part)]
    if len(judges) > 1:
        raise UsageError(f"the metric has several judges; say which one with --part: {', '.join(names)}")
    return judges[0]


def draft(
    journal: "Journal",
    project: Path,
    task: Task,
    judge: JudgeKind | PairwiseKind,
    file: Path,
    *,
    rows: int,
    ticking: Ticking,
    consent: Consent | None,
) -> dict[str, Any]:
    """Writes answers of the task's program to be marked, as many good as bad ones by the judge's own view.

    Gives the JSON document of `toishi judge --draft`, which does not tell the judge's view.

    They are drawn from feedback and validation, of each as many examples as rows are wanted; the test stays locked,
    since what a person learns here goes into the rubric.
    """
    if file.exists():
        raise UsageError(f"{file} exists and may hold marks; name another file")
    plan = Plan(("feedback", "validation"), rows)
    scored = score(journal, [own_version(task, project, name=task.name)], plan, ticking, consent)
    found, scores = [], []
    for split in scored.examples:
        for example, rollout in zip(scored.examples[split], scored.rollouts[0, split][0], strict=True):
            if rollout.error is None:
                found.append((example, rollout.output))
                scores.append(rollout.objectives.get(judge.name, rollout.score) if judge.name else rollout.score)
    places = worth_marking(scores, rows, judge.values, seed=task.seed)
    write_draft(file, [found[place] for place in places], inputs=task.data.inputs, expected=task.data.expected)
    return {"run": scored.run, "file": str(file), "rows": len(places), "values": list(judge.values)}


def check_marks(
    journal: "Journal",
    project: Path,
    task: Task,
    judge: JudgeKind | PairwiseKind,
    file: Path,
    *,
    ticking: Ticking,
    consent: Consent | None,
) -> dict[str, Any]:
    """The JSON document of `toishi judge --marks`, which is stored as the run's result."""
    if not file.is_file():
        raise UsageError(f"{file} cannot be read: there is no such file; write one with --draft {file}")
    with sitting(journal, project, task, method=CHECK, consent=consent) as at:
        sheet = read_marks(
            file,
            examples=at.rows.all,
            inputs=task.data.inputs,
            expected=task.data.expected,
            values=judge.values,
        )
        judgements = asyncio.run(_judge(journal, project, at, judge, sheet.rows, ticking))
        model = judging_model(at.task)
        found = finished(
            check(sheet, judgements, judge.values, seed=task.seed),
            run=at.run,
            judge=fingerprint(judge, model),
            name=judge.name,
            model=model,
            spent=at.budget.spent(),
        )
        journal.set_result(at.run, found)
    return found


async def _judge(
    journal: "Journal",
    project: Path,
    at: Sitting,
    judge: JudgeKind | PairwiseKind,
    rows: Sequence[Marked],
    ticking: Ticking,
) -> list[Judgement]:
    async with open_bench(journal, project, at.run, at.task, at.rows, at.budget, rewriting=False) as bench:
        metric = build_kind(judge, (), MetricContext(project, bench.ask))
        with ticking(len(rows)) as tick:
            done = 0

            async def one(row: Marked) -> Judgement:
                nonlocal done
                judgement = await metric(row.example, row.output)
                done += 1
                tick(done)
                return judgement

            return await together(map(one, rows))
