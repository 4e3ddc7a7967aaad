"""What a person is told while a task's rows are read, and about them afterwards."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from toishi.assistant import wording
from toishi.assistant.console import log

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal

PATIENCE_SECONDS = 2.0
LISTED = 10


@contextmanager
def reading() -> Iterator[Callable[[int], None]]:
    """A function that is told how many rows were read; it says so on stderr where that takes longer than a moment."""
    begun = told = time.monotonic()
    terminal = sys.stderr.isatty()
    shown = False

    def tell(rows: int) -> None:
        nonlocal told, shown
        now = time.monotonic()
        if now - begun < PATIENCE_SECONDS or now - told < PATIENCE_SECONDS / (10 if terminal else 1):
            return
        told = now
        if terminal:
            shown = True
            sys.stderr.write(f"\r\033[Kreading rows: {wording.count(rows)}")
            sys.stderr.flush()
        else:
            log(f"reading rows: {wording.count(rows)}")

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def warnings_of(journal: "Journal", run: str) -> list[str]:
    """What a run's events warn of: rows that were left out, and what may flatter its scores."""
    from toishi.tools.workbench.events import Warned

    return [event.message for _, event in journal.events(run) if isinstance(event, Warned)]


def tell_warnings(journal: "Journal", run: str) -> None:
    """Says on stderr what a run's first events warn of."""
    warnings = warnings_of(journal, run)
    for warning in warnings[:LISTED]:
        log(f"Warning: {warning}")
    if len(warnings) > LISTED:
        log(f"Warning: and {len(warnings) - LISTED} more; see: toishi show {run} --events")
