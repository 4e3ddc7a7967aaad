"""Remote models against a real server process: what fails is told apart, and what can be mended is said."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.errors import ModelUnavailable, ModelUnknown, RequestRefused, ToishiError, UsageError
from toishi.tools.workbench.models.gateway import Gateway, Patience
from toishi.tools.workbench.models.protocol import Message, Request, Sampling
from toishi.tools.workbench.models.remote.model import RemoteModel

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

# litellm, as it is imported and called, warns of its own and its dependencies' ways.
pytestmark = pytest.mark.filterwarnings("ignore:.*using the `ReadOnly` qualifier")

RULES = Message("system", "If the message mentions parcel, answer delivery.")
KEY = "sk-not-a-real-key-0123456789"


def ask(text: str = "Where is my parcel?", **sampling: Any) -> Request:
    return Request("openai/rules", (RULES, Message("user", text)), Sampling(**{"max_tokens": 20, **sampling}), seed=3)


def status(code: int, **headers: str) -> dict[str, Any]:
    return {"kind": "status", "status": code, "headers": {name.replace("_", "-"): headers[name] for name in headers}}


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_API_KEY", "TOISHI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
async def model(model_server: "ModelServer") -> AsyncIterator[RemoteModel]:
    model = RemoteModel("openai/rules", base_url=model_server.base_url)
    yield model
    await model.close()


async def test_a_reply_has_text_usage_and_no_made_up_price(model: RemoteModel, model_server: "ModelServer") -> None:
    reply = await model.generate(ask())

    assert reply.text == "delivery"
    assert reply.finish_reason == "stop"
    assert (reply.prompt_tokens, reply.completion_tokens) == (11, 1)
    assert reply.cost is None
    assert model.price() is None
    (call,) = model_server.calls()
    assert call["messages"] == [
        {"role": "system", "content": RULES.content},
        {"role": "user", "content": "Where is my parcel?"},
    ]
    assert (call["model"], call["max_tokens"], call["temperature"]) == ("rules", 20, 0.0)
    assert "seed" not in call


async def test_samples_carry_seeds_of_their_own(model: RemoteModel, model_server: "ModelServer") -> None:
    requests = [ask(temperature=0.7, top_p=0.9), ask(temperature=0.7, top_p=0.9), ask("Hi", temperature=0.7)]

    for request in requests:
        await model.generate(request)

    calls = model_server.calls()
    assert calls[0]["seed"] == calls[1]["seed"] != calls[2]["seed"]
    assert calls[0]["top_p"] == 0.9
    assert "top_p" not in calls[2]


async def test_a_cut_off_reply_says_so(model: RemoteModel, model_server: "ModelServer") -> None:
    model_server.fail({"kind": "truncated"})

    assert (await model.generate(ask())).finish_reason == "length"


@pytest.mark.parametrize(
    ("fault", "retry_after"),
    [
        pytest.param(status(429, Retry_After="7"), 7.0, id="busy"),
        pytest.param(status(503, Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"), 0.0, id="busy until a date"),
        pytest.param(status(503, Retry_After="soon"), None, id="busy for a time that nobody can read"),
        pytest.param(status(500), None, id="broken"),
        pytest.param(status(502), None, id="gateway"),
        pytest.param({"kind": "broken_json"}, None, id="half a document"),
        pytest.param({"kind": "hang_up"}, None, id="closed connection"),
    ],
)
async def test_infrastructure_is_unavailable_and_not_tried_again_here(
    fault: dict[str, Any], retry_after: float | None, model: RemoteModel, model_server: "ModelServer"
) -> None:
    model_server.fail(fault)

    with pytest.raises(ModelUnavailable, match=r"^openai/rules at http://127") as caught:
        await model.generate(ask())

    assert caught.value.retry_after == retry_after
    assert len(model_server.calls()) == 1


async def test_a_late_answer_is_unavailable(model_server: "ModelServer") -> None:
    model = RemoteModel("openai/rules", base_url=model_server.base_url, timeout=0.2)
    model_server.fail({"kind": "hold"})

    with pytest.raises(ModelUnavailable, match="timed out"):
        await model.generate(ask())

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
        pytest.param(status(400), UsageError, r"does not take such requests \(400\)", id="request"),
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


@pytest.mark.parametrize("name", ["rules", "somebody/rules", "hosted_vllm/rules", "lm_studio/rules"])
async def test_any_name_serves_for_a_server_of_ones_own(name: str, model_server: "ModelServer") -> None:
    model = RemoteModel(name, base_url=model_server.base_url)

    assert (await model.generate(ask())).text == "delivery"

    assert model_server.calls()[0]["model"] == name.removeprefix("hosted_vllm/").removeprefix("lm_studio/")
    await model.close()


async def test_without_a_server_an_unknown_provider_and_a_missing_key_are_named() -> None:
    with pytest.raises(ModelUnknown, match="no provider is known for the model 'nonsense/x'"):
        await RemoteModel("nonsense/x").generate(ask())
    with pytest.raises(UsageError, match="anthropic/claude-haiku-4-5 needs a key: set ANTHROPIC_API_KEY in the env"):
        RemoteModel("anthropic/claude-haiku-4-5").price()


async def test_prices_come_from_litellms_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    assert RemoteModel("openai/gpt-4o").price() == (2.5e-06, 1e-05)
    assert RemoteModel("openai/not-in-any-list").price() is None


def test_counted_tokens_are_an_upper_bound() -> None:
    messages = (Message("system", "Ünïcödé " * 10), Message("user", "x"))

    bound = RemoteModel("openai/rules", base_url="http://127.0.0.1:1/v1").count_tokens(
        Request("openai/rules", messages)
    )

    assert bound >= sum(len(message.content.encode()) for message in messages)


async def test_faults_on_the_way_change_no_answer(model: RemoteModel, model_server: "ModelServer") -> None:
    texts = [f"{word} {n}" for n in range(4) for word in ("parcel", "hello")]
    faults = [
        status(429, Retry_After="0"),
        {"kind": "broken_json"},
        status(500),
        None,
        {"kind": "hang_up"},
        status(503),
    ]
    model_server.fail(*faults)
    budget = Budget(Limits())
    gateway = Gateway(
        {"openai/rules": model}, journal=None, budget=budget, run="r-1", patience=Patience(first_wait=0.01)
    )

    replies = await asyncio.gather(*(gateway.call("task", ask(text)) for text in texts))

    assert [reply.text for reply in replies] == ["delivery", "unknown"] * 4
    assert len(model_server.calls()) == len(texts) + 5
    assert budget.spent().tokens == sum(reply.tokens for reply in replies)
    assert budget.spent().cost is None
