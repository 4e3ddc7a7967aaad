"""How the labels of a task stand, as a document and for a person."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from toishi.assistant import wording
from toishi.assistant.console import log, say
from toishi.assistant.labelling.drafting import Drafted
from toishi.tools.workbench.labels.rows import Rows
from toishi.tools.workbench.labels.sidecar import PERSON, Label


def document(
    file: Path, data: Rows, labels: Sequence[Label], drafted: Drafted | None, choices: Collection[str] | None
) -> dict[str, Any]:
    """The JSON document of `toishi label`; labels of rows that are no longer in the data are not counted.

    A label that is not among the task's `choices` counts as `unfit`, and neither as confirmed nor as drafted.
    """
    keys = {row.key for row in data.unlabelled}
    mine = [label for label in labels if label.key in keys]
    fit = [label for label in mine if choices is None or not _is_unfit(label, choices)]
    unfit = len(mine) - len(fit)
    statuses = Counter(label.status for label in fit if label.expected)
    confirmed = [label for label in mine if label.status == "confirmed" and label.draft]
    spent = drafted.spent if drafted else None
    return {
        "file": str(file),
        "run": drafted.run if drafted else None,
        "rows": data.different,
        "labelled": data.different - len(data.unlabelled),
        "unlabelled": len(data.unlabelled),
        "confirmed": statuses["confirmed"],
        "drafted": statuses["drafted"],
        "refused": statuses["refused"],
        "unfit": unfit,
        "without_draft": len(data.unlabelled) - statuses.total() - unfit,
        "drafts_confirmed": len(confirmed),
        "drafts_confirmed_as_drafted": sum(label.expected == label.draft for label in confirmed),
        "new_drafts": drafted.drafts if drafted else 0,
        "undecided": drafted.undecided if drafted else 0,
        "choices": list(drafted.choices) if drafted else [],
        "stopped": str(drafted.stopped) if drafted and drafted.stopped else None,
        "tokens": spent.tokens if spent else 0,
        "cost": spent.cost if spent else 0.0,
        "seconds": round(spent.seconds, 3) if spent else 0.0,
    }


def _is_unfit(label: Label, choices: Collection[str]) -> bool:
    return label.status != "refused" and bool(label.expected) and label.expected not in choices


def print_drafted(drafted: Drafted, *, choices_are_named: bool) -> None:
    """What drafting came to, on stderr, since the state is the answer."""
    line = f"{wording.plural(drafted.drafts, 'draft')} made"
    if drafted.undecided:
        line += f", {wording.plural(drafted.undecided, 'row')} left without one"
    if drafted.torn:
        line += f"; on {wording.plural(drafted.torn, 'row')} a later rule says another label, and the first one won"
    log(line + ".")
    if drafted.unread:
        log(f"{drafted.unread.removesuffix('.')}.")
    if drafted.spent:
        cost = wording.money(drafted.spent.cost) if drafted.spent.cost is not None else "cost unknown"
        log(f"Spent: {wording.count(drafted.spent.tokens)} tokens, {cost}, {wording.duration(drafted.spent.seconds)}.")
    if drafted.choices and not choices_are_named:
        log(f"To keep these choices, write into [metric]: choices = {json.dumps(drafted.choices, ensure_ascii=False)}")
    if drafted.stopped:
        log(f"Drafting stopped early: {drafted.stopped}; the same command with more goes on, and pays nothing twice.")


def print_state(found: dict[str, Any], labels: Sequence[Label], task_file: Path, hint: str) -> None:
    """How the labels stand, and what a person can do next."""
    if not found["unlabelled"]:
        say(f"Every row has a label in the data itself ({wording.plural(found['rows'], 'row')}).")
        return
    say(f"{found['file']}: {wording.plural(found['unlabelled'], 'row')} without a label in the data")
    for name, what in (
        ("confirmed", "used everywhere"),
        ("drafted", "used as feedback only, until you confirm them"),
        ("refused", "not used"),
        ("unfit", "not used, since their labels are not among metric.choices; correct them with --edit ID=LABEL"),
        ("without_draft", "not used, until you write their labels into the file or edit them row by row"),
    ):
        if found[name]:
            say(f"  {found[name]:>6,} {name.replace('_', ' '):<14} {what}")
    if found["drafts_confirmed"]:
        stood, all_ = found["drafts_confirmed_as_drafted"], found["drafts_confirmed"]
        share = f"{stood / all_:.0%}".replace("%", " %")
        say(f"Of {wording.plural(all_, 'confirmed draft')}, {stood} stood as drafted ({share}).")
    command = f"toishi label {task_file}"
    if found["drafted"]:
        say(f"Row by row:  {command}{hint}")
        say(f"In bulk:     {command} --confirm --all{hint}")
    own = sum(label.source == PERSON and label.status == "drafted" and bool(label.expected) for label in labels)
    if own:
        say(f"Yours ({own}):  {command} --confirm --source {PERSON}{hint}")
