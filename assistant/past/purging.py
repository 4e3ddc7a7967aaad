"""What `toishi purge` is to delete, as its options say it, and how that is told before it happens."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.assistant import wording
from toishi.assistant.console import say
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.own_files import shown
from toishi.tools.workbench.purge import Purge, Rows, purge_project, purge_rows, purge_run

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal

# A shorter text stands in nearly every row.
SHORTEST = 3

NOUNS = {"examples": "row", "replies": "reply"}
PLURALS = {"reply": "replies"}


def target(
    journal: "Journal",
    project: Path,
    run: str | None,
    where: Sequence[str],
    containing: Sequence[str],
    examples: Sequence[str],
    *,
    everything: bool,
) -> Purge:
    """What the options mean. Raises `UsageError` where they mean nothing, or several things at once."""
    short = next((text for text in containing if len(text.strip()) < SHORTEST), None)
    if short is not None:
        raise UsageError(f"--containing '{short}' stands in nearly every row; give at least {SHORTEST} characters")
    rows = Rows(tuple(examples), _conditions(where), tuple(containing))
    named = [run is not None, rows != Rows(), everything]
    if sum(named) != 1:
        what = "nothing is named" if not any(named) else "several things are named"
        raise UsageError(f"{what} to delete; name a run, or rows by --where, --containing or --example, or --all")
    if run is not None:
        return purge_run(journal, project, run)
    return purge_project(journal, project) if everything else purge_rows(journal, project, rows)


def document(purge: Purge, project: Path, *, purged: bool) -> dict[str, Any]:
    """The JSON document of `toishi purge`."""
    found = purge.found
    return {
        "what": purge.what,
        "purged": purged,
        "deleted": dict(found.deleted),
        "blotted": dict(found.blotted),
        "files": [shown(file, project) for file in found.files],
        "labels": {shown(file, project): count for file, count in found.labels.items()},
        "lost": list(found.lost),
        "left": list(found.left),
    }


def print_found(purge: Purge, project: Path) -> None:
    """What would go, and what stays."""
    found = purge.found
    if not found:
        say(f"Nothing is kept of {purge.what}.")
    else:
        say(f"To be deleted: {purge.what}")
    for table, count in found.deleted.items():
        say(f"  {_counted(table, count)}")
    for table, count in found.blotted.items():
        say(f"  the quotations in {_counted(table, count)}")
    for file, count in found.labels.items():
        say(f"  {wording.plural(count, 'label')} in {shown(file, project)}")
    for file in found.files:
        say(f"  {shown(file, project)}")
    for sentence in found.lost:
        say(f"Afterwards {sentence}.")
    for sentence in found.left:
        say(f"Not deleted: {sentence}.")


def _conditions(where: Sequence[str]) -> Mapping[str, str]:
    conditions = {}
    for one in where:
        name, sign, value = one.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise UsageError(f"--where {one} is not in the form FIELD=VALUE")
        conditions[name.strip()] = value
    return conditions


def _counted(table: str, count: int) -> str:
    noun = NOUNS.get(table, table.removesuffix("s"))
    if noun in PLURALS and count != 1:
        return f"{wording.count(count)} {PLURALS[noun]}"
    return wording.plural(count, noun)
