"""The tests' own server must be right before it judges anything else."""

import json
import urllib.request
from typing import TYPE_CHECKING, Any

from toishi.tools.workbench.textgrad.reflection import Record, ReflectionRequest, parse, render

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

RULES = "If the message mentions parcel, answer delivery.\nIf the message mentions pin, answer card."


def ask(server: "ModelServer", *messages: tuple[str, str]) -> dict[str, Any]:
    body = {"model": "rules", "messages": [{"role": role, "content": text} for role, text in messages]}
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        document: dict[str, Any] = json.load(response)
    return document


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
