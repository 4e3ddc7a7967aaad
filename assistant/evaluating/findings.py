"""What an evaluation found, as a document: scores, gates, subgroups, warnings, and the exit code that follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toishi.assistant import exit_codes, wording
from toishi.assistant.evaluating.scoring import Scored
from toishi.tools.workbench.data.splits import Split
from toishi.tools.workbench.metrics.pairwise import CONSISTENT, position_bias
from toishi.tools.workbench.sandbox import level
from toishi.tools.workbench.statistics import Mean, compare, examples_to_rule_out, mean_of
from toishi.tools.workbench.subgroups import Subgroup, by_subgroup, warnings

if TYPE_CHECKING:
    from toishi.tools.workbench.statistics import Comparison

CODES = {"worse": exit_codes.FAILED, "no evidence": exit_codes.NO_EVIDENCE, "better": exit_codes.DONE}
WORST_FIRST = (exit_codes.FAILED, exit_codes.NO_EVIDENCE, exit_codes.DONE)


@dataclass(frozen=True)
class Asked:
    """What a person asks of an evaluation beside the scores: the gates, and the fields to make subgroups by."""

    min_score: float | None = None
    max_drop: float | None = None
    fields: tuple[str, ...] = ()


def baseline(scored: Scored, *, asked: Asked, warned: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON document of `toishi eval`, which holds the mean with its 95 % interval by split.

    `warned` are sentences that are known already.
    """
    means = {split: mean_of(scored.scores(0, split), seed=scored.task.seed) for split in scored.examples}
    gates = [] if asked.min_score is None else [_reaches(split, mean, asked.min_score) for split, mean in means.items()]
    splits = {split: {**_mean(mean), "objectives": scored.objectives(0, split)} for split, mean in means.items()}
    return _document(scored, asked, {"run": scored.run, "splits": splits}, gates, warned)


def comparison(scored: Scored, *, asked: Asked, against: str, warned: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON document of `toishi eval --against`: the earlier version is number 0, the task's own number 1."""
    seed = scored.task.seed
    splits: dict[Split, Comparison] = {
        split: compare(scored.scores(0, split), scored.scores(1, split), seed=seed) for split in scored.examples
    }
    gates = [_decides(split, found, asked.max_drop, same=scored.same) for split, found in splits.items()]
    if asked.min_score is not None:
        gates += [
            _reaches(split, mean_of(scored.scores(1, split), seed=seed), asked.min_score) for split in scored.examples
        ]
    verdicts = {split: _verdict(found) for split, found in splits.items()}
    body = {
        "run": scored.run,
        "against": against,
        "models": list(scored.models),
        "verdict": next(verdict for verdict in CODES if verdict in verdicts.values()),
        "splits": {
            split: {
                **_figures(found),
                "examples": found.examples,
                "verdict": verdicts[split],
                "fixed": _changed(scored, split, better=True),
                "broke": _changed(scored, split, better=False),
                "objectives": _pairs(scored.objectives(0, split), scored.objectives(1, split)),
            }
            for split, found in splits.items()
        },
    }
    return _document(scored, asked, body, gates, warned)


def _document(
    scored: Scored, asked: Asked, body: dict[str, Any], gates: list[dict[str, Any]], warned: Sequence[str]
) -> dict[str, Any]:
    groups = _subgroups(scored, asked.fields)
    spent = scored.spent
    return {
        **body,
        "subgroups": [_group(one) for one in groups],
        "gates": gates,
        "warnings": [*warned, *_bias(scored), *warnings(groups)],
        "sandbox": level("pure") if scored.task.runs_code else None,
        "rollouts": spent.rollouts,
        "tokens": spent.tokens,
        "cost": spent.cost,
        "seconds": round(spent.seconds, 3),
        "exit_code": next((code for code in WORST_FIRST if code in {gate["code"] for gate in gates}), exit_codes.DONE),
    }


def _reaches(split: Split, mean: Mean, min_score: float) -> dict[str, Any]:
    """The gate `--min-score`, which looks at the mean; the interval says how far that is to be trusted."""
    passed = mean.score >= min_score - 1e-9
    low, high = mean.interval
    verb = "reaches" if passed else "is below"
    sentence = (
        f"{split}: {mean.score:.3f} {verb} --min-score {min_score:g} (95 % interval {low:.3f} to {high:.3f}, "
        f"{wording.plural(mean.examples, 'example')})"
    )
    if passed and low < min_score:
        sentence += "; so few examples do not prove it"
    return _gate("min_score", split, passed, exit_codes.FAILED, sentence)


def _decides(split: Split, found: "Comparison", max_drop: float | None, *, same: bool) -> dict[str, Any]:
    """The gate of a comparison: with `max_drop` that no such loss is likely, else that it is better."""
    code = CODES["worse" if found.worse else "no evidence"]
    if max_drop is None:
        return _gate("better", split, found.improved, code, f"{split}: {found.sentence.rstrip('.')}")
    if same and found.interval == (0.0, 0.0):
        sentence = f"{split}: no drop is possible, since both versions have the same program, texts and models"
        return _gate("max_drop", split, True, code, sentence)
    passed = found.keeps(max_drop)
    low, high = found.interval
    figures = (
        f"difference {found.difference:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}, "
        f"{wording.plural(found.examples, 'example')}"
    )
    if passed:
        return _gate("max_drop", split, True, code, f"{split}: a drop of {max_drop:g} or more is ruled out ({figures})")
    sentence = f"{split}: a drop of {max_drop:g} is not ruled out ({figures})"
    if not found.worse:
        # The interval alone is silent about what so few examples do not show.
        sentence += f"; so many leave room for a drop of {found.most_dropped:.3f}, so more rows are needed"
        if max_drop > 0 and (least := examples_to_rule_out(max_drop)) > found.examples:
            sentence += f": {wording.count(least)} where no score changes, and more where some do"
    return _gate("max_drop", split, False, code, sentence)


def _gate(name: str, split: Split, passed: bool, code: int, sentence: str) -> dict[str, Any]:
    code = exit_codes.DONE if passed else code
    return {"gate": name, "split": split, "passed": passed, "code": code, "sentence": sentence}


def _subgroups(scored: Scored, fields: Sequence[str]) -> tuple[Subgroup, ...]:
    """Over the rows of all splits together, since groups are small."""
    if not fields:
        return ()
    examples = [example for split in scored.examples for example in scored.examples[split]]
    versions = sorted({version for version, _ in scored.rollouts})
    scores = [[score for split in scored.examples for score in scored.scores(version, split)] for version in versions]
    before = scores[0] if len(scores) > 1 else None
    return by_subgroup(examples, before, scores[-1], fields, scored.task.seed, expected=scored.task.data.expected)


def _group(group: Subgroup) -> dict[str, Any]:
    found = {"field": group.field, "value": group.value, **_mean(group.score)}
    if group.change is None:
        return found
    return {**found, **_figures(group.change), "adjusted_p": group.adjusted_p, "verdict": group.verdict}


def _mean(mean: Mean) -> dict[str, Any]:
    return {"score": mean.score, "interval": list(mean.interval), "examples": mean.examples}


def _figures(found: "Comparison") -> dict[str, Any]:
    return {
        "before": found.before,
        "after": found.after,
        "difference": found.difference,
        "interval": list(found.interval),
        "p_value": found.p_value,
    }


def _pairs(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, list[float | None]]:
    return {name: [before.get(name), after.get(name)] for name in dict.fromkeys((*before, *after))}


def _bias(scored: Scored) -> list[str]:
    """How often pairwise verdicts turned with the order."""
    found: dict[str, list[float]] = {}
    for replicates in scored.rollouts.values():
        for rollout in (rollout for once in replicates for rollout in once):
            for name, value in rollout.objectives.items():
                if name.rpartition(".")[2] == CONSISTENT:
                    found.setdefault(name, []).append(value)
    shares = {name: position_bias(values) or 0.0 for name, values in found.items()}
    return [
        f"The judge's verdict turned with the order of the answers in {share:.0%} of cases ({name})".replace("%", " %")
        for name, share in shares.items()
        if share > 0
    ]


def _verdict(found: "Comparison") -> str:
    return "better" if found.improved else "worse" if found.worse else "no evidence"


def _changed(scored: Scored, split: Split, *, better: bool) -> list[str]:
    pairs = zip(scored.examples[split], scored.scores(0, split), scored.scores(1, split), strict=True)
    return [example.id for example, old, new in pairs if (new > old if better else new < old)]
