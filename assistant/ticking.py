"""A bar on a terminal for work that has no events; nothing elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def ticking(total: int, doing: str = "scoring") -> Iterator[Callable[[int], None]]:
    """A function that is told how many of `total` pieces of work are done; `doing` is what the bar calls it."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from toishi.assistant.console import stderr

    columns = (TextColumn(doing), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr(), transient=True) as bar:
        work = bar.add_task(doing, total=total)
        yield lambda done: bar.update(work, completed=done)
