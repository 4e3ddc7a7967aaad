"""The peers of our search, each on a world of rules: gepa 0.1.4, MIPROv2, random search and best-of-n.

Every arm gets the same rows, the same reflector and the same number of rollouts, and leaves the curve of the true score
of what it would choose. Every reflection but MIPRO's sees the feedback of one minibatch. The two plain arms remember
what they ran, as our runner does; gepa and MIPROv2 are as they come.
"""

import contextlib
import io
import math
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from gepa.api import optimize
from gepa.core.adapter import EvaluationBatch, GEPAAdapter
from gepa.core.callbacks import GEPACallback, ValsetEvaluatedEvent
from gepa.core.result import GEPAResult

from benchmarks._gepa_landscapes import SEED_TEXT, World, judge
from toishi.tools.workbench.example import Example

MINIBATCH = 3
MODULE = "answer"


@dataclass(frozen=True)
class Curve:
    """`points`: rollouts spent so far and the true score of the candidate that would be chosen from then on, in order.

    `rollouts` are those spent in the end.
    """

    points: tuple[tuple[int, float], ...]
    rollouts: int

    @property
    def final(self) -> float:
        """The true score of what was chosen in the end."""
        return self.points[-1][1]

    def at(self, rollouts: int) -> float:
        """The true score of what would be chosen after so many rollouts; before the first choice it is the seed's."""
        chosen = [score for spent, score in self.points if spent <= rollouts]
        return chosen[-1] if chosen else self.points[0][1]

    def rollouts_to(self, score: float) -> float:
        """Rollouts until the choice was first at least so good; infinite where it never was."""
        return next((spent for spent, reached in self.points if reached >= score - 1e-9), math.inf)


class Meter:
    """Runs a world's rollouts for one arm, counts them, and notes what the arm would choose.

    With `remembers`, a rollout that was done before costs nothing.
    """

    def __init__(self, world: World, *, remembers: bool) -> None:
        self.world = world
        self.rollouts = 0
        self._remembers = remembers
        self._done: dict[tuple[str, str, int], tuple[float, str]] = {}
        self._points: list[tuple[int, float]] = []

    def new(self, text: str, examples: Sequence[Example], replicate: int = 0) -> int:
        """How many rollouts these would cost."""
        wanted = {(text, example.id, replicate) for example in examples}
        return len(wanted - self._done.keys()) if self._remembers else len(examples)

    def run(self, text: str, example: Example, replicate: int = 0) -> tuple[float, str]:
        """Score and feedback of one rollout."""
        key = text, example.id, replicate
        if not self._remembers or key not in self._done:
            self.rollouts += 1
            self._done[key] = self.world.evaluate(text, example, replicate)
        return self._done[key]

    def mean(self, text: str, examples: Sequence[Example]) -> float:
        """The mean score of one rollout on each."""
        return sum(self.run(text, example)[0] for example in examples) / len(examples)

    def feedback(self, text: str, examples: Sequence[Example]) -> str:
        """What the reflector reads of these examples."""
        return "\n".join(self.run(text, example)[1] for example in examples)

    def chose(self, text: str) -> None:
        """From here on the arm would choose this."""
        self._points.append((self.rollouts, self.world.true_score(text)))

    def curve(self) -> Curve:
        """What was noted."""
        return Curve(tuple(self._points), self.rollouts)


def gepa(world: World, budget: int) -> Curve:
    """The library by its public entry point with its defaults; it looks at the budget once an iteration."""
    meter = Meter(world, remembers=False)

    def note(event: ValsetEvaluatedEvent) -> None:
        if event["is_best_program"]:
            meter.chose(event["candidate"][MODULE])

    result: GEPAResult[None, int] = optimize(
        seed_candidate={MODULE: SEED_TEXT},
        trainset=list(world.feedback),
        valset=list(world.validation),
        adapter=WorldAdapter(meter),
        max_metric_calls=budget,
        callbacks=[telling(note)],
        logger=Silence(),
        seed=world.seed,
    )
    meter.chose(result.candidates[result.best_idx][MODULE])
    return meter.curve()


class WorldAdapter(GEPAAdapter[Example, str, None]):
    """A world as gepa wants to see it; a trace is the feedback. Its reflector samples anew with each call."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._calls = 0
        self.propose_new_texts = self._propose

    def evaluate(
        self, batch: list[Example], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch[str, None]:
        rollouts = [self._meter.run(candidate[MODULE], example) for example in batch]
        scores, feedback = [score for score, _ in rollouts], [said for _, said in rollouts]
        return EvaluationBatch([None] * len(batch), scores, feedback if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: EvaluationBatch[str, None], components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        records = [{"Feedback": feedback} for feedback in eval_batch.trajectories or ()]
        return dict.fromkeys(components_to_update, records)

    def _propose(
        self,
        candidate: dict[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        self._calls += 1
        feedback = "\n".join(record["Feedback"] for record in reflective_dataset[MODULE])
        return {MODULE: self._meter.world.propose(candidate[MODULE], feedback, self._calls)}


class _Telling:
    def __init__(self, note: Callable[[ValsetEvaluatedEvent], None]) -> None:
        self._note = note

    def on_valset_evaluated(self, event: ValsetEvaluatedEvent) -> None:
        self._note(event)


def telling(note: Callable[[ValsetEvaluatedEvent], None]) -> GEPACallback:
    """Tells `note` of each candidate that gepa has validated."""
    # Every method of a callback may be left out, which its type cannot say.
    return cast(GEPACallback, _Telling(note))


class Silence:
    """The library's log, unheard."""

    def log(self, message: str) -> None: ...


def random_search(world: World, budget: int) -> Curve:
    """Proposals from failures of the best so far, each run on the whole validation set; the best is kept."""
    meter, rng = Meter(world, remembers=True), random.Random(f"random search/{world.seed}")
    best, score = SEED_TEXT, meter.mean(SEED_TEXT, world.validation)
    meter.chose(best)
    while meter.rollouts + MINIBATCH + len(world.validation) <= budget:
        feedback = meter.feedback(best, rng.sample(world.feedback, MINIBATCH))
        proposal = world.propose(best, feedback, meter.rollouts)
        if (found := meter.mean(proposal, world.validation)) > score:
            best, score = proposal, found
            meter.chose(best)
    return meter.curve()


def best_of_n(world: World, budget: int) -> Curve:
    """As many proposals from the seed as the budget buys, each run on the whole validation set; the best is kept."""
    meter, rng = Meter(world, remembers=True), random.Random(f"best of n/{world.seed}")
    best = meter.mean(SEED_TEXT, world.validation)
    meter.chose(SEED_TEXT)
    while meter.rollouts + MINIBATCH + len(world.validation) <= budget:
        feedback = meter.feedback(SEED_TEXT, rng.sample(world.feedback, MINIBATCH))
        proposal = world.propose(SEED_TEXT, feedback, meter.rollouts)
        if (found := meter.mean(proposal, world.validation)) > best:
            best = found
            meter.chose(proposal)
    return meter.curve()


ROWS_VIEWED = 10
"""Rows that MIPRO's proposer looks at together (`view_data_batch_size`)."""
MIPRO_MINIBATCH, MIPRO_FULL_EVERY = 35, 5
"""MIPRO's defaults: rows of a trial, and trials between two looks at the whole validation set."""
BOOTSTRAPS = 9
"""About so many rollouts does MIPRO spend for each candidate's demonstrations."""


def mipro(world: World, budget: int) -> Curve:
    """dspy's MIPROv2 on instructions alone (demonstrations teach nothing here), with as many trials as the budget buys.

    The number of candidates is the one for which MIPRO itself would choose that many trials. Each instruction is drawn
    from the reflector after the feedback on ten rows, as many as its proposer looks at together, three times what the
    other arms show; they are not counted, since MIPRO has run about as many to bootstrap its demonstrations.
    """
    import dspy
    from dspy.teleprompt import MIPROv2

    meter = Meter(world, remembers=False)

    class Noting(MIPROv2):  # type: ignore[misc]
        """MIPROv2 that tells what it would choose after each look at the whole validation set."""

        def _perform_full_evaluation(self, *rest: Any) -> Any:
            found = super()._perform_full_evaluation(*rest)
            meter.chose(_instruction_of(found[1]))
            return found

    def metric(example: Any, prediction: Any, trace: object = None) -> float:
        meter.rollouts += 1
        if meter.rollouts == len(world.validation):
            meter.chose(SEED_TEXT)
        return judge(prediction.answer)[0]

    trials = _trials(budget, len(world.validation))
    optimiser = Noting(
        metric=metric,
        prompt_model=dspy.LM("world/proposer", engine=_Proposer(world), cache=False),
        task_model=dspy.LM("world/task", engine=_Task(world), cache=False),
        max_bootstrapped_demos=0,
        max_labeled_demos=0,
        auto=None,
        num_candidates=_candidates(trials),
        num_threads=1,
        seed=world.seed,
    )
    rows = {
        split: [dspy.Example(**row.inputs, answer=row.expected).with_inputs("message") for row in examples]
        for split, examples in (("trainset", world.feedback), ("valset", world.validation))
    }
    dspy.disable_logging()
    # Its bars are drawn on both, and the report stands on stdout.
    unseen = io.StringIO()
    with (
        dspy.context(disable_history=True),
        contextlib.redirect_stdout(unseen),
        contextlib.redirect_stderr(unseen),
        warnings.catch_warnings(),
    ):
        # Its sampler is one of optuna's experimental ones.
        warnings.simplefilter("ignore")
        found = optimiser.compile(
            dspy.Predict(dspy.Signature("message -> answer", SEED_TEXT)),
            **rows,
            num_trials=trials,
            minibatch_size=MIPRO_MINIBATCH,
            minibatch_full_eval_steps=MIPRO_FULL_EVERY,
        )
    meter.chose(_instruction_of(found))
    return meter.curve()


def _trials(budget: int, validation: int) -> int:
    """The most trials that fit: minibatches, looks at the whole set (before, between, after), and bootstrapping."""

    def cost(trials: int) -> float:
        looks = 1 + -(-trials // MIPRO_FULL_EVERY)
        return trials * MIPRO_MINIBATCH + looks * validation + BOOTSTRAPS * _candidates(trials)

    return max(trials for trials in range(1, budget) if trials == 1 or cost(trials) <= budget)


def _candidates(trials: int) -> int:
    """MIPRO makes 1.5 trials a candidate, where there are more than a few."""
    return max(2, int(trials / 1.5))


def _instruction_of(program: Any) -> str:
    return str(program.predictors()[0].signature.instructions)


class _Task:
    """The model that does the task, as an engine of dspy: it follows the rules in what it is told."""

    def __init__(self, world: World) -> None:
        self._world = world

    def complete(self, request: Any) -> Any:
        message = request.messages[-1].text.split("[[ ## message ## ]]\n", 1)[1].split("\n", 1)[0]
        return _fields(request, answer=self._world.answer(_system(request), message))


class _Proposer:
    """The model that writes for MIPRO: instructions drawn from the world's reflector, and nothing to say otherwise."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = random.Random(f"mipro/{world.seed}")

    def complete(self, request: Any) -> Any:
        proposed = ""
        if "proposed_instruction" in _system(request):
            rows = self._rng.sample(self._world.feedback, ROWS_VIEWED)
            feedback = "\n".join(self._world.evaluate(SEED_TEXT, row)[1] for row in rows)
            proposed = self._world.propose(SEED_TEXT, feedback, self._rng.random())
        said = dict.fromkeys(("observations", "summary", "program_description", "module_description"), "Messages.")
        return _fields(request, **said, proposed_instruction=proposed)


def _system(request: Any) -> str:
    system = request.system
    return system if isinstance(system, str) else "".join(part.text for part in system or ())


def _fields(request: Any, **fields: str) -> Any:
    """A reply in the form of dspy's chat adapter."""
    from dspy.lm15 import Message, Response, TextPart, Usage

    text = "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
    usage = Usage(input_tokens=0, output_tokens=0, total_tokens=0)
    message = Message.assistant([TextPart(f"{text}\n\n[[ ## completed ## ]]")])
    return Response(id=None, model=request.model, message=message, finish_reason="stop", usage=usage)
