"""A budget that is a wall: what the next piece of work may use is reserved before it starts, and refused where it would
not fit.

It knows amounts only: rollouts, tokens, dollars, seconds. Who spends, and on what, it does not know. It belongs to one
event loop, and no method gives way half-way through, so any interleaving of coroutines sees whole reservations.

Dollars are kept as whole picodollars: sums then neither drift nor depend on the order of settling.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from toishi.tools.workbench.errors import BudgetSpent, UsageError

PICO = 10**12


@dataclass(frozen=True)
class Limits:
    """What a run may use at most; None is no limit. `max_cost` in US dollars."""

    max_rollouts: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    max_seconds: float | None = None


@dataclass(frozen=True)
class Spent:
    """What was used. `cost` in US dollars is None where any price was unknown; `seconds` are over all sittings."""

    rollouts: int
    tokens: int
    cost: float | None
    seconds: float


class Budget:
    """The account of one run.

    `seconds_before` are those of earlier sittings; `clock` gives seconds from any fixed point.
    """

    def __init__(
        self, limits: Limits, *, seconds_before: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits
        self._clock = clock
        self._start = clock() - seconds_before
        self._rollouts = _Account(limits.max_rollouts)
        self._tokens = _Account(limits.max_tokens)
        self._cost = _Account(None if limits.max_cost is None else round(limits.max_cost * PICO))
        self._cost_known = True
        # Where the pace is measured from: the clock, and the rollouts spent, when the first new rollout was asked for.
        self._pace_from: tuple[float, int] | None = None
        self._waiting: list[asyncio.Future[None]] = []

    def take_over(self, rollouts: int, replies: Iterable[tuple[int, float | None]]) -> None:
        """Counts what earlier sittings paid: rollouts, and the tokens and US dollars of every reply.

        It stands in the way of what is new from the first moment on, whether this sitting asks for it or not; once it
        does, as `recorded` work, it counts no second time.
        """
        self._rollouts.earlier += rollouts
        for tokens, cost in replies:
            self._tokens.earlier += tokens
            self._cost.earlier += 0 if cost is None else math.ceil(cost * PICO)
            self._cost_known = self._cost_known and cost is not None

    def reserve_each(self, rollouts: int) -> "list[Reservation]":
        """Reservations of one rollout each, since each ends on its own; all or none. Raises as `reserve` does."""
        self.reserve(rollouts=rollouts).release()
        return [self._promise(1, 0, 0) for _ in range(rollouts)]

    def reserve(
        self, *, rollouts: int = 0, tokens: int = 0, cost: float | None = 0.0, recorded: bool = False
    ) -> "Reservation":
        """Takes all of it or nothing. `cost` None: the price is unknown.

        `recorded` is for work that the journal already holds for this very run: it was within the limits when it was
        paid, so it is counted again and never refused, also when the time is over.

        Raises `BudgetSpent` where something does not fit, and `UsageError` for an unknown price under a dollar limit.
        """
        if rollouts < 0 or tokens < 0 or (cost is not None and not 0 <= cost < math.inf):
            raise ValueError(f"a reservation cannot be negative: {rollouts} rollouts, {tokens} tokens, {cost} dollars")
        if cost is None and self.limits.max_cost is not None and not recorded:
            raise UsageError(
                f"max_cost = {self.limits.max_cost:g} cannot be kept, since the price of the model is unknown; "
                "set max_tokens or max_rollouts instead"
            )
        pico = 0 if cost is None else math.ceil(cost * PICO)
        if not recorded:
            self._refuse_what_does_not_fit(rollouts, tokens, pico)
            if rollouts and self._pace_from is None:
                self._pace_from = self._clock(), self._rollouts.spent
        else:
            for account, amount in ((self._rollouts, rollouts), (self._tokens, tokens), (self._cost, pico)):
                account.earlier -= min(amount, account.earlier)
        return self._promise(rollouts, tokens, pico)

    def _promise(self, rollouts: int, tokens: int, pico: int) -> "Reservation":
        for account, amount in ((self._rollouts, rollouts), (self._tokens, tokens), (self._cost, pico)):
            account.promised += amount
            account.largest = max(account.largest, amount)
        return Reservation(self, rollouts, tokens, pico)

    async def reserve_in_turn(self, *, tokens: int, cost: float | None) -> "Reservation":
        """As `reserve`, but waits where only promises to what is in flight stand in the way.

        Calls reserve the most that they may use and settle for less; so the last calls that fit are not refused for the
        sake of others in flight. Raises `BudgetSpent` where it would not fit even if all of these used nothing.
        """
        while True:
            try:
                return self.reserve(tokens=tokens, cost=cost)
            except BudgetSpent:
                if not self._may_fit_later(tokens, 0 if cost is None else math.ceil(cost * PICO)):
                    raise
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn

    def _may_fit_later(self, tokens: int, pico: int) -> bool:
        seconds_left = self.seconds_left()
        return (seconds_left is None or seconds_left > 0) and all(
            account.limit is None or amount <= account.limit - account.spent - account.earlier - account.aside
            for account, amount in ((self._tokens, tokens), (self._cost, pico))
        )

    def _refuse_what_does_not_fit(self, rollouts: int, tokens: int, pico: int) -> None:
        seconds_left = self.seconds_left()
        if seconds_left is not None and seconds_left <= 0:
            raise BudgetSpent(f"the {self.limits.max_seconds:g} seconds of max_seconds are over")
        for name, account, amount, unit in (
            ("max_rollouts", self._rollouts, rollouts, 1),
            ("max_tokens", self._tokens, tokens, 1),
            ("max_cost", self._cost, pico, PICO),
        ):
            left = None if account.left is None else account.left - account.earlier
            if account.limit is not None and left is not None and amount > left:
                aside = f", and {account.aside / unit:g} are kept for the locked test" if account.aside else ""
                raise BudgetSpent(
                    f"{name} = {account.limit / unit:g} leaves {max(left, 0) / unit:g}, "
                    f"and the next step needs up to {amount / unit:g}{aside}"
                )

    def set_aside(self, rollouts: int, *, tokens: int = 0, cost: float = 0.0) -> None:
        """Keeps so much back from `reserve`, for the locked test, in place of what was set aside before.

        With tokens or dollars goes the largest single reservation so far, since the last call must be able to make it.
        """
        self._rollouts.aside = rollouts
        self._tokens.aside = tokens + self._tokens.largest if tokens else 0
        self._cost.aside = math.ceil(cost * PICO) + self._cost.largest if cost else 0

    def release_aside(self) -> None:
        """Gives back all that was set aside."""
        self.set_aside(0)

    def fits(self, rollouts: int) -> bool:
        """Whether the tokens, dollars and seconds of so many more rollouts fit beside what is set aside.

        They are foretold from the average so far, and for the seconds those of the rollouts set aside are added. What
        is only promised to calls in flight does not count: `rollouts` are to include theirs. The rollouts themselves
        are the affair of whoever counts them. A forecast promises nothing: only `reserve` does.
        """
        each, seconds_left = max(self._rollouts.spent, 1), self.seconds_left()
        if seconds_left is not None:
            needed = self._seconds_per_rollout() * (rollouts + self._rollouts.aside)
            if seconds_left <= 0 or needed > seconds_left:
                return False
        return all(
            account.limit is None or account.spent / each * rollouts <= account.limit - account.spent - account.aside
            for account in (self._tokens, self._cost)
        )

    def _seconds_per_rollout(self) -> float:
        """In this sitting, since the first new rollout; 0 while there is none."""
        if self._pace_from is None:
            return 0.0
        since, before = self._pace_from
        return (self._clock() - since) / max(self._rollouts.spent - before, 1)

    def spent(self) -> Spent:
        """What was settled, and what earlier sittings paid; what is only reserved does not count yet."""
        rollouts, tokens, pico = (one.spent + one.earlier for one in (self._rollouts, self._tokens, self._cost))
        return Spent(rollouts, tokens, pico / PICO if self._cost_known else None, self._clock() - self._start)

    def rollouts_left(self) -> int | None:
        """After what is spent, reserved and set aside; never below 0. None: no limit.

        Of what earlier sittings paid only that counts which this one has asked for again: what is left to a search that
        is played again is what was left to it at first.
        """
        return None if self._rollouts.left is None else max(self._rollouts.left, 0)

    def tokens_left(self) -> int | None:
        """After what is spent, reserved and set aside; never below 0. None: no limit."""
        return None if self._tokens.left is None else max(self._tokens.left, 0)

    def cost_left(self) -> float | None:
        """US dollars after what is spent, reserved and set aside; never below 0. None: no limit."""
        return None if self._cost.left is None else max(self._cost.left, 0) / PICO

    def seconds_left(self) -> float | None:
        """Negative once the time is over. None: no limit."""
        if self.limits.max_seconds is None:
            return None
        return self.limits.max_seconds - (self._clock() - self._start)

    def _settle(self, reservation: "Reservation", tokens: int, cost: float | None) -> None:
        self._release(reservation)
        self._rollouts.spent += reservation.rollouts
        self._tokens.spent += tokens
        # An unknown cost counts as all that was reserved for it, so that the limit holds, and is told as unknown.
        self._cost.spent += reservation.pico if cost is None else math.ceil(cost * PICO)
        self._cost_known = self._cost_known and cost is not None

    def _release(self, reservation: "Reservation") -> None:
        self._rollouts.promised -= reservation.rollouts
        self._tokens.promised -= reservation.tokens
        self._cost.promised -= reservation.pico
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


class Reservation:
    """A part of the budget, promised to one piece of work. It ends by `settle` or `release`; the first counts."""

    def __init__(self, budget: Budget, rollouts: int, tokens: int, pico: int) -> None:
        self.rollouts = rollouts
        self.tokens = tokens
        self.pico = pico
        self._budget: Budget | None = budget

    def settle(self, *, tokens: int = 0, cost: float | None = 0.0) -> None:
        """Spends the rollouts and what was really used, which is at most what was reserved; the rest goes back."""
        if self._budget is not None:
            self._budget._settle(self, tokens, cost)
            self._budget = None

    def release(self) -> None:
        """Gives everything back: the work did not happen."""
        if self._budget is not None:
            self._budget._release(self)
            self._budget = None


class _Account:
    """One amount in whole units: limit, spent for good, promised to what is in flight, set aside, largest promise.

    `earlier` was paid in earlier sittings, and this one has not asked for it yet.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.spent = 0
        self.earlier = 0
        self.promised = 0
        self.aside = 0
        self.largest = 0

    @property
    def left(self) -> int | None:
        return None if self.limit is None else self.limit - self.spent - self.promised - self.aside
