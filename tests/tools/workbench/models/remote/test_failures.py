"""What fails behind an endpoint is told apart: to be tried again, to be mended by a person, or refused for good."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.errors import (
    ModelUnavailable,
    ModelUnknown,
    RequestRefused,
    RequestUnfit,
    ToishiError,
    UsageError,
)
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Listener, Message, Request, Sampling
from toishi.tools.workbench.models.remote import library
from toishi.tools.workbench.models.remote.failures import told
from toishi.tools.workbench.models.remote.model import RemoteModel
from toishi.tools.workbench.models.retrying import Patience

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

# What litellm does with its types is not to pydantic's taste.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*using the `ReadOnly` qualifier", "ignore:Accessing the 'model_:DeprecationWarning"
)

RULES = Message("system", "If the message mentions parcel, answer delivery.")
KEY = "sk-not-a-real-key-0123456789"


def ask(text: str = "Where is my parcel?") -> Request:
    return Request("openai/rules", (RULES, Message("user", text)), Sampling(max_tokens=20))


def status(code: int, **headers: str) -> dict[str, Any]:
    return {"kind": "status", "status": code, "headers": {name.replace("_", "-"): headers[name] for name in headers}}


PIN = Message("user", "My pin?")


def ignore(_text: str) -> None:
    """A listener to whom all is the same."""


@pytest.mark.parametrize(
    ("fault", "retry_after", "busy"),
    [
        pytest.param(status(429, Retry_After="7"), 7.0, True, id="busy"),
        pytest.param(
            {**status(429), "headers": {"retry-after-ms": "1500", "retry-after": "2"}}, 1.5, True, id="busy, in ms"
        ),
        pytest.param(status(503, Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"), 0.0, True, id="busy until a date"),
        pytest.param(status(503, Retry_After="soon"), None, True, id="busy for a time that nobody can read"),
        pytest.param(status(503, Retry_After="nan"), None, True, id="busy for no number of seconds"),
        pytest.param(status(500), None, False, id="broken"),
        pytest.param(status(502), None, False, id="gateway"),
        pytest.param({"kind": "broken_json"}, None, False, id="half a document"),
        pytest.param({"kind": "half"}, None, False, id="half an answer"),
        pytest.param({"kind": "hang_up"}, None, False, id="closed connection"),
        pytest.param({"kind": "html"}, None, False, id="a page as if it were well"),
        pytest.param({"kind": "html", "status": 502}, None, False, id="a page"),
        pytest.param({"kind": "no_choices"}, None, False, id="no choice"),
        pytest.param({"kind": "stream_error"}, None, False, id="an error in the stream"),
    ],
)
@pytest.mark.parametrize("listen", [pytest.param(None, id="whole"), pytest.param(ignore, id="stream")])
async def test_infrastructure_is_unavailable_and_not_tried_again_here(
    fault: dict[str, Any],
    retry_after: float | None,
    busy: bool,
    listen: Listener | None,
    model: RemoteModel,
    model_server: "ModelServer",
) -> None:
    model_server.fail(fault)

    with pytest.raises(ModelUnavailable, match=r"^openai/rules at http://127\S+ failed: [^<]+$") as caught:
        await model.generate(ask(), listen)

    assert (caught.value.retry_after, caught.value.busy) == (retry_after, busy)
    assert len(model_server.calls()) == 1


async def test_what_was_heard_before_a_stream_broke_off_is_no_reply(
    model: RemoteModel, model_server: "ModelServer"
) -> None:
    request = Request("openai/rules", (Message("system", "If the message mentions pin, answer a b c d."), PIN))
    model_server.fail({"kind": "half"})
    heard: list[str] = []

    with pytest.raises(ModelUnavailable, match=r"its answer broke off in the middle$"):
        await model.generate(request, heard.append)
    reply = await model.generate(request, heard.append)

    assert heard == ["a ", "a b ", "a b c ", "a ", "a b ", "a b c ", "a b c d"]
    assert reply.text == "a b c d"


async def test_nonsense_and_nothing_are_the_models_answers(model: RemoteModel, model_server: "ModelServer") -> None:
    model_server.fail({"kind": "nonsense", "text": "%%% } <|"}, {"kind": "no_content"})

    replies = [await model.generate(ask()) for _ in range(2)]

    assert [reply.text for reply in replies] == ["%%% } <|", ""]


@pytest.mark.parametrize("listen", [pytest.param(None, id="whole"), pytest.param(ignore, id="stream")])
async def test_tokens_that_are_not_told_are_estimated_from_above_and_the_cost_is_unknown(
    listen: Listener | None, model_server: "ModelServer", caplog: pytest.LogCaptureFixture
) -> None:
    model = RemoteModel("openai/rules", base_url=model_server.base_url, price=(1e-6, 2e-6))
    model_server.fail({"kind": "no_usage"}, {"kind": "no_usage"}, None)

    estimated, again, told = [await model.generate(ask(), listen) for _ in range(3)]

    assert estimated.prompt_tokens >= told.prompt_tokens
    assert told.completion_tokens <= estimated.completion_tokens <= 20
    assert (estimated.cost, again.cost) == (None, None)
    assert told.cost == pytest.approx(13e-6)
    (warning,) = caplog.messages
    assert warning.endswith("does not say how many tokens it used: they are estimated, and the cost is unknown")
    await model.close()


async def test_a_late_answer_is_unavailable(model_server: "ModelServer") -> None:
    model = RemoteModel("openai/rules", base_url=model_server.base_url, timeout=0.2)
    model_server.fail({"kind": "hold"})

    with pytest.raises(ModelUnavailable, match="timed out") as caught:
        await model.generate(ask())

    # Fewer calls at once may be what it needs.
    assert caught.value.busy
    model_server.release()
    await model.close()


async def test_nobody_listening_is_unavailable(model_server: "ModelServer") -> None:
    model = RemoteModel("openai/rules", base_url=model_server.base_url)
    model_server.stop()

    with pytest.raises(ModelUnavailable, match="Connection error"):
        await model.generate(ask())

    await model.close()


@pytest.mark.parametrize(
    ("fault", "kind", "sentence"),
    [
        pytest.param(
            status(401), UsageError, r"refused the key \(401\); set TOISHI_API_KEY in the environment, or", id="key"
        ),
        pytest.param(status(404), ModelUnknown, r"does not exist there \(404\)", id="model"),
        pytest.param(status(400), RequestUnfit, r"does not take such requests \(400\)", id="request"),
    ],
)
async def test_what_a_person_must_mend_is_said(
    fault: dict[str, Any], kind: type[ToishiError], sentence: str, model: RemoteModel, model_server: "ModelServer"
) -> None:
    model_server.fail(fault)

    with pytest.raises(kind, match=sentence) as caught:
        await model.generate(ask())

    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


async def test_a_prompt_that_is_too_long_is_refused_alone(model: RemoteModel, model_server: "ModelServer") -> None:
    model_server.fail({**status(400), "message": "This model's maximum context length is 8 tokens."})

    with pytest.raises(RequestRefused, match="maximum context length"):
        await model.generate(ask())


async def test_a_key_goes_to_the_server_and_into_no_error(
    model: RemoteModel, model_server: "ModelServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOISHI_API_KEY", KEY)
    model_server.fail(None, {**status(500), "message": f"cannot serve {KEY}"})

    await model.generate(ask())
    with pytest.raises(ModelUnavailable) as caught:
        await model.generate(ask())

    assert [call["authorization"] for call in model_server.calls()] == [f"Bearer {KEY}"] * 2
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_the_key_of_openai_stays_away_from_a_server_on_this_machine(
    model: RemoteModel, model_server: "ModelServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    await model.generate(ask())

    assert KEY not in model_server.calls()[0]["authorization"]


async def test_faults_on_the_way_change_no_answer(model: RemoteModel, model_server: "ModelServer") -> None:
    texts = [f"{word} {n}" for n in range(4) for word in ("parcel", "hello")]
    kinds = ("broken_json", "hang_up", "half", "html", "no_choices", "stream_error", "no_usage")
    broken: list[dict[str, Any] | None] = [{"kind": kind} for kind in kinds]
    faults = [
        status(429, Retry_After="0.01"),
        status(500),
        None,
        status(503),
        *broken,
        {"kind": "late", "seconds": 0.1},
    ]
    model_server.fail(*faults)
    budget = Budget(Limits())
    gateway = Gateway(
        {"openai/rules": model}, journal=None, budget=budget, run="r-1", patience=Patience(first_wait=0.01)
    )

    replies = await asyncio.gather(*(gateway.call("task", ask(text)) for text in texts))

    assert [reply.text for reply in replies] == ["delivery", "unknown"] * 4
    assert len(model_server.calls()) == len(texts) + 9
    assert budget.spent().tokens == sum(reply.tokens for reply in replies)
    assert budget.spent().cost is None


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("openai/x at http://127.0.0.1:8000", "; most servers answer under http://127.0.0.1:8000/v1"),
        ("openai/x at http://127.0.0.1:8000/", "; most servers answer under http://127.0.0.1:8000/v1"),
        ("openai/x at http://127.0.0.1:8000/v1", ""),
        ("openai/x", ""),
    ],
)
def test_an_address_without_a_path_is_told_where_most_servers_answer(where: str, hint: str) -> None:
    class NotFoundError(Exception):
        status_code = 404

    error = told(library.litellm(), NotFoundError("no such page"), where, way_to_a_key="")

    assert str(error) == f"{where} does not exist there (404): no such page{hint}"
