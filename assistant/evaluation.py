"""What an evaluation found, as a document and for a person."""

from typing import TYPE_CHECKING, Any

from toishi.assistant import exit_codes, wording
from toishi.assistant.console import say, table
from toishi.assistant.scoring import Scored, mean_of
from toishi.tools.workbench.data.splits import Split
from toishi.tools.workbench.statistics import compare

if TYPE_CHECKING:
    from toishi.tools.workbench.statistics import Comparison


def baseline(scored: Scored, *, seed: int) -> tuple[dict[str, Any], int]:
    """The JSON document of `toishi eval`, which holds the mean with its 95 % interval by split, and the exit code."""
    splits = {}
    for prompt, split in scored.rollouts:
        mean = mean_of(scored.scores(prompt, split), seed=seed)
        splits[split] = {"score": mean.score, "interval": list(mean.interval), "examples": mean.examples}
    return {"run": scored.run, "splits": splits, **_spent(scored)}, exit_codes.DONE


def comparison(scored: Scored, *, seed: int) -> tuple[dict[str, Any], int]:
    """The JSON document of `toishi eval --against`, and the exit code: the worst that any split shows."""
    splits: dict[Split, Comparison] = {
        split: compare(scored.scores(0, split), scored.scores(1, split), seed=seed)
        for prompt, split in scored.rollouts
        if prompt == 0
    }
    document = {
        "run": scored.run,
        "verdict": _worst(splits),
        "splits": {
            split: {
                "before": found.before,
                "after": found.after,
                "difference": found.difference,
                "interval": list(found.interval),
                "p_value": found.p_value,
                "examples": found.examples,
                "verdict": _verdict(found),
                "fixed": _changed(scored, split, better=True),
                "broke": _changed(scored, split, better=False),
            }
            for split, found in splits.items()
        },
        **_spent(scored),
    }
    codes = {"worse": exit_codes.FAILED, "no evidence": exit_codes.NO_EVIDENCE, "better": exit_codes.DONE}
    return document, codes[document["verdict"]]


def print_baseline(found: dict[str, Any], *, name: str) -> None:
    """The scores for a person."""
    say(name)
    rows = [
        [split, wording.score(row["score"]), _range(row["interval"]), wording.count(row["examples"])]
        for split, row in found["splits"].items()
    ]
    table(["split", "score", "95 % interval", "examples"], rows, right=["score", "examples"])
    _print_spent(found)


def print_comparison(found: dict[str, Any], *, before: str, after: str) -> None:
    """The comparison for a person."""
    say(f"{before} → {after}: {found['verdict']}")
    rows = [
        [
            split,
            f"{wording.score(row['before'])} → {wording.score(row['after'])}",
            wording.signed(row["difference"]),
            wording.interval(row["interval"]),
            wording.p_value(row["p_value"]),
            f"{len(row['fixed'])} / {len(row['broke'])}",
            wording.count(row["examples"]),
        ]
        for split, row in found["splits"].items()
    ]
    columns = ["split", "score", "difference", "95 % interval", "p-value", "fixed / broke", "examples"]
    table(columns, rows, right=["examples"])
    _print_spent(found)


def _verdict(found: "Comparison") -> str:
    return "better" if found.improved else "worse" if found.worse else "no evidence"


def _worst(splits: "dict[Split, Comparison]") -> str:
    verdicts = {_verdict(found) for found in splits.values()}
    return next(verdict for verdict in ("worse", "no evidence", "better") if verdict in verdicts)


def _changed(scored: Scored, split: Split, *, better: bool) -> list[str]:
    pairs = zip(scored.rollouts[0, split], scored.rollouts[1, split], strict=True)
    return [old.example for old, new in pairs if (new.score > old.score if better else new.score < old.score)]


def _range(bounds: list[float]) -> str:
    return f"{bounds[0]:.3f} to {bounds[1]:.3f}"


def _spent(scored: Scored) -> dict[str, Any]:
    spent = scored.spent
    return {
        "rollouts": spent.rollouts,
        "tokens": spent.tokens,
        "cost": spent.cost,
        "seconds": round(spent.seconds, 3),
    }


def _print_spent(found: dict[str, Any]) -> None:
    spent = wording.spent(found["rollouts"], found["tokens"], found["cost"])
    say(f"Spent: {spent}, {wording.duration(found['seconds'])}.")
