"""The way of one proposal: from a ticket over the reflector, the gate and the validation to its outcome.

Many of these are on their way at once. Each looks at its ticket and at what the world answers, and at nothing else of
the search. The decisions on the way are functions in the modules beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from toishi.tools.gepa import reasons
from toishi.tools.gepa.crossover import where_better
from toishi.tools.gepa.gate import Gate, holds, improves, perfect
from toishi.tools.gepa.ledger import Used
from toishi.tools.gepa.merge import Merge, gate_examples
from toishi.tools.gepa.pool import UNKNOWN, Member
from toishi.tools.gepa.protocol import Split
from toishi.tools.gepa.race import RaceRules, Step, advance, row_order
from toishi.tools.gepa.records import records_of
from toishi.tools.gepa.settings import GepaSettings
from toishi.tools.gepa.ticket import Cause, Outcome, Seen, Ticket
from toishi.tools.gepa.world import REPLICATE, World
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import BudgetSpent, RequestRefused
from toishi.tools.workbench.objectives import (
    SCORE,
    Values,
    of_texts,
    values_of,
)
from toishi.tools.workbench.rollout import PERFECT, Rollout
from toishi.tools.workbench.sequential import Verdict
from toishi.tools.workbench.textgrad.cohort import Judged, cohort_of
from toishi.tools.workbench.textgrad.reflection import (
    Cohort,
    CrossoverRequest,
    Parent,
    ReflectionRejected,
    ReflectionRequest,
    Request,
    parse,
)
from toishi.tools.workbench.worth import beyond_limits, gains, worth_validating

PROBES = 10
"""Rows that nobody has solved yet, on which every child is tried in a search for answers."""


class _Ended(Exception):
    """The proposal came to nothing."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


async def make(ticket: Ticket, world: World) -> Outcome:
    """The outcome of a ticket. Raises what the world raises, but for `BudgetSpent`, which is an outcome."""
    proposal = _Proposal(ticket, world)
    try:
        return await proposal.make()
    except _Ended as ended:
        return ended.outcome
    except BudgetSpent as spent:
        return Outcome(ticket, proposal.used, str(spent), budget=str(spent))


@dataclass
class _Proposal:
    """One proposal on its way, and what it used and saw so far."""

    ticket: Ticket
    world: World

    def __post_init__(self) -> None:
        self.used = Used()
        self.seen: list[Seen] = []
        self.module: str | None = None
        self.candidate: Candidate | None = None
        self.before: float | None = None
        self.after: float | None = None

    async def make(self) -> Outcome:
        if self.ticket.merge is not None:
            reason = await self._merge(self.ticket.merge)
        else:
            reason = await self._mutate()
        assert self.candidate is not None
        return await self._validate(self.candidate, reason)

    async def _mutate(self) -> str:
        """Have a module rewritten, or two parents' texts joined, and compare the child with its parent; the reason."""
        ticket, settings = self.ticket, self.world.settings
        gate = Gate.of(settings, len(self.world.feedback))
        if len(ticket.parents) > 1:
            self.module = ticket.module
            child = await self._join()
            shown = list(ticket.minibatch)
            rollouts = await self._run_parent(shown)
        else:
            shown, rollouts = await self._failing_minibatch()
            self._keep_for_gate_and_validation(gate, len(shown))
            self.module = ticket.module
            child = await self._rewrite(rollouts)
        self._refuse_known(child, "form")
        self.candidate = child
        if gate is not None:
            return await self._pass(gate, child, shown)
        after = await self._run(child, shown, "feedback")
        accepted = improves(_scores(rollouts), _scores(after), settings.accept)
        return self._compared(rollouts, after, accepted=accepted)

    def _keep_for_gate_and_validation(self, gate: Gate | None, shown: int) -> None:
        """What it did not need to find failures, others in flight may use."""
        compared = shown if gate is None else 2 * gate.test.looks[-1]
        self.world.wall.narrow(self.ticket.number, self.used, compared + len(self.world.validation))

    async def _failing_minibatch(self) -> tuple[list[int], Sequence[Rollout]]:
        """Positions of a minibatch that the parent is not perfect on, and its rollouts there."""
        ticket, settings = self.ticket, self.world.settings
        rollouts = dict(zip(ticket.minibatch, await self._run_parent(ticket.minibatch), strict=True))
        if settings.look_again:
            rollouts |= await self._more_failures(rollouts)
        if settings.skip_perfect and perfect(_scores(rollouts.values())):
            self.before = sum(_scores(rollouts.values()))
            raise self._ended("skipped", reasons.nothing_to_learn(ticket.parent.number, len(rollouts)))
        shown = list(ticket.minibatch)
        if settings.look_again:
            failed = [position for position, rollout in rollouts.items() if rollout.score < PERFECT]
            shown = [*failed, *(position for position in rollouts if position not in failed)][: settings.minibatch]
        return shown, [rollouts[position] for position in shown]

    async def _more_failures(self, found: Mapping[int, Rollout]) -> dict[int, Rollout]:
        """Rollouts of the parent on further examples, until a minibatch is full of failures.

        What is known to have failed comes first and costs nothing; then new examples, as far as the settings go.
        """
        ticket, settings = self.ticket, self.world.settings
        rng = self.world.streams("gepa/look again", ticket.number)
        missing = settings.minibatch - sum(one.score < PERFECT for one in found.values())
        seen = {one.position: one.score for one in ticket.seen[ticket.parent.number]}
        failed = [position for position, score in seen.items() if score < PERFECT and position not in found]
        again = rng.sample(failed, min(max(missing, 0), len(failed)))
        more = dict(zip(again, await self._run_parent(again), strict=True)) if again else {}
        new = [row for row in range(len(self.world.feedback)) if row not in found and row not in seen]
        rng.shuffle(new)
        for look in range(settings.look_again):
            rows = new[look * settings.minibatch : (look + 1) * settings.minibatch]
            if not rows or sum(one.score < PERFECT for one in (*found.values(), *more.values())) >= settings.minibatch:
                break
            more.update(zip(rows, await self._run_parent(rows), strict=True))
        return more

    async def _rewrite(self, rollouts: Sequence[Rollout]) -> Candidate:
        """The child: one module rewritten by the reflector, who is shown these rollouts of the parent."""
        ticket, world, module = self.ticket, self.world, self.ticket.module
        self.before = sum(_scores(rollouts))
        records = records_of(rollouts, module, world.streams("gepa/records", ticket.number))
        if not records:
            raise self._ended("skipped", reasons.did_not_run(module, len(rollouts)))
        texts = ticket.parent.candidate.texts
        request = ReflectionRequest(
            **world.brief.of(module, texts),
            instruction=texts[module],
            records=records,
            rejected=tuple(ticket.rejected),
            reasons=ticket.rejected,
            cohort=self._cohort(),
        )
        return await self._ask(request)

    async def _join(self) -> Candidate:
        """The child: a module's texts of both parents joined into one by the reflector."""
        ticket, world, module = self.ticket, self.world, self.ticket.module
        first, second = ticket.parents
        parents = [await self._parent(first, second), await self._parent(second, first)]
        texts = ticket.parent.candidate.texts
        brief = world.brief.of(module, texts)
        request = CrossoverRequest(
            **brief,
            first=parents[0],
            second=parents[1],
            rejected=tuple(ticket.rejected),
            reasons=ticket.rejected,
        )
        return await self._ask(request)

    async def _parent(self, one: Member, other: Member) -> Parent:
        """A parent as the reflector sees it, with rows on which it is the better one, which are all run already."""
        rows = where_better(self.ticket.seen[one.number], self.ticket.seen[other.number])
        rollouts = await self._run(one.candidate, rows, "feedback") if rows else ()
        records = records_of(rollouts, self.ticket.module, self.world.streams("gepa/records", self.ticket.number))
        return Parent(one.candidate.texts[self.ticket.module], one.validation_score, records)

    async def _ask(self, request: Request) -> Candidate:
        """The child with the reflector's text in place of the parent's."""
        world, module = self.world, self.ticket.module
        try:
            reply = await world.reflect(request, self.ticket.number)
            text = parse(reply.text, request, cut_off=reply.finish_reason == "length")
        except (ReflectionRejected, RequestRefused) as flaw:
            raise self._ended("form", str(flaw)) from None
        copy = world.rows.copied(text, request.before) if world.settings.copied_words else None
        if copy is not None:
            raise self._ended("form", f"the new text {copy}")
        parent = self.ticket.parent
        child = parent.candidate.with_text(module, text)
        beyond = beyond_limits(world.objectives, parent.objectives, of_texts(world.objectives, child))
        if beyond is not None:
            raise self._ended("form", beyond)
        return child

    def _cohort(self) -> Cohort | None:
        if not self.world.settings.cohort:
            return None
        seen = {one.position: one for one in (*self.ticket.seen[self.ticket.parent.number], *self.seen)}
        examples, fields = self.world.feedback, self.world.brief.fields
        return cohort_of(
            Judged(
                one.score,
                one.feedback,
                {name: value for name in fields if (value := examples[one.position].fields.get(name))},
            )
            for one in seen.values()
        )

    async def _pass(self, gate: Gate, child: Candidate, shown: Sequence[int]) -> str:
        """Parent and child on the feedback examples that were shown, and on others, until the test decides."""
        ticket, streams = self.ticket, self.world.streams
        rows = gate.rows(shown, streams("gepa/gate rows", ticket.parent.number))
        luck = streams("gepa/gate", ticket.number).random()
        before: list[Rollout] = []
        after: list[Rollout] = []
        verdict: Verdict = "continue"
        for first, end in gate.looks:
            look = rows[first:end]
            before += await (self._run_again(look) if ticket.noisy else self._run_parent(look))
            after += await self._run(child, look, "feedback")
            verdict = gate.verdict(_scores(before), _scores(after), luck)
            if verdict != "continue":
                break
        return self._compared(before, after, accepted=verdict == "accept")

    def _compared(self, before: Sequence[Rollout], after: Sequence[Rollout], *, accepted: bool) -> str:
        """The reason for which a child passes its gate: its score, or where several things are wanted another one."""
        ticket, world = self.ticket, self.world
        old, new = _scores(before), _scores(after)
        self.before, self.after = sum(old), sum(new)
        if accepted:
            return reasons.rewritten(ticket.module, ticket.numbers, old, new)
        if not world.several or self.candidate is None:
            raise self._ended("gate", reasons.not_better(old, new))
        texts = of_texts(world.objectives, self.candidate)
        parent = {name: value for name, value in ticket.parent.objectives.items() if value is not None}
        found = gains(world.objectives, before, after, parent=parent, child=texts, groups=world.groups)
        worth = worth_validating(found)
        if not worth.passes:
            raise self._ended("gate", worth.reason)
        return reasons.worth(ticket.module, ticket.numbers, worth.reason)

    async def _merge(self, merge: Merge) -> str:
        """Run a merged candidate on a few validation examples, where its parents' scores are known already."""
        self.candidate = merge.candidate
        self._refuse_known(merge.candidate, "merge")
        first, second = self.ticket.parents
        rng = self.world.streams("gepa/merge gate", self.ticket.number)
        positions = gate_examples(first.scores, second.scores, self.world.settings.merge_minibatch, rng)
        merged = _scores(await self._run(merge.candidate, positions, "validation"))
        firsts, seconds = [first.scores[one] for one in positions], [second.scores[one] for one in positions]
        self.before, self.after = max(sum(firsts), sum(seconds)), sum(merged)
        if not holds(firsts, seconds, merged):
            raise self._ended("merge", reasons.worse_than_parents(merge, self.before, self.after, len(positions)))
        return reasons.merged(merge, list(merge.candidate.texts), self.before, self.after, len(positions))

    async def _validate(self, candidate: Candidate, reason: str) -> Outcome:
        """Validation as far as it decides something, and the outcome of a candidate that stays."""
        world, ticket = self.world, self.ticket
        everything = range(len(world.validation))
        world.wall.narrow(ticket.number, self.used, len(everything))
        if world.settings.validation == "full":
            rollouts = await self._run(candidate, everything, "validation")
            return self._outcome(reason, scores=_scores(rollouts), objectives=self._values(candidate, rollouts))
        best, rules = ticket.incumbent.scores, _rules(world.settings)
        order = row_order(best, ticket.best_scores, world.streams("gepa/race", ticket.number))
        found: dict[int, Rollout] = {}
        step = advance(order, {}, best, ticket.best_scores, rules)
        while step.rows:
            found.update(zip(step.rows, await self._run(candidate, step.rows, "validation"), strict=True))
            known = {row: rollout.score for row, rollout in found.items()}
            step = advance(order, known, best, ticket.best_scores, rules)
            if not step.rows and step.outcome != "finished" and self._may_enter_front(candidate, found, step):
                rest = tuple(row for row in order if row not in found)
                step = Step("running", rest, step.chance, step.expected, step.entered)
        if step.outcome == "abandoned":
            raise self._ended("race", reasons.outrun({row: one.score for row, one in found.items()}, ticket.incumbent))
        scores = [found[row].score if row in found else UNKNOWN for row in everything]
        rollouts = [found[row] for row in sorted(found)]
        return self._outcome(reason, scores=scores, objectives=self._values(candidate, rollouts))

    def _may_enter_front(self, candidate: Candidate, found: Mapping[int, Rollout], step: Step) -> bool:
        """Whether a child that cannot become the best may still be worth choosing for something else than its score."""
        if not self.world.several:
            return False
        values = {**self._values(candidate, list(found.values())), SCORE.name: step.expected}
        # How different it is from those that are there shows when it enters; here it may be as different as can be.
        newest = {one.name: 1.0 for one in self.world.objectives if one.measure == "diversity"}
        return self.ticket.front.would_take({**values, **newest})

    def _values(self, candidate: Candidate, rollouts: Sequence[Rollout]) -> dict[str, float | None]:
        world = self.world
        return values_of(world.objectives, candidate, rollouts, groups=world.groups) if world.several else {}

    async def _run_parent(self, positions: Sequence[int]) -> Sequence[Rollout]:
        rollouts = await self._run(self.ticket.parent.candidate, positions, "feedback")
        self.seen += [
            Seen(position, rollout.score, rollout.feedback)
            for position, rollout in zip(positions, rollouts, strict=True)
        ]
        return rollouts

    async def _run_again(self, positions: Sequence[int]) -> Sequence[Rollout]:
        """The parent once more, for a comparison that nothing chose.

        Its first rollouts chose the rows that are shown, by its failures there, and so they chose the others, too.
        """
        return await self._run(self.ticket.parent.candidate, positions, "feedback", REPLICATE)

    async def _run(
        self, candidate: Candidate, positions: Sequence[int], split: Split, replicate: int = 0
    ) -> Sequence[Rollout]:
        examples = self.world.feedback if split == "feedback" else self.world.validation
        self.used.add(candidate.id, self.world.counted(split), positions, replicate)
        await self.world.wall.admit(self.ticket.number, self.used)
        return await self.world.evaluate(candidate, [examples[position] for position in positions], split, replicate)

    def _refuse_known(self, child: Candidate, cause: Cause) -> None:
        """What is in the pool already is not judged a second time; the paper does."""
        number = None if self.world.settings.paper else self.ticket.known(child)
        if number is not None:
            raise self._ended(cause, reasons.known(number))

    def _ended(self, cause: Cause, reason: str) -> _Ended:
        return _Ended(self._outcome(reason, cause=cause))

    def _outcome(
        self,
        reason: str,
        *,
        cause: Cause | None = None,
        scores: Sequence[float] = (),
        objectives: Values | None = None,
    ) -> Outcome:
        return Outcome(
            self.ticket,
            self.used,
            reason,
            cause,
            self.candidate,
            self.module,
            self.before,
            self.after,
            scores,
            dict(objectives or {}),
            tuple(self.seen),
        )


def _rules(settings: GepaSettings) -> RaceRules:
    """Where the rows are to be solved, a child that cannot lead is still tried on some that nobody has solved."""
    return RaceRules(settings.race_doubt, probes=PROBES if settings.mode == "solve" else 0)


def _scores(rollouts: Iterable[Rollout]) -> list[float]:
    return [rollout.score for rollout in rollouts]
