"""Drafts labels here and now: what `toishi label` does before a person looks at them.

Drafting by a model is a run of its own in the journal (method `label`), so that a second call takes known replies from
there. The labels themselves are a person's file: nothing else in the project is written.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from toishi.assistant.at_work import at_work
from toishi.assistant.past.find_run import LABELLING
from toishi.assistant.rows.sending import settle_sending
from toishi.assistant.ticking import ticking
from toishi.tools.workbench.budget import Budget, Spent
from toishi.tools.workbench.errors import AnswerNeeded, BudgetSpent
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.labels import asking, drafting, proposing
from toishi.tools.workbench.labels.rows import Rows, Unlabelled
from toishi.tools.workbench.labels.rules import Rule, apply_rules
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Request, Sampling
from toishi.tools.workbench.models.registry import open_model
from toishi.tools.workbench.runs import add_run, with_models
from toishi.tools.workbench.task import Task

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal

SPLIT = "unlabelled"

Settle = Callable[[tuple[str, ...]], tuple[str, ...] | None]
"""From the choices that a model proposes to those that a person confirms, None where nobody does."""


@dataclass(frozen=True)
class Drafted:
    """What came of drafting: how many rows got a label, how many none, and how many rules disagreed on.

    `stopped` is why it ended early, `unread` why a row got no label, "" where each got one; `run` and `spent` are None
    where no model was asked.
    """

    drafts: int
    undecided: int
    torn: int = 0
    run: str | None = None
    choices: tuple[str, ...] = ()
    spent: Spent | None = None
    stopped: BudgetSpent | None = None
    unread: str = ""


def draft_by_rules(rules: Sequence[Rule], rows: Sequence[Unlabelled], file: Path, inputs: Sequence[str]) -> Drafted:
    """A draft for every row that a rule matches; the others stay as they are."""
    keeper = drafting.Keeper(file, inputs, rows)
    drafts = torn = 0
    for row in rows:
        found = apply_rules(rules, row.inputs)
        if found is not None:
            keeper.keep(drafting.drafted(row, asking.Draft(found.label, None), f"rule:{found.number}"))
            drafts, torn = drafts + 1, torn + bool(found.others)
    keeper.write()
    return Drafted(drafts, len(rows) - drafts, torn)


@dataclass(frozen=True)
class ByModel:
    """How a model is asked: samples a row, the choices that were named, and whether personal rows may be sent."""

    samples: int
    choices: tuple[str, ...] | None
    send_personal: bool


def draft_by_model(
    journal: "Journal",
    project: Path,
    task: Task,
    data: Rows,
    rows: Sequence[Unlabelled],
    file: Path,
    how: ByModel,
    settle: Settle,
) -> Drafted:
    """Drafts rows by the task's model, within the task's limits but the one on rollouts.

    Raises `ConsentNeeded` and `AnswerNeeded` before anything is spent on a row, and what the gateway raises.
    """
    form = asking.form_of(task)
    task = with_models(task)
    examples = [Example(row.id, row.inputs, "") for row in rows]
    settle_sending(journal, task, examples, (task.models.task,), given=how.send_personal)
    known = _known_choices(journal, task, data, how.choices) if form == "choice" else ()
    content = hashlib.sha256("\n".join(row.key for row in rows).encode()).hexdigest()
    journal.add_examples(content, {SPLIT: examples})
    run = add_run(journal, task, method=LABELLING, data=content)
    budget = Budget(replace(task.budget.limits(), max_rollouts=None))
    keeper = drafting.Keeper(file, task.data.inputs, rows)
    counts = {True: 0, False: 0}
    unread: list[drafting.NoDraft] = []

    async def work() -> tuple[tuple[str, ...], BudgetSpent | None]:
        async with _gateway(journal, project, task, run, budget) as gateway:
            choices = known
            if form == "choice" and not choices:
                choices = await _propose(gateway, task, data, settle)
            # Kept at once, so that whoever goes on after a kill need not say it again.
            journal.set_result(run, {"choices": list(choices)})
            with ticking(len(rows), "drafting") as tick:

                def keep(row: Unlabelled, draft: asking.Draft | drafting.NoDraft) -> None:
                    keeper.keep(drafting.drafted(row, draft, f"model:{task.models.task}"))
                    counts[isinstance(draft, asking.Draft)] += 1
                    if isinstance(draft, drafting.NoDraft):
                        unread.append(draft)
                    tick(sum(counts.values()))

                plan = drafting.Drafting(form, choices, how.samples)
                return choices, await drafting.draft_rows(gateway, task, rows, plan, keep)

    with at_work(journal, project, run, budget):
        try:
            choices, stopped = asyncio.run(work())
        finally:
            keeper.write()
    spent = budget.spent()
    result = {"choices": list(choices), "drafts": counts[True], "undecided": counts[False], "samples": how.samples}
    journal.set_result(run, {**result, "tokens": spent.tokens, "cost": spent.cost})
    # What the model said tells more than that a row is empty.
    why = next((one.said for one in sorted(unread, key=lambda one: one.is_empty)), "")
    return Drafted(counts[True], counts[False], run=run, choices=choices, spent=spent, stopped=stopped, unread=why)


@asynccontextmanager
async def _gateway(journal: "Journal", project: Path, task: Task, run: str, budget: Budget) -> AsyncIterator[Gateway]:
    """The gateway of a labelling run with the task's one model, closed in the end."""
    name = task.models.task
    models = {name: open_model(name, base_url=task.models.address_of(name), project=project)}
    gateway = Gateway(models, journal=journal, budget=budget, run=run, concurrency=task.models.concurrency)
    try:
        yield gateway
    finally:
        await gateway.close()


async def _propose(gateway: Gateway, task: Task, data: Rows, settle: Settle) -> tuple[str, ...]:
    """The choices that the model proposes and a person confirms; `AnswerNeeded` where nobody does."""
    messages = proposing.messages_for(task, [row.inputs for row in data.unlabelled])
    sampling = Sampling(max_tokens=task.models.reflection_max_tokens)
    request = Request(task.models.task, messages, sampling, task.seed, schema=proposing.SCHEMA)
    proposed = proposing.labels_in((await gateway.call(drafting.PURPOSE, request)).text)
    if not proposed:
        raise AnswerNeeded(
            f"{task.models.task} proposed no labels that could be read; name them with --choices, or as "
            "metric.choices in the task"
        )
    confirmed = settle(proposed)
    if confirmed is None:
        raise AnswerNeeded(
            "no labels are named, and no row has one; these are proposed, so confirm or change them: --choices "
            + json.dumps(",".join(proposed), ensure_ascii=False)
        )
    return confirmed


def _known_choices(journal: "Journal", task: Task, data: Rows, said: tuple[str, ...] | None) -> tuple[str, ...]:
    """The choices that the task or the person names, else those of the last labelling of this task, else those seen.

    Empty where there are none yet.
    """
    if task.metric.choices or said:
        return task.metric.choices or said or ()
    for row in reversed(journal.runs()):
        if row.method == LABELLING and row.name == task.name and row.result:
            found = tuple(json.loads(row.result).get("choices", ()))
            if len(found) >= 2:
                return found
    return data.labels if len(data.labels) >= 2 else ()
