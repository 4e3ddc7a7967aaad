"""How a judge's check went, as a document and for a person."""

from collections.abc import Mapping, Sequence
from typing import Any

from toishi.assistant import exit_codes, wording
from toishi.assistant.console import say, table
from toishi.tools.workbench.budget import Spent
from toishi.tools.workbench.judges.agreement import (
    Agreement,
    Estimate,
    agree,
    between_people,
    consensus,
    place_of,
)
from toishi.tools.workbench.judges.marks import Marked, Sheet
from toishi.tools.workbench.metrics.pairwise import CONSISTENT, position_bias
from toishi.tools.workbench.metrics.protocol import Judgement

CODES = {
    "trust": exit_codes.DONE,
    "mark more": exit_codes.NO_EVIDENCE,
    "marks are all alike": exit_codes.NO_EVIDENCE,
    "do not trust": exit_codes.FAILED,
}
SHOWN = 10


def check(sheet: Sheet, judgements: Sequence[Judgement], values: Sequence[str], *, seed: int) -> dict[str, Any]:
    """The part of the document that the marks decide; `judgements` are of the sheet's rows, in their order."""
    rows = [
        (row, mark, judgement)
        for row, judgement in zip(sheet.rows, judgements, strict=True)
        if (mark := consensus(list(row.marks.values()), values)) is not None
    ]
    found = agree([mark for _, mark, _ in rows], [one.score for _, _, one in rows], values, seed=seed) if rows else None
    raters = {person: [row.marks.get(person) for row in sheet.rows] for person in sheet.people}
    people = between_people(raters, values)
    consistent = [one.objectives[CONSISTENT] for one in judgements if CONSISTENT in one.objectives]
    return {
        **(
            _figures(found)
            if found
            else {"verdict": "marks are all alike", "sentence": "People agree on no row.", "rows": 0}
        ),
        "unmarked": sheet.unmarked,
        "disputed": len(sheet.rows) - len(rows),
        "values": list(values),
        "people": None
        if people is None
        else {"number": people.people, "accuracy": people.accuracy, "kappa": people.kappa},
        "position_bias": position_bias(consistent),
        "disagreements": [
            _disagreement(row, mark, judgement, values)
            for row, mark, judgement in rows
            if place_of(judgement.score, values) != mark
        ],
    }


def finished(
    found: Mapping[str, Any], *, run: str, judge: str, name: str | None, model: str, spent: Spent
) -> dict[str, Any]:
    """The JSON document of `toishi judge --marks`."""
    return {
        "run": run,
        "judge": judge,
        "name": name,
        "model": model,
        **found,
        "tokens": spent.tokens,
        "cost": spent.cost,
        "seconds": round(spent.seconds, 3),
        "exit_code": CODES[found["verdict"]],
    }


def print_check(found: Mapping[str, Any]) -> None:
    """The check for a person."""
    say(found["sentence"])
    people = found["people"]
    if people is not None:
        kappa = "" if people["kappa"] is None else f" (kappa {people['kappa']:.2f})"
        say(f"People agree with one another on {people['accuracy']:.0%}".replace("%", " %") + f" of rows{kappa}.")
    for number, what in ((found["unmarked"], "not marked yet"), (found["disputed"], "on which people disagree evenly")):
        if number:
            say(f"Left out: {wording.plural(number, 'row')} {what}.")
    if found["position_bias"]:
        share = f"{found['position_bias']:.0%}".replace("%", " %")
        say(f"The judge's verdict turned with the order of the answers in {share} of rows.")
    if "table" in found:
        say()
        columns = ["you \\ judge", *found["values"]]
        rows = [[value, *map(str, counts)] for value, counts in zip(found["values"], found["table"], strict=True)]
        table(columns, rows, right=found["values"])
    _print_disagreements(found["disagreements"])


def _print_disagreements(rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows[:SHOWN]:
        say()
        say(f"{row['place']}: you {row['mark']}, the judge {row['judged']}")
        say(f"  answer  {wording.shorten(row['output'], 100)}")
        for person, reason in row["reasons"].items():
            say(f"  {person}: {wording.shorten(reason, 100)}")
        say(f"  judge: {wording.shorten(row['feedback'], 300)}")
    if len(rows) > SHOWN:
        say()
        say(f"… and {wording.plural(len(rows) - SHOWN, 'more row')} on which you differ; --json lists all.")


def _figures(found: Agreement) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "sentence": found.sentence,
        "more": found.more,
        "rows": found.rows,
        "accuracy": _estimate(found.accuracy),
        "kappa": _estimate(found.kappa),
        "spearman": _estimate(found.spearman),
        "table": [list(counts) for counts in found.table],
    }


def _estimate(found: Estimate | None) -> dict[str, Any] | None:
    return None if found is None else {"value": found.value, "interval": list(found.interval)}


def _disagreement(row: Marked, mark: int, judgement: Judgement, values: Sequence[str]) -> dict[str, Any]:
    return {
        "place": row.place,
        "id": row.example.id,
        "output": row.output,
        "mark": values[mark],
        "judged": values[place_of(judgement.score, values)],
        "score": judgement.score,
        "reasons": dict(row.reasons),
        "feedback": judgement.feedback,
    }
