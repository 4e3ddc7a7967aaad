"""Scores by the values of a field: for whom does it work, and for whom did it get worse?

It knows examples and scores only. A mean over everybody may rise while it falls for some, so each group is compared on
its own, paired, and what is found among many groups is corrected for their number (Holm).
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.seeds import derive_seed
from toishi.tools.workbench.statistics import ALPHA, Comparison, Mean, compare, holm, mean_of
from toishi.tools.workbench.suggestion import did_you_mean

SMALLEST = 8
"""Values with fewer examples than this are pooled."""

MOST = 20
"""Of a field with more values, the rarest are pooled too."""

BINS = 4
MOST_NUMBERS = 10
"""A field of numbers with more different values than this is divided by quantiles."""

NOTABLE = 0.05
"""A mean that is lower by less is not worth a warning while the evidence is thin."""

EMPTY, OTHERS = "(empty)", "others"

Verdict = Literal["better", "worse", "lower", "no evidence"]

_Value = TypeVar("_Value", bound=Hashable)


@dataclass(frozen=True)
class Subgroup:
    """The examples whose `field` has one value, or one of a pooled or binned set of values.

    `score` is of the newer version, where two are compared; then `change` holds the paired difference, its interval and
    p-value for this group alone, and `adjusted_p` the p-value after Holm's correction over all groups of the report.
    """

    field: str
    value: str
    score: Mean
    change: Comparison | None = None
    adjusted_p: float | None = None

    @property
    def verdict(self) -> Verdict | None:
        """`lower`: the mean fell notably, and the evidence is too thin to call it worse. None without a comparison."""
        if self.change is None or self.adjusted_p is None:
            return None
        proved = self.adjusted_p < ALPHA
        if proved and self.change.improved:
            return "better"
        if proved and self.change.worse:
            return "worse"
        return "lower" if self.change.difference <= -NOTABLE else "no evidence"


def by_subgroup(
    examples: Sequence[Example],
    before: Sequence[float] | None,
    after: Sequence[float],
    fields: Sequence[str],
    seed: int,
    *,
    expected: str | None = None,
) -> tuple[Subgroup, ...]:
    """The groups of each field in turn, largest first, or in the order of the numbers where they are binned.

    Scores are in the order of the examples, shape (examples,); `before` is None where one version is scored alone.
    `expected` is the name of the column with the right answers, by which groups can be made too. Raises `DataError` for
    a field that no example has.
    """
    require_fields(examples, fields, expected=expected)
    found = []
    for field in dict.fromkeys(fields):
        for value, places in _groups(_values(examples, field, expected)):
            scores = [after[place] for place in places]
            stream = derive_seed(seed, f"subgroup/{field}/{value}")
            change = None if before is None else compare([before[place] for place in places], scores, seed=stream)
            found.append(Subgroup(field, value, mean_of(scores, seed=stream), change))
    adjusted = holm([one.change.p_value for one in found if one.change is not None])
    return tuple(replace(one, adjusted_p=p) for one, p in zip(found, adjusted, strict=True)) if adjusted else (*found,)


def require_fields(examples: Sequence[Example], fields: Sequence[str], *, expected: str | None = None) -> None:
    """Raises `DataError` for a field by which these examples cannot be grouped, before anything is spent on them."""
    for field in fields:
        known = {name: None for example in examples for name in (*example.fields, *example.inputs)}
        if field != expected and field not in known:
            names = [*known, *([expected] if expected else [])]
            raise DataError(f"no example has a field '{field}' to make subgroups by; {did_you_mean(field, names)}")


def warnings(groups: Sequence[Subgroup]) -> list[str]:
    """A sentence for each group that got worse, and one for all that may have."""
    said = [
        f"It got worse where {_name(one)}: {_figures(one)}, and that is more than chance among {len(groups)} groups"
        for one in groups
        if one.verdict == "worse"
    ]
    lower = [f"{_name(one)} ({_figures(one)})" for one in groups if one.verdict == "lower"]
    if lower:
        said.append(
            f"Lower, but on thin evidence, where {'; '.join(lower)}: look at more such rows before you rely on it"
        )
    return said


def _name(group: Subgroup) -> str:
    return f"{group.field} = {group.value}"


def _figures(group: Subgroup) -> str:
    assert group.change is not None
    change = group.change
    rows = "1 example" if change.examples == 1 else f"{change.examples} examples"
    return f"{change.before:.3f} before, {change.after:.3f} after, {rows}"


def _values(examples: Sequence[Example], field: str, expected: str | None) -> list[str]:
    if field == expected:
        return [example.expected.strip() or EMPTY for example in examples]
    both = ({**example.inputs, **example.fields} for example in examples)
    return [fields.get(field, "").strip() or EMPTY for fields in both]


def _groups(values: Sequence[str]) -> list[tuple[str, list[int]]]:
    """From each example's value to named groups of places."""
    numbers = _numbers(values)
    if numbers is not None:
        return _bins(numbers)
    places = _places(values)
    ranked = sorted(places.items(), key=lambda group: (-len(group[1]), group[0]))
    kept = [group for group in ranked[:MOST] if len(group[1]) >= SMALLEST]
    pooled = ranked[len(kept) :]
    if len(pooled) < 2:
        return ranked
    return [*kept, (f"{OTHERS} ({len(pooled)} values)", sorted(place for _, group in pooled for place in group))]


def _bins(numbers: Sequence[float | None]) -> list[tuple[str, list[int]]]:
    """Groups of places by quantile, each named for the numbers in it, `LOW to HIGH`; those without a number last."""
    import numpy as np

    known = [number for number in numbers if number is not None]
    edges = np.unique(np.quantile(known, [step / BINS for step in range(1, BINS)]))
    bins = _places([BINS if number is None else int(np.searchsorted(edges, number)) for number in numbers])
    groups = []
    for _, places in sorted(bins.items()):
        inside = [number for place in places if (number := numbers[place]) is not None]
        low, high = (min(inside), max(inside)) if inside else (None, None)
        name = (
            EMPTY if low is None or high is None else _shown(low) if low == high else f"{_shown(low)} to {_shown(high)}"
        )
        groups.append((name, places))
    return groups


def _places(values: Sequence[_Value]) -> dict[_Value, list[int]]:
    places: dict[_Value, list[int]] = {}
    for place, value in enumerate(values):
        places.setdefault(value, []).append(place)
    return places


def _numbers(values: Sequence[str]) -> list[float | None] | None:
    """The values as numbers, None where one is empty; None for all where one is no number, or few differ."""
    numbers = [None if value == EMPTY else _number(value) for value in values]
    if any(number is None and value != EMPTY for number, value in zip(numbers, values, strict=True)):
        return None
    return numbers if len(set(numbers) - {None}) > MOST_NUMBERS else None


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _shown(number: float) -> str:
    return str(int(number)) if number.is_integer() else f"{number:g}"
