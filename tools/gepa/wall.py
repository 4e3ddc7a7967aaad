"""The limit on rollouts, as all proposals in flight keep it together, whatever their pace.

Room is kept for those whose outcomes are taken first: a proposal uses rollouts only where they fit beside the most that
those before it may still use, and waits where they do not, until these have ended or are known to need less. So nobody
is refused for the sake of somebody behind him; whether the budget ends with a proposal follows from what was decided
before it; and the limit is never exceeded, however many want their validation at once.
"""

import asyncio

from toishi.tools.gepa.ledger import Used
from toishi.tools.workbench.errors import BudgetSpent


class Wall:
    """What is left of a search's rollouts (None: no limit), and the most that each ticket in flight may still use.

    `taken` are the rollouts of all outcomes that were taken so far; whoever takes one tells.
    """

    def __init__(self, rollouts: int | None, taken: Used) -> None:
        self._left = rollouts
        self._taken = taken
        self._most: dict[int, int] = {}
        self._waiting: list[asyncio.Future[None]] = []

    def spend(self, rollouts: int) -> None:
        """So many are used, or kept for something else."""
        if self._left is not None:
            self._left -= rollouts

    def draw(self, ticket: int, most: int) -> None:
        """A ticket begins, and may use so many rollouts. Tickets begin in the order of their numbers."""
        self._most[ticket] = most

    def narrow(self, ticket: int, used: Used, rest: int = 0) -> None:
        """It used these, and may use so many more at most."""
        self._most[ticket] = min(self._most[ticket], self._taken.new_in(used) + rest)
        self._moved()

    def take(self, ticket: int, cost: int) -> None:
        """The outcome of a ticket was taken, and so many of its rollouts were new."""
        del self._most[ticket]
        self.spend(cost)
        self._moved()

    async def admit(self, ticket: int, used: Used) -> None:
        """Waits until all that a ticket will have used fits; `BudgetSpent` where it is its turn and it does not."""
        while self._left is not None:
            needed = self._taken.new_in(used)
            before = [most for other, most in self._most.items() if other < ticket]
            if needed + sum(before) <= self._left:
                return
            if not before:
                raise BudgetSpent(f"{max(self._left, 0)} rollouts are left, and the next step needs {needed}")
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn

    def _moved(self) -> None:
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)
