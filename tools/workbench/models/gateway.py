"""The one way from a run to its models: cache, budget, retries, journal.

It knows what a call costs and what is already known; it does not know what the call is for, how a provider talks, or
how a program uses the text. Every reply is in the journal before anybody sees it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from toishi.tools.workbench.budget import Budget, Reservation
from toishi.tools.workbench.errors import BudgetSpent, ModelUnavailable, ModelUnknown
from toishi.tools.workbench.models.protocol import Listener, Model, Reply, Request

CONCURRENCY = 16


@dataclass(frozen=True)
class Patience:
    """How long an endpoint that fails is waited for.

    `attempts` counts the first one. The wait before the n-th retry is drawn from 0 to `first_wait` x 2^n seconds, at
    most `longest_wait`; `Retry-After` is obeyed up to `longest_wait`, beyond which the endpoint counts as unavailable.
    """

    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0


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

    `models` are by the name that requests carry. Without a journal nothing is remembered. `concurrency` bounds the
    calls in flight to each model.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        *,
        journal: ReplyStore | None,
        budget: Budget,
        run: str,
        concurrency: int = CONCURRENCY,
        patience: Patience = Patience(),
    ) -> None:
        self._models = dict(models)
        self._journal = journal
        self._budget = budget
        self._run = run
        self._patience = patience
        self._slots = {name: asyncio.Semaphore(concurrency) for name in models}
        self._warm: set[str] = set()
        self._in_flight: dict[str, _SharedCall] = {}

    async def call(self, purpose: str, request: Request, listen: Listener | None = None) -> Reply:
        """The reply to a request, from the journal where it is known; `listen` is told the text while it grows.

        A known reply costs nothing, whichever run paid for it; the budget of a resumed run begins with what this run
        spent before. Raises `BudgetSpent` before anything is spent, or when the time is over
        while the call is in flight; `ModelUnavailable` after every retry; `RequestRefused` and `UsageError` as the
        provider does.
        """
        model, slot = self._models.get(request.model), self._slots.get(request.model)
        if model is None or slot is None:
            raise ModelUnknown(f"no model {request.model!r} was opened for this run; opened are {sorted(self._models)}")
        # What answers decides the key: other weights in the same folder give other replies.
        request = replace(request, model=model.name)
        key = request.key
        shared = self._in_flight.get(key)
        if shared is None:
            listeners: list[Listener] = []
            work = self._answer(model, slot, purpose, request, listeners)
            shared = self._in_flight[key] = _SharedCall(asyncio.ensure_future(work), listeners)
        shared.waiting += 1
        if listen is not None:
            shared.listeners.append(listen)
        try:
            reply = await asyncio.shield(shared.task)
            if listen is not None:
                listen(reply.text)
            return reply
        finally:
            if listen is not None:
                shared.listeners.remove(listen)
            shared.waiting -= 1
            if not shared.waiting:
                shared.task.cancel()
                if self._in_flight.get(key) is shared:
                    del self._in_flight[key]

    async def call_many(self, purpose: str, requests: Sequence[Request]) -> list[Reply]:
        """The replies in the order of the requests, all asked at once; raises what the first that fails raises."""
        calls = [asyncio.ensure_future(self.call(purpose, request)) for request in requests]
        try:
            return list(await asyncio.gather(*calls))
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    async def close(self) -> None:
        """Cuts off what is in flight and closes the models."""
        tasks = [shared.task for shared in self._in_flight.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for model in self._models.values():
            await model.close()

    async def _answer(
        self, model: Model, slot: asyncio.Semaphore, purpose: str, request: Request, listeners: list[Listener]
    ) -> Reply:
        known = self._recall(request.key)
        if known is not None:
            return known
        # The slot comes first: what merely waits for one must not hold a reservation that others could use.
        async with slot:
            tokens, cost = await self._estimate(model, request)
            reservation = await self._budget.reserve_in_turn(tokens=tokens, cost=cost)
            try:
                reply = await self._pay(model, purpose, request, reservation, listeners)
            finally:
                reservation.release()
        return reply

    def _recall(self, key: str) -> Reply | None:
        stored = self._journal.find_reply(key, self._run) if self._journal is not None else None
        return None if stored is None else stored.reply

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

    async def _pay(
        self, model: Model, purpose: str, request: Request, reservation: Reservation, listeners: list[Listener]
    ) -> Reply:
        timeout = asyncio.timeout(self._budget.seconds_left())
        try:
            async with timeout:
                reply = await self._generate(model, request, listeners)
        except TimeoutError as late:
            if not timeout.expired():
                raise
            raise BudgetSpent(
                f"the {self._budget.limits.max_seconds:g} seconds of max_seconds ended while {model.name} was answering"
            ) from late
        if self._journal is not None:
            await self._journal.add_reply(self._run, purpose, request, reply)
        reservation.settle(tokens=reply.tokens, cost=reply.cost)
        return reply

    async def _generate(self, model: Model, request: Request, listeners: list[Listener]) -> Reply:
        """The reply after at most `Patience.attempts` attempts; only `ModelUnavailable` is tried again."""
        from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
        from tenacity.wait import wait_random_exponential

        patience = self._patience
        backoff = wait_random_exponential(multiplier=patience.first_wait, max=patience.longest_wait)

        def asked(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome is not None else None
            return (error.retry_after or 0.0) if isinstance(error, ModelUnavailable) else 0.0

        def is_hopeless(state: RetryCallState) -> bool:
            return state.attempt_number >= patience.attempts or asked(state) > patience.longest_wait

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ModelUnavailable),
            stop=is_hopeless,
            wait=lambda state: max(backoff(state), asked(state)),
            reraise=True,
        )

        def tell(text: str) -> None:
            for listen in listeners:
                listen(text)

        attempts = 0
        try:
            async for attempt in retrying:
                with attempt:
                    attempts += 1
                    return await model.generate(request, tell if listeners else None)
        except ModelUnavailable as error:
            times = "1 attempt" if attempts == 1 else f"{attempts} attempts"
            raise ModelUnavailable(f"{error}; given up after {times}", retry_after=error.retry_after) from error
        raise AssertionError("tenacity ends by a return or an error")


@dataclass
class _SharedCall:
    """One call that several may await; it is cut off when the last of them is."""

    task: asyncio.Future[Reply]
    listeners: list[Listener] = field(default_factory=list)
    waiting: int = 0
