"""From messages to token ids, by the model's own chat template, and from generated ids back to text."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from toishi.tools.workbench.errors import ModelUnknown, RequestRefused, UsageError
from toishi.tools.workbench.models.protocol import Message, Request, ToolSpec
from toishi.tools.workbench.models.structured import parameters_of, with_schema

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

REMEMBERED = 256
"""Rendered prompts kept: each is wanted twice, when its budget is reserved and when it is answered."""


class ChatTokenizer:
    """Renders conversations; raises `ModelUnknown` when made from a tokenizer without a chat template."""

    def __init__(self, name: str, tokenizer: "PreTrainedTokenizerBase") -> None:
        if not tokenizer.chat_template:
            raise ModelUnknown(f"{name} has no chat template, so it cannot be asked by messages")
        self._name = name
        self._tokenizer = tokenizer
        self._knows_tools = "tools" in str(tokenizer.chat_template)
        self._prompt = lru_cache(maxsize=REMEMBERED)(self._render)
        self._opening = lru_cache(maxsize=REMEMBERED)(self._render_opening)

    @property
    def end(self) -> int | None:
        """The token that ends a reply, where the tokenizer names one."""
        end: int | None = self._tokenizer.eos_token_id
        return end

    def render(self, request: Request) -> tuple[int, ...]:
        """The prompt's token ids, up to where the assistant begins to speak; a schema is told in the last message.

        Raises `RequestRefused` where the template does not take the conversation, and `UsageError` where it knows no
        tools.
        """
        if request.tools and not self._knows_tools:
            raise UsageError(
                f"the chat template of {self._name} knows no tools; name another model, or a program without tools"
            )
        return self._prompt(with_schema(request.messages, request.schema), request.tools)

    def text(self, tokens: Sequence[int]) -> str:
        """The text of a reply, without special tokens.

        One space in front is left out: in many vocabularies it is a part of the first word's token, and the chat
        template writes it before a reply by itself.
        """
        text = self._tokenizer.decode(list(tokens), skip_special_tokens=True)
        assert isinstance(text, str)
        return text.removeprefix(" ")

    def last_message(self, request: Request) -> int:
        """How many of the prompt's tokens stand before its last message, as far as that can be told; else 0."""
        opening = self._opening(request.messages[:-1], request.tools)
        pairs = zip(opening, self.render(request), strict=False)
        return next((place for place, (one, other) in enumerate(pairs) if one != other), len(opening))

    def _render(self, messages: tuple[Message, ...], tools: tuple[ToolSpec, ...]) -> tuple[int, ...]:
        return self._tokens(self._fill_template(messages, tools))

    def _render_opening(self, messages: tuple[Message, ...], tools: tuple[ToolSpec, ...]) -> tuple[int, ...]:
        from jinja2 import TemplateError

        try:
            return self._tokens(self._apply(messages, tools, ask=False)) if messages else ()
        except TemplateError:
            # The template does not take a conversation that breaks off here.
            return ()

    def _tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _fill_template(self, messages: tuple[Message, ...], tools: tuple[ToolSpec, ...]) -> str:
        from jinja2 import TemplateError

        try:
            return self._apply(messages, tools)
        except TemplateError as error:
            # Some templates know no system role; their makers put its text before the first user message.
            if messages[0].role == "system" and len(messages) > 1 and messages[1].role == "user":
                merged = Message("user", f"{messages[0].content}\n\n{messages[1].content}")
                return self._fill_template((merged, *messages[2:]), tools)
            raise RequestRefused(f"the chat template of {self._name} refuses this conversation: {error}") from error

    def _apply(self, messages: tuple[Message, ...], tools: tuple[ToolSpec, ...], *, ask: bool = True) -> str:
        text = self._tokenizer.apply_chat_template(
            [_conversation(message) for message in messages],
            tools=[_function(tool) for tool in tools] or None,
            tokenize=False,
            add_generation_prompt=ask,
        )
        assert isinstance(text, str)
        return text


def _conversation(message: Message) -> dict[str, Any]:
    """A message as chat templates know it: the arguments of a call are an object there, not text."""
    found: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        found["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": _object(call.arguments)}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        found["tool_call_id"] = message.tool_call_id
    return found


def _function(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": parameters_of(tool.parameters)}
    return {"type": "function", "function": function}


def _object(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def load(name: str, source: str) -> ChatTokenizer:
    """The tokenizer in a folder or on the hub; `ModelUnknown` where there is none."""
    from transformers import AutoTokenizer

    try:
        return ChatTokenizer(name, AutoTokenizer.from_pretrained(source))
    except (OSError, ValueError, KeyError) as error:
        raise ModelUnknown(f"{name} has no tokenizer that can be loaded: {str(error).splitlines()[0]}") from error
