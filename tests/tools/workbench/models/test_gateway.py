"""The gateway: what is known costs nothing, what does not fit is not asked, what fails is tried again."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.errors import BudgetSpent, ModelUnavailable, ModelUnknown, RequestRefused, UsageError
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Listener, Message, Reply, Request, Sampling
from toishi.tools.workbench.models.retrying import Patience

NO_LIMITS = Limits()
AT_ONCE = Patience(attempts=4, first_wait=0.0)


class ScriptedModel:
    """Echoes the last message in capitals after `failures` were raised; waits for `gate` where there is one."""

    name = "scripted/echo"

    def __init__(
        self,
        *failures: Exception,
        gate: asyncio.Event | None = None,
        price: tuple[float, float] | None = (0.0, 0.0),
        pieces: tuple[str, ...] = (),
    ) -> None:
        self.calls: list[Request] = []
        self.asked = asyncio.Event()
        self.in_flight = 0
        self.most_in_flight = 0
        self.closed = False
        self._failures = list(failures)
        self._gate = gate
        self._price = price
        self._pieces = pieces

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        self.calls.append(request)
        self.asked.set()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self._gate is not None:
                await self._gate.wait()
            else:
                await asyncio.sleep(0)
        finally:
            self.in_flight -= 1
        if self._failures:
            raise self._failures.pop(0)
        if listen is not None:
            for piece in self._pieces:
                listen(piece)
        cost = None if self._price is None else 10 * self._price[0] + 2 * self._price[1]
        return Reply(request.messages[-1].content.upper(), "stop", 10, 2, cost, 0.0)

    def count_tokens(self, request: Request) -> int:
        return 10

    def price(self) -> tuple[float, float] | None:
        return self._price

    async def close(self) -> None:
        self.closed = True


def ask(text: str, max_tokens: int = 20) -> Request:
    return Request("scripted/echo", (Message("user", text),), Sampling(max_tokens=max_tokens))


def gateway(
    model: ScriptedModel,
    *,
    limits: Limits = NO_LIMITS,
    journal: Journal | None = None,
    run: str = "r-1",
    concurrency: int = 16,
    patience: Patience = AT_ONCE,
) -> tuple[Gateway, Budget]:
    budget = Budget(limits)
    models = {"scripted/echo": model}
    return Gateway(models, journal=journal, budget=budget, run=run, concurrency=concurrency, patience=patience), budget


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


async def test_a_call_spends_what_was_used() -> None:
    gate, budget = gateway(ScriptedModel(price=(0.25, 0.5)))

    reply = await gate.call("task", ask("hello"))

    assert reply.text == "HELLO"
    assert budget.spent().tokens == 12
    assert budget.spent().cost == 3.5


async def test_a_known_reply_is_not_asked_again_and_costs_nothing(journal: Journal) -> None:
    model = ScriptedModel()
    gate, budget = gateway(model, journal=journal)

    replies = [await gate.call("task", ask("hello")) for _ in range(3)]

    assert [reply.text for reply in replies] == ["HELLO"] * 3
    assert len(model.calls) == 1
    assert budget.spent().tokens == 12


async def test_a_resumed_run_counts_what_it_paid_before_once(journal: Journal) -> None:
    first, _ = gateway(ScriptedModel(), journal=journal)
    await first.call("task", ask("hello"))
    model = ScriptedModel()
    # The limit is below what the call would have to reserve: what is paid already is never refused.
    resumed, budget = gateway(model, journal=journal, limits=Limits(max_tokens=12))

    for _ in range(2):
        await resumed.call("task", ask("hello"))

    assert model.calls == []
    assert budget.spent().tokens == 12


async def test_a_reply_that_another_run_paid_is_free(journal: Journal) -> None:
    first, _ = gateway(ScriptedModel(), journal=journal, run="r-1")
    await first.call("task", ask("hello"))
    second, budget = gateway(ScriptedModel(), journal=journal, run="r-2")

    await second.call("task", ask("hello"))

    assert budget.spent().tokens == 0


async def test_what_does_not_fit_the_budget_is_not_asked() -> None:
    model = ScriptedModel()
    gate, budget = gateway(model, limits=Limits(max_tokens=29))

    with pytest.raises(BudgetSpent, match="max_tokens = 29"):
        await gate.call("task", ask("hello", max_tokens=20))

    assert model.calls == []
    assert budget.tokens_left() == 29


async def test_many_calls_at_once_never_exceed_the_tokens() -> None:
    gate, budget = gateway(ScriptedModel(), limits=Limits(max_tokens=100), concurrency=8)

    answers = await asyncio.gather(*(gate.call("task", ask(str(n))) for n in range(40)), return_exceptions=True)

    replies = [answer for answer in answers if isinstance(answer, Reply)]
    assert 0 < len(replies) < 40
    assert budget.spent().tokens == 12 * len(replies) <= 100


async def test_a_dollar_limit_refuses_a_model_of_unknown_price() -> None:
    gate, _ = gateway(ScriptedModel(price=None), limits=Limits(max_cost=1.0))

    with pytest.raises(UsageError, match="max_cost = 1 cannot be kept"):
        await gate.call("task", ask("hello"))


async def test_an_unavailable_model_is_tried_again() -> None:
    model = ScriptedModel(ModelUnavailable("down"), ModelUnavailable("down"))
    gate, budget = gateway(model)

    reply = await gate.call("task", ask("hello"))

    assert reply.text == "HELLO"
    assert len(model.calls) == 3
    assert budget.spent().tokens == 12


async def test_after_the_last_attempt_the_error_says_how_often_it_was_tried() -> None:
    model = ScriptedModel(*(ModelUnavailable("scripted/echo is down") for _ in range(9)))
    gate, budget = gateway(model, limits=Limits(max_tokens=100))

    with pytest.raises(ModelUnavailable, match=r"^scripted/echo is down; given up after 4 attempts$"):
        await gate.call("task", ask("hello"))

    assert len(model.calls) == 4
    assert budget.tokens_left() == 100


async def test_retry_after_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    sleep = asyncio.sleep

    async def record(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", record)
    # Those beside it wait at the endpoint's door, by the event loop's own clock.
    model = ScriptedModel(ModelUnavailable("busy", retry_after=0.05))
    gate, _ = gateway(model)

    await gate.call("task", ask("hello"))

    assert [wait for wait in waits if wait] == [0.05]
    assert len(model.calls) == 2


async def test_an_endpoint_that_is_busy_gets_more_attempts_than_one_that_is_broken() -> None:
    patience = Patience(attempts=2, attempts_when_busy=5, first_wait=0.0)
    for busy, attempts in ((False, 2), (True, 5)):
        model = ScriptedModel(*(ModelUnavailable("no", busy=busy) for _ in range(9)))
        gate, _ = gateway(model, patience=patience)

        with pytest.raises(ModelUnavailable, match=f"given up after {attempts} attempts"):
            await gate.call("task", ask("hello"))


async def test_an_endpoint_that_asks_for_too_long_a_wait_is_given_up() -> None:
    model = ScriptedModel(ModelUnavailable("busy", retry_after=3600.0))
    gate, _ = gateway(model)

    with pytest.raises(ModelUnavailable, match=r"given up after 1 attempt, since it asks for a wait of 3600 seconds$"):
        await gate.call("task", ask("hello"))

    assert len(model.calls) == 1


async def test_a_refused_request_is_not_tried_again() -> None:
    model = ScriptedModel(RequestRefused("the prompt is too long"))
    gate, budget = gateway(model, limits=Limits(max_tokens=100))

    with pytest.raises(RequestRefused, match="too long"):
        await gate.call("task", ask("hello"))

    assert len(model.calls) == 1
    assert budget.tokens_left() == 100


async def test_the_same_request_in_flight_twice_is_one_call() -> None:
    model = ScriptedModel(gate=(open_gate := asyncio.Event()))
    gate, budget = gateway(model)
    calls = [asyncio.ensure_future(gate.call("task", ask("hello"))) for _ in range(2)]
    await model.asked.wait()
    open_gate.set()

    replies = await asyncio.gather(*calls)

    assert replies[0] is replies[1]
    assert len(model.calls) == 1
    assert budget.spent().tokens == 12


async def test_one_caller_that_goes_away_does_not_take_the_answer_from_the_other() -> None:
    model = ScriptedModel(gate=(open_gate := asyncio.Event()))
    gate, _ = gateway(model)
    leaving, staying = (asyncio.ensure_future(gate.call("task", ask("hello"))) for _ in range(2))
    await model.asked.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    open_gate.set()

    assert (await staying).text == "HELLO"


async def test_a_call_that_nobody_awaits_any_more_is_cut_off_and_can_be_made_again() -> None:
    model = ScriptedModel(gate=(open_gate := asyncio.Event()))
    gate, budget = gateway(model, limits=Limits(max_tokens=30))
    call = asyncio.ensure_future(gate.call("task", ask("hello")))
    await model.asked.wait()
    call.cancel()
    open_gate.set()
    again = asyncio.ensure_future(gate.call("task", ask("hello")))

    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await again).text == "HELLO"
    assert budget.spent().tokens == 12


async def test_no_more_calls_are_in_flight_than_allowed() -> None:
    model = ScriptedModel()
    gate, _ = gateway(model, concurrency=3)

    await asyncio.gather(*(gate.call("task", ask(str(n))) for n in range(12)))

    assert model.most_in_flight == 3
    assert len(model.calls) == 12


async def test_the_end_of_the_time_cuts_off_what_is_in_flight() -> None:
    model = ScriptedModel(gate=asyncio.Event())
    gate, budget = gateway(model, limits=Limits(max_seconds=0.3))

    with pytest.raises(BudgetSpent, match=r"the 0\.3 seconds of max_seconds ended while scripted/echo was answering"):
        await gate.call("task", ask("hello"))

    assert model.in_flight == 0
    assert budget.spent().tokens == 0


async def test_a_model_that_was_not_opened_is_named() -> None:
    gate, _ = gateway(ScriptedModel())

    with pytest.raises(ModelUnknown, match="'openai/x'"):
        await gate.call("task", Request("openai/x", (Message("user", "hello"),)))


async def test_closing_cuts_off_what_is_in_flight_and_closes_the_models() -> None:
    model = ScriptedModel(gate=asyncio.Event())
    gate, _ = gateway(model)
    call = asyncio.ensure_future(gate.call("task", ask("hello")))
    await model.asked.wait()

    await gate.close()

    assert model.closed
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_who_listens_is_told_the_text_while_it_grows_and_in_the_end() -> None:
    gate, _ = gateway(ScriptedModel(pieces=("HE", "HELL")))
    heard: list[str] = []

    await gate.call("task", ask("hello"), heard.append)

    assert heard == ["HE", "HELL", "HELLO"]


async def test_a_known_reply_is_told_at_once(journal: Journal) -> None:
    gate, _ = gateway(ScriptedModel(pieces=("HE",)), journal=journal)
    await gate.call("task", ask("hello"))
    heard: list[str] = []

    await gate.call("task", ask("hello"), heard.append)

    assert heard == ["HELLO"]


async def test_two_who_listen_to_one_call_hear_the_same_and_one_may_leave() -> None:
    model = ScriptedModel(pieces=("HE", "HELL"), gate=(open_gate := asyncio.Event()))
    gate, _ = gateway(model)
    leaving: list[str] = []
    staying: list[str] = []
    calls = [asyncio.ensure_future(gate.call("task", ask("hello"), heard.append)) for heard in (leaving, staying)]
    await model.asked.wait()
    calls[0].cancel()
    await asyncio.gather(calls[0], return_exceptions=True)
    open_gate.set()

    await calls[1]

    assert staying == ["HE", "HELL", "HELLO"]
    assert leaving == []


async def test_many_calls_come_back_in_their_order() -> None:
    gate, budget = gateway(ScriptedModel(), concurrency=3)

    replies = await gate.call_many("task", [ask(str(number)) for number in range(20)])

    assert [reply.text for reply in replies] == [str(number) for number in range(20)]
    assert budget.spent().tokens == 20 * 12


async def test_models_of_one_provider_share_its_places() -> None:
    one, other = ScriptedModel(gate=asyncio.Event()), ScriptedModel()
    other.name = "scripted/other"
    budget = Budget(NO_LIMITS)
    models = {"scripted/echo": one, "scripted/other": other}
    gate = Gateway(models, journal=None, budget=budget, run="r-1", concurrency=1, patience=AT_ONCE)
    first = asyncio.ensure_future(gate.call("task", ask("hello")))
    await one.asked.wait()
    second = asyncio.ensure_future(gate.call("task", replace(ask("hello"), model="scripted/other")))
    for _ in range(20):
        await asyncio.sleep(0)
    assert other.calls == []

    first.cancel()

    assert (await second).text == "HELLO"


class ScriptedFailure(ScriptedModel):
    """Fails for the text `bad` once two others are in flight; those are answered when `gate` opens."""

    def __init__(self) -> None:
        super().__init__(gate=asyncio.Event())
        self.two = asyncio.Event()

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        if request.messages[-1].content == "bad":
            await self.two.wait()
            raise ModelUnavailable("scripted/echo is down", retry_after=3600.0)
        if self.in_flight:
            self.two.set()
        return await super().generate(request, listen)


async def test_what_is_paid_for_when_a_model_is_given_up_is_finished_and_written_down(journal: Journal) -> None:
    model = ScriptedFailure()
    gate, budget = gateway(model, journal=journal, concurrency=3)

    with pytest.raises(ModelUnavailable, match="given up after 1 attempt"):
        await gate.call_many("task", [ask(text) for text in ("bad", "one", "two", "waits for a place")])
    closing = asyncio.ensure_future(gate.close())
    assert model._gate is not None
    model._gate.set()
    await closing

    assert sorted(call.messages[-1].content for call in model.calls) == ["one", "two"]
    assert budget.spent().tokens == 24
    again = ScriptedModel()
    resumed, _ = gateway(again, journal=journal)
    assert (await resumed.call("task", ask("one"))).text == "ONE"
    assert again.calls == []


async def test_who_does_not_want_to_wait_for_what_is_paid_for_cuts_it_off(journal: Journal) -> None:
    model = ScriptedFailure()
    gate, budget = gateway(model, journal=journal, concurrency=3)
    with pytest.raises(ModelUnavailable):
        await gate.call_many("task", [ask(text) for text in ("bad", "one", "two")])
    closing = asyncio.ensure_future(gate.close())
    await asyncio.sleep(0)

    closing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await closing
    assert model.closed
    assert model.in_flight == 0
    assert budget.spent().tokens == 0


async def test_a_key_in_a_reply_is_written_down_by_its_name(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOISHI_API_KEY", "SK-0123456789")
    gate, _ = gateway(ScriptedModel(pieces=("IT IS SK-0123456789",)), journal=journal)
    heard: list[str] = []

    reply = await gate.call("task", ask("it is sk-0123456789"), heard.append)

    assert reply.text == "IT IS [TOISHI_API_KEY]"
    assert heard == ["IT IS [TOISHI_API_KEY]"] * 2
