"""Which member of the pool becomes the next parent (GEPA paper, Algorithm 2).

All functions see the pool as values: `fronts` holds, for every validation example, the numbers of the members with the
best score on it; `scores` holds every member's mean validation score by number. Ties and the order of draws are those
of `gepa` 0.1.4, which tests compare draw for draw.
"""

import random
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from toishi.tools.gepa.settings import GepaSettings

Fronts = Sequence[AbstractSet[int]]


def select_parent(pruned: Fronts, members: int, leader: int, settings: GepaSettings, rng: random.Random) -> int:
    """The number of the next parent, by the selection that the settings name.

    `pruned` are the fronts without dominated members, `leader` the best of so many `members`.
    """
    match settings.selection:
        case "pareto":
            return leader if rng.random() < settings.leader_share else pareto(pruned, rng)
        case "pareto_anew":
            return pareto(pruned, rng)
        case "epsilon_greedy":
            return epsilon_greedy(members, leader, settings.epsilon, rng)
        case "best":
            return leader


def pareto(pruned: Fronts, rng: random.Random) -> int:
    """A member drawn with a probability proportional to the number of pruned fronts that hold it."""
    counts = front_counts(pruned)
    return rng.choice([number for number, count in counts.items() for _ in range(count)])


def prune(fronts: Fronts, scores: Sequence[float]) -> list[set[int]]:
    """The fronts without dominated members: a greedy cover of the examples that sheds low means first.

    A member is dominated when in every front that holds it some other remaining member stands beside it: it may be
    covered by several others jointly. The paper's prose asks for a single one; its code, followed here, prunes harder.
    One pass in ascending order of means finds what repeated passes would, since a removal never uncovers anybody.
    """
    held: dict[int, list[int]] = {}
    for example, front in enumerate(fronts):
        for number in front:
            held.setdefault(number, []).append(example)
    remaining = [len(front) for front in fronts]
    dominated: set[int] = set()
    for number in sorted(held, key=scores.__getitem__):
        if all(remaining[example] > 1 for example in held[number]):
            dominated.add(number)
            for example in held[number]:
                remaining[example] -= 1
    return [{number for number in front if number not in dominated} for front in fronts]


def front_counts(fronts: Iterable[AbstractSet[int]]) -> dict[int, int]:
    """How many fronts hold each member; who holds none is left out."""
    counts: dict[int, int] = {}
    for front in fronts:
        for number in front:
            counts[number] = counts.get(number, 0) + 1
    return counts


def best(scores: Sequence[float]) -> int:
    """The number of the member with the highest mean, the oldest one among equals."""
    return max(range(len(scores)), key=scores.__getitem__)


def epsilon_greedy(members: int, leader: int, epsilon: float, rng: random.Random) -> int:
    """Any of so many members with probability `epsilon` (uniformly), otherwise the best one."""
    if rng.random() < epsilon:
        return rng.randint(0, members - 1)
    return leader
