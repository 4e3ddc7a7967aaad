"""Everything that a run told, from its start: as one document, or as a line each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from toishi.assistant.console import say
from toishi.assistant.following.lines import line
from toishi.assistant.following.view import RunView

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal
    from toishi.tools.workbench.journal.queries import StoredEvent

AT_A_TIME = 1000


def stream(journal: "Journal", run: str) -> "Iterator[StoredEvent]":
    """The stored events in order."""
    from toishi.tools.workbench.journal.queries import stored_events

    after = 0
    while page := stored_events(journal, run, after=after, limit=AT_A_TIME):
        yield from page
        after = page[-1].number


def document(journal: "Journal", run: str) -> list[dict[str, Any]]:
    """What `toishi show --events --json` gives: each event with its number, its time and its place among decisions."""
    return [
        {
            "number": one.number,
            "created": one.created,
            "decision": one.decision,
            "event": one.event.model_dump(mode="json"),
        }
        for one in stream(journal, run)
    ]


def print_stream(journal: "Journal", run: str) -> None:
    """The same for a person, as they were told while the run went on."""
    view = RunView()
    for one in stream(journal, run):
        view = view.after(one.event)
        say(line(one.event, view))
