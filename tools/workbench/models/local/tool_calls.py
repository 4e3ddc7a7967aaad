"""Finds the tool calls in what a model wrote, in the forms that open models are trained to write them.

- `<tool_call>{"name": …, "arguments": {…}}</tool_call>`: Qwen, Hermes and many others, among other text
- a JSON object or list of such, alone or behind `[TOOL_CALLS]` or `<|python_tag|>`: Llama (with `parameters`), Mistral
- `[name(argument="value")]`, alone or between `<|tool_call_start|>` and `<|tool_call_end|>`: LFM2, Llama 4

Special tokens may have been left out of the text. What is not in one of these forms, or calls a tool that was not
offered, stays text: whoever reads the reply will tell the model.
"""

import ast
import json
import re
from collections.abc import Sequence
from typing import Any

from toishi.tools.workbench.models.protocol import ToolCall, ToolSpec

TAGGED = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|\Z)", re.DOTALL)
MARKS = re.compile(r"\A\s*(?:\[TOOL_CALLS\]|<\|python_tag\|>|<\|tool_call_start\|>)|<\|tool_call_end\|>\s*\Z")


def find_tool_calls(text: str, tools: Sequence[ToolSpec]) -> tuple[str, tuple[ToolCall, ...]]:
    """The text without the calls, and the calls, numbered in their order."""
    offered = {tool.name for tool in tools}
    if not offered:
        return text, ()
    tagged = [_calls_of_json(match[1]) for match in TAGGED.finditer(text)]
    if tagged:
        found, rest = [call for calls in tagged for call in calls], TAGGED.sub("", text).strip()
    else:
        alone = MARKS.sub("", text).strip()
        found, rest = _calls_of_json(alone) or _calls_of_python(alone), ""
    if not found or any(name not in offered for name, _ in found):
        return text, ()
    return rest, tuple(ToolCall(f"call_{number}", name, arguments) for number, (name, arguments) in enumerate(found, 1))


def _calls_of_json(text: str) -> list[tuple[str, str]]:
    """(name, arguments) of each, empty where the text is something else."""
    try:
        document = json.loads(text)
    except ValueError:
        return []
    found = []
    for call in document if isinstance(document, list) else [document]:
        if not isinstance(call, dict) or not isinstance(call.get("name"), str):
            return []
        arguments = call.get("arguments", call.get("parameters", {}))
        found.append((call["name"], arguments if isinstance(arguments, str) else _dump(arguments)))
    return found


def _calls_of_python(text: str) -> list[tuple[str, str]]:
    try:
        parsed = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = []
    for call in parsed.elts if isinstance(parsed, ast.List) else [parsed]:
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            return []
        try:
            arguments = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
            found.append((call.func.id, _dump(arguments)))
        except (TypeError, ValueError):
            return []
    return found


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
