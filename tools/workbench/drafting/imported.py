"""What logged calls and OpenAI evals say of a task by themselves: their inputs, their prompt, their graders."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toishi.tools.workbench.data.importing import inspect
from toishi.tools.workbench.drafting.answers import Answers
from toishi.tools.workbench.drafting.decision import Decision
from toishi.tools.workbench.drafting.sources import Sources

TAKEN = "taken over from the graders of the eval"


@dataclass(frozen=True)
class Imported:
    """What was found; empty where the data is a plain table and no eval came with it."""

    inputs: tuple[str, ...] = ()
    expected: str = ""
    system: str = ""
    metric: Answers | None = None
    warnings: tuple[str, ...] = field(default=())


def imported(found: Sources, shape: str) -> Imported:
    """Looks at the first data file once more, where its rows have a shape or graders were named.

    Raises `DataError` where the graders cannot be read.
    """
    path = next(iter(found.data.values()))
    if not shape and found.graders is None and not _may_hold_graders(path):
        return Imported()
    seen = inspect(path, graders=found.graders)
    if not shape and seen.metric is None:
        return Imported()
    proposal = seen.metric
    metric = None
    if proposal is not None and proposal.metric is not None:
        metric = Answers(tuple(_decisions("metric", proposal.metric)), files=tuple(proposal.files.items()))
    sentences = proposal.sentences if proposal is not None else ()
    return Imported(seen.inputs, seen.expected or "", seen.system or "", metric, sentences)


def _may_hold_graders(path: Path) -> bool:
    return path.suffix.lower() == ".json"


def _decisions(at: str, table: Mapping[str, Any]) -> Iterator[Decision]:
    """The keys of a table, its kind first; the tables in a list have their numbers in their keys."""
    for key, value in sorted(table.items(), key=lambda item: item[0] != "kind"):
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, part in enumerate(value):
                yield from _decisions(f"{at}.{key}.{number}", part)
        else:
            yield Decision(f"{at}.{key}", tuple(value) if isinstance(value, list) else value, TAKEN)
