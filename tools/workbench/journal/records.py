"""What the journal's rows are as values, and back: replies, rollouts, examples.

Messages are stored once by content and named by id, since one system prompt stands in front of thousands of rollouts.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal.writer import Statement
from toishi.tools.workbench.models.protocol import Message, Reply, Request, ToolCall
from toishi.tools.workbench.rollout import ModuleCall, Rollout

RunStatus = Literal["queued", "running", "finished", "cancelled", "failed"]
MessagesOf = Callable[[Sequence[str]], tuple[Message, ...]]


@dataclass(frozen=True)
class RunRow:
    """One run. `task` is the JSON snapshot from which it can be repeated; `data` names its rows in `examples`.

    `wanted` is `cancel` where a person asked for the end; `result` is a JSON object, empty until the run finished;
    `seconds` are over all sittings, `pid` is the newest worker's, `created` is UTC in ISO 8601.
    """

    id: str
    name: str
    method: str
    status: RunStatus
    seed: int
    task: str
    data: str = ""
    created: str = ""
    seconds: float = 0.0
    pid: int | None = None
    wanted: str = ""
    result: str = ""


@dataclass(frozen=True)
class StoredReply:
    """A reply, and the run that paid for it."""

    reply: Reply
    run: str


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def now() -> str:
    """UTC in ISO 8601, sortable as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def insert(table: str, row: Mapping[str, object], *, or_ignore: bool = False) -> Statement:
    """The statement that adds one row."""
    verb = "INSERT OR IGNORE" if or_ignore else "INSERT"
    marks = ", ".join("?" * len(row))
    return f"{verb} INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())


def dump(value: object) -> str:
    """Compact JSON that keeps every script readable."""
    return _ENCODER.encode(value)


def message_id(message: Message) -> str:
    """32 hexadecimal digits of the content's SHA-256."""
    body = f"{message.role}\n{message.content}"
    if message.tool_calls or message.tool_call_id is not None:
        body = dump([message.role, message.content, _tool_calls(message.tool_calls), message.tool_call_id])
    return hashlib.sha256(body.encode()).hexdigest()[:32]


def message_statements(messages: Sequence[Message]) -> list[Statement]:
    """Stores messages that are not yet known."""
    return [
        insert(
            "messages",
            {
                "id": message_id(one),
                "role": one.role,
                "content": one.content,
                "tool_calls": _dump_some(_tool_calls(one.tool_calls)),
                "tool_call_id": one.tool_call_id,
            },
            or_ignore=True,
        )
        for one in messages
    ]


def message_of(row: sqlite3.Row) -> Message:
    """The message that a row of `messages` holds."""
    return Message(row["role"], row["content"], _tool_calls_from(row["tool_calls"]), row["tool_call_id"])


def reply_statements(run: str, purpose: str, request: Request, reply: Reply) -> list[Statement]:
    """Stores a reply with everything that decided it."""
    fields = _reply_fields(reply)
    row = {
        "key": request.key,
        "run": run,
        "purpose": purpose,
        "model": request.model,
        "messages": dump([message_id(one) for one in request.messages]),
        **vars(request.sampling),
        "seed": request.seed,
        "replicate": request.replicate,
        "tools": _dump_some([asdict(tool) for tool in request.tools]),
        "schema": request.schema,
        **{name: fields[name] for name in _REPLY_FIELDS},
        **{name: None if fields[name] is None else dump(fields[name]) for name in _REPLY_LISTS},
        "created": now(),
    }
    return [*message_statements(request.messages), insert("replies", row, or_ignore=True)]


def reply_of(row: sqlite3.Row) -> Reply:
    """The reply that a row of `replies` holds."""
    lists = {name: None if row[name] is None else json.loads(row[name]) for name in _REPLY_LISTS}
    return _reply_from({**{name: row[name] for name in _REPLY_FIELDS}, **lists})


def rollout_statements(run: str, split: str, rollout: Rollout) -> list[Statement]:
    """Stores a rollout with its trace."""
    row = {
        "run": run,
        "candidate": rollout.candidate,
        "example": rollout.example,
        "replicate": rollout.replicate,
        "split": split,
        "score": rollout.score,
        "output": rollout.output,
        "feedback": rollout.feedback,
        "error": rollout.error,
        "tokens": rollout.tokens,
        "cost": rollout.cost,
        "seconds": rollout.seconds,
        "objectives": dump(dict(rollout.objectives)),
        "replies": dump(rollout.replies),
        "calls": dump([_call_fields(call) for call in rollout.calls]),
        "created": now(),
    }
    messages = [message for call in rollout.calls for message in call.messages]
    return [*message_statements(messages), insert("rollouts", row, or_ignore=True)]


def rollout_of(row: sqlite3.Row, messages: MessagesOf) -> Rollout:
    """The rollout that a row holds; `messages` looks ids up."""
    calls = [
        ModuleCall(
            module=call["module"],
            inputs=call["inputs"],
            messages=messages(call["messages"]),
            reply=None if call["reply"] is None else _reply_from(call["reply"]),
            error=call["error"],
            output=call.get("output"),
        )
        for call in json.loads(row["calls"])
    ]
    return Rollout(
        candidate=row["candidate"],
        example=row["example"],
        replicate=row["replicate"],
        output=row["output"],
        score=row["score"],
        feedback=row["feedback"],
        calls=tuple(calls),
        tokens=row["tokens"],
        cost=row["cost"],
        seconds=row["seconds"],
        objectives=json.loads(row["objectives"]),
        replies=tuple(json.loads(row["replies"])),
        error=row["error"],
    )


def example_statement(data: str, split: str, position: int, example: Example) -> Statement:
    """Stores one row of a run's data."""
    row = {
        "data": data,
        "split": split,
        "position": position,
        "id": example.id,
        "inputs": dump(dict(example.inputs)),
        "expected": example.expected,
        "fields": dump(dict(example.fields)),
    }
    return insert("examples", row, or_ignore=True)


def example_of(row: sqlite3.Row) -> Example:
    """The example that a row holds."""
    return Example(row["id"], json.loads(row["inputs"]), row["expected"], json.loads(row["fields"]))


_REPLY_FIELDS = ("text", "finish_reason", "prompt_tokens", "completion_tokens", "cost", "seconds")
_REPLY_LISTS = ("token_ids", "logprobs", "tool_calls")


def _reply_fields(reply: Reply) -> dict[str, Any]:
    """JSON values; the lists are None where there is nothing in them to tell."""
    return {
        **{name: getattr(reply, name) for name in _REPLY_FIELDS},
        "token_ids": reply.token_ids,
        "logprobs": reply.logprobs,
        "tool_calls": _tool_calls(reply.tool_calls) or None,
    }


def _reply_from(fields: Mapping[str, Any]) -> Reply:
    ids, logprobs = fields["token_ids"], fields["logprobs"]
    return Reply(
        **{name: fields[name] for name in _REPLY_FIELDS},
        token_ids=None if ids is None else tuple(ids),
        logprobs=None if logprobs is None else tuple(logprobs),
        # Traces of the first version have none.
        tool_calls=tuple(ToolCall(**call) for call in fields.get("tool_calls") or ()),
    )


def _call_fields(call: ModuleCall) -> dict[str, Any]:
    fields = {
        "module": call.module,
        "inputs": dict(call.inputs),
        "messages": [message_id(message) for message in call.messages],
        "reply": None if call.reply is None else _reply_fields(call.reply),
        "error": call.error,
    }
    return fields if call.output is None else {**fields, "output": call.output}


def _tool_calls(calls: Sequence[ToolCall]) -> list[dict[str, str]]:
    return [asdict(call) for call in calls]


def _tool_calls_from(text: str | None) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(**call) for call in json.loads(text or "[]"))


def _dump_some(items: Sequence[object]) -> str | None:
    """JSON, or None where there is nothing: most rows have neither tools nor calls of them."""
    return dump(items) if items else None
