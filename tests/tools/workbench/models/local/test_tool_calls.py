"""The forms in which open models write tool calls, and what looks like one and is none."""

import pytest

from toishi.tools.workbench.models.local.tool_calls import find_tool_calls
from toishi.tools.workbench.models.protocol import ToolCall, ToolSpec

TOOLS = (ToolSpec("search", "", "{}"), ToolSpec("add", "", "{}"))
SEARCH = ToolCall("call_1", "search", '{"query": "blue whales"}')


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        pytest.param(
            '<tool_call>\n{"name": "search", "arguments": {"query": "blue whales"}}\n</tool_call>', "", id="Qwen"
        ),
        pytest.param(
            'Let me look.\n<tool_call>{"name": "search", "arguments": {"query": "blue whales"}}</tool_call>',
            "Let me look.",
            id="beside words",
        ),
        pytest.param(
            '<tool_call>{"name": "search", "arguments": {"query": "blue whales"}}',
            "",
            id="without its end, a stop token",
        ),
        pytest.param('{"name": "search", "parameters": {"query": "blue whales"}}', "", id="Llama 3"),
        pytest.param('<|python_tag|>{"name": "search", "parameters": {"query": "blue whales"}}', "", id="with its tag"),
        pytest.param('[TOOL_CALLS][{"name": "search", "arguments": {"query": "blue whales"}}]', "", id="Mistral"),
        pytest.param('[search(query="blue whales")]', "", id="LFM2"),
        pytest.param('<|tool_call_start|>[search(query="blue whales")]<|tool_call_end|>', "", id="with its marks"),
        pytest.param('{"name": "search", "arguments": "{\\"query\\": \\"blue whales\\"}"}', "", id="arguments as text"),
    ],
)
def test_each_form_is_read(text: str, rest: str) -> None:
    assert find_tool_calls(text, TOOLS) == (rest, (SEARCH,))


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>\n'
        '<tool_call>{"name": "add", "arguments": {"a": 2}}</tool_call>',
        '[{"name": "add", "arguments": {"a": 1}}, {"name": "add", "arguments": {"a": 2}}]',
        "[add(a=1), add(a=2)]",
    ],
)
def test_several_calls_are_numbered(text: str) -> None:
    assert find_tool_calls(text, TOOLS) == (
        "",
        (ToolCall("call_1", "add", '{"a": 1}'), ToolCall("call_2", "add", '{"a": 2}')),
    )


@pytest.mark.parametrize(
    "text",
    [
        "The answer is 4.",
        '{"answer": 4}',
        "[1, 2]",
        '<tool_call>{"name": "search", "arg</tool_call>',
        '{"name": "delete", "arguments": {}}',
        "[delete(all=True)]",
        "search",
        "search('blue whales')",
        "[search(query=open('/etc/passwd'))]",
        "(" * 500,
        "",
    ],
)
def test_anything_else_stays_text(text: str) -> None:
    assert find_tool_calls(text, TOOLS) == (text, ())


def test_without_tools_nothing_is_looked_for() -> None:
    text = '{"name": "search", "arguments": {}}'

    assert find_tool_calls(text, ()) == (text, ())
