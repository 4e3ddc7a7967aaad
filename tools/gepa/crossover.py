"""Crossover by the reflector: one text out of two candidates that are good at different examples.

A merge takes whole modules from either (see `merge`); where both changed the same module, only somebody who reads can
join the two texts. Which rows show the difference is decided here; no model is asked.
"""

import random
from collections.abc import Sequence

from toishi.tools.gepa.pool import Member
from toishi.tools.gepa.selection import Fronts, front_counts
from toishi.tools.gepa.ticket import Seen

MOST_SHOWN = 3
"""Rows of each kind that the reflector is shown."""


def partner(parent: Member, module: str, pool: Sequence[Member], pruned: Fronts, rng: random.Random) -> Member | None:
    """Another member at the front with another text of this module, by the number of fronts that it holds alone.

    None where there is none: those that only share fronts with the parent have nothing to add.
    """
    others = [front for front in pruned if parent.number not in front]
    counts = front_counts(others)
    text = parent.candidate.texts[module]
    chosen = [
        number for number, count in counts.items() if pool[number].candidate.texts[module] != text for _ in range(count)
    ]
    return pool[rng.choice(chosen)] if chosen else None


def where_better(ours: Sequence[Seen], theirs: Sequence[Seen]) -> list[int]:
    """Positions of the feedback examples on which the first scored higher, the largest difference first."""
    scores = {one.position: one.score for one in theirs}
    gains = {one.position: one.score - scores[one.position] for one in ours if one.position in scores}
    better = [position for position, gain in gains.items() if gain > 0]
    return sorted(better, key=lambda position: (-gains[position], position))[:MOST_SHOWN]
