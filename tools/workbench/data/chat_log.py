"""Calls of chat models as people log them: from a row to what was asked and what was answered.

Known are requests and responses as OpenAI's and Anthropic's clients send and get them, alone or inside of a log's own
line (litellm, Langfuse, batch files), fine-tuning files, and conversations with `from` and `value`. A call gives a row
these columns, where it has no text under that name already: `input` (the last message of the user), `system`,
`history` (the other messages), `expected` (the answer), and every variable that the request names.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toishi.tools.workbench.data.rows import Unusable

REQUESTS = ("request", "body", "kwargs", "input", "inputs", "params")
RESPONSES = ("response", "preferred_output", "completion", "output", "answer", "result", "choices")
VARIABLES = ("variables", "prompt_variables")
SYSTEM = ("system", "developer")
SPEAKERS = {"human": "user", "gpt": "assistant", "bot": "assistant", "chatgpt": "assistant"}


@dataclass(frozen=True)
class Call:
    """What was asked, as messages with role and text; the answer, None where none is there; the variables named."""

    messages: tuple[tuple[str, str], ...]
    answer: str | None
    variables: Mapping[str, Any] = field(default_factory=dict)

    def columns(self) -> dict[str, Any]:
        """The columns that a row gets from it."""
        last = max((index for index, (role, _) in enumerate(self.messages) if role == "user"), default=None)
        found = {**self.variables}
        if last is not None:
            found["input"] = self.messages[last][1]
        found["system"] = "\n\n".join(text for role, text in self.messages if role in SYSTEM)
        found["history"] = "\n\n".join(
            f"{role}: {text}"
            for index, (role, text) in enumerate(self.messages)
            if role not in SYSTEM and index != last
        )
        if self.answer is not None:
            found["expected"] = self.answer
        return found


def call_of(row: Mapping[str, Any]) -> Call | None:
    """The call that a row logs, None where it logs none. Raises `Unusable` for one that failed or holds no text."""
    _refuse_failed(row)
    messages, variables = _asked(row)
    if messages is None:
        return None
    answer = next((text for key in RESPONSES if (text := _answered(_parsed(row.get(key)))) is not None), None)
    if answer is None and messages and messages[-1][0] == "assistant":
        # A fine-tuning file: the last message is the right answer.
        *messages, (_, answer) = messages
    return Call(tuple(messages), answer, variables)


def answer_of(row: Mapping[str, Any]) -> str | None:
    """The answer in a line of a batch's output, which does not repeat what was asked."""
    _refuse_failed(row)
    return _answered(_parsed(row.get("response")))


def is_call(row: Mapping[str, Any]) -> bool:
    """Whether a row is surely a logged call, and not a table whose columns happen to be named so."""
    if isinstance(_parsed(row.get("request")), Mapping) and "response" in row:
        return True
    asked = [row.get(key) for key in ("messages", "conversations")]
    for key in REQUESTS:
        inner = _parsed(row.get(key))
        asked += [inner, *(inner.get(one) for one in ("messages", "input"))] if isinstance(inner, Mapping) else [inner]
    return any(is_messages(one) for one in asked) or is_batch_output(row)


def is_batch_output(row: Mapping[str, Any]) -> bool:
    """Whether a row is a line of a batch's output."""
    response = row.get("response")
    failed = response is None and row.get("error") is not None
    return "custom_id" in row and (failed or (isinstance(response, Mapping) and "status_code" in response))


def is_messages(value: Any) -> bool:
    """Whether this is a list of messages."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, Mapping) for one in value)
        and any(("role" in one and "content" in one) or ("from" in one and "value" in one) for one in value)
    )


def messages_of(value: Any) -> list[tuple[str, str]]:
    """Messages as role and text. Raises `Unusable` for one with anything but text."""
    found = []
    for one in value:
        if not isinstance(one, Mapping):
            raise Unusable("holds a message that is no object; each should be one with role and content")
        role = str(one.get("role") or one.get("from") or one.get("type") or "user")
        found.append((SPEAKERS.get(role, role), _message_text(one)))
    return found


def _refuse_failed(row: Mapping[str, Any]) -> None:
    response = row.get("response")
    status = response.get("status_code") if isinstance(response, Mapping) else None
    if isinstance(status, int) and status >= 400:
        raise Unusable(f"is a call that failed (status {status})")
    if row.get("error") and not response:
        raise Unusable("is a call that failed; its line holds an error and no answer")


def _asked(row: Mapping[str, Any]) -> tuple[list[tuple[str, str]] | None, Mapping[str, Any]]:
    """The messages of a request and the variables it names; None where there is no request."""
    variables: Mapping[str, Any] = next((row[key] for key in VARIABLES if isinstance(row.get(key), Mapping)), {})
    for key in ("messages", "conversations"):
        if is_messages(_parsed(row.get(key))):
            return [*_instructions(row), *messages_of(_parsed(row[key]))], variables
    for key in REQUESTS:
        inner = _parsed(row.get(key))
        if is_messages(inner):
            return [*_instructions(row), *messages_of(inner)], variables
        if isinstance(inner, Mapping):
            messages, more = _asked(inner)
            if messages is not None:
                return messages, {**variables, **more}
            if key in ("input", "inputs"):
                # An application's own call: named values instead of messages.
                return [], {**variables, **inner}
        elif key == "input" and isinstance(inner, str):
            return [*_instructions(row), ("user", inner)], variables
    prompt = _parsed(row.get("prompt"))
    if isinstance(prompt, Mapping):
        named = prompt.get("variables")
        return _instructions(row), {**variables, **(named if isinstance(named, Mapping) else {})}
    if isinstance(prompt, str):
        return [*_instructions(row), ("user", prompt)], variables
    return None, variables


def _instructions(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The system prompt where it stands beside the messages."""
    said = request.get("instructions") or request.get("system")
    return [("system", _content_text(said))] if isinstance(said, str | list) and said else []


def _answered(response: Any) -> str | None:
    """The text of a response, None where it holds none."""
    if isinstance(response, str):
        return response
    if isinstance(response, list):
        return _answer_in_list(response)
    if not isinstance(response, Mapping):
        return None
    for key in ("body", "choices", "message", "output_text", "output", "completion"):
        found = _answered(_parsed(response.get(key)))
        if found is not None:
            return found
    if response.get("content") is not None or response.get("tool_calls"):
        return _message_text(response)
    text = response.get("text")
    return text if isinstance(text, str) else None


def _answer_in_list(response: Sequence[Any]) -> str | None:
    """Choices, of which the first counts; or messages and items of OpenAI's responses, of which the last answers."""
    items = [one for one in response if isinstance(one, Mapping)]
    if not items:
        return None
    if any("message" in one or "finish_reason" in one for one in items):
        return _answered(items[0])
    said = [one for one in items if one.get("role") == "assistant" or one.get("from") in SPEAKERS]
    if said:
        return _message_text(said[-1])
    calls = [one for one in items if one.get("type") == "function_call"]
    return _tool_calls(calls) if calls else None


def _message_text(message: Mapping[str, Any]) -> str:
    calls = message.get("tool_calls")
    content = message.get("content", message.get("value", message.get("output")))
    if isinstance(calls, list) and calls and not content:
        return _tool_calls([call.get("function", call) for call in calls if isinstance(call, Mapping)])
    return _content_text(content)


def _tool_calls(calls: Sequence[Mapping[str, Any]]) -> str:
    """What a model called instead of answering, as JSON with names and arguments."""
    found = [{"name": call.get("name"), "arguments": _parsed(call.get("arguments"))} for call in calls]
    return json.dumps(found, ensure_ascii=False)


def _content_text(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    texts = []
    for part in content if isinstance(content, list) else [content]:
        text = part if isinstance(part, str) else part.get("text") if isinstance(part, Mapping) else None
        if not isinstance(text, str):
            raise Unusable("holds something other than text in its messages (a picture, a sound, a file)")
        texts.append(text)
    return "\n".join(texts)


def _parsed(value: Any) -> Any:
    """The value itself, or what the JSON in it says, as logs in tables keep it."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (json.JSONDecodeError, RecursionError):
            return value
    return value
