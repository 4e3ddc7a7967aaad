"""The end of a search: which member is put before a person, and what its validation score is worth.

Where rollouts are noisy, those that may be the best are validated once more, since the best of many equals is the
luckiest. What is chosen is then corrected for having been chosen. The locked test is not looked at here.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from toishi.tools.gepa.pool import Member
from toishi.tools.gepa.result import GepaResult
from toishi.tools.gepa.winner import adjusted_p, choose, contenders, optimism
from toishi.tools.gepa.world import REPLICATE, World
from toishi.tools.workbench.errors import BudgetSpent
from toishi.tools.workbench.events import Emit, PhaseStarted
from toishi.tools.workbench.front import Front, suggested

SHARE = 0.2
"""Of a search's rollouts that are kept for validating finalists once more, at most."""


@dataclass(frozen=True)
class Finals:
    """What is kept for the end: rollouts for finalists, 0 where nothing is noisy."""

    finalists: int
    rollouts: int


def finals(finalists: int, validation: int, rollouts: int | None, *, noisy: bool) -> Finals:
    """How many finalists a search of so many `rollouts` (None: no limit) can validate once more; two or none."""
    affordable = finalists if rollouts is None else int(SHARE * rollouts) // validation
    count = min(finalists, affordable)
    return Finals(count, count * validation) if noisy and count > 1 else Finals(1, 0)


async def conclude(found: GepaResult, front: Front, kept: Finals, world: World, emit: Emit) -> GepaResult:
    """The result with its winner; emits the phase where finalists are validated once more."""
    looks = _Looks.at([member for member in found.members if member.validated])
    if world.several:
        chosen = suggested(front, found.seed.objectives)
        found = replace(found, chosen=found.seed.number if chosen is None else chosen, front=front.numbers)
    elif kept.finalists > 1 and len(looks.members) > 1:
        looks = await _with_finalists(looks, kept, world, emit)
        found = replace(found, chosen=looks.members[choose(looks.scores, looks.counts)].number)
    return _corrected(found, looks, world)


@dataclass(frozen=True)
class _Looks:
    """The fully validated members, the seed first; their scores, and how many rollouts each score is a mean of."""

    members: Sequence[Member]
    scores: list[list[float]]
    counts: list[list[int]]

    @classmethod
    def at(cls, members: Sequence[Member]) -> "_Looks":
        return cls(members, [list(one.scores) for one in members], [[1] * len(one.scores) for one in members])


async def _with_finalists(looks: _Looks, kept: Finals, world: World, emit: Emit) -> _Looks:
    """After a second validation of those that may be the best, whom chance favoured alike."""
    seed = world.streams("gepa/finals", 0).getrandbits(63)
    places = contenders(looks.scores, most=kept.finalists, seed=seed)[: kept.finalists]
    emit(PhaseStarted(phase="finals"))
    scores, counts = list(looks.scores), list(looks.counts)
    # Fewer looks than wanted are worth less, which the choice knows.
    with suppress(BudgetSpent):
        for place in places:
            candidate = looks.members[place].candidate
            again = await world.evaluate(candidate, world.validation, "validation", REPLICATE)
            scores[place] = [(old + new.score) / 2 for old, new in zip(scores[place], again, strict=True)]
            counts[place] = [2] * len(again)
    return _Looks(looks.members, scores, counts)


def _corrected(found: GepaResult, looks: _Looks, world: World) -> GepaResult:
    """With what the winner's score is worth, where the score has chosen it, unless the seed has won."""
    if found.best.number == 0:
        return found
    seed = world.streams("gepa/corrected", 0).getrandbits(63)
    numbers = [member.number for member in looks.members]
    return replace(
        found,
        corrected=None if world.several else optimism(looks.scores, looks.counts, seed=seed).corrected,
        adjusted_p=adjusted_p(
            looks.scores[0], looks.scores[1:], seed=seed, winner=numbers.index(found.best.number) - 1
        ),
    )
