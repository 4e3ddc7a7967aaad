"""A model says which of two answers is better: the one at hand, or the expected one.

Judges favour a place, mostly the first (Zheng et al., NeurIPS 2023, section 3.3; Wang et al., *Large Language Models
are not Fair Evaluators*, ACL 2024), so both orders are asked, and a verdict that turns with the order is a tie. How
often that happens is reported: it is the judge's position bias.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.consultation import (
    all_of,
    asker,
    consult,
    fenced,
    replicates,
    shortened,
    shown_columns,
)
from toishi.tools.workbench.metrics.context import Ask, MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.metrics.verdicts import WHOLE, Form, Verdict
from toishi.tools.workbench.rollout import PERFECT, ModuleCall
from toishi.tools.workbench.task.kinds.judges import PairwiseKind

CONSISTENT = "order_consistent"
"""The objective that is 1 where both orders gave the same verdict, 0 where not; none where nobody was asked."""

RUBRIC = "Which answer serves the person better who asked: is it right, complete, to the point and well put?"

FORM = Form((WHOLE,), ("A", "B", "tie"))

Outcome = Literal["win", "tie", "loss"]
SCORES: Mapping[Outcome, float] = {"win": 1.0, "tie": 0.5, "loss": 0.0}


def build(section: PairwiseKind, context: MetricContext) -> "Pairwise":
    """The metric of a `[metric]` table with kind = "pairwise"."""
    return Pairwise(section, asker(context, section.kind))


@dataclass(frozen=True)
class Match:
    """What came of one comparison in both orders; `consistent`: the order made no difference."""

    outcome: Outcome
    consistent: bool
    reasons: tuple[str, str]


class Pairwise:
    """1 where the answer wins against the other in both orders, 0 where it loses in both, else 0.5.

    The other is the example's expected answer, or `references` by example, as when two versions are compared.
    """

    def __init__(self, section: PairwiseKind, ask: Ask, references: Mapping[str, str] | None = None) -> None:
        self._section = section
        self._ask = ask
        self._references = references

    def against(self, references: Mapping[str, str]) -> "Pairwise":
        """The same judge, for whom the other answer of each example, by its id, is in `references`."""
        return Pairwise(self._section, self._ask, references)

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback holds the judge's reasons. Raises `JudgeUnreadable` where there is no verdict, and `DataError`
        where the example has no other answer."""
        other = example.expected if self._references is None else self._references[example.id]
        if not other.strip() and self._references is None:
            raise DataError(f"example {example.id} has no expected answer, and kind = 'pairwise' compares with it")
        if output.strip() == other.strip():
            return Judgement(0.5, "a tie: the answer is the same as the other one")
        matches = await all_of(
            [self._match(example, output, other, replicate) for replicate in replicates(self._section.samples)]
        )
        score = math.fsum(SCORES[one.outcome] for one in matches) / len(matches)
        consistent = math.fsum(one.consistent for one in matches) / len(matches)
        return Judgement(score, _feedback(score, matches, other), {CONSISTENT: consistent})

    async def _match(self, example: Example, output: str, other: str, replicate: int) -> Match:
        async def asked(first: str, second: str) -> Verdict:
            texts = {**shown_columns(example, self._section.fields), "answer A": first, "answer B": second}
            question = (
                f"{self._section.rubric or RUBRIC}\n\n{fenced(texts)}\n\nWhich answer is better: A, B, or is it a tie?"
            )
            return (await consult(self._ask, question, FORM, replicate=replicate, example=example))[WHOLE]

        straight, swapped = await all_of([asked(output, other), asked(other, output)])
        return match(straight, swapped)


def match(straight: Verdict, swapped: Verdict) -> Match:
    """From the verdicts with the answer at hand as A and as B to one outcome."""
    outcomes: Mapping[str, Outcome] = {"A": "win", "B": "loss", "tie": "tie"}
    turned: Mapping[str, Outcome] = {"A": "loss", "B": "win", "tie": "tie"}
    first, second = outcomes[straight.value], turned[swapped.value]
    return Match(first if first == second else "tie", first == second, (straight.reason, swapped.reason))


def position_bias(consistent: Sequence[float]) -> float | None:
    """The share of verdicts that turned with the order, from the objectives `order_consistent`; None where none was
    given."""
    return None if not consistent else 1 - math.fsum(consistent) / len(consistent)


def _feedback(score: float, matches: Sequence[Match], other: str) -> str:
    if score == PERFECT:
        return f"correct\npreferred to the other answer – {matches[0].reasons[0]} (A: the answer at hand)"
    typical = min(matches, key=lambda one: abs(SCORES[one.outcome] - score))
    said = {"win": "mostly preferred to", "tie": "a tie with", "loss": "worse than"}[typical.outcome]
    if typical.consistent:
        return f"{said} the other answer, which is: {shortened(other)}\n{typical.reasons[0]} (A: the answer at hand)"
    return (
        f"a tie with the other answer, since the verdict turns with the order; the other is: {shortened(other)}\n"
        f"shown first, as A: {typical.reasons[0]}\nshown second, as B: {typical.reasons[1]}"
    )
