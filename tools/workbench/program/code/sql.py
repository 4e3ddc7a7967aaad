"""A module's text as a query of SQLite, put to tables that are in memory and nowhere else, inside the sandbox."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toishi.tools.workbench.program.code.driven import INSIDE, Job, run_job
from toishi.tools.workbench.sandbox import Limits

MOST_ROWS = 10_000
LONGEST_SHOWN = 2000

Cell = str | int | float | bytes | None
Table = Sequence[Mapping[str, Any]]
"""Rows by column; every column that any of them has is one of the table."""


@dataclass(frozen=True)
class Rows:
    """What a query gives."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def shown(self) -> str:
        """As a trace keeps it: JSON, the first rows of many."""
        rows = list(self.rows)
        while len(text := json.dumps([self.columns, rows], ensure_ascii=False, default=bytes.hex)) > LONGEST_SHOWN:
            rows = rows[: len(rows) // 2]
        return text if len(rows) == len(self.rows) else f"{text} … {len(self.rows)} rows"


async def run_sql(
    query: str,
    *,
    tables: Mapping[str, Table],
    parameters: Sequence[Any] | Mapping[str, Any] = (),
    seconds: float = 10.0,
) -> Rows:
    """The rows that a query gives on tables, for which values of its parameters (`?` or `:name`) may be given.

    Lists and objects in cells are put in as their JSON. Raises `TextFailed` for what is no query, for one that takes
    longer than `seconds` or gives more than 10,000 rows; `TypeError` for cells that are no JSON; `SandboxUnavailable`.
    """
    made = {name: _columns_and_rows(table) for name, table in tables.items()}
    given = dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
    arguments = [query, made, given, MOST_ROWS]
    job = Job("answered", arguments, limits=Limits(seconds=seconds), packages=("sqlite3",), name="the query")
    done = await run_job((INSIDE / "querying.py").read_text(encoding="utf-8"), job)
    columns, rows = done.value
    return Rows(tuple(columns), tuple(map(tuple, rows)))


def described(tables: Mapping[str, Table]) -> str:
    """The tables as a trace keeps them: their columns, and how many rows each has."""
    made = {name: _columns_and_rows(table) for name, table in tables.items()}
    return "; ".join(f"{name}({', '.join(columns)}): {len(rows)} rows" for name, (columns, rows) in made.items())


def _columns_and_rows(table: Table) -> tuple[list[str], list[list[Any]]]:
    columns = list(dict.fromkeys(column for row in table for column in row))
    return columns, [[row.get(column) for column in columns] for row in table]
