"""How the rows are divided, how many of them are used, and a budget that buys something.

The figures are those of a search by proposals (GEPA): the baseline takes the validation rows once, a proposal is tried
on some feedback rows, one in four or so is then raced on the validation rows, and at the end the old and the new
version are judged on the test rows.
"""

import math
from dataclasses import dataclass

from toishi.tools.workbench.drafting import proof
from toishi.tools.workbench.drafting.columns import Table
from toishi.tools.workbench.drafting.decision import Decision

PROPOSALS = 30
TRIED = 15.4
"""Rollouts on feedback rows that a proposal takes, about."""

RACED = 0.15
"""Share of the validation rows that a proposal takes, about: few pass their gate, and most races end early."""

DEFAULT_SHARES = (0.4, 0.3, 0.3)
FEW, FEW_SHARES = 150, (0.3, 0.2, 0.5)
MANY, MOST = 1000, (300, 150, 400)
LARGE_GAIN, USUAL_GAIN = 0.3, 0.2
"""Gains in shares of right answers: where not even a large one can be shown, a person is warned, and told how many rows
a usual one takes."""


@dataclass(frozen=True)
class Sizes:
    """Rows of feedback, validation and test, as nearly as can be told before they are divided."""

    feedback: int
    validation: int
    test: int


@dataclass(frozen=True)
class Division:
    """The sizes, what was decided about them, and what a person should know."""

    sizes: Sizes
    decisions: tuple[Decision, ...]
    warnings: tuple[str, ...]


def division(table: Table, *, split: str | None, files: dict[str, int]) -> Division:
    """How the rows are divided: by the files (rows by key of `[data]`), by the split column, else by shares."""
    said = files if "file" not in files else _said(table, split)
    free = table.rows if "file" in files and not said else 0
    shares = FEW_SHARES if free and table.rows < FEW else DEFAULT_SHARES
    sizes = _sizes(said, free, shares)
    decisions = []
    if shares is FEW_SHARES:
        reason = f"feedback, validation, test; with few rows half of them judge: {proof.sentence(sizes.test)}"
        decisions.append(Decision("data.shares", shares, reason))
    most = Sizes(*(min(size, limit) for size, limit in zip(_three(sizes), MOST, strict=True)))
    if sum(_three(sizes)) > MANY and most != sizes:
        reason = f"of {table.rows:,} rows so many are used, drawn by the seed: {proof.sentence(most.test)}"
        decisions.append(Decision("data.most", _three(most), reason))
        sizes = most
    return Division(sizes, tuple(decisions), _warnings(table, sizes))


def budget(sizes: Sizes) -> Decision:
    """Rollouts for about `PROPOSALS` proposals, after the baseline and before the test."""
    fixed = sizes.validation + 2 * sizes.test
    each = TRIED + RACED * sizes.validation
    rollouts = math.ceil((fixed + PROPOSALS * each) / 100) * 100
    left = int((rollouts - fixed) / each)
    reason = f"{sizes.validation} for the baseline, {2 * sizes.test} for the test, the rest for about {left} proposals"
    return Decision("budget.max_rollouts", rollouts, reason)


def _said(table: Table, split: str | None) -> dict[str, int]:
    """Rows by what the split column says; where only the first rows were seen, in proportion."""
    if split is None:
        return {}
    column = table.by_name[split]
    scale = table.rows / len(column.values) if column.values else 1.0
    return {name: round(count * scale) for name, count in column.counts.items()}


def _sizes(said: dict[str, int], free: int, shares: tuple[float, float, float]) -> Sizes:
    """What is named keeps its name; `train` is divided; what nobody named takes the shares of the parts left over."""
    known = {name: said.get(name, 0) for name in ("feedback", "validation", "test")}
    train = said.get("train", 0)
    if train and known["validation"]:
        known["feedback"] += train
    elif train:
        part = shares[0] / (shares[0] + shares[1])
        known["feedback"] += round(train * part)
        known["validation"] += train - round(train * part)
    if free:
        test = round(free * shares[2])
        validation = round(free * shares[1])
        return Sizes(free - validation - test, validation, test)
    return Sizes(known["feedback"], known["validation"], known["test"])


def _three(sizes: Sizes) -> tuple[int, int, int]:
    return sizes.feedback, sizes.validation, sizes.test


def _warnings(table: Table, sizes: Sizes) -> tuple[str, ...]:
    smallest = proof.smallest_difference(sizes.test)
    if smallest is not None and smallest <= LARGE_GAIN:
        return ()
    needed = proof.rows_needed(USUAL_GAIN)
    return (
        f"{table.name} has {table.rows:,} rows: {proof.sentence(sizes.test)}; for "
        f"{100 * USUAL_GAIN:.0f} more of every 100 it takes about {needed} test rows",
    )
