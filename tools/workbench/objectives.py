"""What is wanted of a candidate: objectives, each with a direction and a limit, and a candidate's value of each.

An objective measures one thing on all rows, on the rows of one subgroup, or on the texts alone. It knows texts and
rollouts as values. Which candidates are better all in all is for `front`; which children deserve a validation, for
`worth`.

A candidate's value is the mean over its rows. A row without a value (the program failed before the metric looked at it)
counts as the worst of 0 and what the other rows have, as it does for the score; a cost of which any part is unknown is
unknown, and never 0.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.subgroups import require_fields
from toishi.tools.workbench.suggestion import did_you_mean

Direction = Literal["higher", "lower"]
Values = Mapping[str, float | None]
"""A candidate's value of each objective, by name; None, or left out, where it is unknown."""

Groups = Mapping[str, Collection[str]]
"""Ids of the examples that an objective looks at, by its name; one that is not named looks at all."""

EVERYBODY: Groups = MappingProxyType({})

SHINGLE = 5
"""Characters; of so long pieces, overlapping, texts are made when they are held against one another."""


@dataclass(frozen=True)
class Measure:
    """What can be measured of any candidate. `share`: its values lie from 0 to 1; all others are at least 0.

    `of_texts`: it needs no rollout. `tolerance` is a share of the parent's value, unless the measure is a share itself.
    """

    meaning: str
    direction: Direction
    share: bool = False
    of_texts: bool = False
    tolerance: float = 0.05


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "score": Measure("the metric's score", "higher", share=True, tolerance=0.02),
        "prompt_characters": Measure("length of the candidate's texts, all modules together", "lower", of_texts=True),
        "prompt_tokens": Measure("tokens of a rollout's prompts, inputs included, as the model counts them", "lower"),
        "tokens": Measure("tokens of a rollout, prompts and replies together", "lower"),
        "seconds": Measure("how long a rollout's calls take, one after another", "lower"),
        "cost": Measure("US dollars for a rollout", "lower"),
        "diversity": Measure(
            "how different the texts are from the nearest of those that were there before: 0 (the same) to 1; the seed "
            "has 0",
            "higher",
            share=True,
            of_texts=True,
        ),
    }
)

OF_THE_METRIC = Measure("a score that the metric gives beside its own", "higher", share=True, tolerance=0.02)


@dataclass(frozen=True)
class Objective:
    """One thing that is wanted, on the rows whose `field` has `value`, or where these are None, on all.

    `measure` is one of `MEASURES` or the name of an objective of the metric. `limit` is the worst acceptable value, and
    `tolerance` the difference that counts as none, both in the measure's unit; a tolerance of None is the measure's.
    """

    measure: str
    direction: Direction
    limit: float | None = None
    tolerance: float | None = None
    field: str | None = None
    value: str | None = None

    @property
    def name(self) -> str:
        """By which values, tables and events call it."""
        return self.measure if self.field is None else f"{self.measure} ({self.field}={self.value})"

    @property
    def kind(self) -> Measure:
        """What is known about the measure."""
        return MEASURES.get(self.measure, OF_THE_METRIC)

    def gain(self, before: float, after: float) -> float:
        """How much better `after` is than `before`; negative where it is worse."""
        return after - before if self.direction == "higher" else before - after

    def margin(self, base: float) -> float:
        """The difference that counts as none beside a parent's value."""
        if self.tolerance is not None:
            return self.tolerance
        return self.kind.tolerance * (1.0 if self.kind.share else abs(base))

    def holds(self, value: float | None) -> bool:
        """Whether a value keeps the limit; an unknown one does not."""
        return self.limit is None or (value is not None and self.gain(self.limit, value) >= 0)

    @property
    def demand(self) -> str:
        """The limit in words."""
        return (
            "" if self.limit is None else f"at {'least' if self.direction == 'higher' else 'most'} {shown(self.limit)}"
        )


SCORE = Objective("score", "higher")


def shown(value: float) -> str:
    """A value for a sentence: no more digits than tell something."""
    return f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) >= 1 else f"{value:.3g}"


def groups_of(objectives: Sequence[Objective], examples: Sequence[Example], expected: str | None = None) -> Groups:
    """The rows of each objective that looks at a subgroup; `expected` names the column with the right answers.

    `examples` are all that a candidate may be run on, those of its gate among them. Raises `DataError` for a field that
    none of them has, and for a value that it has in none.
    """
    found: dict[str, Collection[str]] = {}
    for one in objectives:
        if one.field is None or one.value is None:
            continue
        require_fields(examples, [one.field], expected=expected)
        by_value: dict[str, set[str]] = {}
        for example in examples:
            fields = {**example.inputs, **example.fields, **({expected: example.expected} if expected else {})}
            by_value.setdefault(fields.get(one.field, "").strip(), set()).add(example.id)
        if one.value not in by_value:
            way_out = did_you_mean(one.value, sorted(by_value))
            raise DataError(f"no row has {one.field} = '{one.value}', which [[objectives]] names; {way_out}")
        found[one.name] = frozenset(by_value[one.value])
    return found


def values_of(
    objectives: Sequence[Objective],
    candidate: Candidate,
    rollouts: Sequence[Rollout],
    *,
    groups: Groups = EVERYBODY,
    pool: Sequence[Candidate] = (),
) -> dict[str, float | None]:
    """A candidate's value of every objective; `pool` are the candidates that were there before it.

    None: no rollout has the value, a cost is unknown, or none of the rows is of the subgroup.
    """
    texts = of_texts(objectives, candidate, pool)
    return {
        one.name: texts[one.name] if one.kind.of_texts else _mean(row_values(one, rollouts, groups))
        for one in objectives
    }


def of_texts(
    objectives: Sequence[Objective], candidate: Candidate, pool: Sequence[Candidate] | None = None
) -> dict[str, float]:
    """The values that need no rollout. Without a `pool`, what depends on who was there before is left out.

    Diversity takes time in proportion to the pool, all else does not.
    """
    found: dict[str, float] = {}
    for one in objectives:
        if one.measure == "prompt_characters":
            found[one.name] = float(sum(map(len, candidate.texts.values())))
        elif one.measure == "diversity" and pool is not None:
            found[one.name] = min((distance(candidate, other) for other in pool), default=0.0)
    return found


def row_values(objective: Objective, rollouts: Sequence[Rollout], groups: Groups = EVERYBODY) -> list[float] | None:
    """One value for each rollout that the objective looks at, in their order; None where it is unknown."""
    rows = groups.get(objective.name)
    seen = [_of_rollout(objective, one) for one in rollouts if rows is None or one.example in rows]
    known = [value for value in seen if value is not None]
    if len(known) == len(seen):
        return known or None
    if not known or objective.measure in MEASURES:
        return None
    worst = min(0.0, *known) if objective.direction == "higher" else max(0.0, *known)
    return [worst if value is None else value for value in seen]


def distance(first: Candidate, second: Candidate) -> float:
    """How different the texts of two candidates are: 0 where they are the same, 1 where they have nothing in common.

    1 minus the resemblance of Broder (*On the resemblance and containment of documents*, 1997): the share of pieces of
    `SHINGLE` characters, blanks aside, that both have among those that either has. Characters, since not every script
    has words between blanks.
    """
    ours, theirs = _shingles(_joined(first)), _shingles(_joined(second))
    common = len(ours & theirs)
    return 1.0 - common / (len(ours) + len(theirs) - common)


def holds(objectives: Sequence[Objective], values: Values) -> bool:
    """Whether a candidate keeps every limit, so that it can be chosen."""
    return all(one.holds(values.get(one.name)) for one in objectives)


def broken(objectives: Sequence[Objective], values: Values) -> list[str]:
    """A clause for each limit that is not kept: `prompt_characters is 2,310, and should be at most 2,000`."""
    found = []
    for one in objectives:
        value = values.get(one.name)
        if not one.holds(value):
            found.append(f"{one.name} is {'unknown' if value is None else shown(value)}, and should be {one.demand}")
    return found


def unmeasured(objectives: Sequence[Objective], values: Values, rollouts: Sequence[Rollout]) -> list[str]:
    """A sentence for each objective whose value is unknown, with the way out; `rollouts` are what it was taken from."""
    return [_why_unknown(one, rollouts) for one in objectives if values.get(one.name) is None]


def _why_unknown(objective: Objective, rollouts: Sequence[Rollout]) -> str:
    if objective.measure == "cost":
        return (
            "cost cannot be an objective, since the price of the model is unknown; give models.price, or take cost out "
            "of [[objectives]]"
        )
    if objective.measure in MEASURES:
        return f"{objective.name} cannot be an objective, since no validation row is of that subgroup"
    given = list(dict.fromkeys(name for rollout in rollouts for name in rollout.objectives))
    return (
        f"'{objective.measure}' cannot be an objective, since the metric gives no score of that name; "
        f"{did_you_mean(objective.measure, [*given, *MEASURES])}"
    )


def _of_rollout(objective: Objective, rollout: Rollout) -> float | None:
    match objective.measure:
        case "score":
            return rollout.score
        case "prompt_tokens":
            return float(sum(call.reply.prompt_tokens for call in rollout.calls if call.reply is not None))
        case "tokens":
            return float(rollout.tokens)
        case "seconds":
            return rollout.seconds
        case "cost":
            return rollout.cost
        case named:
            return rollout.objectives.get(named)


def _mean(found: Sequence[float] | None) -> float | None:
    return None if not found else math.fsum(found) / len(found)


def _joined(candidate: Candidate) -> str:
    return "\0".join(" ".join(text.split()) for _, text in sorted(candidate.texts.items()))


@lru_cache(maxsize=256)
def _shingles(text: str) -> frozenset[str]:
    return frozenset(text[start : start + SHINGLE] for start in range(max(1, len(text) - SHINGLE + 1)))
