"""The data files of a draft as one table: the first rows in full, the others counted."""

import csv
import json
from pathlib import Path

from toishi.tools.workbench.drafting.columns import Table, table
from toishi.tools.workbench.errors import DataError

LOOKED_AT = 5000


def read(files: dict[str, Path]) -> tuple[Table, dict[str, int]]:
    """The columns over all files together, and the number of rows of each file, by key of `[data]`."""
    rows: list[dict[str, str]] = []
    counts = {}
    for key, path in files.items():
        inside = _rows(path)
        if not inside:
            raise DataError(f"{path.name} holds no rows; fill it, or name another file")
        counts[key] = len(inside)
        rows += inside
    name = " and ".join(path.name for path in files.values())
    return table(name, rows[:LOOKED_AT], total=len(rows)), counts


def _rows(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return [dict(row) for row in csv.DictReader(stream)]
    lines = path.read_bytes().split(b"\n")
    found = [json.loads(line) for line in lines if line.strip()]
    return [
        {key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for key, value in row.items()}
        for row in found
    ]
