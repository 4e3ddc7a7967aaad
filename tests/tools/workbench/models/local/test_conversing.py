"""Streams, tools and schemas of local models."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.models.local import chat
from toishi.tools.workbench.models.local.model import UNFINISHED, LocalModel
from toishi.tools.workbench.models.protocol import Message, Request, Sampling, ToolCall, ToolSpec
from toishi.tools.workbench.models.registry import open_model

SEARCH = ToolSpec("search", "looks it up", '{"type": "object", "properties": {"query": {"type": "string"}}}')
WITH_TOOLS = (
    "{%- if tools %}{% for tool in tools %}<tool>{{ tool.function.name }} {{ tool.function.parameters.properties.query."
    "type }}</tool>{% endfor %}{% endif -%}"
    "{%- for message in messages -%}<|{{ message.role if message.role != 'tool' else 'user' }}|>{{ message.content }}"
    "{%- for call in message.tool_calls or [] %}"
    "<call>{{ call.function.name }} {{ call.function.arguments.query }}</call>"
    "{%- endfor %}{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"
)


def ask(text: str, **more: Any) -> Request:
    messages = (Message("system", "Name the topic."), Message("user", text))
    return Request("local/tiny", messages, Sampling(max_tokens=16), **more)


@pytest.fixture(scope="session")
def folder_with_tools(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tools") / "model"
    shutil.copytree(folders["llama"], folder)
    (folder / "chat_template.jinja").write_text(WITH_TOOLS)
    return folder


def prompt(folder: Path, request: Request) -> str:
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    text: str = tokenizer.decode(chat.load("local/tiny", str(folder)).render(request))
    return text


async def test_the_text_is_told_while_it_grows_and_the_reply_is_the_same(folders: dict[str, Path]) -> None:
    model = LocalModel("local/tiny", str(folders["llama"]))
    heard: list[str] = []

    streamed = await model.generate(ask("Hi"), heard.append)
    whole = await model.generate(ask("Hi"))
    await model.close()

    assert streamed.token_ids == whole.token_ids
    # The engine need not wait for who listens, so steps may be left out, but the last is there.
    assert heard[-1] == whole.text.rstrip(UNFINISHED)
    assert [len(text) for text in heard] == sorted(len(text) for text in heard)


async def test_the_shipped_model_streams_words() -> None:
    model = open_model("embedded/mini")
    rules = Message("system", "If the message mentions Card, answer Card_Arrival.")
    request = Request("embedded/mini", (rules, Message("user", "My card?")), Sampling(max_tokens=20))
    heard: list[str] = []

    replies = await asyncio.gather(*(model.generate(request, heard.append) for _ in range(3)))
    await model.close()

    assert heard
    assert {replies[0].text.startswith(text) for text in heard if text} == {True}
    assert not any(text.endswith(tuple(UNFINISHED)) for text in heard)


def test_tools_and_what_was_called_stand_where_the_template_puts_them(folder_with_tools: Path) -> None:
    asked = Message("assistant", "", (ToolCall("c-1", "search", '{"query": "whales"}'),))
    said = Message("tool", "They are big.", tool_call_id="c-1")
    request = Request("local/tiny", (Message("user", "What are whales?"), asked, said), tools=(SEARCH,))

    assert prompt(folder_with_tools, request) == (
        "<tool>search string</tool><|user|>What are whales?<|assistant|><call>search whales</call>"
        "<|user|>They are big.<|assistant|>"
    )


def test_arguments_that_are_no_json_are_shown_as_they_are(folder_with_tools: Path) -> None:
    asked = Message("assistant", "", (ToolCall("c-1", "search", "{query: whales"),))

    assert "<call>search </call>" in prompt(folder_with_tools, Request("local/tiny", (asked,), tools=(SEARCH,)))


async def test_a_template_without_tools_is_told_before_anything_is_generated(folders: dict[str, Path]) -> None:
    model = LocalModel("local/tiny", str(folders["llama"]))

    with pytest.raises(UsageError, match="the chat template of local/tiny knows no tools"):
        await model.generate(ask("Hi", tools=(SEARCH,)))
    await model.close()


async def test_tools_count_as_tokens_of_the_prompt(folder_with_tools: Path) -> None:
    model = LocalModel("local/tiny", str(folder_with_tools))

    reply = await model.generate(ask("Hi", tools=(SEARCH,)))

    assert reply.prompt_tokens == model.count_tokens(ask("Hi", tools=(SEARCH,)))
    assert reply.prompt_tokens > model.count_tokens(ask("Hi"))
    await model.close()


def test_a_schema_is_told_in_the_prompt(folders: dict[str, Path]) -> None:
    assert prompt(folders["llama"], ask("Hi", schema='{"type": "object"}')).endswith(
        'It follows this JSON schema:\n{"type": "object"}<|assistant|>'
    )
