"""Runs a candidate on examples: every rollout in flight at once, each paid once and written down before it is used.

It knows programs, metrics, the gateway, the journal and the budget; it does not know why a candidate is run, nor what
the scores decide.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from toishi.tools.workbench.budget import Budget, Reservation
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import BudgetSpent, RequestRefused
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Message, Reply, Request, Sampling
from toishi.tools.workbench.program import Program
from toishi.tools.workbench.prompting import render
from toishi.tools.workbench.rollout import ModuleCall, Rollout

PURPOSE = "rollout"

_Key = tuple[str, str, int]
_Work = Coroutine[Any, Any, BudgetSpent | None]


class RolloutRunner:
    """The rollouts of one run. `model` and `sampling` are for every module; `seed` is the run's."""

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
    ) -> None:
        self._program = program
        self._metric = metric
        self._gateway = gateway
        self._journal = journal
        self._budget = budget
        self._run = run
        self._model = model
        self._sampling = sampling
        self._seed = seed
        self._done: dict[_Key, Rollout] = {}
        self._flying: dict[_Key, asyncio.Task[BudgetSpent | None]] = {}

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
        wanted = {(candidate.id, example.id, replicate): example for example in examples}
        while missing := {key: example for key, example in wanted.items() if key not in self._done}:
            new = {key: example for key, example in missing.items() if key not in self._flying}
            if new:
                await self._run_new(candidate, new, split)
            else:
                await asyncio.wait([self._flying[key] for key in missing])
        return [self._done[candidate.id, example.id, replicate] for example in examples]

    async def _run_new(self, candidate: Candidate, examples: dict[_Key, Example], split: str) -> None:
        recorded = {key: rollout for key in examples if (rollout := self._recorded(key)) is not None}
        fresh = [key for key in examples if key not in recorded]
        reservations = self._reserve(len(fresh))
        tasks = []
        try:
            async with asyncio.TaskGroup() as group:
                for key, rollout in recorded.items():
                    tasks.append(self._start(group, key, self._recount(key, rollout)))
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

    def _recorded(self, key: _Key) -> Rollout | None:
        return None if self._journal is None else self._journal.find_rollout(self._run, *key)

    def _reserve(self, count: int) -> list[Reservation]:
        """Refused or granted as a whole, and then one by one, since each rollout ends on its own."""
        if not count:
            return []
        self._budget.reserve(rollouts=count).release()
        return [self._budget.reserve(rollouts=1, recorded=True) for _ in range(count)]

    async def _recount(self, key: _Key, rollout: Rollout) -> BudgetSpent | None:
        """Takes up a rollout of an earlier sitting; the gateway counts the calls that this run paid for."""
        self._budget.reserve(rollouts=1, recorded=True).settle()
        for call in rollout.calls:
            if call.reply is not None:
                await self._ask(call.messages, rollout.replicate)
        self._done[key] = rollout
        return None

    async def _pay(
        self, key: _Key, candidate: Candidate, example: Example, split: str, reservation: Reservation
    ) -> BudgetSpent | None:
        """Does one rollout. `BudgetSpent` is given back, not raised: raising would cut off the siblings."""
        try:
            rollout = await self._execute(candidate, example, replicate=key[2])
        except BudgetSpent as spent:
            return spent
        if self._journal is not None:
            await self._journal.add_rollout(self._run, split, rollout)
        reservation.settle()
        self._done[key] = rollout
        return None

    async def _execute(self, candidate: Candidate, example: Example, *, replicate: int) -> Rollout:
        trace = _Trace(candidate, lambda messages: self._ask(messages, replicate))
        output, error = "", None
        try:
            answer: object = await self._program.run(example, trace.call)
            if not isinstance(answer, str):
                raise TypeError(f"the program gave {type(answer).__name__} where text is expected")
            output = answer
        except RequestRefused as refused:
            error = str(refused)
        except Exception as problem:
            # The program's own mistake on this example, whatever its type; what is not its own is in `trace.fault`.
            error = f"{type(problem).__name__}: {problem}"
        if trace.fault is not None:
            raise trace.fault
        if error is None:
            judgement = await self._metric(example, output)
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
            seconds=sum(reply.seconds for reply in replies),
            objectives=judgement.objectives,
            error=error,
        )

    async def _ask(self, messages: tuple[Message, ...], replicate: int) -> Reply:
        return await self._gateway.call(PURPOSE, Request(self._model, messages, self._sampling, self._seed, replicate))


class _Trace:
    """The `call` of one rollout, and what it saw.

    `fault` is the first failure that says nothing about the program. It is kept here, since a program may catch what
    `call` raises and go on, and its score would then be one for the network.
    """

    def __init__(self, candidate: Candidate, ask: Callable[[tuple[Message, ...]], Awaitable[Reply]]) -> None:
        self.calls: list[ModuleCall] = []
        self.fault: Exception | None = None
        self._texts = candidate.texts
        self._ask = ask

    async def call(self, module: str, /, **fields: str) -> str:
        text = self._texts.get(module)
        if text is None:
            known = ", ".join(f"'{name}'" for name in self._texts)
            raise LookupError(f"there is no module '{module}'; the candidate has {known}")
        messages = render(text, fields)
        # The place is taken at the start: a trace keeps the order in which calls began.
        place = len(self.calls)
        self.calls.append(ModuleCall(module, fields, messages, None, "not finished"))
        try:
            reply = await self._ask(messages)
        except RequestRefused as refused:
            self.calls[place] = ModuleCall(module, fields, messages, None, str(refused))
            raise
        except Exception as error:
            self.fault = self.fault or error
            raise
        self.calls[place] = ModuleCall(module, fields, messages, reply)
        return reply.text
