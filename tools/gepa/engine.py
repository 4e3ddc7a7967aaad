"""GEPA: reflective prompt evolution (arXiv 2507.19457, Algorithm 1), the loop.

It moves data between the decisions, which are functions in the modules beside it, and the world, which is the two
coroutines that it is handed. It knows no model, no journal and no screen. Its decisions are a function of the streams,
the rollouts, the replies and what fitted the budget, so a run that is started again with what was recorded takes the
same ones.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from toishi.tools.gepa import reasons
from toishi.tools.gepa.gate import holds, improves, perfect
from toishi.tools.gepa.merge import Merge, MergeHistory, MergeSchedule, find_merge, gate_examples, survivors
from toishi.tools.gepa.minibatch import Minibatches
from toishi.tools.gepa.pool import Member, Pool
from toishi.tools.gepa.protocol import Evaluate, Reflect
from toishi.tools.gepa.records import records_of
from toishi.tools.gepa.rejections import Rejections
from toishi.tools.gepa.result import GepaResult
from toishi.tools.gepa.selection import best, prune, select_parent
from toishi.tools.gepa.settings import GepaSettings
from toishi.tools.gepa.stop import Standing, needed, stop_reason
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import BudgetSpent, DataError, RequestRefused
from toishi.tools.workbench.events import CandidateAccepted, Emit, ProposalRejected
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.seeds import Streams
from toishi.tools.workbench.textgrad.reflection import ReflectionRejected, ReflectionRequest, parse

Verdict = Literal["accepted", "rejected", "idle"]


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
    max_characters: int,
    placeholders: Mapping[str, tuple[str, ...]],
    affordable: Callable[[int], bool],
) -> GepaResult:
    """Search for a better candidate than `seed`.

    `feedback` examples are shown to the reflector, `validation` examples count as scores only. `max_characters` limits
    every text; `placeholders` names, by module, what must survive in it. `affordable(rollouts)` tells whether that many
    more fit the budget; the search ends where a whole accepted iteration no longer does. Emits `CandidateAccepted` and
    `ProposalRejected`, one for every iteration and one for the seed.

    Raises `BudgetSpent` where the budget ends before the seed is scored (later it ends the search), and `DataError`
    where there are no examples.
    """
    for split, examples in (("feedback", feedback), ("validation", validation)):
        if not examples:
            raise DataError(f"there are no {split} examples; give the {split} split at least one row")
    search = _Search(
        feedback, validation, evaluate, reflect, settings, streams, emit, max_characters, placeholders, affordable
    )
    return await search.run(seed)


@dataclass
class _Search:
    """One search: what it was handed, and its state: the pool, what was merged, what was refused, how far it is."""

    feedback: Sequence[Example]
    validation: Sequence[Example]
    evaluate: Evaluate
    reflect: Reflect
    settings: GepaSettings
    streams: Streams
    emit: Emit
    max_characters: int
    placeholders: Mapping[str, tuple[str, ...]]
    affordable: Callable[[int], bool]

    def __post_init__(self) -> None:
        self.pool = Pool()
        self.minibatches = Minibatches(len(self.feedback), self.settings.minibatch, self.streams)
        self.rejections = Rejections(self.settings.remember_rejected)
        self.schedule, self.history = MergeSchedule(), MergeHistory()
        self.standing = Standing()

    async def run(self, seed: Candidate) -> GepaResult:
        """From the seed's baseline to the end of the search."""
        await self._admit(seed, (), reasons.SEED)
        self.standing = Standing(perfect=perfect(self._best().scores))
        try:
            while not (stopped := self._stop_reason()):
                await self._iterate()
        except BudgetSpent as spent:
            stopped = f"the budget is spent: {spent}"
        return GepaResult(self.pool.members, self.standing.iteration, stopped)

    def _stop_reason(self) -> str | None:
        affordable = self.affordable(needed(self.settings, len(self.validation)))
        return stop_reason(self.standing, self.settings, affordable=affordable)

    async def _iterate(self) -> None:
        """A merge where one is due and found, otherwise a mutation."""
        incumbent = self._best().number
        merge = self._find_merge() if self.settings.merge and self.schedule.now else None
        if merge is not None:
            verdict = await self._try_merge(merge)
            self.schedule = self.schedule.after_merge(verdict == "accepted")
        else:
            verdict = await self._mutate()
            self.schedule = self.schedule.after_mutation(verdict == "accepted", self.settings.max_merges)
        leader = self._best()
        self.standing = self.standing.after(
            judged=verdict != "idle", improved=leader.number != incumbent, perfect=perfect(leader.scores)
        )

    async def _mutate(self) -> Verdict:
        """Reflective mutation: run a parent, have one module rewritten, run the child on the same minibatch."""
        parent = self._select_parent()
        minibatch = [self.feedback[position] for position in self.minibatches.at(self.standing.iteration)]
        rollouts = await self.evaluate(parent.candidate, minibatch, "feedback")
        before = _scores(rollouts)
        if self.settings.skip_perfect and perfect(before):
            reason = reasons.nothing_to_learn(parent.number, len(before))
            self._reject("skipped", reason, (parent.number,), before=sum(before))
            return "idle"
        module = self.pool.next_module(parent.number)
        child = await self._propose(parent, module, rollouts)
        if child is None:
            return "idle"
        after = _scores(await self.evaluate(child, minibatch, "feedback"))
        if not improves(before, after, self.settings.accept):
            self.rejections.add(parent.candidate.id, module, child.texts[module])
            reason = reasons.not_better(before, after)
            self._reject(
                "gate", reason, (parent.number,), module=module, candidate=child, before=sum(before), after=sum(after)
            )
            return "rejected"
        reason = reasons.rewritten(module, parent.number, before, after)
        await self._admit(child, (parent.number,), reason, module=module, before=sum(before), after=sum(after))
        return "accepted"

    async def _propose(self, parent: Member, module: str, rollouts: Sequence[Rollout]) -> Candidate | None:
        """The child with one module rewritten by the reflector, or None (and a rejection) where there is none."""
        iteration, before = self.standing.iteration, sum(_scores(rollouts))
        records = records_of(rollouts, module, self.streams("gepa/records", iteration))
        if not records:
            reason = reasons.did_not_run(module, len(rollouts))
            self._reject("skipped", reason, (parent.number,), module=module, before=before)
            return None
        request = ReflectionRequest(
            module=module,
            instruction=parent.candidate.texts[module],
            records=records,
            max_characters=self.max_characters,
            placeholders=self.placeholders.get(module, ()),
            rejected=self.rejections.of(parent.candidate.id, module),
        )
        try:
            reply = await self.reflect(request, iteration)
            text = parse(reply.text, request, cut_off=reply.finish_reason == "length")
        except (ReflectionRejected, RequestRefused) as flaw:
            self._reject("form", str(flaw), (parent.number,), module=module, before=before)
            return None
        return parent.candidate.with_text(module, text)

    async def _try_merge(self, merge: Merge) -> Verdict:
        """Run a merged candidate on a few validation examples, where its parents' scores are known already."""
        first, second = self.pool[merge.first].scores, self.pool[merge.second].scores
        rng = self.streams("gepa/merge gate", self.standing.iteration)
        positions = gate_examples(first, second, self.settings.merge_minibatch, rng)
        examples = [self.validation[position] for position in positions]
        merged = _scores(await self.evaluate(merge.candidate, examples, "validation"))
        firsts, seconds = [first[position] for position in positions], [second[position] for position in positions]
        before, after, parents = max(sum(firsts), sum(seconds)), sum(merged), (merge.first, merge.second)
        if not holds(firsts, seconds, merged):
            reason = reasons.worse_than_parents(merge, before, after, len(positions))
            self._reject("merge", reason, parents, candidate=merge.candidate, before=before, after=after)
            return "rejected"
        reason = reasons.merged(merge, list(merge.candidate.texts), before, after, len(positions))
        await self._admit(merge.candidate, parents, reason, before=before, after=after)
        return "accepted"

    def _find_merge(self) -> Merge | None:
        if len(self.validation) < self.settings.merge_minibatch:
            return None
        undominated = survivors(prune(self.pool.fronts, self.pool.validation_scores))
        rng = self.streams("gepa/merge", self.standing.iteration)
        merge = find_merge(self.pool.members, undominated, self.history, rng)
        if merge is not None:
            self.history = self.history.with_merge(merge)
        return merge

    def _select_parent(self) -> Member:
        rng = self.streams("gepa/parent", self.standing.iteration)
        return self.pool[select_parent(self.pool.fronts, self.pool.validation_scores, self.settings, rng)]

    def _best(self) -> Member:
        return self.pool[best(self.pool.validation_scores)]

    async def _admit(
        self,
        candidate: Candidate,
        parents: tuple[int, ...],
        reason: str,
        *,
        module: str | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> None:
        """Score a candidate on the whole validation set and take it into the pool."""
        scores = _scores(await self.evaluate(candidate, self.validation, "validation"))
        member = self.pool.add(candidate, parents, scores)
        self.emit(
            CandidateAccepted(
                number=member.number,
                candidate=candidate.id,
                parents=parents,
                texts=dict(candidate.texts),
                reason=reason,
                module=module,
                before=before,
                after=after,
                validation_score=member.validation_score,
            )
        )

    def _reject(
        self,
        cause: Literal["skipped", "form", "gate", "merge"],
        reason: str,
        parents: tuple[int, ...],
        *,
        module: str | None = None,
        candidate: Candidate | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> None:
        """Say that this iteration brings no candidate, and why."""
        self.emit(
            ProposalRejected(
                iteration=self.standing.iteration,
                parents=parents,
                module=module,
                cause=cause,
                reason=reason,
                texts=None if candidate is None else dict(candidate.texts),
                before=before,
                after=after,
            )
        )


def _scores(rollouts: Sequence[Rollout]) -> list[float]:
    return [rollout.score for rollout in rollouts]
