"""Runs a candidate on examples: every rollout in flight at once, each paid once and written down before it is used.

It knows programs, metrics, the gateway, the journal and the budget; it does not know why a candidate is run, nor what
the scores decide.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from textwrap import shorten
from typing import Any

from toishi.tools.workbench.budget import Budget, Reservation
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import BudgetSpent, RequestRefused, RequestUnfit
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.models.gateway import Gateway, noting_replies
from toishi.tools.workbench.models.protocol import Message, Reply, Request, Sampling, ToolSpec
from toishi.tools.workbench.program import Program
from toishi.tools.workbench.program.code import TextFailed
from toishi.tools.workbench.program.trace import Ask, Trace
from toishi.tools.workbench.rollout import Rollout

PURPOSE = "rollout"
OPENING = 60
"""Characters of a row that tell which one it is."""

MOST_KEPT = 20_000
"""Rollouts with their traces that stay in memory."""

_Key = tuple[str, str, int]
_Work = Coroutine[Any, Any, BudgetSpent | None]


class RolloutRunner:
    """The rollouts of one run.

    `model` runs every module that `models` does not give to another; `sampling` is for all; `seed` is the run's.
    """

    def __init__(
        self,
        program: Program,
        metric: Metric,
        gateway: Gateway,
        journal: Journal | None,
        budget: Budget,
        *,
        run: str,
        model: str,
        sampling: Sampling,
        seed: int,
        models: Mapping[str, str] | None = None,
    ) -> None:
        self._program = program
        self._metric = metric
        self._gateway = gateway
        self._journal = journal
        self._budget = budget
        self._run = run
        self._model = model
        self._models = models or {}
        self._sampling = sampling
        self._seed = seed
        self._done: OrderedDict[_Key, Rollout] = OrderedDict()
        self._settled: set[_Key] = set()
        self._flying: dict[_Key, asyncio.Task[BudgetSpent | None]] = {}

    def judged_by(self, metric: Metric) -> "RolloutRunner":
        """A runner that differs in its metric and shares nothing that was done in this sitting."""
        return RolloutRunner(
            self._program,
            metric,
            self._gateway,
            self._journal,
            self._budget,
            run=self._run,
            model=self._model,
            models=self._models,
            sampling=self._sampling,
            seed=self._seed,
        )

    async def run(
        self, candidate: Candidate, examples: Sequence[Example], *, split: str, replicate: int = 0
    ) -> list[Rollout]:
        """One rollout for each example, in the order of the examples.

        What this run did before is not done again: within a sitting it costs nothing, and what the journal holds from
        an earlier sitting is counted as spent once more, as the budget starts anew with each. All that is new is
        reserved together before any of it starts.

        Raises `BudgetSpent` where the rollouts do not fit (nothing is started) or their tokens, dollars or seconds do
        not (what could be finished is kept), and whatever the gateway or the journal raise for want of a model or a
        disk: no score follows from these, and what is in flight is cut off.
        """
        keys = [(candidate.id, example.id, replicate) for example in examples]
        missing = dict(zip(keys, examples, strict=True))
        found: dict[_Key, Rollout] = {}
        while missing:
            for key in [key for key in missing if key in self._done]:
                found[key] = self._done[key]
                del missing[key]
            new = {key: example for key, example in missing.items() if key not in self._flying}
            if new:
                await self._run_new(candidate, new, split)
            elif missing:
                await asyncio.wait([self._flying[key] for key in missing])
        return [found[key] for key in keys]

    async def _run_new(self, candidate: Candidate, examples: dict[_Key, Example], split: str) -> None:
        fresh = [key for key in examples if not self._takes_up(key)]
        reservations = self._budget.reserve_each(len(fresh)) if fresh else []
        tasks = []
        try:
            async with asyncio.TaskGroup() as group:
                for key, reservation in zip(fresh, reservations, strict=True):
                    tasks.append(self._start(group, key, self._pay(key, candidate, examples[key], split, reservation)))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            for reservation in reservations:
                reservation.release()
        spent = next((problem for task in tasks if (problem := task.result()) is not None), None)
        if spent is not None:
            raise spent

    def _start(self, group: asyncio.TaskGroup, key: _Key, work: _Work) -> asyncio.Task[BudgetSpent | None]:
        task = self._flying[key] = group.create_task(work)
        task.add_done_callback(lambda _: self._flying.pop(key, None))
        return task

    def _takes_up(self, key: _Key) -> bool:
        """Whether the journal holds the rollout; one from an earlier sitting then counts as spent in this one too."""
        rollout = None if self._journal is None else self._journal.find_rollout(self._run, *key)
        if rollout is None:
            return False
        if key not in self._settled:
            self._budget.reserve(rollouts=1, recorded=True).settle()
            self._gateway.recount(rollout.replies)
        self._keep(key, rollout)
        return True

    def _keep(self, key: _Key, rollout: Rollout) -> None:
        """In memory, where it may push out the oldest: the journal, where there is one, has that for good."""
        self._settled.add(key)
        self._done[key] = rollout
        if self._journal is not None and len(self._done) > MOST_KEPT:
            self._done.popitem(last=False)

    async def _pay(
        self, key: _Key, candidate: Candidate, example: Example, split: str, reservation: Reservation
    ) -> BudgetSpent | None:
        """Does one rollout. `BudgetSpent` is given back, not raised: raising would cut off the siblings."""
        try:
            with noting_replies() as replies:
                rollout = await self._execute(candidate, example, replicate=key[2])
            rollout = replace(rollout, replies=tuple(replies))
        except BudgetSpent as spent:
            return spent
        if self._journal is not None:
            await self._journal.add_rollout(self._run, split, rollout)
        reservation.settle()
        self._keep(key, rollout)
        return None

    async def _execute(self, candidate: Candidate, example: Example, *, replicate: int) -> Rollout:
        trace = Trace(candidate.texts, self._program.retrievers, self._asking(replicate))
        output, error = "", None
        try:
            answer: object = await self._program.run(example.without_answer(), trace.call)
            if not isinstance(answer, str):
                raise TypeError(f"the program gave {type(answer).__name__} where text is expected")
            output = answer
        except (RequestRefused, TextFailed) as refused:
            error = str(refused)
        except (Exception, SystemExit) as problem:
            # The program's own mistake on this example, whatever its type; what is not its own is in `trace.fault`.
            error = f"{type(problem).__name__}: {problem}"
        if isinstance(trace.fault, RequestUnfit):
            opening = shorten(" ".join(example.inputs.values()), OPENING, placeholder=" …")
            raise RequestUnfit(f"{trace.fault}; it was asked for the row {example.id} ('{opening}')") from trace.fault
        if trace.fault is not None:
            raise trace.fault
        if error is None:
            judgement = await self._metric(example, output, trace.calls)
        else:
            judgement = Judgement(0.0, f"the program failed: {error}")
        replies = [call.reply for call in trace.calls if call.reply is not None]
        costs = [reply.cost for reply in replies if reply.cost is not None]
        return Rollout(
            candidate=candidate.id,
            example=example.id,
            replicate=replicate,
            output=output,
            score=judgement.score,
            feedback=judgement.feedback,
            calls=tuple(trace.calls),
            tokens=sum(reply.tokens for reply in replies),
            cost=sum(costs) if len(costs) == len(replies) else None,
            seconds=sum(reply.seconds for reply in replies) + trace.seconds,
            objectives=judgement.objectives,
            error=error,
        )

    def _asking(self, replicate: int) -> Ask:
        async def ask(
            module: str, messages: tuple[Message, ...], tools: tuple[ToolSpec, ...], schema: str | None
        ) -> Reply:
            model = self._models.get(module, self._model)
            request = Request(model, messages, self._sampling, self._seed, replicate, tools, schema)
            return await self._gateway.call(PURPOSE, request)

        return ask
