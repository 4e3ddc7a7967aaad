"""GEPA: reflective prompt evolution (arXiv 2507.19457, Algorithm 1) in a steady state: the loop.

Proposals are in flight side by side, and nobody waits for the slowest of a batch. Each is drawn as a ticket on the
search as it stands; with a lookahead of L, ticket t is drawn when the outcome of ticket t - L has been taken, and
outcomes are taken in the order of the tickets. So the decisions are a function of the streams, the rollouts, the
replies and the budget in rollouts, whatever the models' pace: at any concurrency, and when a killed run is started
again. With a lookahead of 1 this is the paper's loop.

It moves data between the decisions, which are functions in the modules beside it, and the world, which is the
coroutines that it is handed. It knows no model, no journal and no screen.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from toishi.tools.gepa import decisions, reasons
from toishi.tools.gepa.crossover import partner
from toishi.tools.gepa.finals import conclude, finals
from toishi.tools.gepa.forecast import Sizes, fitted, usual_lookahead
from toishi.tools.gepa.gate import perfect
from toishi.tools.gepa.ledger import Used
from toishi.tools.gepa.merge import Merge, MergeHistory, MergeSchedule, find_merge, survivors
from toishi.tools.gepa.minibatch import Minibatches
from toishi.tools.gepa.pool import Member, Pool
from toishi.tools.gepa.proposal import make
from toishi.tools.gepa.protocol import Evaluate, Reflect
from toishi.tools.gepa.rejections import Rejections
from toishi.tools.gepa.result import GepaResult
from toishi.tools.gepa.selection import select_parent
from toishi.tools.gepa.settings import GepaSettings
from toishi.tools.gepa.stop import Standing, stop_reason
from toishi.tools.gepa.ticket import Outcome, Seen, Ticket
from toishi.tools.gepa.wall import Wall
from toishi.tools.gepa.world import REPLICATE, Brief, World
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import BudgetSpent, DataError, TaskError
from toishi.tools.workbench.events import Emit
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.front import Front
from toishi.tools.workbench.models.endpoint import URGENCY
from toishi.tools.workbench.objectives import (
    EVERYBODY,
    SCORE,
    Groups,
    Objective,
    Values,
    of_texts,
    unmeasured,
    values_of,
)
from toishi.tools.workbench.seeds import Streams

OF_THE_FRONT = 0.5
"""Where several things are wanted: share of the parents that are drawn from the front of all objectives."""

PROBED, PROBE_FROM = 8, 25
"""Examples that the seed is run on twice to see whether rollouts are noisy, where the budget has so many times that."""

TOO_SMALL = "the rest of the budget is too small for another whole iteration"
EARLIER = "the search ended here in an earlier sitting"


@dataclass(frozen=True)
class Earlier:
    """How far earlier sittings of the same search came: iterations that ended, and whether the search did."""

    iterations: int = 0
    ended: bool = False


async def optimize(
    seed: Candidate,
    *,
    feedback: Sequence[Example],
    validation: Sequence[Example],
    evaluate: Evaluate,
    reflect: Reflect,
    settings: GepaSettings,
    streams: Streams,
    emit: Emit,
    brief: Brief,
    rollouts: int | None = None,
    affordable: Callable[[int], bool] = lambda rollouts: True,
    concurrency: int = 8,
    earlier: Earlier | None = None,
    objectives: Sequence[Objective] = (SCORE,),
    groups: Groups = EVERYBODY,
    probe: bool = True,
) -> GepaResult:
    """Search for a better candidate than `seed`.

    `feedback` examples are shown to the reflector, `validation` examples count as scores only; `brief` says what the
    texts are. `rollouts` is all that the search may use, None without a limit; it begins no proposal that might not end
    within it. `affordable(rollouts)` tells whether so many more fit the other limits, as of seconds or dollars, which
    depend on the clock. `concurrency` is how many calls the models answer at once, from which the usual lookahead
    follows. `earlier` says how far an interrupted search came, which is then played again as far as that, whatever the
    clock says. `objectives` are what is wanted, the score among them, and `groups` the rows of those that
    look at some. With `probe` the seed is first run twice on a few examples, to see whether rollouts are noisy.

    Emits `CandidateAccepted` and `ProposalRejected`, one for every iteration and one for the seed.

    Raises `BudgetSpent` where the budget ends before the seed is scored (later it ends the search), and `DataError`
    where there are no examples.
    """
    for split, examples in (("feedback", feedback), ("validation", validation)):
        if not examples:
            raise DataError(f"there are no {split} examples; give the {split} split at least one row")
    settings = fitted(settings, len(feedback), len(validation), rollouts)
    used = Used()
    wall = Wall(rollouts, used)
    world = World(feedback, validation, evaluate, reflect, settings, streams, brief, wall, objectives, groups)
    search = _Search(world, emit, used, rollouts, affordable, concurrency, earlier or Earlier(), probe=probe)
    return await search.run(seed)


class _Search:
    """One search: the pool, what was merged, what was refused, what it used, how far it is, what is in flight."""

    def __init__(
        self,
        world: World,
        emit: Emit,
        used: Used,
        rollouts: int | None,
        affordable: Callable[[int], bool],
        concurrency: int,
        earlier: Earlier,
        *,
        probe: bool,
    ) -> None:
        settings = world.settings
        self.world = world
        self.settings = settings
        self.emit = emit
        self.rollouts = rollouts
        self.affordable = affordable
        self.earlier = earlier
        self.sizes = Sizes(settings, len(world.feedback), len(world.validation))
        self.lookahead = settings.lookahead or usual_lookahead(self.sizes, rollouts, concurrency)
        self.front = Front(tuple(world.objectives))
        self.pool = Pool(anew=settings.selection == "pareto_anew")
        self.minibatches = Minibatches(len(world.feedback), settings.minibatch, world.streams)
        self.rejections = Rejections(settings.remember_rejected)
        self.schedule, self.history = MergeSchedule(), MergeHistory()
        self.seen: dict[str, dict[int, Seen]] = {}
        self.used = used
        self.spent = 0
        self.costs = self.sizes.expected()
        self.standing = Standing()
        self.probe, self.noisy = probe, False
        self.closed = False
        self.drawn = 0
        self.flying: deque[tuple[Ticket, asyncio.Task[Outcome]]] = deque()

    async def run(self, seed: Candidate) -> GepaResult:
        """From the seed's baseline to the end of the search."""
        await self._score_seed(seed)
        by_score = self.noisy and not self.world.several
        kept = finals(self.settings.finalists, self.sizes.validation, self.rollouts, noisy=by_score)
        if self.rollouts is not None:
            self.rollouts -= kept.rollouts
        self.world.wall.spend(self.spent + kept.rollouts)
        stopped: str | None = stop_reason(self.standing, self.settings)
        try:
            while stopped is None:
                stopped = self._draw_tickets()
                if self.flying:
                    stopped = await self._take_next()
        finally:
            await self._cut_off()
        found = GepaResult(self.pool.members, self.standing.iteration, stopped, noisy=self.noisy)
        return found if self.settings.paper else await conclude(found, self.front, kept, self.world, self.emit)

    async def _score_seed(self, seed: Candidate) -> None:
        everything = range(len(self.world.validation))
        if self.rollouts is not None and self.rollouts < len(everything):
            raise BudgetSpent(f"{self.rollouts} rollouts are too few to score the seed, which takes {len(everything)}")
        self.used.add(seed.id, "validation", everything)
        rollouts = await self.world.evaluate(seed, self.world.validation, "validation")
        self.spent = len(everything)
        scores = [rollout.score for rollout in rollouts]
        values: Values = {}
        if self.world.several:
            values = values_of(self.world.objectives, seed, rollouts, groups=self.world.groups)
            problems = unmeasured(self.world.objectives, values, rollouts)
            if problems:
                raise TaskError(problems[0])
        member = self._enter(seed, (), scores, values)
        self.emit(decisions.entered(member, reasons.SEED))
        self.standing = Standing(perfect=self._cannot_be_bettered(member))
        if (
            self.probe
            and (self.settings.finalists > 1 or self.settings.gate == "sequential")
            and (self.rollouts is None or self.rollouts >= PROBED * PROBE_FROM)
        ):
            await self._probe(seed, scores[:PROBED])

    async def _probe(self, seed: Candidate, scores: Sequence[float]) -> None:
        """Whether the same rollout comes out the same again, where the budget lets it be seen."""
        examples = self.world.validation[: len(scores)]
        self.used.add(seed.id, "validation", range(len(scores)), REPLICATE)
        try:
            again = await self.world.evaluate(seed, examples, "validation", REPLICATE)
        except BudgetSpent:
            return
        self.spent += len(again)
        self.noisy = [rollout.score for rollout in again] != list(scores)

    def _cannot_be_bettered(self, member: Member) -> bool:
        """Whether no later candidate could be worth more: it is perfect, or every row is solved by somebody."""
        if self.world.solves:
            return perfect(self.pool.best_scores)
        return perfect(member.scores) and len(self.world.objectives) == 1

    def _reached(self) -> float:
        """How good the best candidate is; where the rows are to be solved, the best answers to all of them."""
        return math.fsum(self.pool.best_scores) if self.world.solves else self.pool.leader.validation_score

    def _draw_tickets(self) -> str | None:
        """Fills the lookahead as far as the budget goes; where nothing is in flight then, says why the search ends."""
        while len(self.flying) < self.lookahead:
            if self.settings.max_iterations is not None and self.drawn >= self.settings.max_iterations:
                return None
            if self.earlier.ended and self.drawn >= self.earlier.iterations:
                return EARLIER
            if not self._carries_another():
                return TOO_SMALL
            ticket = self._ticket()
            self.drawn += 1
            self.world.wall.draw(ticket.number, self.sizes.most)
            self.flying.append((ticket, asyncio.create_task(self._make(ticket))))
        return None

    def _carries_another(self) -> bool:
        needed = self.sizes.needed(len(self.flying), self.costs)
        if self.rollouts is not None and self.spent + needed > self.rollouts:
            return False
        # What the clock let pass in an earlier sitting passes again, and what it forbade once stays so: a ticket that
        # was drawn later would see more, and a replay could not know when.
        expected = self.sizes.most + math.ceil(len(self.flying) * self.costs.mean)
        self.closed = self.closed or not (self.drawn < self.earlier.iterations or self.affordable(expected))
        return not self.closed

    async def _make(self, ticket: Ticket) -> Outcome:
        # Of all that wait for a model, those come first whose outcome is taken first.
        URGENCY.set(ticket.number)
        outcome = await make(ticket, self.world)
        self.world.wall.narrow(ticket.number, outcome.used)
        return outcome

    async def _take_next(self) -> str | None:
        """Waits for the outcome whose turn it is and takes it; says why the search ends with it, if it does."""
        ticket, task = self.flying[0]
        outcome = await task
        self.flying.popleft()
        if outcome.budget is not None:
            return f"the budget is spent: {outcome.budget}"
        before = self._reached()
        cost = self.used.take(outcome.used)
        self.spent += cost
        self.world.wall.take(ticket.number, cost)
        self.costs = self.costs.after(cost)
        self._remember(outcome)
        if outcome.accepted:
            self._admit(outcome)
        else:
            assert outcome.cause is not None
            self.emit(decisions.refused(outcome, outcome.cause, outcome.reason))
        if ticket.merge is not None:
            self.schedule = self.schedule.after_merge(outcome.accepted)
        else:
            self.schedule = self.schedule.after_mutation(outcome.accepted, self.settings.max_merges)
        self.standing = self.standing.after(
            judged=not outcome.idle,
            improved=self._reached() > before,
            perfect=self._cannot_be_bettered(self.pool.leader),
        )
        return stop_reason(self.standing, self.settings)

    def _ticket(self) -> Ticket:
        """The next proposal: a merge where one is due and found, otherwise a mutation."""
        number = self.drawn
        merging = self.settings.merge and self.schedule.now(self._in_flight(lambda ticket: ticket.merge is not None))
        merge = self._find_merge(number) if merging else None
        if merge is not None:
            return self._drawn_on(number, (self.pool[merge.first], self.pool[merge.second]), "", (), merge)
        rng, pool = self.world.streams("gepa/parent", number), self.pool
        if self.front.points and rng.random() < OF_THE_FRONT:
            parent = pool[rng.choice(self.front.numbers)]
        else:
            parent = pool[select_parent(pool.pruned, len(pool), pool.leader.number, self.settings, rng)]
        ahead = self._in_flight(lambda ticket: ticket.merge is None and ticket.parents[0].number == parent.number)
        module = pool.next_module(parent.number, ahead)
        other = None
        if self.settings.crossover and rng.random() < self.settings.crossover:
            other = partner(parent, module, pool.all, pool.pruned, rng)
        drawn = (parent,) if other is None else (parent, other)
        return self._drawn_on(number, drawn, module, self.minibatches.at(number), None)

    def _drawn_on(
        self,
        number: int,
        parents: tuple[Member, ...],
        module: str,
        minibatch: tuple[int, ...],
        merge: Merge | None,
    ) -> Ticket:
        pool, members = self.pool, len(self.pool)

        def known(candidate: Candidate) -> int | None:
            found = pool.number_of(candidate)
            return found if found is not None and found < members else None

        return Ticket(
            number,
            parents,
            module,
            minibatch,
            merge,
            pool.leader,
            pool.best_scores,
            self.front,
            self.rejections.of(parents[0].candidate.id, module),
            {one.number: tuple(self.seen.get(one.candidate.id, {}).values()) for one in parents},
            known,
            self.noisy,
        )

    def _in_flight(self, chosen: Callable[[Ticket], bool]) -> int:
        return sum(chosen(ticket) for ticket, _ in self.flying)

    def _find_merge(self, number: int) -> Merge | None:
        if len(self.world.validation) < self.settings.merge_minibatch:
            return None
        undominated = [one for one in survivors(self.pool.pruned) if self.pool[one].validated]
        merge = find_merge(self.pool.all, undominated, self.history, self.world.streams("gepa/merge", number))
        if merge is not None:
            self.history = self.history.with_merge(merge)
        return merge

    def _remember(self, outcome: Outcome) -> None:
        """What the reflector may be told later: how the parent did, and what was refused of it."""
        ticket = outcome.ticket
        if outcome.seen:
            rows = self.seen.setdefault(ticket.parent.candidate.id, {})
            rows.update((seen.position, seen) for seen in outcome.seen)
        if ticket.merge is None and outcome.module is not None:
            self.pool.took_turn(ticket.parents[0].number)
        if outcome.cause in ("gate", "race") and outcome.candidate is not None and ticket.merge is None:
            text = outcome.candidate.texts[ticket.module]
            self.rejections.add(ticket.parents[0].candidate.id, ticket.module, text, outcome.reason)

    def _admit(self, outcome: Outcome) -> None:
        """Take a candidate into the pool, unless another proposal has brought it there meanwhile."""
        assert outcome.candidate is not None
        again = None if self.settings.paper else self.pool.number_of(outcome.candidate)
        if again is not None:
            self.emit(decisions.refused(outcome, "form", reasons.known(again)))
            return
        member = self._enter(outcome.candidate, outcome.ticket.numbers, outcome.scores, outcome.objectives)
        self.emit(decisions.entered(member, outcome.reason, outcome))

    def _enter(self, candidate: Candidate, parents: tuple[int, ...], scores: Sequence[float], values: Values) -> Member:
        if any(one.measure == "diversity" for one in self.world.objectives):
            others = [member.candidate for member in self.pool.all]
            values = {**values, **of_texts(self.world.objectives, candidate, others)}
        member = self.pool.add(candidate, parents, scores, values)
        if self.world.several and member.validated:
            self.front = self.front.add(member.number, member.objectives)
        return member

    async def _cut_off(self) -> None:
        """Ends what is still in flight when the search has ended."""
        tasks = [task for _, task in self.flying]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
