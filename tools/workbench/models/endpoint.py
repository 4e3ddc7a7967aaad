"""The door to one endpoint: as many calls at once as it takes, and none while it wants to be left alone.

It knows when calls may start, and learns from how they end. What a call is, who pays for it and whether it is tried
again is the gateway's.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from itertools import count
from typing import Protocol

from toishi.tools.workbench.errors import ModelUnavailable
from toishi.tools.workbench.models.congestion import Congestion

URGENCY: ContextVar[int] = ContextVar("toishi_urgency", default=0)
"""Of the calls that wait for an endpoint, those with the lowest number go first; a task hands it on to its own."""


class Clock(Protocol):
    """What is needed of an event loop to know the time, in seconds, and to be woken."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> object: ...


class Endpoint:
    """The calls to one endpoint, the most urgent first, and among equals first come, first served; for one event loop.

    `most` bounds the calls in flight. Where the endpoint asks for a wait of more than `longest_wait` seconds, those who
    wait get `ModelUnavailable` instead.
    """

    def __init__(self, name: str, *, most: int, longest_wait: float, clock: Clock | None = None) -> None:
        self._name = name
        self._congestion = Congestion(most)
        self._longest_wait = longest_wait
        self._clock = clock
        self._in_flight = 0
        self._closed_until = float("-inf")
        self._shut = False
        self._will_wake = False
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits until one more call may be made; how the block ends is how the call ended.

        A `ModelUnavailable` that leaves the block and says `busy` narrows the door for all, and its `retry_after`
        closes it for so long.
        """
        await self._wait()
        begun = self._congestion.round
        try:
            yield
            self._congestion.succeeded()
        except ModelUnavailable as error:
            if error.busy:
                self._congestion.refused(begun, self._in_flight)
            if error.retry_after:
                self._closed_until = max(self._closed_until, self._loop().time() + error.retry_after)
            raise
        finally:
            self._leave()

    def shut(self) -> None:
        """Lets nobody in any more, for good: those in the line wait until they are called off."""
        self._shut = True

    async def _wait(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (URGENCY.get(), next(self._arrivals), turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                # Let in and called off at the same moment.
                self._leave()
            raise

    def _leave(self) -> None:
        self._in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        """Lets in whom there is room for, or sees to it that somebody looks again when the door opens."""
        if self._shut:
            return
        now = self._loop().time()
        closed_for = self._closed_until - now
        if closed_for > self._longest_wait:
            said = f"{self._name} asked for a wait of {closed_for:.0f} seconds"
            while (turn := self._next()) is not None:
                turn.set_exception(ModelUnavailable(said, retry_after=closed_for))
        elif closed_for > 0:
            if self._waiting and not self._will_wake:
                self._will_wake = True
                self._loop().call_later(closed_for, self._wake)
        else:
            while self._in_flight < self._congestion.limit and (turn := self._next()) is not None:
                self._in_flight += 1
                turn.set_result(None)

    def _wake(self) -> None:
        self._will_wake = False
        self._admit()

    def _next(self) -> "asyncio.Future[None] | None":
        """The first of those who still wait, no longer in the line."""
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                return turn
        return None

    def _loop(self) -> Clock:
        return self._clock or asyncio.get_running_loop()
