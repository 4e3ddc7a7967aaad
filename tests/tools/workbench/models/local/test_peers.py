"""transformers' own server, as a process of its own, answers what the same weights answer in this process."""

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError

import pytest

from toishi.tools.workbench.models.discovery import Server, discover
from toishi.tools.workbench.models.protocol import Message, Model, Reply, Request, Sampling
from toishi.tools.workbench.models.registry import embedded_folders, open_model

NEEDS = ("fastapi", "uvicorn", "torch", "transformers")
MISSING = [package for package in NEEDS if find_spec(package) is None]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"transformers' server needs {', '.join(MISSING)}"),
    # What litellm does with its types is not to pydantic's taste.
    pytest.mark.filterwarnings(
        "ignore:.*using the `ReadOnly` qualifier", "ignore:Accessing the 'model_:DeprecationWarning"
    ),
]

RULES = Message("system", "Name the topic of the message.\nIf the message mentions card, answer card_topic.")
TEXTS = ["Hi", "My card has not arrived yet", "The transfer is still pending, why is that?"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the server listens; it loads a model when one is asked for, and has no cache of the hub's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("hub")
    environ = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(folder), "OMP_NUM_THREADS": "1"}
    code = "from transformers.cli.transformers import main; main()"
    command = [sys.executable, "-c", code, "serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*command, "--dtype", "float32"], stdout=log, stderr=log, env=environ)
    address = f"http://127.0.0.1:{port}"
    # It tells nobody when it is ready.
    while process.poll() is None and not answers(f"{address}/health"):
        time.sleep(0.2)
    assert process.poll() is None, (folder / "log").read_text()
    yield address
    process.kill()
    process.wait()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def ask(text: str, **sampling: float) -> Request:
    return Request("any", (RULES, Message("user", text)), Sampling(max_tokens=16, **sampling))


async def answered(model: Model) -> list[Reply]:
    replies = await asyncio.gather(*(model.generate(ask(text)) for text in TEXTS))
    await model.close()
    return list(replies)


async def test_the_embedded_weights_answer_the_same_behind_it(address: str) -> None:
    folder = embedded_folders()["embedded/mini"]

    here = await answered(open_model("embedded/mini"))
    there = await answered(open_model(f"openai/{folder}@{address}/v1"))

    # The chat template writes the space that begins a reply, and only toishi's own engine leaves it out again.
    assert [reply.text.removeprefix(" ") for reply in there] == [reply.text for reply in here]
    assert [(reply.prompt_tokens, reply.completion_tokens, reply.finish_reason) for reply in there] == [
        (reply.prompt_tokens, reply.completion_tokens, reply.finish_reason) for reply in here
    ]
    assert {reply.cost for reply in there} == {None}


async def test_it_is_heard_while_it_writes(address: str, folders: dict[str, Path]) -> None:
    folder = folders["llama"]
    local, remote = open_model(f"local/{folder}"), open_model(f"openai/{folder}@{address}/v1")
    heard: list[str] = []

    here = await local.generate(ask("Hi"))
    there = await remote.generate(ask("Hi"), heard.append)
    await asyncio.gather(local.close(), remote.close())

    assert len(heard) > 1
    assert heard[-1] == there.text
    assert there.completion_tokens == here.completion_tokens


def test_it_is_found_where_vllm_is_looked_for(address: str) -> None:
    found = discover(servers=(Server("vLLM", address, prefix="hosted_vllm", owner="vllm"),), environ={})

    # Its list of models is the hub's cache, which is empty here.
    assert [one.reason for one in found if one.place == "loopback"] == [f"vLLM at {address} has no model"]
