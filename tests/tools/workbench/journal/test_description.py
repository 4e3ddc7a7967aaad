"""No table and no column is left without a sentence."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.journal.description import describe


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


def test_every_table_and_column_is_described_and_nothing_else(journal: Journal) -> None:
    tables = [row["name"] for row in journal.read("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    stored = {table: {row["name"] for row in journal.read(f"PRAGMA table_info({table})")} for table in tables}
    assert {name: set(table.columns) for name, table in describe().items()} == stored


def test_every_description_is_a_sentence() -> None:
    for name, table in describe().items():
        for where, sentence in {name: table.sentence, **table.columns}.items():
            assert sentence.endswith("."), f"{name}.{where}"
            assert sentence[0].isupper() or sentence[0] in "`$", f"{name}.{where}"


def test_datasette_can_be_told_the_same() -> None:
    command = [sys.executable, "-P", "-m", "toishi.tools.workbench.journal"]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    tables = metadata["databases"]["toishi"]["tables"]
    assert tables["rollouts"]["columns"]["score"] == "From 0 to 1."
    assert tables.keys() == describe().keys()
