"""Logged calls in the shapes that clients, proxies, batches and fine-tuning files have them."""

import json
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.data.opening import open_file
from toishi.tools.workbench.data.rows import Bad, Raw
from toishi.tools.workbench.task.data import Format

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "Where is my card?"}
ANSWER = {"role": "assistant", "content": "On its way."}
COMPLETION = {"object": "chat.completion", "choices": [{"index": 0, "message": ANSWER, "finish_reason": "stop"}]}
RESPONSE = {
    "object": "response",
    "output": [
        {"type": "reasoning", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "On its way."}]},
    ],
}

SHAPES = [
    pytest.param({"request": {"model": "m", "messages": [SYSTEM, USER]}, "response": COMPLETION}, id="chat completion"),
    pytest.param(
        {"request": {"model": "m", "instructions": "Be brief.", "input": "Where is my card?"}, "response": RESPONSE},
        id="OpenAI response",
    ),
    pytest.param({"request": {"input": [{**SYSTEM, "role": "developer"}, USER]}, "response": RESPONSE}, id="developer"),
    pytest.param(
        {
            "request": {"system": "Be brief.", "messages": [USER]},
            "response": {"role": "assistant", "content": [{"type": "text", "text": "On its way."}]},
        },
        id="Anthropic",
    ),
    pytest.param({"messages": [SYSTEM, USER, ANSWER]}, id="fine-tuning"),
    pytest.param({"messages": [SYSTEM, USER], "completion": "On its way."}, id="messages and completion"),
    pytest.param({"messages": [SYSTEM, USER], "response": "On its way."}, id="messages and response"),
    pytest.param({"messages": [SYSTEM, USER], "output": "On its way."}, id="messages and output"),
    pytest.param(
        {"input": {"messages": [SYSTEM, USER]}, "preferred_output": [ANSWER], "non_preferred_output": [USER]},
        id="preference",
    ),
    pytest.param(
        {"call_type": "acompletion", "messages": [SYSTEM, USER], "response": COMPLETION, "response_cost": 0.1},
        id="litellm",
    ),
    pytest.param({"type": "GENERATION", "input": {"messages": [SYSTEM, USER]}, "output": ANSWER}, id="Langfuse"),
    pytest.param({"type": "GENERATION", "input": [SYSTEM, USER], "output": ANSWER}, id="Langfuse, bare messages"),
    pytest.param(
        {"request": json.dumps({"messages": [SYSTEM, USER]}), "response": json.dumps(COMPLETION)}, id="JSON in texts"
    ),
    pytest.param(
        {
            "conversations": [
                {"from": "system", "value": "Be brief."},
                {"from": "human", "value": "Where is my card?"},
                {"from": "gpt", "value": "On its way."},
            ]
        },
        id="from and value",
    ),
    pytest.param(
        {
            "messages": [SYSTEM, {"role": "user", "content": [{"type": "text", "text": "Where is my card?"}]}],
            "response": COMPLETION,
        },
        id="content in parts",
    ),
]


def rows(folder: Path, *lines: dict[str, Any], format: Format = "auto") -> list[Raw | Bad]:
    file = folder / "calls.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n")
    source = open_file(file, name="calls.jsonl", format=format)
    assert source.format == "chat-log"
    return list(source.rows())


def columns(folder: Path, *lines: dict[str, Any], format: Format = "auto") -> dict[str, Any]:
    (row,) = rows(folder, *lines, format=format)
    assert isinstance(row, Raw)
    return dict(row.values)


@pytest.mark.parametrize("line", SHAPES)
def test_a_call_says_what_was_asked_and_answered(tmp_path: Path, line: dict[str, Any]) -> None:
    found = columns(tmp_path, line)
    asked = {name: found[name] for name in ("input", "system", "history", "expected")}
    assert asked == {"input": "Where is my card?", "system": "Be brief.", "history": "", "expected": "On its way."}


def test_what_came_before_the_last_question_is_the_history(tmp_path: Path) -> None:
    found = columns(tmp_path, {"messages": [SYSTEM, {"role": "user", "content": "Hi"}, ANSWER, USER, ANSWER]})
    assert found["input"] == "Where is my card?"
    assert found["history"] == "user: Hi\n\nassistant: On its way."


def test_named_variables_are_columns(tmp_path: Path) -> None:
    prompt = {"id": "pmpt_1", "variables": {"city": "Paris", "days": 3}}
    found = columns(tmp_path, {"request": {"prompt": prompt, "input": [USER]}, "response": RESPONSE})
    assert (found["input"], found.get("city")) == ("Where is my card?", None)
    found = columns(tmp_path, {"request": {"prompt": prompt}, "response": RESPONSE}, format="chat-log")
    assert (found["city"], found["days"], found["expected"]) == ("Paris", 3, "On its way.")


def test_a_tool_call_is_the_answer_where_there_is_no_text(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"city": "Zürich"}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    found = columns(tmp_path, {"messages": [USER], "response": {"choices": [{"message": message}]}})
    assert found["expected"] == '[{"name": "find", "arguments": {"city": "Zürich"}}]'


def test_the_texts_of_a_row_stay_and_its_records_give_way(tmp_path: Path) -> None:
    found = columns(tmp_path, {"messages": [SYSTEM, USER, ANSWER], "expected": "own", "input": ["record"]})
    assert (found["expected"], found["input"]) == ("own", "Where is my card?")


def test_an_ordinary_table_is_no_log(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl"
    file.write_text('{"input": "hi", "output": "ho", "prompt": "x", "messages": "none"}\n')
    source = open_file(file, name="m.jsonl")
    assert (source.format, source.columns) == ("jsonl", None)
    assert [row.values.get("expected") for row in source.rows() if isinstance(row, Raw)] == [None]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param(
            {"messages": [USER], "response": {"status_code": 429, "body": {"error": {}}}},
            "is a call that failed (status 429)",
            id="status",
        ),
        pytest.param(
            {"custom_id": "1", "response": None, "error": {"code": "batch_expired"}},
            "is a call that failed; its line holds an error and no answer",
            id="error",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "holds something other than text in its messages (a picture, a sound, a file)",
            id="picture",
        ),
        pytest.param({"time": 3}, "logs no call: it has neither messages nor a request with some", id="no call"),
    ],
)
def test_a_call_without_an_answer_in_words_is_named(tmp_path: Path, line: dict[str, Any], problem: str) -> None:
    assert rows(tmp_path, line, format="chat-log") == [Bad(1, problem)]


def test_a_table_with_calls_in_its_cells_is_a_log_where_its_owner_says_so(tmp_path: Path) -> None:
    import csv

    file = tmp_path / "calls.csv"
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([("input", "output"), (json.dumps([SYSTEM, USER]), json.dumps(ANSWER))])
    source = open_file(file, name="calls.csv", format="chat-log")
    assert source.format == "chat-log"
    (row,) = source.rows()
    assert isinstance(row, Raw)
    assert (row.values["system"], row.values["expected"]) == ("Be brief.", "On its way.")
