"""Which example is for what: feedback, validation, or the locked test.

- **feedback**: its content may be shown to the model that rewrites;
- **validation**: only its scores are used, to choose among candidates;
- **test**: looked at once, when the run is over.

What the data says about a row wins. The rest is divided by seed. Rows with the same inputs never stand on two sides.
"""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.seeds import derive_seed

Split = Literal["feedback", "validation", "test"]
SPLITS: tuple[Split, ...] = ("feedback", "validation", "test")
NAMES = (*SPLITS, "train")


@dataclass(frozen=True)
class Row:
    """One example, where it stands, and what the data says it is for (one of `NAMES`, or "" where it says nothing)."""

    place: str
    example: Example
    said: str


@dataclass(frozen=True)
class Splits:
    """The examples of a task, each part in the order of the files."""

    feedback: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]

    @property
    def all(self) -> tuple[Example, ...]:
        """All three parts, one after another."""
        return (*self.feedback, *self.validation, *self.test)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of every example and of the part that it belongs to."""
        digest = hashlib.sha256()
        for split in SPLITS:
            for example in getattr(self, split):
                line = [split, example.id, dict(example.inputs), example.expected]
                digest.update(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        return digest.hexdigest()


def divide(rows: Sequence[Row], *, seed: int, shares: Sequence[float]) -> Splits:
    """Divides the rows.

    `train` is divided into feedback and validation, or is all feedback where other rows are named as validation. Rows
    that say nothing are divided among the parts that no row names (among all three where each is named). The `shares`
    of feedback, validation and test are kept as closely as whole rows allow, overall and, where labels have three rows
    or more on average, within each label.

    Raises `DataError` where rows with the same inputs are named for two parts, and where a part stays empty.
    """
    groups = _groups(rows)
    named = {part for group in groups for part in _parts(group.said)}
    free = tuple(split for split in SPLITS if split not in named) or SPLITS
    assigned: dict[int, Split] = {}
    for said in {group.said: None for group in groups}:
        members = [group for group in groups if group.said == said]
        parts = _parts(said) or free
        weights = [shares[SPLITS.index(part)] for part in parts]
        generator = random.Random(derive_seed(seed, f"splits/{said}"))
        for group, choice in zip(members, deal(members, weights, generator), strict=True):
            assigned.update(dict.fromkeys(group.rows, parts[choice]))
    chosen = {
        split: tuple(row.example for index, row in enumerate(rows) if assigned[index] == split) for split in SPLITS
    }
    empty = next((split for split in SPLITS if not chosen[split]), None)
    if empty is not None:
        raise DataError(
            f"no row is left for {empty} ({len(groups)} rows with different inputs); add rows or change data.shares"
        )
    return Splits(**chosen)


@dataclass(frozen=True)
class Group:
    """Rows with the same inputs, by index, which stay together; `label` is what the first of them expects."""

    rows: tuple[int, ...]
    label: str
    said: str


def deal(groups: Sequence[Group], weights: Sequence[float], generator: random.Random) -> list[int]:
    """For each group the index of the part that it goes to.

    The groups are shuffled, brought together by label where labels are few, and dealt one by one to the part that lags
    furthest behind its weight: so every stretch, a label's among them, is divided as the whole.
    """
    order = list(range(len(groups)))
    generator.shuffle(order)
    labels = {group.label: generator.random() for group in groups}
    if 3 * len(labels) <= len(groups):
        order.sort(key=lambda index: labels[groups[index].label])
    total = sum(weights)
    counts = [0] * len(weights)
    choices = [0] * len(groups)
    dealt = 0
    for index in order:
        size = len(groups[index].rows)
        dealt += size
        choice = max(range(len(weights)), key=lambda part: weights[part] / total * dealt - counts[part])
        counts[choice] += size
        choices[index] = choice
    return choices


def _parts(said: str) -> tuple[Split, ...]:
    if said == "train":
        return ("feedback", "validation")
    return tuple(split for split in SPLITS if split == said)


def _groups(rows: Sequence[Row]) -> list[Group]:
    """The groups in the order of their first rows."""
    if any(row.said == "validation" for row in rows):
        rows = [replace(row, said="feedback") if row.said == "train" else row for row in rows]
    together: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(rows):
        together.setdefault(tuple(row.example.inputs.values()), []).append(index)
    return [
        Group(tuple(members), rows[members[0]].example.expected, _said_of([rows[index] for index in members]))
        for members in together.values()
    ]


def _said_of(rows: Sequence[Row]) -> str:
    """What rows with the same inputs say together."""
    first = {row.said: row for row in reversed(rows) if row.said}
    if set(first) == {"train", "feedback"}:
        return "feedback"
    if len(first) > 1:
        one, other = sorted(first.values(), key=rows.index)[:2]
        raise DataError(
            f"{other.place} is for {other.said} and has the same inputs as {one.place}, which is for {one.said}; "
            "take one of them out"
        )
    return next(iter(first), "")
