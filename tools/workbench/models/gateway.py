"""The one way from a run to its models: cache, budget, retries, journal.

It knows what a call costs and what is already known; it does not know what the call is for, how a provider talks, or
how a program uses the text. Every reply is in the journal before anybody sees it, and holds no secret.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Protocol

from toishi.tools.workbench.budget import Budget, Reservation
from toishi.tools.workbench.errors import BudgetSpent, JournalError, ModelUnavailable, ModelUnknown, UsageError
from toishi.tools.workbench.models.endpoint import Endpoint
from toishi.tools.workbench.models.names import endpoint_of, usual_concurrency
from toishi.tools.workbench.models.protocol import Listener, Model, Reply, Request
from toishi.tools.workbench.models.retrying import USUAL_PATIENCE, Patience, until_answered
from toishi.tools.workbench.redaction import redact

# The list of `noting_replies` that is open around a piece of work, tasks that it starts included.
_noted: ContextVar[list[str] | None] = ContextVar("toishi_noted_replies", default=None)


@contextmanager
def noting_replies() -> Iterator[list[str]]:
    """A list to which each call inside adds its key, whoever makes it: a program, its judge, a task of theirs."""
    keys: list[str] = []
    token = _noted.set(keys)
    try:
        yield keys
    finally:
        _noted.reset(token)


class StoredReply(Protocol):
    """A reply that the journal holds, and the run that paid for it."""

    @property
    def reply(self) -> Reply: ...

    @property
    def run(self) -> str: ...


class ReplyStore(Protocol):
    """What the gateway needs of the journal."""

    def find_reply(self, key: str, run: str) -> StoredReply | None: ...

    async def add_reply(self, run: str, purpose: str, request: Request, reply: Reply) -> None: ...


class Gateway:
    """Answers requests for one run.

    `models` are by the name that requests carry. Without a journal nothing is remembered. `concurrency` is the most
    calls in flight to each endpoint, which models may share; None leaves it to what is usual for it.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        *,
        journal: ReplyStore | None,
        budget: Budget,
        run: str,
        concurrency: int | None = None,
        patience: Patience = USUAL_PATIENCE,
    ) -> None:
        self._models = dict(models)
        self._journal = journal
        self._budget = budget
        self._run = run
        self._patience = patience
        self._endpoints = {
            (name := endpoint_of(model.name)): Endpoint(
                name, most=concurrency or usual_concurrency(model.name), longest_wait=patience.longest_wait
            )
            for model in models.values()
        }
        self._warm: set[str] = set()
        self._counted: set[str] = set()
        self._in_flight: dict[str, _SharedCall] = {}
        self._calls: set[asyncio.Task[Reply]] = set()
        self._lets_finish = False

    async def call(self, purpose: str, request: Request, listen: Listener | None = None) -> Reply:
        """The reply to a request, from the journal where it is known; `listen` is told the text while it grows.

        A reply that this run paid in an earlier sitting counts as spent again; one that another run paid is free, and
        so is a second call with the same key. Raises `BudgetSpent` before anything is spent, or when the time is over
        while the call is in flight; `ModelUnavailable` after every retry; `RequestRefused` and `UsageError` as the
        provider does.
        """
        model = self._models.get(request.model)
        if model is None:
            raise ModelUnknown(f"no model {request.model!r} was opened for this run; opened are {sorted(self._models)}")
        # What answers decides the key: other weights in the same folder give other replies.
        request = replace(request, model=model.name)
        noted = _noted.get()
        if noted is not None and request.key not in noted:
            noted.append(request.key)
        shared = self._in_flight.get(request.key)
        if shared is None:
            shared = self._begin(model, purpose, request)
        shared.waiting += 1
        if listen is not None:
            shared.listeners.append(listen)
        try:
            reply = await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if listen is not None:
                shared.listeners.remove(listen)
            if not shared.waiting and not (shared.asking and self._lets_finish):
                shared.task.cancel()
                self._forget(request.key, shared)
        if listen is not None:
            listen(reply.text)
        return reply

    async def call_many(self, purpose: str, requests: Sequence[Request]) -> list[Reply]:
        """The replies in the order of the requests, all asked at once; raises what the first that fails raises."""
        calls = [asyncio.ensure_future(self.call(purpose, request)) for request in requests]
        try:
            return list(await asyncio.gather(*calls))
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    def let_finish(self) -> None:
        """From now on, what a model is already answering is waited for a while, even if nobody wants it any more.

        It is paid for, and a run that stops because one call failed will ask for it again when it is resumed. A model
        that is given up has the same effect.
        """
        self._lets_finish = True

    def begin_nothing_more(self) -> None:
        """From now on no call reaches a model any more.

        Where everything is about to be called off, what is called off first must not make room for what comes later.
        """
        for endpoint in self._endpoints.values():
            endpoint.shut()

    async def close(self) -> None:
        """Cuts off what is in flight, but for what `let_finish` spares, and closes the models."""
        try:
            if self._lets_finish and self._calls:
                await asyncio.wait(self._calls, timeout=self._patience.longest_wait)
        finally:
            for task in self._calls:
                task.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)
            for model in self._models.values():
                await model.close()

    def _begin(self, model: Model, purpose: str, request: Request) -> "_SharedCall":
        shared = _SharedCall()
        shared.task = asyncio.ensure_future(self._answer(model, purpose, request, shared))
        self._in_flight[request.key] = shared
        self._calls.add(shared.task)

        def end(task: asyncio.Task[Reply]) -> None:
            self._calls.discard(task)
            self._forget(request.key, shared)
            if not task.cancelled():
                # Where nobody waits any more, nobody else would look at it.
                task.exception()

        shared.task.add_done_callback(end)
        return shared

    def _forget(self, key: str, shared: "_SharedCall") -> None:
        if self._in_flight.get(key) is shared:
            del self._in_flight[key]

    async def _answer(self, model: Model, purpose: str, request: Request, shared: "_SharedCall") -> Reply:
        known = self._recall(request.key)
        if known is not None:
            return known
        timeout = asyncio.timeout(self._budget.seconds_left())
        try:
            async with timeout:
                reply = await until_answered(
                    lambda: self._ask(model, purpose, request, shared),
                    self._patience,
                    wanted=lambda: shared.waiting > 0,
                )
            shared.settle(reply)
            return reply
        except TimeoutError as late:
            if not timeout.expired():
                raise
            raise BudgetSpent(
                f"the {self._budget.limits.max_seconds:g} seconds of max_seconds ended while {model.name} was answering"
            ) from late
        except (ModelUnavailable, UsageError):
            # The run ends here; what its other calls are being told is paid for.
            self.let_finish()
            raise
        finally:
            shared.release()

    def recount(self, keys: Sequence[str]) -> None:
        """Counts what this run paid for in an earlier sitting, each reply once: the budget starts anew with each."""
        for key in keys:
            self._recall(key)

    def _recall(self, key: str) -> Reply | None:
        stored = self._journal.find_reply(key, self._run) if self._journal is not None else None
        if stored is None:
            return None
        if stored.run == self._run and key not in self._counted:
            self._counted.add(key)
            reply = stored.reply
            self._budget.reserve(tokens=reply.tokens, cost=reply.cost, recorded=True).settle(
                tokens=reply.tokens, cost=reply.cost
            )
        return stored.reply

    async def _ask(self, model: Model, purpose: str, request: Request, shared: "_SharedCall") -> Reply:
        """One attempt; what it may use stays reserved where it succeeds.

        The turn comes first: what merely waits for one must not hold a reservation that others could use. It ends when
        the reply is written down: where none can be written any more, nobody else may pay for one.
        """
        async with self._endpoints[endpoint_of(model.name)].turn():
            tokens, cost = await self._estimate(model, request)
            shared.reservation = await self._budget.reserve_in_turn(tokens=tokens, cost=cost)
            shared.asking = True
            try:
                reply = await model.generate(request, shared.tell if shared.listeners else None)
            except BaseException:
                shared.release()
                raise
            finally:
                shared.asking = False
            reply = _without_secrets(reply)
            await self._write_down(purpose, request, reply)
        return reply

    async def _write_down(self, purpose: str, request: Request, reply: Reply) -> None:
        if self._journal is None:
            return
        try:
            await self._journal.add_reply(self._run, purpose, request, reply)
        except JournalError:
            self.begin_nothing_more()
            raise
        self._counted.add(request.key)

    async def _estimate(self, model: Model, request: Request) -> tuple[int, float | None]:
        """Upper bounds of tokens and US dollars; the first call may load a tokenizer or a price list."""

        def bounds() -> tuple[int, float | None]:
            prompt_tokens = model.count_tokens(request)
            price = model.price()
            max_tokens = request.sampling.max_tokens
            cost = None if price is None else prompt_tokens * price[0] + max_tokens * price[1]
            return prompt_tokens + max_tokens, cost

        if request.model in self._warm:
            return bounds()
        estimate = await asyncio.to_thread(bounds)
        self._warm.add(request.model)
        return estimate


@dataclass
class _SharedCall:
    """One call that several may await and listen to; it is cut off when the last of them is."""

    task: asyncio.Task[Reply] = field(init=False)
    reservation: Reservation | None = None
    listeners: list[Listener] = field(default_factory=list)
    waiting: int = 0
    asking: bool = False

    def tell(self, text: str) -> None:
        text = redact(text)
        for listen in self.listeners:
            listen(text)

    def settle(self, reply: Reply) -> None:
        assert self.reservation is not None
        self.reservation.settle(tokens=reply.tokens, cost=reply.cost)

    def release(self) -> None:
        if self.reservation is not None:
            self.reservation.release()


def _without_secrets(reply: Reply) -> Reply:
    """A model can repeat what it was sent, and a server the key that came with it."""
    calls = tuple(replace(call, arguments=redact(call.arguments)) for call in reply.tool_calls)
    return replace(reply, text=redact(reply.text), tool_calls=calls)
