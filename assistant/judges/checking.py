"""Holds a task's judge against a person's marks, here and now: what `toishi judge` does.

A check is a run of its own in the journal (method `judge`), so that what the judge says is paid once, and later runs
know that it was checked.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.assistant.evaluating.scoring import Sitting, Ticking, drawn, sitting, ticked
from toishi.assistant.judges.report import check, finished
from toishi.assistant.past.find_run import EVALUATION
from toishi.tools.workbench.bench import open_bench
from toishi.tools.workbench.data.splits import Split
from toishi.tools.workbench.errors import JudgeUnreadable, TaskError, UsageError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.judges.checks import CHECK, fingerprint, judges_of, judging_model
from toishi.tools.workbench.judges.marks import Marked, read_marks, worth_marking, write_draft
from toishi.tools.workbench.metrics.building import build_kind
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.runs import Consent
from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.task.kinds.judges import JudgeKind, PairwiseKind
from toishi.tools.workbench.together import together

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal

DRAWN_FROM: tuple[Split, ...] = ("feedback", "validation")


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
    since what a person learns here goes into the rubric. A sheet needs no verdict: answers whose verdict cannot be read
    are marked like others, and counted in the document.
    """
    if file.exists():
        raise UsageError(f"{file} exists and may hold marks; name another file")
    with sitting(journal, project, task, method=EVALUATION, consent=consent) as at:
        found = asyncio.run(_answers(journal, project, at, judge, rows, ticking))
    places = worth_marking([one.score for one in found], rows, judge.values, seed=task.seed)
    answers = [(found[place].example, found[place].output) for place in places]
    write_draft(file, answers, inputs=task.data.inputs, expected=task.data.expected)
    return {
        "run": at.run,
        "file": str(file),
        "rows": len(places),
        "values": list(judge.values),
        "unreadable": sum(one.score is None for one in found),
        "answers": len(found),
    }


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


@dataclass(frozen=True)
class _Answer:
    """What the program said, and the judge's score of it; None where its verdict could not be read."""

    example: Example
    output: str
    score: float | None


class _Unjudged:
    """The metric of answers that are to be marked by a person: the judge is asked apart, since it may fail."""

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        return Judgement(0.5, "an answer for a person to mark")


async def _answers(
    journal: "Journal", project: Path, at: Sitting, judge: JudgeKind | PairwiseKind, rows: int, ticking: Ticking
) -> list[_Answer]:
    """The program's answers to so many rows of feedback and validation each, without those it failed on."""
    async with open_bench(journal, project, at.run, at.task, at.rows, at.budget, rewriting=False) as bench:
        metric = build_kind(judge, (), MetricContext(project, bench.ask))
        runner = bench.runner.judged_by(_Unjudged())

        async def one(example: Example, split: Split) -> _Answer | None:
            (rollout,) = await runner.run(bench.seed, [example], split=split)
            if rollout.error is not None:
                return None
            try:
                judgement = await metric(example, rollout.output)
            except JudgeUnreadable:
                return _Answer(example, rollout.output, None)
            return _Answer(example, rollout.output, judgement.score)

        wanted = [
            (example, split)
            for split in DRAWN_FROM
            for example in drawn(getattr(at.rows, split), rows, at.task.seed, split)
        ]
        with ticked(at.budget, len(wanted), ticking):
            found = await together(one(example, split) for example, split in wanted)
        return [answer for answer in found if answer is not None]


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
