"""What an evaluation found, for a person in a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from toishi.assistant import wording
from toishi.assistant.console import log, say, table
from toishi.tools.workbench.subgroups import MOST, OTHERS, SMALLEST


def print_baseline(found: Mapping[str, Any], *, name: str) -> None:
    """The scores of one version."""
    say(name)
    objectives = _objectives(found)
    rows = [
        [
            split,
            wording.score(row["score"]),
            _range(row["interval"]),
            wording.count(row["examples"]),
            *(wording.score(row.get("objectives", {}).get(one)) for one in objectives),
        ]
        for split, row in found["splits"].items()
    ]
    columns = ["split", "score", "95 % interval", "examples", *objectives]
    table(columns, rows, right=["score", "examples", *objectives])
    _print_groups(found)
    _print_end(found)


def print_comparison(found: Mapping[str, Any], *, before: str, after: str) -> None:
    """Two versions beside one another."""
    models = found.get("models", ())
    if len(set(models)) > 1:
        before, after = (f"{name} ({model})" for name, model in zip((before, after), models, strict=True))
    say(f"{before} → {after}: {found['verdict']}")
    objectives = _objectives(found)
    rows = [
        [
            split,
            _pair(row["before"], row["after"]),
            wording.signed(row["difference"]),
            wording.interval(row["interval"]),
            wording.p_value(row["p_value"]),
            f"{len(row['fixed'])} / {len(row['broke'])}",
            wording.count(row["examples"]),
            *(_pair(*row.get("objectives", {}).get(one, (None, None))) for one in objectives),
        ]
        for split, row in found["splits"].items()
    ]
    columns = ["split", "score", "difference", "95 % interval", "p-value", "fixed / broke", "examples", *objectives]
    table(columns, rows, right=["examples"])
    _print_groups(found)
    _print_end(found)


def _print_groups(found: Mapping[str, Any]) -> None:
    groups = found.get("subgroups", [])
    if not groups:
        return
    say()
    fields = dict.fromkeys(one["field"] for one in groups)
    for field in fields:
        columns, rows = group_rows([one for one in groups if one["field"] == field], field)
        table(columns, rows, right=["examples", "score"])
        if any(row[0].startswith(f"{OTHERS} (") for row in rows):
            say(f"{OTHERS}: values with fewer than {SMALLEST} examples, and the rarest of more than {MOST} values.")


def group_rows(groups: Sequence[Mapping[str, Any]], field: str) -> tuple[list[str], list[list[str]]]:
    """Columns and cells of one field's table; with two versions, the p-value is the corrected one."""
    if "before" not in groups[0]:
        columns = [field, "score", "95 % interval", "examples"]
        return columns, [
            [one["value"], wording.score(one["score"]), _range(one["interval"]), wording.count(one["examples"])]
            for one in groups
        ]
    columns = [field, "score", "difference", "95 % interval", "p (Holm)", "verdict", "examples"]
    return columns, [
        [
            one["value"],
            _pair(one["before"], one["after"]),
            wording.signed(one["difference"]),
            wording.interval(one["interval"]),
            wording.p_value(one["adjusted_p"]),
            one["verdict"],
            wording.count(one["examples"]),
        ]
        for one in groups
    ]


def _print_end(found: Mapping[str, Any]) -> None:
    for gate in found.get("gates", []):
        if gate["gate"] != "better":
            say(f"{'passed' if gate['passed'] else 'failed'}  {gate['sentence']}.")
    spent = wording.spent(found["rollouts"], found["tokens"], found["cost"])
    say(f"Spent: {spent}, {wording.duration(found['seconds'])}.")
    if found.get("sandbox"):
        say(f"{found['sandbox'][0].upper()}{found['sandbox'][1:]}.")
    for sentence in found.get("warnings", []):
        log(f"Warning: {sentence}.")


def _objectives(found: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(name for row in found["splits"].values() for name in row.get("objectives", {})))


def _pair(before: float | None, after: float | None) -> str:
    return f"{wording.score(before)} → {wording.score(after)}"


def _range(bounds: Sequence[float]) -> str:
    return f"{bounds[0]:.3f} to {bounds[1]:.3f}"
