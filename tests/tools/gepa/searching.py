"""Searches in worlds without models: what the tests of the engine hand to `optimize`, and what they see of it."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from benchmarks._gepa_landscapes import SEED_TEXT, World
from benchmarks.gepa_benches import Bench, evaluate_on, plain_reply, reflect_on
from toishi.tools.gepa import Brief, Earlier, Evaluate, GepaResult, GepaSettings, Reflect, optimize
from toishi.tools.gepa.protocol import Split
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.events import CandidateAccepted, Event, ProposalRejected
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.models.protocol import Reply
from toishi.tools.workbench.objectives import SCORE, Groups, Objective
from toishi.tools.workbench.rollout import ModuleCall, Rollout
from toishi.tools.workbench.seeds import streams
from toishi.tools.workbench.textgrad.reflection import CLOSING, OPENING, CrossoverRequest, ReflectionRequest, Request

ITERATIONS = 25
MODULE = "answer"

Asked = tuple[str, str, str, int]
"""A rollout that the world was asked for: candidate, split, example and replicate."""

Decision = CandidateAccepted | ProposalRejected

Judge = Callable[[str, Example, int], float]
"""The score of a text on an example, in a replicate."""


def as_published(**others: object) -> GepaSettings:
    """The paper's search, and what is set beside it."""
    return GepaSettings.model_validate({"paper": True, **others})


DEFAULTS = as_published(max_iterations=ITERATIONS, merge=True, stop_when_perfect=True, remember_rejected=3)


@dataclass
class Search:
    """One search in a world without models, and all that was seen of it.

    `asked` counts how often the world was asked for each rollout; `drawn` holds, for every ticket that drew a parent,
    how many outcomes had been taken by then.
    """

    bench: Bench
    settings: GepaSettings = DEFAULTS
    seed: int = 0
    evaluate: Evaluate | None = None
    reflect: Reflect | None = None
    placeholders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    max_characters: int = 10_000
    rollouts: int | None = None
    affordable: Callable[[int], bool] = lambda rollouts: True
    concurrency: int = 8
    earlier: Earlier | None = None
    objectives: Sequence[Objective] = (SCORE,)
    groups: Groups = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    asked: Counter[Asked] = field(default_factory=Counter)
    drawn: dict[int, int] = field(default_factory=dict)

    def run(self) -> GepaResult:
        return asyncio.run(self.search())

    async def search(self) -> GepaResult:
        evaluate, reflect = self.evaluate or evaluate_on(self.bench), self.reflect or reflect_on(self.bench)
        named = streams(self.seed)

        async def watched(
            candidate: Candidate, examples: Sequence[Example], split: Split, replicate: int = 0
        ) -> Sequence[Rollout]:
            self.asked.update((candidate.id, split, example.id, replicate) for example in examples)
            return await evaluate(candidate, examples, split, replicate)

        async def overheard(request: Request, iteration: int) -> Reply:
            self.requests.append(request)
            return await reflect(request, iteration)

        def stream(purpose: str, counter: int) -> random.Random:
            if purpose == "gepa/parent":
                self.drawn[counter] = len(self.decided) - 1
            return named(purpose, counter)

        return await optimize(
            Candidate(self.bench.seed),
            feedback=self.bench.feedback,
            validation=self.bench.validation,
            evaluate=watched,
            reflect=overheard,
            settings=self.settings,
            streams=stream,
            emit=self.events.append,
            brief=Brief(self.max_characters, self.placeholders, fields=self.fields),
            rollouts=self.rollouts,
            affordable=self.affordable,
            concurrency=self.concurrency,
            earlier=self.earlier,
            objectives=self.objectives,
            groups=self.groups,
        )

    @property
    def accepted(self) -> list[CandidateAccepted]:
        return [event for event in self.events if isinstance(event, CandidateAccepted)]

    @property
    def rejected(self) -> list[ProposalRejected]:
        return [event for event in self.events if isinstance(event, ProposalRejected)]

    @property
    def decided(self) -> list[Decision]:
        """The seed's entry, and then one event for every ticket, in their order."""
        return [event for event in self.events if isinstance(event, Decision)]

    @property
    def reflections(self) -> list[ReflectionRequest]:
        return [request for request in self.requests if isinstance(request, ReflectionRequest)]

    @property
    def crossovers(self) -> list[CrossoverRequest]:
        return [request for request in self.requests if isinstance(request, CrossoverRequest)]

    def asked_of(self, text: str, split: str, replicate: int = 0) -> set[str]:
        """The examples that a text of the only module was run on."""
        candidate = Candidate({MODULE: text}).id
        return {one[2] for one in self.asked if (one[0], one[1], one[3]) == (candidate, split, replicate)}


def tagged(text: str) -> str:
    """A reply in form."""
    return f"{OPENING}\n{text}\n{CLOSING}"


def scripted(*replies: str) -> Reflect:
    """A reflector that gives these replies in turn, the last one for ever."""
    left = list(replies)

    async def reflect(request: Request, iteration: int) -> Reply:
        return plain_reply(left.pop(0) if len(left) > 1 else left[0])

    return reflect


def proposing(propose: Callable[[ReflectionRequest, int], str]) -> Reflect:
    """A reflector that replies in form what `propose` makes of a request and its iteration."""

    async def reflect(request: Request, iteration: int) -> Reply:
        assert isinstance(request, ReflectionRequest)
        return plain_reply(tagged(propose(request, iteration)))

    return reflect


def draft(number: int) -> str:
    """A text that is known by its number; the seed's is 0."""
    return f"draft {number}"


def number_of(text: str) -> int:
    """The number of a draft."""
    return int(text.split()[1])


new_drafts = proposing(lambda request, iteration: draft(iteration + 1))
"""Iteration t proposes draft t + 1, whatever it was shown."""


def judged_by(judge: Judge) -> Evaluate:
    """A world of one module, in which a text is worth what `judge` says."""

    async def evaluate(
        candidate: Candidate, examples: Sequence[Example], split: Split, replicate: int = 0
    ) -> list[Rollout]:
        text = candidate.texts[MODULE]
        return [rollout_of(candidate, example, judge(text, example, replicate), replicate) for example in examples]

    return evaluate


def rollout_of(candidate: Candidate, example: Example, score: float, replicate: int = 0, said: str = "") -> Rollout:
    """A rollout in which every module ran once."""
    calls = tuple(ModuleCall(module, example.inputs, (), plain_reply("yes")) for module in candidate.texts)
    feedback = said or f"scored {score:g}"
    return Rollout(candidate.id, example.id, replicate, "yes", score, feedback, calls, 0, 0.0, 0.0)


def rows(split: str, many: int) -> tuple[Example, ...]:
    """Rows that are known by their number."""
    return tuple(Example(f"{split}-{place}", {"message": f"{split} {place}"}, "yes") for place in range(many))


def is_validation(example: Example) -> bool:
    """Whether it is one of the validation rows."""
    return example.id.startswith("validation")


def place_of(example: Example) -> int:
    """The number of a row."""
    return int(example.id.rpartition("-")[2])


def drafts(feedback: int = 20, validation: int = 20) -> Bench:
    """Rows, and draft 0 as the seed, for a world that is told by its `evaluate` and `reflect`."""
    return Bench("drafts", {MODULE: draft(0)}, rows("feedback", feedback), rows("validation", validation), told, told)


def told(*arguments: object) -> NoReturn:
    """What a bench does where `evaluate` and `reflect` stand beside it."""
    raise NotImplementedError


def in_drafts(judge: Judge, settings: GepaSettings, *, feedback: int = 20, validation: int = 20) -> Search:
    """A search among drafts that are worth what `judge` says."""
    return Search(drafts(feedback, validation), settings, evaluate=judged_by(judge), reflect=new_drafts)


def in_world(world: World, settings: GepaSettings, seed: int = 0) -> Search:
    """A search in a world of rules, whose reflector reads the feedback."""

    async def evaluate(
        candidate: Candidate, examples: Sequence[Example], split: Split, replicate: int = 0
    ) -> list[Rollout]:
        judged = [(example, *world.evaluate(candidate.texts[MODULE], example, replicate)) for example in examples]
        return [rollout_of(candidate, example, score, replicate, said) for example, score, said in judged]

    def propose(request: ReflectionRequest, iteration: int) -> str:
        said = "\n".join(record.feedback for record in request.records)
        return world.propose(request.instruction, said, iteration)

    bench = Bench(world.name, {MODULE: SEED_TEXT}, world.feedback, world.validation, told, told)
    return Search(bench, settings, seed, evaluate, proposing(propose))
