"""The end of a search: which member is put before a person, and what its validation score is worth.

Where rollouts are noisy, those that may be the best are validated once more, since the best of many equals is the
luckiest. What is chosen is then corrected for having been chosen. The locked test is not looked at here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from toishi.tools.gepa.pool import Member
from toishi.tools.gepa.result import GepaResult
from toishi.tools.gepa.winner import adjusted_p, choose, contenders, optimism
from toishi.tools.gepa.world import REPLICATE, World
from toishi.tools.workbench.errors import BudgetSpent
from toishi.tools.workbench.events import Emit, PhaseStarted
from toishi.tools.workbench.front import Front, suggested
from toishi.tools.workbench.seeds import Streams

MOST_COMPARED = 200
"""Members with the highest means that the corrections look at; those below them change nothing."""

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
    if world.several:
        chosen = suggested(front, found.seed.objectives)
        number = found.seed.number if chosen is None else chosen
        found = replace(found, chosen=number, front=front.numbers)
        return _corrected(found, _compared(found.members), world.streams)
    members = _compared(found.members)
    if kept.finalists > 1 and len(members) > 1:
        found = await _with_finalists(found, members, kept, world, emit)
    return _corrected(found, members, world.streams)


async def _with_finalists(
    found: GepaResult, members: Sequence[Member], kept: Finals, world: World, emit: Emit
) -> GepaResult:
    """The winner after a second validation of those that may be the best, whom chance favoured alike."""
    seed = world.streams("gepa/finals", 0).getrandbits(63)
    places = contenders([member.scores for member in members], most=kept.finalists, seed=seed)[: kept.finalists]
    emit(PhaseStarted(phase="finals"))
    scores = [list(member.scores) for member in members]
    counts = [[1] * len(row) for row in scores]
    try:
        for place in places:
            again = await world.evaluate(members[place].candidate, world.validation, "validation", REPLICATE)
            scores[place] = [(old + new.score) / 2 for old, new in zip(scores[place], again, strict=True)]
            counts[place] = [2] * len(again)
    except BudgetSpent:
        # Fewer looks are worth less, which the choice knows.
        pass
    return replace(found, chosen=members[choose(scores, counts)].number)


def _compared(members: Sequence[Member]) -> list[Member]:
    """The seed and the best of the fully validated members, by number."""
    validated = [member for member in members[1:] if member.validated]
    best = sorted(validated, key=lambda member: -member.validation_score)[: MOST_COMPARED - 1]
    return [members[0], *sorted(best, key=lambda member: member.number)]


def _corrected(found: GepaResult, members: Sequence[Member], streams: Streams) -> GepaResult:
    """With what the winner's score is worth, unless the seed has won."""
    if found.best.number == 0:
        return found
    seed = streams("gepa/corrected", 0).getrandbits(63)
    scores = [member.scores for member in members]
    others = [member.number for member in members[1:]]
    winner = others.index(found.best.number) if found.best.number in others else None
    return replace(
        found,
        corrected=optimism(scores, seed=seed).corrected,
        adjusted_p=adjusted_p(scores[0], scores[1:], seed=seed, winner=winner),
    )
