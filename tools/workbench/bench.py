"""The bench of a run: its task, rows, models and budget, put together from the journal and ready for a method."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from toishi.tools.workbench.budget import Budget
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.data import Splits
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.journal.batches import BatchRecords
from toishi.tools.workbench.metrics.building import build_metric
from toishi.tools.workbench.metrics.context import Ask, MetricContext
from toishi.tools.workbench.metrics.protocol import Metric
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Message, Reply
from toishi.tools.workbench.models.protocol import Request as ModelRequest
from toishi.tools.workbench.models.registry import open_model
from toishi.tools.workbench.own_code.blocking import tells_of_blocking
from toishi.tools.workbench.own_code.trust import own_code
from toishi.tools.workbench.personal.sending import models_of
from toishi.tools.workbench.program.building import build_program
from toishi.tools.workbench.rollouts import RolloutRunner
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.textgrad.reflection import Request, render, template_for

REFLECTION = "reflection"


@dataclass(frozen=True)
class Bench:
    """What a method works with. `seed` is the candidate that stands in the person's files; `ask` reaches the judge."""

    journal: Journal
    run: str
    task: Task
    splits: Splits
    seed: Candidate
    budget: Budget
    runner: RolloutRunner
    gateway: Gateway
    metric: Metric
    ask: Ask

    def keep_for_test(self, candidate: str, tested: int = 2) -> None:
        """Sets aside what the locked test will take of the seed and of others like this candidate, `tested` in all."""
        rows = len(self.splits.test)
        seed, other = (self.journal.mean_spent(self.run, one, "validation") for one in (self.seed.id, candidate))
        tokens, cost = (rows * (seed[place] + (tested - 1) * other[place]) for place in (0, 1))
        self.budget.set_aside(tested * rows, tokens=math.ceil(tokens), cost=cost)

    async def reflect(self, request: Request, iteration: int) -> Reply:
        """The reflection model's reply, as it came. `iteration` tells equal requests apart."""
        models = self.task.models
        messages = (Message("user", render(request, template_for(models.reflection_name))),)
        return await self.gateway.call(
            REFLECTION,
            ModelRequest(models.reflection_name, messages, models.reflection_sampling(), self.task.seed, iteration),
        )


@asynccontextmanager
async def open_bench(
    journal: Journal,
    project: Path,
    run: str,
    task: Task,
    splits: Splits,
    budget: Budget,
    *,
    metric: Metric | None = None,
    rewriting: bool = True,
) -> AsyncIterator[Bench]:
    """The bench of a run, its models closed in the end, with what is in flight cut off.

    A `metric` that is given takes the place of the task's; without `rewriting` no reflection model is opened.
    """
    program = build_program(task, project)
    models = {
        name: open_model(
            name,
            base_url=task.models.address_of(name),
            project=project,
            timeout=task.models.timeout,
            price=task.models.price_per_token(),
            batches=BatchRecords(journal, run) if task.models.batch else None,
        )
        for name in dict.fromkeys(models_of(task, rewriting=rewriting))
    }
    gateway = Gateway(models, journal=journal, budget=budget, run=run, concurrency=task.models.most_in_flight)
    ask = _ask_through(gateway, task)
    metric = metric or build_metric(task, splits.all, MetricContext(project, ask))
    runner = RolloutRunner(
        program,
        metric,
        gateway,
        journal,
        budget,
        run=run,
        model=task.models.task,
        models=task.models.modules,
        sampling=task.models.sampling(),
        seed=task.seed,
    )
    try:
        with tells_of_blocking(own_code(task)):
            yield Bench(journal, run, task, splits, Candidate(program.modules), budget, runner, gateway, metric, ask)
    finally:
        await gateway.close()


def _ask_through(gateway: Gateway, task: Task) -> Ask:
    """How a metric asks the model that judges."""
    name = task.models.judge_name

    async def ask(purpose: str, messages: tuple[Message, ...], replicate: int = 0, schema: str | None = None) -> Reply:
        sampling = task.models.judge_sampling(replicate)
        return await gateway.call(
            purpose, ModelRequest(name, messages, sampling, task.seed, replicate=replicate, schema=schema)
        )

    return ask
