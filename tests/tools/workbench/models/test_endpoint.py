"""Who is let in, in which order, and when: one endpoint under a clock that only the test moves."""

import asyncio
from collections.abc import Callable

import pytest

from toishi.tools.workbench.errors import ModelUnavailable
from toishi.tools.workbench.models.endpoint import Endpoint


class FakeClock:
    """Time that stands still until `pass_by`."""

    def __init__(self) -> None:
        self._now = 100.0
        self._alarms: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> None:
        self._alarms.append((self._now + delay, callback))

    async def pass_by(self, seconds: float) -> None:
        self._now += seconds
        due = [alarm for alarm in self._alarms if alarm[0] <= self._now]
        self._alarms = [alarm for alarm in self._alarms if alarm[0] > self._now]
        for _, ring in due:
            ring()
        await settle()


class Callers:
    """Calls that stay inside until they are told how they end."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.inside: list[str] = []
        self.ends: dict[str, asyncio.Future[None]] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def begin(self, *names: str) -> None:
        for name in names:
            self.tasks[name] = asyncio.ensure_future(self._call(name))
        await settle()

    async def end(self, name: str, error: Exception | None = None) -> None:
        if error is None:
            self.ends[name].set_result(None)
        else:
            self.ends[name].set_exception(error)
        await asyncio.wait([self.tasks[name]])
        self.tasks[name].exception()
        await settle()

    async def _call(self, name: str) -> None:
        async with self.endpoint.turn():
            self.inside.append(name)
            self.ends[name] = asyncio.get_running_loop().create_future()
            try:
                await self.ends[name]
            finally:
                self.inside.remove(name)


async def settle() -> None:
    """Lets everything that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def door(clock: FakeClock, *, most: int) -> Callers:
    return Callers(Endpoint("openai", most=most, longest_wait=60.0, clock=clock))


async def test_the_rest_wait_and_come_in_in_order(clock: FakeClock) -> None:
    callers = door(clock, most=2)

    await callers.begin("a", "b", "c", "d")
    assert callers.inside == ["a", "b"]
    await callers.end("a")
    assert callers.inside == ["b", "c"]
    await callers.end("b")
    assert callers.inside == ["c", "d"]


async def test_who_goes_away_while_waiting_takes_no_place(clock: FakeClock) -> None:
    callers = door(clock, most=1)
    await callers.begin("a", "b", "c")

    callers.tasks["b"].cancel()
    await callers.end("a")

    assert callers.inside == ["c"]


async def test_a_door_that_is_shut_lets_nobody_in_where_others_leave(clock: FakeClock) -> None:
    callers = door(clock, most=1)
    await callers.begin("a", "b")

    callers.endpoint.shut()
    await callers.end("a")
    await callers.begin("c")

    assert callers.inside == []
    for name in ("b", "c"):
        callers.tasks[name].cancel()


async def test_who_goes_away_in_the_moment_of_being_let_in_gives_the_place_on(clock: FakeClock) -> None:
    callers = door(clock, most=1)
    await callers.begin("a", "b", "c")

    callers.ends["a"].set_result(None)
    await asyncio.sleep(0)
    callers.tasks["b"].cancel()
    await settle()

    assert callers.inside == ["c"]


async def test_one_that_is_told_to_wait_keeps_all_others_out(clock: FakeClock) -> None:
    callers = door(clock, most=4)
    await callers.begin("a", "b")

    await callers.end("a", ModelUnavailable("busy", retry_after=20.0))
    await callers.begin("c", "d")
    assert callers.inside == ["b"]
    await clock.pass_by(19.0)
    assert callers.inside == ["b"]
    await clock.pass_by(1.5)

    assert callers.inside == ["b", "c", "d"]


async def test_a_longer_wait_that_is_told_meanwhile_counts(clock: FakeClock) -> None:
    callers = door(clock, most=4)
    await callers.begin("a", "b")
    await callers.end("a", ModelUnavailable("busy", retry_after=10.0))
    await callers.begin("c")
    await callers.end("b", ModelUnavailable("busy", retry_after=30.0))

    await clock.pass_by(10.0)
    assert callers.inside == []
    await clock.pass_by(20.0)

    assert callers.inside == ["c"]


async def test_a_wait_that_is_too_long_is_told_to_all_who_wait(clock: FakeClock) -> None:
    callers = door(clock, most=1)
    await callers.begin("a", "b", "c")

    await callers.end("a", ModelUnavailable("busy", retry_after=3600.0))

    for name in ("b", "c"):
        with pytest.raises(ModelUnavailable, match=r"openai asked for a wait of 3600 seconds"):
            await callers.tasks[name]


async def test_a_busy_endpoint_gets_fewer_at_once_and_later_more_again(clock: FakeClock) -> None:
    callers = door(clock, most=4)
    names = [str(number) for number in range(14)]
    await callers.begin(*names)

    await callers.end("0", ModelUnavailable("busy", busy=True))
    await callers.end("1")
    assert callers.inside == ["2", "3"]
    for name in names[2:5]:
        await callers.end(name)

    assert len(callers.inside) == 3


async def test_an_endpoint_that_is_only_broken_keeps_its_places(clock: FakeClock) -> None:
    callers = door(clock, most=4)
    await callers.begin(*"abcdef")

    await callers.end("a", ModelUnavailable("a bad gateway"))

    assert callers.inside == ["b", "c", "d", "e"]
