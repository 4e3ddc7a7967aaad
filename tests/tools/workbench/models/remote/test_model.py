"""Remote models against a real server process: what they answer, stream, call and cost."""

import asyncio
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.errors import ModelUnavailable, ModelUnknown, UsageError
from toishi.tools.workbench.models import stored_keys
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Message, Reply, Request, Sampling, ToolCall, ToolSpec
from toishi.tools.workbench.models.registry import open_model
from toishi.tools.workbench.models.remote.model import RemoteModel

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

# What litellm does with its types is not to pydantic's taste.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*using the `ReadOnly` qualifier", "ignore:Accessing the 'model_:DeprecationWarning"
)

PIN = Message("user", "My pin?")
SCHEMA = '{"type": "object", "properties": {"topic": {"type": "string"}, "urgency": {"type": "integer"}}}'
SEARCH = ToolSpec("search", "looks it up", '{"type": "object", "properties": {"query": {"type": "string"}}}')
RULES = Message("system", "If the message mentions parcel, answer delivery.")
KEY = "sk-not-a-real-key-0123456789"


def ignore(_text: str) -> None:
    """A listener to whom all is the same."""


def ask(text: str = "Where is my parcel?", **sampling: Any) -> Request:
    return Request("openai/rules", (RULES, Message("user", text)), Sampling(**{"max_tokens": 20, **sampling}), seed=3)


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


async def test_a_provider_has_the_price_of_its_list_whole_and_streamed(
    model_server: "ModelServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", model_server.base_url)
    model = RemoteModel("openai/gpt-4o", price=(1.0, 1.0))

    replies = [await model.generate(ask()), await model.generate(ask(), ignore)]

    assert [reply.cost for reply in replies] == [pytest.approx(11 * 2.5e-06 + 1e-05)] * 2
    await model.close()


async def test_a_server_of_ones_own_has_the_price_that_is_said(model_server: "ModelServer") -> None:
    model = RemoteModel("openai/rules", base_url=model_server.base_url, price=(0.5, 2.0))

    assert model.price() == (0.5, 2.0)
    assert (await model.generate(ask())).cost == 11 * 0.5 + 2.0
    await model.close()


async def test_a_stream_is_told_while_it_grows_and_gives_what_a_whole_answer_gives(
    model: RemoteModel, model_server: "ModelServer"
) -> None:
    request = Request("openai/rules", (Message("system", "If the message mentions pin, answer a b c."), PIN))
    heard: list[str] = []

    streamed = await model.generate(request, heard.append)
    whole = await model.generate(request)

    assert heard == ["a ", "a b ", "a b c"]
    assert replace(streamed, seconds=0.0) == replace(whole, seconds=0.0)
    assert [call.get("stream") for call in model_server.calls()] == [True, None]


def leave(call: "asyncio.Task[Reply]") -> None:
    call.cancel()


async def test_a_stream_that_nobody_wants_any_more_is_let_go(model: RemoteModel) -> None:
    calls: list[asyncio.Task[Reply]] = []
    calls.append(asyncio.ensure_future(model.generate(ask(), lambda _: leave(calls[0]))))

    with pytest.raises(asyncio.CancelledError):
        await calls[0]

    assert (await model.generate(ask())).text == "delivery"


@pytest.mark.parametrize("streams", [False, True])
async def test_tools_are_called_and_answered(streams: bool, model: RemoteModel, model_server: "ModelServer") -> None:
    question = Message("user", "Please use search: blue whales")
    request = Request("openai/rules", (question,), tools=(SEARCH,))

    first = await model.generate(request, ignore if streams else None)
    result = Message("tool", "They are big.", tool_call_id=first.tool_calls[0].id)
    asked = Message("assistant", first.text, first.tool_calls)
    second = await model.generate(replace(request, messages=(question, asked, result)))

    assert (first.text, first.finish_reason) == ("", "tool_calls")
    assert first.tool_calls == (ToolCall("call_1", "search", '{"query": "blue whales"}'),)
    assert second.text == "They are big."
    sent = model_server.calls()[1]
    assert sent["tools"][0]["function"]["parameters"]["properties"] == {"query": {"type": "string"}}
    assert sent["messages"][1]["tool_calls"][0]["function"]["name"] == "search"
    assert sent["messages"][2] == {"role": "tool", "content": "They are big.", "tool_call_id": "call_1"}
    assert "_skip_mcp_handler" not in sent


async def test_a_model_that_cannot_call_tools_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPLEXITYAI_API_KEY", KEY)
    model = RemoteModel("perplexity/sonar")

    with pytest.raises(UsageError, match="perplexity/sonar cannot call tools"):
        await model.generate(Request("perplexity/sonar", (PIN,), tools=(SEARCH,)))
    await model.close()


async def test_a_server_of_ones_own_is_told_the_schema_and_asked_to_keep_it(
    model: RemoteModel, model_server: "ModelServer"
) -> None:
    reply = await model.generate(replace(ask(), schema=SCHEMA))

    assert json.loads(reply.text) == {"topic": "delivery", "urgency": 0}
    (call,) = model_server.calls()
    assert call["response_format"]["json_schema"]["schema"] == json.loads(SCHEMA)
    assert call["response_format"]["json_schema"]["strict"] is False
    assert call["messages"][-1]["content"].endswith(SCHEMA)


async def test_a_server_that_knows_no_schemas_is_only_told(model: RemoteModel, model_server: "ModelServer") -> None:
    model_server.fail({"kind": "status", "status": 400, "message": "response_format is not supported"})

    for _ in range(2):
        await model.generate(replace(ask(), schema=SCHEMA))

    calls = model_server.calls()
    assert ["response_format" in call for call in calls] == [True, False, False]
    assert all(call["messages"][-1]["content"].endswith(SCHEMA) for call in calls)


async def test_a_provider_that_keeps_schemas_is_not_told_in_words(
    model_server: "ModelServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", model_server.base_url)
    model = RemoteModel("openai/gpt-4o")

    await model.generate(replace(ask(), schema=SCHEMA))

    (call,) = model_server.calls()
    assert "response_format" in call
    assert call["messages"][-1]["content"] == "Where is my parcel?"
    await model.close()


@pytest.mark.parametrize("streams", [False, True])
async def test_vllm_is_asked_for_log_probabilities(streams: bool, model_server: "ModelServer") -> None:
    model = RemoteModel("hosted_vllm/rules", base_url=model_server.base_url)
    request = Request("x", (Message("system", "If the message mentions pin, answer a b."), PIN))

    reply = await model.generate(request, ignore if streams else None)

    # The tests' server sends them with whole answers only.
    assert reply.logprobs == (None if streams else (-0.25, -0.5))
    await model.close()


async def test_a_provider_of_ones_own_in_litellm_serves_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    import litellm
    from litellm.llms.custom_llm import CustomLLM

    class ParrotLLM(CustomLLM):
        async def acompletion(self, *_: Any, messages: list[Any], **__: Any) -> Any:  # type: ignore[override]
            return litellm.completion("gpt-4o", messages, mock_response=messages[-1]["content"] * 2)

        async def astreaming(self, *_: Any, messages: list[Any], **__: Any) -> Any:  # type: ignore[override]
            usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
            for number in range(2):
                last = number == 1
                yield {
                    "text": messages[-1]["content"],
                    "finish_reason": "stop" if last else "",
                    "is_finished": last,
                    "index": 0,
                    "tool_use": None,
                    "usage": usage if last else None,
                }

    monkeypatch.setattr(litellm, "custom_provider_map", [{"provider": "parrot", "custom_handler": ParrotLLM()}])
    model = RemoteModel("parrot/grey", price=(1e-6, 1e-6))
    budget = Budget(Limits(max_cost=1.0))
    gateway = Gateway({"parrot/grey": model}, journal=None, budget=budget, run="r-1")
    request = Request("parrot/grey", (Message("user", "hey "),))
    heard: list[str] = []

    whole = await gateway.call("task", request)
    streamed = await gateway.call("task", replace(request, replicate=1), heard.append)

    assert whole.text == "hey hey "
    assert heard == ["hey ", "hey hey ", "hey hey "]
    assert streamed.cost == pytest.approx(5e-6)
    await gateway.close()


async def test_a_key_in_the_keyring_goes_with_the_call_and_into_no_environment(
    model_server: "ModelServer", monkeypatch: pytest.MonkeyPatch, memory_keyring: None
) -> None:
    stored_keys.store("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", model_server.base_url)
    model = open_model("openai/gpt-4o")
    model_server.fail(None, {"kind": "status", "status": 500, "echo": True})

    await model.generate(ask())
    with pytest.raises(ModelUnavailable, match=r"Bearer \[OPENAI_API_KEY\]"):
        await model.generate(ask())

    assert [call["authorization"] for call in model_server.calls()] == [f"Bearer {KEY}"] * 2
    assert KEY not in str(os.environ)
    await model.close()
