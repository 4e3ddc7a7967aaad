"""Which row is for what: pure decisions over what little of each row they need.

What the data says about a row wins. The rest is divided by seed. Rows with the same inputs never stand on two sides,
nor do, among rows about which the data says nothing else, near-duplicates and the rows of one group.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from toishi.tools.workbench.data.duplicates import Clusters
from toishi.tools.workbench.data.splits import SPLITS, Split
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.seeds import derive_seed

TEMPLATE_SHARE = 0.1
TEMPLATE_LEAST = 3


@dataclass(frozen=True, slots=True)
class Row:
    """What must be known of a row to place it.

    `key` is the same for rows with the same inputs, `said` is one of `NAMES` or "" where the data says nothing, `group`
    is "" for a row that belongs to none.
    """

    key: bytes
    label: str
    said: str = ""
    group: str = ""


@dataclass(frozen=True)
class Divided:
    """For each row its part, None for one that a cap left out; `notes` are sentences about what was found.

    `duplicates` and `near` count the rows that another one before them has the inputs of, exactly or nearly.
    """

    parts: tuple[Split | None, ...]
    duplicates: int = 0
    near: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that stay together, by index; `label` is what the first of them expects."""

    rows: tuple[int, ...]
    label: str
    said: str


def divide(
    rows: Sequence[Row],
    *,
    seed: int,
    shares: Sequence[float],
    place: Callable[[int], str],
    near: Iterable[tuple[int, int]] = (),
    most: Sequence[int] | None = None,
) -> Divided:
    """Divides the rows; `place` says where the row with an index stands, `near` are pairs of near-duplicates.

    `train` is divided into feedback and validation, or is all feedback where other rows are named as validation. Rows
    that say nothing are divided among the parts that no row names (among all three where each is named). The `shares`
    of feedback, validation and test are kept as closely as whole rows allow, overall and, where labels have three rows
    or more on average, within each label. `most` caps feedback, validation and test, label by label alike.

    Raises `DataError` where rows with the same inputs are named for two parts, and where a part stays empty.
    """
    if any(row.said == "validation" for row in rows):
        said = ["feedback" if row.said == "train" else row.said for row in rows]
    else:
        said = [row.said for row in rows]
    exact = _exact(rows, said, place)
    contradictions = _contradictions(rows, exact, place)
    grouped = any(row.group for row in rows)
    wider, found, notes = _wider(rows, said, exact, list(near), place)
    parts = _deal_all(wider, len(rows), seed, shares, largest_first=grouped)
    if found and not set(SPLITS) <= set(parts) and set(SPLITS) <= set(_deal_all(exact, len(rows), seed, shares)):
        notes = ["too few rows would be left if near-duplicates stood on one side, so only equal inputs do"]
        wider = _joined(exact, said, ((one, row.group) for one, row in enumerate(rows) if row.group))
        parts = _deal_all(wider, len(rows), seed, shares, largest_first=grouped)
    empty = next((split for split in SPLITS if split not in parts), None)
    if empty is not None:
        rows_there = "1 row" if len(wider) == 1 else f"{len(wider)} rows"
        raise DataError(
            f"no row is left for {empty} ({rows_there} with different inputs); add rows or change data.shares"
        )
    if most is not None:
        parts = _capped(rows, parts, most, seed)
    return Divided(tuple(parts), len(rows) - len(exact), found, (*contradictions, *notes))


def together(rows: Sequence[Row], near: Sequence[tuple[int, int]]) -> list[int]:
    """For each row a number that it shares with those of the same inputs, of its group, and with near-duplicates."""
    clusters = Clusters(len(rows))
    clusters.join(near)
    most = max(TEMPLATE_LEAST, TEMPLATE_SHARE * len(rows))
    templates = {lowest for lowest, members in clusters.members().items() if len(members) > most}
    narrower = Clusters(len(rows))
    narrower.join((one, other) for one, other in near if clusters.of(one) not in templates)
    keys: dict[bytes, int] = {}
    narrower.join((keys.setdefault(row.key, index), index) for index, row in enumerate(rows))
    groups: dict[str, int] = {}
    narrower.join((groups.setdefault(row.group, index), index) for index, row in enumerate(rows) if row.group)
    return [narrower.of(index) for index in range(len(rows))]


def deal(
    groups: Sequence[Group], weights: Sequence[float], generator: random.Random, *, largest_first: bool = False
) -> list[int]:
    """For each group the index of the part that it goes to.

    The groups are shuffled, brought together by label where labels are few, and dealt one by one to the part that lags
    furthest behind its weight: so every stretch, a label's among them, is divided as the whole. Groups of many rows
    come closer to the weights where the largest are dealt first.
    """
    order = list(range(len(groups)))
    generator.shuffle(order)
    labels = {group.label: generator.random() for group in groups}
    if 3 * len(labels) <= len(groups):
        order.sort(key=lambda index: labels[groups[index].label])
    if largest_first:
        order.sort(key=lambda index: -len(groups[index].rows))
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


def _deal_all(
    groups: Sequence[Group], count: int, seed: int, shares: Sequence[float], *, largest_first: bool = False
) -> list[Split | None]:
    named = {part for group in groups for part in _parts(group.said)}
    free = tuple(split for split in SPLITS if split not in named) or SPLITS
    assigned: list[Split | None] = [None] * count
    for said in {group.said: None for group in groups}:
        members = [group for group in groups if group.said == said]
        parts = _parts(said) or free
        weights = [shares[SPLITS.index(part)] for part in parts]
        generator = random.Random(derive_seed(seed, f"splits/{said}"))
        choices = deal(members, weights, generator, largest_first=largest_first)
        for group, choice in zip(members, choices, strict=True):
            for row in group.rows:
                assigned[row] = parts[choice]
    return assigned


def _parts(said: str) -> tuple[Split, ...]:
    if said == "train":
        return ("feedback", "validation")
    return tuple(split for split in SPLITS if split == said)


def _exact(rows: Sequence[Row], said: Sequence[str], place: Callable[[int], str]) -> list[Group]:
    """Rows with the same inputs, in the order of their first rows."""
    together: dict[bytes, list[int]] = {}
    for index, row in enumerate(rows):
        together.setdefault(row.key, []).append(index)
    return [
        Group(tuple(members), rows[members[0]].label, _said_of(members, said, place)) for members in together.values()
    ]


def _said_of(members: Sequence[int], said: Sequence[str], place: Callable[[int], str]) -> str:
    """What rows with the same inputs say together."""
    first = {said[index]: index for index in reversed(members) if said[index]}
    if set(first) == {"train", "feedback"}:
        return "feedback"
    if len(first) > 1:
        one, other = sorted(first.values())[:2]
        raise DataError(
            f"{place(other)} is for {said[other]} and has the same inputs as {place(one)}, which is for {said[one]}; "
            "take one of them out"
        )
    return next(iter(first), "")


def _contradictions(rows: Sequence[Row], exact: Sequence[Group], place: Callable[[int], str]) -> list[str]:
    """A sentence about the same inputs with different answers, of which a program can give but one."""
    torn = [group for group in exact if len({rows[index].label for index in group.rows}) > 1]
    if not torn:
        return []
    one = torn[0].rows[0]
    other = next(index for index in torn[0].rows if rows[index].label != rows[one].label)
    more = f" ({len(torn) - 1} more such inputs)" if len(torn) > 1 else ""
    return [f"{place(other)} has the same inputs as {place(one)} and expects another answer{more}"]


def _wider(
    rows: Sequence[Row],
    said: Sequence[str],
    exact: Sequence[Group],
    near: Sequence[tuple[int, int]],
    place: Callable[[int], str],
) -> tuple[list[Group], int, list[str]]:
    """The groups with near-duplicates and rows of one group brought together, how many were near, and what to say."""
    if not near and not any(row.group for row in rows):
        return list(exact), 0, []
    of_row = {row: number for number, group in enumerate(exact) for row in group.rows}
    clusters = Clusters(len(exact))
    clusters.join((of_row[one], of_row[other]) for one, other in near)
    notes = []
    pairs: list[tuple[int, str]] = []
    sides: list[tuple[Group, Group]] = []
    found = 0
    most = max(TEMPLATE_LEAST, TEMPLATE_SHARE * len(exact))
    for lowest, members in clusters.members().items():
        if len(members) == 1:
            continue
        if len(members) > most:
            notes.append(
                f"{len(members)} rows are alike but for a few words ({place(exact[lowest].rows[0])} is the first), as "
                "if made from one template; they are divided as different rows"
            )
            continue
        found += len(members) - 1
        apart = _apart([exact[number] for number in members])
        sides += [apart] if apart is not None else []
        pairs += [(exact[number].rows[0], f"near/{lowest}") for number in members]
    if sides:
        one, other = sides[0]
        more = f" ({len(sides) - 1} more such pairs)" if len(sides) > 1 else ""
        notes.append(
            f"{place(other.rows[0])} is for {other.said} and almost repeats {place(one.rows[0])}, which is for "
            f"{one.said}{more}; scores may flatter"
        )
    groups = [(index, f"group/{row.group}") for index, row in enumerate(rows) if row.group]
    notes += _groups_apart(rows, said, place)
    return _joined(exact, said, [*pairs, *groups]), found, notes


def _joined(exact: Sequence[Group], said: Sequence[str], tags: Iterable[tuple[int, str]]) -> list[Group]:
    """The groups brought together where their rows bear the same tag, unless the data says different things of them.

    Rows of which it says nothing go with the first of which it does.
    """
    of_row = {row: number for number, group in enumerate(exact) for row in group.rows}
    by_tag: dict[str, list[int]] = {}
    for row, tag in tags:
        by_tag.setdefault(tag, []).append(of_row[row])
    clusters = Clusters(len(exact))
    for members in by_tag.values():
        clusters.join((members[0], other) for other in members[1:])
    wider = []
    for numbers in clusters.members().values():
        by_said: dict[str, list[int]] = {}
        for number in numbers:
            by_said.setdefault(exact[number].said, []).append(number)
        home = next((one for one in by_said if one), "")
        if home and "" in by_said:
            by_said[home] = sorted(by_said[home] + by_said.pop(""))
        for one, members in by_said.items():
            kept = sorted(row for number in members for row in exact[number].rows)
            wider.append(Group(tuple(kept), exact[members[0]].label, one))
    return sorted(wider, key=lambda group: group.rows[0])


def _apart(groups: Sequence[Group]) -> tuple[Group, Group] | None:
    """Two groups of a cluster that the data names for two sides; to train and validation nothing is unfair."""
    learned = next((group for group in groups if group.said in ("feedback", "train")), None)
    judged = next((group for group in groups if group.said == "test"), None)
    chosen = next((group for group in groups if group.said == "validation"), None)
    first = learned or chosen
    second = judged or (chosen if learned else None)
    return (first, second) if first and second else None


def _groups_apart(rows: Sequence[Row], said: Sequence[str], place: Callable[[int], str]) -> list[str]:
    """A sentence about groups that the data itself names for two sides."""
    first: dict[str, int] = {}
    apart: dict[str, tuple[int, int]] = {}
    for index, row in enumerate(rows):
        if row.group and said[index]:
            one = first.setdefault(row.group, index)
            if said[one] != said[index]:
                apart.setdefault(row.group, (one, index))
    if not apart:
        return []
    group, (one, other) = next(iter(apart.items()))
    more = f" (and {len(apart) - 1} more groups)" if len(apart) > 1 else ""
    return [
        f"{place(other)} is for {said[other]} and is of the group '{group}' like {place(one)}, which is for "
        f"{said[one]}{more}; what the data says wins"
    ]


def _capped(rows: Sequence[Row], parts: Sequence[Split | None], most: Sequence[int], seed: int) -> list[Split | None]:
    """At most so many rows a part: drawn by seed, each label keeping its share."""
    kept: list[Split | None] = list(parts)
    for split, cap in zip(SPLITS, most, strict=True):
        members = [index for index, part in enumerate(parts) if part == split]
        if len(members) <= cap:
            continue
        generator = random.Random(derive_seed(seed, f"most/{split}"))
        groups = [Group((index,), rows[index].label, "") for index in members]
        weights = [cap, len(members) - cap]
        choices = deal(groups, weights, generator)
        chosen = [index for index, choice in zip(members, choices, strict=True) if choice == 0]
        for index in set(members) - set(chosen[:cap]):
            kept[index] = None
    return kept
