"""How the database came to its tables: one function a step, each applied once; a change is one more at the end.

What the tables and columns mean is told in `description`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def _first_tables(db: "Database") -> None:
    db.create_table(
        "runs",
        {
            "id": str,
            "name": str,
            "method": str,
            "status": str,
            "seed": int,
            "task": str,
            "data": str,
            "created": str,
            "seconds": float,
            "pid": int,
            "wanted": str,
            "result": str,
        },
        pk="id",
        not_null={"name", "method", "status", "seed", "task", "data", "created", "seconds", "wanted", "result"},
    )
    db.create_table(
        "examples",
        {"data": str, "split": str, "position": int, "id": str, "inputs": str, "expected": str},
        pk=("data", "split", "position"),
    )
    db.create_table("messages", {"id": str, "role": str, "content": str}, pk="id")
    db.create_table(
        "replies",
        {
            "key": str,
            "run": str,
            "purpose": str,
            "model": str,
            "messages": str,
            "temperature": float,
            "top_p": float,
            "max_tokens": int,
            "seed": int,
            "replicate": int,
            "text": str,
            "finish_reason": str,
            "prompt_tokens": int,
            "completion_tokens": int,
            "cost": float,
            "seconds": float,
            "token_ids": str,
            "logprobs": str,
            "created": str,
        },
        pk=("key", "run"),
    )
    db.create_table(
        "rollouts",
        {
            "number": int,
            "run": str,
            "candidate": str,
            "example": str,
            "replicate": int,
            "split": str,
            "score": float,
            "output": str,
            "feedback": str,
            "error": str,
            "tokens": int,
            "cost": float,
            "seconds": float,
            "objectives": str,
            "calls": str,
            "created": str,
        },
        pk="number",
    )
    db.table("rollouts").create_index(["run", "candidate", "example", "replicate"], unique=True)
    db.create_table(
        "candidates",
        {
            "run": str,
            "number": int,
            "id": str,
            "parents": str,
            "reason": str,
            "module": str,
            "validation_score": float,
            "texts": str,
            "created": str,
        },
        pk=("run", "number"),
    )
    db.create_table(
        "events",
        {"number": int, "run": str, "decision": int, "kind": str, "body": str, "created": str},
        pk="number",
    )
    db.table("events").create_index(["run", "number"])
    db.table("events").create_index(["run", "decision"], unique=True)
    db.create_table(
        "changes",
        {"hash": str, "run": str, "status": str, "files": str, "evidence": str, "modes": str, "created": str},
        pk="hash",
    )


def _tools_and_indexes(db: "Database") -> None:
    """Tool calls, schemas, the rows' other columns, versions of events; and an index for each look at many rows."""
    db.table("messages").add_column("tool_calls", str)
    db.table("messages").add_column("tool_call_id", str)
    for column in ("tool_calls", "tools", "schema"):
        db.table("replies").add_column(column, str)
    db.table("examples").add_column("fields", str, not_null_default="{}")
    db.table("rollouts").add_column("replies", str, not_null_default="[]")
    db.table("events").add_column("version", int, not_null_default=1)
    db.table("runs").create_index(["created", "id"])
    db.table("changes").create_index(["status"])
    db.table("examples").create_index(["id"])
    db.table("rollouts").create_index(["run", "number"])
    # Answers pages, means and sums by candidate and split without a look at the rows, whose traces are long.
    db.table("rollouts").create_index(["run", "candidate", "split", "number", "score", "tokens", "cost"])
    db.table("replies").create_index(["run", "purpose", "model", "prompt_tokens", "completion_tokens", "cost"])


def _purges(db: "Database") -> None:
    db.create_table(
        "purges",
        {"number": int, "what": str, "rows": int, "created": str, "finished": str},
        pk="number",
        not_null={"what", "rows", "created"},
    )


def _agreements(db: "Database") -> None:
    """What a person agreed to send to a model elsewhere although it looks personal, by the content's hash."""
    db.create_table(
        "agreements",
        {"content": str, "destination": str, "fields": str, "created": str},
        pk=("content", "destination"),
        not_null={"fields", "created"},
    )


def _batches(db: "Database") -> None:
    """Which batch at a provider holds which request, written before it is paid for."""
    db.create_table(
        "batches",
        {"key": str, "run": str, "file": str, "batch": str, "created": str},
        pk=("key", "file"),
        not_null={"run", "created"},
    )
    db.table("batches").create_index(["file"])


def _fronts(db: "Database") -> None:
    """What candidates are worth beside the score, and which ran on some of the validation rows only."""
    db.table("candidates").add_column("rows", int)
    db.table("candidates").add_column("objectives", str, not_null_default="{}")


MIGRATIONS: tuple[Callable[["Database"], None], ...] = (
    _first_tables,
    _tools_and_indexes,
    _purges,
    _agreements,
    _batches,
    _fronts,
)
