"""From a request to what litellm is called with: messages, sampling, tools and the schema of the answer."""

import json
from typing import Any

from toishi.tools.workbench.models.protocol import Message, Request, ToolSpec
from toishi.tools.workbench.models.structured import is_closed, parameters_of, with_schema
from toishi.tools.workbench.seeds import derive_seed


def arguments(
    request: Request, *, schema_is_kept: bool, schema_is_told: bool, logprobs: bool, streams: bool
) -> dict[str, Any]:
    """The arguments that follow from the request; whom to call, and with which key, is the model's.

    `schema_is_kept` by the endpoint (`response_format`), and `schema_is_told` in the prompt: either, both or, without a
    schema, no matter.
    """
    sampling = request.sampling
    messages = with_schema(request.messages, request.schema) if schema_is_told else request.messages
    found: dict[str, Any] = {
        "messages": [_message(message) for message in messages],
        "temperature": sampling.temperature,
        "max_tokens": sampling.max_tokens,
    }
    if sampling.top_p < 1:
        found["top_p"] = sampling.top_p
    if sampling.temperature > 0:
        found["seed"] = derive_seed(request.seed, request.key, request.replicate) % 2**31
    if request.tools:
        found["tools"] = [_tool(tool) for tool in request.tools]
        # Else litellm looks for MCP servers among them, by a package that is not here.
        found["_skip_mcp_handler"] = True
    if request.schema is not None and schema_is_kept:
        schema = parameters_of(request.schema)
        form = {"name": "answer", "schema": schema, "strict": is_closed(schema)}
        found["response_format"] = {"type": "json_schema", "json_schema": form}
    if logprobs:
        found["logprobs"] = True
    if streams:
        found["stream"] = True
        found["stream_options"] = {"include_usage": True}
    return found


def text_to_read(request: Request) -> str:
    """Everything of a request that a model reads, as one text, to count its tokens."""
    parts = [message.content for message in request.messages]
    parts += [f"{call.name}{call.arguments}" for message in request.messages for call in message.tool_calls]
    parts += [json.dumps(_tool(tool)) for tool in request.tools]
    parts += [with_schema((Message("user", ""),), request.schema)[0].content]
    return "".join(parts)


def _message(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        found["content"] = message.content or None
        found["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        found["tool_call_id"] = message.tool_call_id
    return found


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": parameters_of(tool.parameters)}
    return {"type": "function", "function": function}
