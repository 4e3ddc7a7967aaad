"""The tests' own server must be right before it judges anything else."""

import json
import re
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest

from toishi.tools.workbench.textgrad.reflection import Record, ReflectionRequest, parse, render

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

RULES = "If the message mentions parcel, answer delivery.\nIf the message mentions pin, answer card."


def post(server: "ModelServer", messages: tuple[tuple[str, str], ...], key: str, **more: Any) -> bytes:
    body = {"model": "rules", "messages": [{"role": role, "content": text} for role, text in messages], **more}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{server.base_url}/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as response:
        content: bytes = response.read()
    return content


def ask(server: "ModelServer", *messages: tuple[str, str], key: str = "none", **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(post(server, messages, key, **more))
    return document


def stream(server: "ModelServer", *messages: tuple[str, str]) -> list[Any]:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    events = post(server, messages, "none", **options).decode().split("\n\n")[:-1]
    return [text if text == "[DONE]" else json.loads(text) for text in (one.removeprefix("data: ") for one in events)]


def test_it_answers_by_the_rules_in_the_prompt(model_server: "ModelServer") -> None:
    def text(message: str) -> str:
        reply: str = ask(model_server, ("system", RULES), ("user", message))["choices"][0]["message"]["content"]
        return reply

    assert text("Where is my Parcel?") == "delivery"
    assert text("I forgot my PIN") == "card"
    assert text("Hello") == "unknown"


def test_it_writes_an_instruction_that_makes_its_answers_right(model_server: "ModelServer") -> None:
    request = ReflectionRequest(
        "prompt",
        "Name the topic.",
        [
            Record({"text": "my parcel is"}, "unknown", "expected delivery, but the answer names none of the choices"),
            Record({"text": "a pin for me"}, "card", "correct"),
        ],
        500,
    )

    reply = ask(model_server, ("user", render(request)))["choices"][0]["message"]["content"]

    assert parse(reply, request) == "Name the topic.\nIf the message mentions parcel, answer delivery."


def test_faults_come_in_the_order_given_and_every_call_is_counted(model_server: "ModelServer") -> None:
    model_server.fail({"kind": "truncated"}, None)

    reasons = [ask(model_server, ("user", "Hello"))["choices"][0]["finish_reason"] for _ in range(3)]

    assert reasons == ["length", "stop", "stop"]
    assert len(model_server.calls()) == 3


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        pytest.param({"kind": "status", "status": 429, "headers": {"Retry-After": "1"}}, 429, id="status"),
        pytest.param({"kind": "html", "status": 502}, 502, id="html"),
        pytest.param({"kind": "html"}, "Expecting value", id="html as if it were well"),
        pytest.param({"kind": "broken_json"}, "delimiter|Unterminated|Expecting", id="broken json"),
        pytest.param({"kind": "half"}, "bytes read", id="half"),
        pytest.param({"kind": "hang_up"}, "closed connection", id="hang up"),
        pytest.param({"kind": "stream_error"}, 500, id="an error in a stream that nobody wants"),
    ],
)
def test_what_fails_fails_as_it_was_told(fault: dict[str, Any], told: int | str, model_server: "ModelServer") -> None:
    model_server.fail(fault)

    with pytest.raises((HTTPError, HTTPException, ValueError, OSError)) as caught:
        ask(model_server, ("user", "Hello"))

    if isinstance(caught.value, HTTPError):
        assert caught.value.code == told
        caught.value.close()
    else:
        assert re.search(str(told), f"{caught.value}")
    assert model_server.state() == {"calls": 1, "faults_left": 0}


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        pytest.param({"kind": "late", "seconds": 0.01}, {}, id="late"),
        pytest.param({"kind": "no_choices"}, {"choices": []}, id="no choices"),
        pytest.param({"kind": "no_usage"}, {"usage": None}, id="no usage"),
    ],
)
def test_the_rest_of_a_faulty_document_is_as_ever(
    fault: dict[str, Any], changed: dict[str, Any], model_server: "ModelServer"
) -> None:
    model_server.fail(None, fault)

    healthy, faulty = (ask(model_server, ("user", "Hello")) for _ in range(2))

    assert {"usage": None, **faulty} == {**healthy, **changed}


def test_the_key_comes_back_in_text_error_and_header(model_server: "ModelServer") -> None:
    model_server.fail({"echo": True}, {"kind": "status", "status": 500, "echo": True})

    reply = ask(model_server, ("user", "Hello"), key="sk-1")
    with pytest.raises(HTTPError) as caught:
        ask(model_server, ("user", "Hello"), key="sk-1")

    assert reply["choices"][0]["message"]["content"] == "unknown Bearer sk-1"
    assert caught.value.headers["X-Echo"] == "Bearer sk-1"
    assert "Bearer sk-1" in caught.value.read().decode()
    caught.value.close()


def test_a_tool_is_called_and_what_it_said_is_repeated(model_server: "ModelServer") -> None:
    function = {"name": "search", "parameters": {"type": "object", "properties": {"query": {"type": "string"}}}}
    tools = [{"type": "function", "function": function}]

    first = ask(model_server, ("user", "Please use search: blue whales"), tools=tools)["choices"][0]
    second = ask(model_server, ("user", "use search: whales"), ("tool", "They are big."), tools=tools)

    assert first["finish_reason"] == "tool_calls"
    assert first["message"]["tool_calls"][0]["function"] == {"name": "search", "arguments": '{"query": "blue whales"}'}
    assert second["choices"][0]["message"]["content"] == "They are big."


def test_a_schema_is_kept_and_words_come_with_probabilities(model_server: "ModelServer") -> None:
    schema = {"type": "object", "properties": {"topic": {"type": "string"}, "urgency": {"type": "integer"}}}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}

    reply = ask(model_server, ("system", RULES), ("user", "My pin"), response_format=form)
    plain = ask(model_server, ("system", "If the message mentions pin, answer a b."), ("user", "My pin"), logprobs=True)

    assert json.loads(reply["choices"][0]["message"]["content"]) == {"topic": "card", "urgency": 0}
    words = plain["choices"][0]["logprobs"]["content"]
    assert [(word["token"], word["logprob"]) for word in words] == [("a", -0.25), ("b", -0.5)]


def test_a_stream_holds_the_same_and_half_of_one_ends_early(model_server: "ModelServer") -> None:
    model_server.fail(None, {"kind": "half"}, {"kind": "stream_error"})
    rules = ("system", "If the message mentions pin, answer one of two cards.")

    whole, half, broken = (stream(model_server, rules, ("user", "My pin")) for _ in range(3))

    pieces = [piece["choices"][0]["delta"].get("content", "") for piece in whole[:-2]]
    assert "".join(pieces) == "one of two cards"
    assert whole[-2]["usage"]["completion_tokens"] == 4
    assert whole[-1] == "[DONE]"
    assert half == whole[: len(whole) // 2]
    assert broken[:-1] == half
    assert broken[-1]["error"]["message"] == "the worker died"
