"""One sitting of a run: what it tells while it goes on, and where an earlier sitting had come to.

It knows events, the budget and the journal's row of the run; it knows no method and no model.
"""

import asyncio
from collections.abc import Sequence

from toishi.tools.workbench.budget import Budget
from toishi.tools.workbench.events import CandidateAccepted, Emit, Event, PhaseStarted, Progress
from toishi.tools.workbench.journal import Journal

BEAT_SECONDS = 0.25


class Chronicle:
    """An `Emit` that keeps count on the way to the recorder.

    `stored` are the decisions of earlier sittings. When a search ends may depend on the clock and on what was in
    flight, so a replay does not ask anew: it goes on as long as it did, and ends at the decision after which it ended.
    """

    def __init__(self, emit: Emit, stored: Sequence[Event]) -> None:
        self._emit = emit
        self._stored = stored
        self.candidates = 0
        self.best_validation_score: float | None = None

    def __call__(self, event: Event) -> None:
        self._emit(event)
        if isinstance(event, CandidateAccepted):
            self.candidates += 1
            if event.validated:
                self.best_validation_score = max(event.validation_score, self.best_validation_score or 0.0)

    def searched_before(self) -> tuple[int, bool]:
        """How many steps of the search earlier sittings ended, and whether they ended the search itself."""
        phases = [place for place, event in enumerate(self._stored) if _begins(event)]
        search = next((place for place in phases if _begins(self._stored[place]) == "search"), None)
        if search is None:
            return 0, False
        end = next((place for place in phases if place > search), None)
        return (end or len(self._stored)) - search - 1, end is not None


def _begins(event: Event) -> str | None:
    return event.phase if isinstance(event, PhaseStarted) else None


class Heartbeat:
    """Tells `Progress` a few times a second where it changed, keeps the run's seconds, and looks for a wish to stop."""

    def __init__(self, journal: Journal, run: str, budget: Budget, chronicle: Chronicle) -> None:
        self._journal = journal
        self._run = run
        self._budget = budget
        self._chronicle = chronicle
        self._told: tuple[object, ...] = ()

    def tell(self) -> None:
        """One `Progress`, unless nothing but the time changed."""
        spent = self._budget.spent()
        self._journal.set_seconds(self._run, spent.seconds)
        chronicle = self._chronicle
        news = (spent.rollouts, spent.tokens, spent.cost, chronicle.candidates, chronicle.best_validation_score)
        if news == self._told:
            return
        self._told = news
        self._chronicle(
            Progress(
                rollouts=spent.rollouts,
                tokens=spent.tokens,
                cost=spent.cost,
                seconds=spent.seconds,
                candidates=chronicle.candidates,
                best_validation_score=chronicle.best_validation_score,
            )
        )

    async def until_stop_is_wanted(self) -> None:
        """Beats until somebody asks the run to stop."""
        while not self._journal.wanted(self._run):
            self.tell()
            await asyncio.sleep(BEAT_SECONDS)
