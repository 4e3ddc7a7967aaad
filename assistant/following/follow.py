"""Follows a run until it ends: live on a terminal, line by line elsewhere. The run itself is another process.

The first Ctrl-C asks the run to stop and waits for it; a second one stops waiting, and the run stops by itself.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from toishi.assistant import console
from toishi.assistant.following import lines
from toishi.assistant.following.view import RunView, fold
from toishi.tools.workbench.events import Event
from toishi.tools.workbench.runs import follow, request_cancel

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal

HINT = "Ctrl-C stops the run, which can be resumed"
STOPPING = "the run is asked to stop; Ctrl-C again leaves it to do so by itself"


class Display(Protocol):
    """Where events are shown."""

    def show(self, event: Event, view: RunView) -> None: ...

    def note(self, text: str) -> None: ...


def watch(journal: "Journal", project: Path, run: str, *, after: int = 0) -> RunView:
    """The view when the run has ended; one with neither `finished` nor `stopped` where the person stopped waiting.

    Events up to number `after` belong to earlier sittings: they are counted, not shown.
    """
    view = fold(event for number, event in journal.events(run) if number <= after)
    if view.finished:
        return view
    with _display(journal.run(run).name, view) as display:
        try:
            return _follow(journal, project, run, after, view, display)
        except KeyboardInterrupt:
            request_cancel(journal, run)
            display.note(STOPPING)
        try:
            stored = journal.events(run)
            view = fold(event for _, event in stored)
            if view.finished or view.stopped:
                return view
            return _follow(journal, project, run, max((number for number, _ in stored), default=0), view, display)
        except KeyboardInterrupt:
            return view


def _follow(journal: "Journal", project: Path, run: str, after: int, view: RunView, display: Display) -> RunView:
    for event in follow(journal, project, run, after):
        view = view.after(event)
        display.show(event, view)
    return view


@contextmanager
def _display(name: str, view: RunView) -> Iterator[Display]:
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield _Lines()
        return
    from toishi.assistant.following.live import RunScreen, live

    screen = RunScreen(name, HINT)
    screen.take(view)
    with live(screen, console.stderr()):
        yield screen


class _Lines:
    """One line per event on stderr."""

    def __init__(self) -> None:
        self._pace = lines.Pace()

    def show(self, event: Event, view: RunView) -> None:
        if self._pace.lets(event):
            console.log(lines.line(event, view))

    def note(self, text: str) -> None:
        console.log(text)


def await_end(journal: "Journal", project: Path, run: str) -> None:
    """Returns when the run's present sitting has ended; shows nothing."""
    for _ in follow(journal, project, run, journal.last_event(run)):
        pass
