"""What a candidate's judgements have in common: failure rates, kinds of failures, and groups that fare worse.

A reflector that sees three rows of a minibatch takes what is rare for common; these numbers say which it is.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from toishi.tools.workbench.rollout import PERFECT
from toishi.tools.workbench.textgrad.requests import Cohort, Tally

LONGEST_KIND = 120
LONGEST_QUOTED = 24
LEAST_IN_GROUP = 3
"""Rows that a group needs for its failures to be told."""

# Longest first, so that an apostrophe inside double quotes opens nothing.
QUOTED = re.compile(r'"[^"\n]*"|“[^”\n]*”|(?<!\w)\'[^\'\n]*\'(?!\w)')
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:[.,]\d+)*(?![\w])")


@dataclass(frozen=True)
class Judged:
    """One rollout's judgement; `groups` are the row's subgroups by column."""

    score: float
    feedback: str
    groups: Mapping[str, str] = field(default_factory=dict)


def cohort_of(judged: Iterable[Judged]) -> Cohort:
    """The numbers over all of them: what is not perfect failed.

    Kinds of failures are feedbacks that differ in numbers and long quotations only; those that came once are left out,
    unless nothing came twice. Groups are told where some fare worse than all together.
    """
    rows = list(judged)
    failures = [one for one in rows if one.score < PERFECT]
    kinds = Counter(kind_of(one.feedback) for one in failures)
    least = 2 if max(kinds.values(), default=0) > 1 else 1
    tallies = tuple(Tally(kind, count, len(rows)) for kind, count in kinds.most_common() if count >= least)
    return Cohort(len(rows), len(failures), tallies, _groups(rows, len(failures)))


def _groups(rows: Sequence[Judged], failed: int) -> tuple[Tally, ...]:
    """Those that fail more often than the whole, worst first."""
    found: dict[tuple[str, str], list[bool]] = {}
    for row in rows:
        for pair in row.groups.items():
            found.setdefault(pair, []).append(row.score < PERFECT)
    tallies = [
        Tally(f"{column} is {value}", sum(fails), len(fails))
        for (column, value), fails in found.items()
        if len(fails) >= LEAST_IN_GROUP and sum(fails) * len(rows) > failed * len(fails)
    ]
    return tuple(sorted(tallies, key=lambda tally: (-tally.count / tally.rows, -tally.rows, tally.name)))


@lru_cache(maxsize=10_000)
def kind_of(feedback: str) -> str:
    """A feedback without what is of its row alone: its first line, long quotations as “…” and numbers as N.

    Short quotations stay, since they are labels more often than not.
    """
    first = next((line for line in feedback.splitlines() if line.strip()), "").strip()
    short = QUOTED.sub(lambda match: match[0] if len(match[0]) - 2 <= LONGEST_QUOTED else "“…”", first)
    kind = NUMBER.sub("N", short)
    return kind if len(kind) <= LONGEST_KIND else f"{kind[: LONGEST_KIND - 1].rstrip()}…"
