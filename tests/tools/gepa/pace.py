"""A world that answers in an order of its own, without a clock."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.gepa_benches import evaluate_on, reflect_on
from tests.tools.gepa.searching import Search
from toishi.tools.gepa.protocol import Split
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.models.protocol import Reply
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.textgrad.reflection import Request


class Pace:
    """Lets in `most` calls at once, and lets them go one by one, in an order that `rng` draws.

    Whoever wants in has `patience` rounds of the event loop to come before the next one goes, or a draw from 0 to that.
    """

    def __init__(self, most: int, rng: random.Random | None = None, patience: int = 20) -> None:
        self.inside = 0
        self._door = asyncio.Semaphore(most)
        self._rng = rng
        self._patience = patience
        self._waiting: list[asyncio.Event] = []

    async def turn(self) -> None:
        """Waits until it may go."""
        async with self._door:
            gone = asyncio.Event()
            self._waiting.append(gone)
            self.inside = max(self.inside, len(self._waiting))
            if len(self._waiting) == 1:
                self._look_again_later()
            await gone.wait()

    def _look_again_later(self) -> None:
        rounds = self._patience if self._rng is None else self._rng.randrange(self._patience + 1)
        asyncio.get_running_loop().call_soon(self._let_one_go, rounds)

    def _let_one_go(self, rounds: int) -> None:
        if rounds:
            asyncio.get_running_loop().call_soon(self._let_one_go, rounds - 1)
            return
        place = 0 if self._rng is None else self._rng.randrange(len(self._waiting))
        self._waiting.pop(place).set()
        if self._waiting:
            self._look_again_later()


def paced(search: Search, rollouts: Pace, reflections: Pace | None = None) -> Search:
    """The same search, not begun, in a world that answers at this pace."""
    evaluate, reflect = search.evaluate or evaluate_on(search.bench), search.reflect or reflect_on(search.bench)

    async def slowly(
        candidate: Candidate, examples: Sequence[Example], split: Split, replicate: int = 0
    ) -> Sequence[Rollout]:
        await rollouts.turn()
        return await evaluate(candidate, examples, split, replicate)

    async def thoughtfully(request: Request, iteration: int) -> Reply:
        await (reflections or rollouts).turn()
        return await reflect(request, iteration)

    return replace(
        search, evaluate=slowly, reflect=thoughtfully, events=[], requests=[], asked=type(search.asked)(), drawn={}
    )
