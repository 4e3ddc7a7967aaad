"""A journal for the time of one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal


@contextmanager
def open_journal(project: Path) -> "Iterator[Journal]":
    """The journal of a project, closed in the end."""
    from toishi.tools.workbench.journal import Journal

    journal = Journal.open(project)
    try:
        yield journal
    finally:
        journal.close()
