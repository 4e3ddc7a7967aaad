"""What a program's `call` does, and what the trace keeps of it."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from toishi.tools.workbench.errors import ModelUnavailable, RequestRefused, SandboxUnavailable
from toishi.tools.workbench.models.protocol import Message, Reply, ToolCall, ToolSpec
from toishi.tools.workbench.program.code import TextFailed
from toishi.tools.workbench.program.parsing import ParseFailed
from toishi.tools.workbench.program.retrieval import Passage, Retriever
from toishi.tools.workbench.program.trace import ROUNDS, Trace
from toishi.tools.workbench.rollout import ModuleCall

TEXTS = {"plan": "Plan it.", "answer": "Answer {question}."}
CORPUS = Retriever([Passage("Kyoto", "A city in Japan."), Passage("Whetstone", "A stone that sharpens knives.")])


class ScriptedModel:
    """Gives the replies that it was handed, one after another, and keeps what it was asked."""

    def __init__(self, *replies: Reply | Exception | str) -> None:
        self._replies = list(replies)
        self.asked: list[tuple[tuple[Message, ...], tuple[ToolSpec, ...], str | None]] = []

    async def __call__(
        self, module: str, messages: tuple[Message, ...], tools: tuple[ToolSpec, ...], schema: str | None
    ) -> Reply:
        self.asked.append((messages, tools, schema))
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return text(reply) if isinstance(reply, str) else reply


def text(said: str, *calls: ToolCall) -> Reply:
    return Reply(said, "tool_calls" if calls else "stop", 10, 2, 0.0, 0.1, tool_calls=calls)


def trace_of(*replies: Reply | Exception | str) -> tuple[Trace, ScriptedModel]:
    model = ScriptedModel(*replies)
    return Trace(TEXTS, {"search": CORPUS}, model), model


def add(numbers: list[int], *, bonus: int = 0) -> int:
    """Adds numbers."""
    return sum(numbers) + bonus


async def broken() -> str:
    raise RuntimeError("the line is dead")


async def test_modules_are_kept_in_the_order_in_which_they_were_called() -> None:
    trace, model = trace_of("first", "second")
    assert await trace.call("plan", topic="stones") == "first"
    assert await trace.call("answer", question="Why?") == "second"
    assert [(call.module, dict(call.inputs)) for call in trace.calls] == [
        ("plan", {"topic": "stones"}),
        ("answer", {"question": "Why?"}),
    ]
    assert model.asked[1][0] == (Message("user", "Answer Why?."),)


async def test_a_module_that_does_not_exist_is_named_with_those_that_do() -> None:
    trace, _ = trace_of()
    with pytest.raises(LookupError, match="no module 'plam'; the program has 'plan', 'answer', 'search'"):
        await trace.call("plam")


async def test_fields_are_text() -> None:
    trace, _ = trace_of()
    with pytest.raises(TypeError, match="the field 'count' of 'plan' is int; fields are text"):
        await trace.call("plan", count=3)  # type: ignore[arg-type]


async def test_a_tool_is_run_and_its_result_goes_back_to_the_model() -> None:
    wish = ToolCall("c1", "add", json.dumps({"numbers": ["1", 2], "bonus": 4}))
    trace, model = trace_of(text("", wish), "It is 7.")
    assert await trace.call("plan", tools=[add]) == "It is 7."
    spec = model.asked[0][1][0]
    assert (spec.name, spec.description) == ("add", "Adds numbers.")
    assert json.loads(spec.parameters)["required"] == ["numbers"]
    assert model.asked[1][0][-2:] == (Message("assistant", "", (wish,)), Message("tool", "7", tool_call_id="c1"))
    assert [(call.module, call.output, call.error) for call in trace.calls] == [
        ("plan", None, None),
        ("add", "7", None),
        ("plan", None, None),
    ]


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        pytest.param(ToolCall("c", "ad", "{}"), "there is no tool 'ad'; there are add, broken", id="unknown"),
        pytest.param(ToolCall("c", "add", "{"), "ValueError: the arguments are no JSON: ", id="no JSON"),
        pytest.param(ToolCall("c", "add", "[1]"), "ValueError: the arguments should be one JSON object", id="a list"),
        pytest.param(ToolCall("c", "add", "{}"), "ValueError: numbers: ", id="missing argument"),
        pytest.param(ToolCall("c", "add", '{"numbers": ["x"]}'), "ValueError: numbers.0: ", id="wrong type"),
        pytest.param(ToolCall("c", "broken", "{}"), "RuntimeError: the line is dead", id="its own failure"),
    ],
)
async def test_what_goes_wrong_with_a_tool_is_told_to_the_model(wish: ToolCall, error: str) -> None:
    trace, model = trace_of(text("", wish), "Never mind.")
    assert await trace.call("plan", tools=[add, broken]) == "Never mind."
    assert json.loads(model.asked[1][0][-1].content)["error"].startswith(error)
    assert str(trace.calls[1].error).startswith(error)


async def test_a_model_that_only_calls_tools_is_stopped() -> None:
    wish = ToolCall("c", "add", '{"numbers": []}')
    trace, model = trace_of(*[text("", wish)] * ROUNDS)
    with pytest.raises(RuntimeError, match=f"'plan' called tools {ROUNDS} times and never answered"):
        await trace.call("plan", tools=[add])
    assert len(model.asked) == ROUNDS


class Answer(BaseModel):
    """What the model is to give."""

    city: str
    hops: int


SCHEMA = {"type": "object", "properties": {"hops": {"type": "integer"}}, "required": ["hops"]}


@pytest.mark.parametrize(
    "said", ['{"city": "Kyoto", "hops": 2}', 'Sure:\n```json\n{"city": "Kyoto", "hops": 2}\n```\n']
)
@pytest.mark.parametrize("schema", [Answer, SCHEMA], ids=["pydantic", "JSON schema"])
async def test_a_schema_is_asked_for_and_the_json_comes_back(said: str, schema: Any) -> None:
    trace, model = trace_of(said)
    assert json.loads(await trace.call("plan", schema=schema))["hops"] == 2
    assert "hops" in json.loads(model.asked[0][2] or "{}")["properties"]


@pytest.mark.parametrize(
    ("said", "schema", "error"),
    [
        pytest.param("Kyoto", Answer, "the reply is no JSON: Expecting value at line 1, column 1", id="prose"),
        pytest.param('{"city": 3, "hops": 1}', Answer, "at city: input should be a valid string", id="wrong type"),
        pytest.param('{"hops": "two"}', SCHEMA, "at hops: 'two' is not of type 'integer'", id="JSON schema"),
    ],
)
async def test_a_reply_that_does_not_parse_is_kept_with_the_reason(said: str, schema: Any, error: str) -> None:
    trace, _ = trace_of(said)
    with pytest.raises(ParseFailed, match=error):
        await trace.call("plan", schema=schema)
    (call,) = trace.calls
    assert call.reply is not None
    assert call.reply.text == said
    assert error in str(call.error)


async def test_a_retriever_is_called_like_a_module() -> None:
    trace, _ = trace_of()
    assert await trace.call("search", query="Which stone sharpens?", top="1") == (
        "[1] Whetstone: A stone that sharpens knives."
    )
    (call,) = trace.calls
    assert (call.module, call.messages, call.reply) == ("search", (), None)
    assert call.output == "[1] Whetstone: A stone that sharpens knives."


CODE = {
    "solve": "def solve(a, b=1):\n    print('sum')\n    return {'sum': a + b}",
    "pattern": r"\d+",
    "query": "SELECT sum(a) FROM t WHERE a > ?",
    "tool": "Adds numbers.",
    "broken": "def broken():\n    print('here')\n    return missing",
}


def trace_of_code() -> Trace:
    return Trace(CODE, {}, ScriptedModel())


async def test_a_text_is_given_as_it_is_and_kept_with_what_it_was_used_on() -> None:
    trace = trace_of_code()
    assert trace.call.text("tool", question="2 + 2?") == "Adds numbers."
    assert trace.calls == [ModuleCall("tool", {"question": "2 + 2?"}, (), None)]


async def test_a_module_runs_as_python_and_its_time_is_the_rollout_s() -> None:
    trace = trace_of_code()
    ran = await trace.call.python("solve", "solve", arguments={"a": 2}, times=2)
    await trace.call.python("solve", "solve", arguments=[1, 2])
    first, second = trace.calls
    assert ran.value == {"sum": 3}
    assert (first.module, first.inputs, first.messages, first.reply, first.error) == (
        "solve",
        {"a": "2"},
        (),
        None,
        None,
    )
    kept = json.loads(first.output or "")
    assert (kept["value"], kept["times"], kept["printed"]) == ({"sum": 3}, 2, "sum\n")
    assert second.inputs == {"arguments": "[1, 2]"}
    assert trace.seconds == pytest.approx(kept["seconds"] + json.loads(second.output or "")["seconds"])


async def test_a_module_is_matched_and_asked() -> None:
    trace = trace_of_code()
    (match,) = await trace.call.regex("pattern", "room 12")
    rows = await trace.call.sql("query", tables={"t": [{"a": 1}, {"a": 2}, {"a": 3}]}, parameters=[1])
    assert (match.text, rows.rows) == ("12", ((5,),))
    assert trace.calls == [
        ModuleCall("pattern", {"text": "room 12"}, (), None, output='["12"]'),
        ModuleCall("query", {"tables": "t(a): 3 rows", "parameters": "[1]"}, (), None, output='[["sum(a)"], [[5]]]'),
    ]


async def test_code_that_fails_is_kept_with_its_logs_and_is_no_fault_of_the_machine() -> None:
    trace = trace_of_code()
    with pytest.raises(TextFailed, match="broken raises NameError"):
        await trace.call.python("broken", "broken")
    (call,) = trace.calls
    assert call.error == "broken raises NameError: name 'missing' is not defined (line 3: return missing)"
    assert str(call.output).startswith("printed:\nhere\ntraceback:\n")
    assert trace.fault is None


async def test_where_nothing_can_be_confined_the_rollout_has_no_score() -> None:
    trace = trace_of_code()
    with pytest.raises(SandboxUnavailable, match="No module named 'nowhere_to_be_found'"):
        await trace.call.python("solve", "solve", arguments=[1], packages=["nowhere_to_be_found"])
    assert isinstance(trace.fault, SandboxUnavailable)
    assert trace.calls[0].error == "not finished"


async def test_arguments_that_are_no_json_are_the_program_s_mistake() -> None:
    trace = trace_of_code()
    with pytest.raises(TypeError):
        await trace.call.sql("query", tables={"t": [{"a": object()}]})
    assert str(trace.calls[0].error).startswith("TypeError: ")
    with pytest.raises(LookupError, match="there is no module 'solv'; the program has 'solve', 'pattern'"):
        await trace.call.python("solv")
    with pytest.raises(TypeError, match="the field 'row' of 'tool' is int; fields are text"):
        trace.call.text("tool", row=3)  # type: ignore[arg-type]
    assert trace.fault is None


@pytest.mark.parametrize("fields", [{}, {"question": "x"}, {"query": "x", "limit": "3"}])
async def test_a_retriever_takes_a_query(fields: dict[str, Any]) -> None:
    trace, _ = trace_of()
    with pytest.raises(TypeError, match="the retriever 'search' takes query, and perhaps top, not "):
        await trace.call("search", **fields)


@pytest.mark.parametrize(
    ("error", "is_fault"), [(ModelUnavailable("away"), True), (RequestRefused("too long"), False)], ids=["away", "long"]
)
async def test_only_what_says_nothing_about_the_program_is_a_fault(error: Exception, is_fault: bool) -> None:
    trace, _ = trace_of(error)
    with pytest.raises(type(error)):
        await trace.call("plan")
    assert (trace.fault is error) == is_fault
    assert trace.calls[0].error == ("not finished" if is_fault else "too long")


def texts(passages: Sequence[Passage]) -> list[str]:
    return [passage.text for passage in passages]


def test_passages_that_share_no_word_with_the_query_are_not_found() -> None:
    assert CORPUS.search("zebra") == []
    assert CORPUS.search("") == []
    assert texts(CORPUS.search("city of knives", top=5)) == texts(CORPUS.search("knives of city", top=5))
    assert len(CORPUS.search("city of knives", top=1)) == 1
