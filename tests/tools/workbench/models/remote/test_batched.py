"""Many requests go in one batch, a few go alone, and a run that was killed finds its batches again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.errors import ModelUnavailable, UsageError
from toishi.tools.workbench.journal import Journal, RunRow
from toishi.tools.workbench.journal.batches import BatchRecords
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Message, Request, Sampling
from toishi.tools.workbench.models.remote.batched import BatchedModel
from toishi.tools.workbench.models.remote.batches import Pace
from toishi.tools.workbench.models.remote.model import RemoteModel
from toishi.tools.workbench.models.retrying import Patience

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

# What litellm does with its types is not to pydantic's taste.
pytestmark = pytest.mark.filterwarnings("ignore:.*using the `ReadOnly` qualifier")

RULES = Message("system", "If the message mentions parcel, answer delivery.")
KEY = "sk-not-a-real-key-0123456789"


def ask(number: int) -> Request:
    return Request("openai/rules", (RULES, Message("user", f"No. {number}: my parcel")), Sampling(max_tokens=20))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    journal.add_run(RunRow("r-1", "test", "eval", "running", 0, "{}"))
    yield journal
    journal.close()


Open = Callable[..., Gateway]


@pytest.fixture
async def sitting(journal: Journal, model_server: "ModelServer") -> AsyncIterator[Open]:
    """Opens a gateway to the server, as each sitting of a run does."""
    gateways = []

    def begin(*, fewest: int = 4, attempts: int = 3, records: BatchRecords | None = None) -> Gateway:
        remote = RemoteModel("openai/rules", base_url=model_server.base_url)
        pace = Pace(first=0.02, longest=0.05)
        records = records or BatchRecords(journal, "r-1")
        model = BatchedModel(remote, records, fewest=fewest, quiet=0.1, pace=pace)
        patience = Patience(attempts=attempts, first_wait=0.01)
        models = {"openai/rules": model}
        gateway = Gateway(
            models, journal=journal, budget=Budget(Limits()), run="r-1", concurrency=100, patience=patience
        )
        gateways.append(gateway)
        return gateway

    yield begin
    for gateway in gateways:
        await gateway.close()


async def test_many_requests_are_one_batch(sitting: Open, model_server: "ModelServer") -> None:
    replies = await sitting().call_many("task", [ask(number) for number in range(30)])

    assert [reply.text for reply in replies] == ["delivery"] * 30
    assert [reply.prompt_tokens for reply in replies] == [11] * 30
    assert len(model_server.batches()) == 1
    assert model_server.calls() == []


async def test_a_few_are_asked_one_by_one(sitting: Open, model_server: "ModelServer") -> None:
    replies = await sitting().call_many("task", [ask(number) for number in range(3)])

    assert [reply.text for reply in replies] == ["delivery"] * 3
    assert (len(model_server.batches()), len(model_server.calls())) == (0, 3)


class WatchedRecords(BatchRecords):
    """Tells when a file, and when its batch, is written down."""

    def __init__(self, journal: Journal, run: str) -> None:
        super().__init__(journal, run)
        self.has_file, self.has_batch = asyncio.Event(), asyncio.Event()

    def add_file(self, file: str, keys: Sequence[str]) -> None:
        super().add_file(file, keys)
        self.has_file.set()

    def add_batch(self, file: str, batch: str) -> None:
        super().add_batch(file, batch)
        self.has_batch.set()


@pytest.mark.parametrize("moment", ["the file is uploaded", "the batch is made"])
async def test_a_run_that_was_killed_pays_for_one_batch(
    moment: str, sitting: Open, model_server: "ModelServer", journal: Journal
) -> None:
    requests = [ask(number) for number in range(8)]
    records = WatchedRecords(journal, "r-1")
    model_server.hold_batches("in_progress")
    killed = asyncio.ensure_future(sitting(records=records).call_many("task", requests))
    await (records.has_batch if moment == "the batch is made" else records.has_file).wait()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    model_server.hold_batches(None)

    replies = await sitting().call_many("task", requests)

    assert [reply.text for reply in replies] == ["delivery"] * 8
    assert len(model_server.batches()) == 1
    assert model_server.calls() == []


async def test_a_batch_whose_number_was_not_written_down_is_found_by_its_file(
    sitting: Open, model_server: "ModelServer", journal: Journal
) -> None:
    requests = [ask(number) for number in range(8)]
    await sitting().call_many("task", requests)
    journal.write([("UPDATE batches SET batch = NULL", ()), ("DELETE FROM replies", ())])

    replies = await sitting().call_many("task", requests)

    assert len(replies) == 8
    assert len(model_server.batches()) == 1


async def test_another_run_takes_what_a_batch_has_answered(
    sitting: Open, model_server: "ModelServer", journal: Journal
) -> None:
    requests = [ask(number) for number in range(8)]
    await sitting().call_many("task", requests)
    journal.write([("DELETE FROM replies", ())])
    journal.add_run(RunRow("r-2", "test", "eval", "running", 0, "{}"))

    await sitting(records=BatchRecords(journal, "r-2")).call_many("task", requests)

    assert len(model_server.batches()) == 1


async def test_a_batch_that_the_provider_has_forgotten_is_made_anew(
    sitting: Open, model_server: "ModelServer", journal: Journal
) -> None:
    requests = [ask(number) for number in range(8)]
    await sitting().call_many("task", requests)
    journal.write([("UPDATE batches SET batch = 'batch_gone'", ()), ("DELETE FROM replies", ())])

    replies = await sitting().call_many("task", requests)

    assert [reply.text for reply in replies] == ["delivery"] * 8
    assert len(model_server.batches()) == 2


async def test_lines_that_fail_are_asked_again(sitting: Open, model_server: "ModelServer") -> None:
    model_server.fail(None, {"kind": "status", "status": 500}, {"kind": "status", "status": 429})

    replies = await sitting(fewest=4).call_many("task", [ask(number) for number in range(8)])

    assert [reply.text for reply in replies] == ["delivery"] * 8
    assert len(model_server.batches()) == 1
    # The two that were left are too few for another batch.
    assert len(model_server.calls()) == 2


async def test_what_a_batch_did_not_come_to_is_asked_again(sitting: Open, model_server: "ModelServer") -> None:
    model_server.hold_batches("expired")

    with pytest.raises(ModelUnavailable, match="the batch ended before it came to this request; given up after 2 att"):
        await sitting(attempts=2).call_many("task", [ask(number) for number in range(8)])

    assert len(model_server.batches()) == 2


async def test_a_request_that_is_refused_says_so(sitting: Open, model_server: "ModelServer") -> None:
    model_server.fail({"kind": "status", "status": 400, "message": "no such parameter"})

    with pytest.raises(UsageError, match="refused the request: no such parameter"):
        await sitting().call_many("task", [ask(number) for number in range(8)])


async def test_a_provider_takes_half_for_a_batch(
    journal: Journal, model_server: "ModelServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", model_server.base_url)
    model = BatchedModel(RemoteModel("openai/gpt-4o"), BatchRecords(journal, "r-1"), fewest=2, quiet=0.05)

    replies = await asyncio.gather(*(model.generate(ask(number)) for number in range(2)))
    await model.close()

    assert [reply.cost for reply in replies] == [pytest.approx(0.5 * (11 * 2.5e-06 + 1e-05))] * 2


async def test_a_provider_without_batches_is_named(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    model = BatchedModel(RemoteModel("anthropic/claude-haiku-4-5"), BatchRecords(journal, "r-1"))

    with pytest.raises(UsageError, match="anthropic/claude-haiku-4-5 cannot be asked in batches"):
        await model.generate(ask(1))
    await model.close()


async def test_what_goes_into_a_batch_is_what_a_single_call_sends(sitting: Open, model_server: "ModelServer") -> None:
    def told(call: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in call.items() if name not in ("authorization", "extra_body")}

    requests = [Request("openai/rules", (RULES, Message("user", str(n))), Sampling(0.7, 0.9, 20)) for n in range(4)]
    gateway = sitting(fewest=4)
    await gateway.call_many("task", requests)
    single = sitting(fewest=100)
    await single.call("other", Request("openai/rules", (RULES, Message("user", "x")), Sampling(0.7, 0.9, 20)))

    (call,) = model_server.calls()
    (batch,) = model_server.batches()
    assert told(call).keys() == model_server.file(batch["input_file_id"])[0]["body"].keys()
