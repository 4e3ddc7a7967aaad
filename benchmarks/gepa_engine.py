"""How busy does a search keep an endpoint with 32 slots, how long does it take, and does it keep to its budget?

A rollout takes 50 ms on average (log-normal, σ 0.8), a reflection 400 ms. All search the same world with the same
budget and the same latencies. gepa 0.1.4 gets an adapter with a thread for each slot and a model that answers in
batches, so that all its parallelism counts: by default (one proposal a step), and with 8 and with 32 independent
proposals a step, of which the faster one is its best. As it comes, a Python function as its model is asked one thing
after another; `gepa_serial_seconds` is what its default run would take so, the sum of what was served. Ours is the
whole of it: search, runner, gateway, budget and a journal on disk.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from gepa.api import optimize as optimize_with_gepa
from gepa.core.adapter import EvaluationBatch, GEPAAdapter
from gepa.core.result import GEPAResult
from gepa.strategies.proposal_sampling import IndependentSampling, SamplingStrategy, SingleMutationSampling

from benchmarks._gepa_endpoint import MODEL, FakeEndpoint, Latency, WorldMetric
from benchmarks._gepa_landscapes import SEED_TEXT, World, judge, many_weak
from benchmarks._gepa_peers import MODULE, Silence
from benchmarks._report import options, report, say
from toishi.tools.gepa import Brief, GepaSettings, optimize
from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Message, Reply, Sampling
from toishi.tools.workbench.models.protocol import Request as ModelRequest
from toishi.tools.workbench.program import prompt_program
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.rollouts import RolloutRunner
from toishi.tools.workbench.seeds import streams
from toishi.tools.workbench.textgrad.reflection import Request, render, template_for

SLOTS = 32
LOOKAHEAD = 2 * SLOTS
"""Proposals in flight that keep so many slots busy: each has a call in flight most of the time."""
RUN = "r-1"
WIDTHS = (8, 32)
"""Proposals a step with which gepa is at its best."""
BUDGETS = {30: 1500, 300: 4000}
"""Rollouts by rows of the validation set."""


@dataclass(frozen=True)
class Timed:
    """One search: its wall seconds, what it kept busy, what was served, and the true score of what it chose."""

    seconds: float
    busy: float
    rollouts: int
    reflections: int
    nominal_seconds: float
    true_score: float

    def overshoot(self, budget: int) -> float:
        """The share of the budget that was spent beyond it; 0 where it was kept."""
        return max(0, self.rollouts - budget) / budget


def timed(endpoint: FakeEndpoint, seconds: float, paid: int, true_score: float) -> Timed:
    """What an endpoint saw of a search; rollouts count whether they were served or paid, whichever is more."""
    traffic = endpoint.traffic
    rollouts = max(traffic.rollouts, paid)
    return Timed(seconds, traffic.busy(SLOTS), rollouts, traffic.reflections, traffic.nominal_seconds, true_score)


def ours(world: World, budget: int, latency: Latency, lookahead: int | None = LOOKAHEAD) -> Timed:
    """Our search with everything that it stands on, the journal in a folder of its own; None: the usual lookahead."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.open(Path(folder))
        try:
            return asyncio.run(_search(world, budget, latency, journal, lookahead))
        finally:
            journal.close()


async def _search(world: World, budget: int, latency: Latency, journal: Journal, lookahead: int | None) -> Timed:
    endpoint, account = FakeEndpoint(world, SLOTS, latency), Budget(Limits(max_rollouts=budget))
    gateway = Gateway({MODEL: endpoint}, journal=journal, budget=account, run=RUN, concurrency=SLOTS)
    runner = RolloutRunner(
        prompt_program(SEED_TEXT, module=MODULE),
        WorldMetric(),
        gateway,
        journal,
        account,
        run=RUN,
        model=MODEL,
        sampling=Sampling(),
        seed=world.seed,
    )

    async def evaluate(
        candidate: Candidate, examples: Sequence[Example], split: str, replicate: int = 0
    ) -> list[Rollout]:
        return await runner.run(candidate, examples, split=split, replicate=replicate)

    async def reflect(request: Request, iteration: int) -> Reply:
        messages = (Message("user", render(request, template_for(MODEL))),)
        return await gateway.call("reflection", ModelRequest(MODEL, messages, Sampling(1.0), world.seed, iteration))

    start = time.perf_counter()
    result = await optimize(
        Candidate({MODULE: SEED_TEXT}),
        feedback=world.feedback,
        validation=world.validation,
        evaluate=evaluate,
        reflect=reflect,
        settings=GepaSettings(lookahead=lookahead),
        streams=streams(world.seed),
        emit=journal.recorder(RUN),
        brief=Brief(max_characters=10_000),
        rollouts=budget,
        concurrency=SLOTS,
    )
    seconds = time.perf_counter() - start
    await gateway.close()
    best = world.true_score(result.best.candidate.texts[MODULE])
    return timed(endpoint, seconds, account.spent().rollouts, best)


def gepa(world: World, budget: int, latency: Latency, sampling: SamplingStrategy[Any, Any]) -> Timed:
    """The library with so many proposals a step, everything that it can batch in batches."""
    endpoint = FakeEndpoint(world, SLOTS, latency)
    with ThreadPoolExecutor(SLOTS) as pool:
        start = time.perf_counter()
        result: GEPAResult[None, int] = optimize_with_gepa(
            seed_candidate={MODULE: SEED_TEXT},
            trainset=list(world.feedback),
            valset=list(world.validation),
            adapter=_PooledAdapter(endpoint, pool),
            reflection_lm=_PooledReflector(endpoint, pool),
            max_metric_calls=budget,
            sampling_strategy=sampling,
            logger=Silence(),
            seed=world.seed,
        )
        seconds = time.perf_counter() - start
    best = world.true_score(result.candidates[result.best_idx][MODULE])
    return timed(endpoint, seconds, result.total_metric_calls or 0, best)


class _PooledAdapter(GEPAAdapter[Example, dict[str, str], None]):
    """The world behind an endpoint as gepa wants to see it, every rollout of a batch in a thread of its own."""

    def __init__(self, endpoint: FakeEndpoint, pool: ThreadPoolExecutor) -> None:
        self._endpoint = endpoint
        self._pool = pool

    def evaluate(
        self, batch: list[Example], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch[dict[str, str], None]:
        return self.batch_evaluate([(candidate, batch)])[0]

    def batch_evaluate(
        self, items: list[tuple[dict[str, str], list[Example]]]
    ) -> list[EvaluationBatch[dict[str, str], None]]:
        """All rollouts of all candidates at once."""
        asked = [(candidate[MODULE], row.inputs["message"]) for candidate, batch in items for row in batch]
        answers = self._pool.map(lambda one: self._endpoint.roll_out(*one), asked)
        found = []
        for _, batch in items:
            said = [next(answers) for _ in batch]
            judged = [judge(answer) for answer in said]
            traces = [
                {"Inputs": row.inputs["message"], "Generated Outputs": answer, "Feedback": feedback}
                for row, answer, (_, feedback) in zip(batch, said, judged, strict=True)
            ]
            found.append(EvaluationBatch([None] * len(batch), [score for score, _ in judged], traces))
        return found

    def make_reflective_dataset(
        self,
        candidate: dict[str, str],
        eval_batch: EvaluationBatch[dict[str, str], None],
        components_to_update: list[str],
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        return dict.fromkeys(components_to_update, eval_batch.trajectories or [])


class _PooledReflector:
    """The reflection model, one prompt at a time or many at once; equal prompts are told apart by their number."""

    def __init__(self, endpoint: FakeEndpoint, pool: ThreadPoolExecutor) -> None:
        self._endpoint = endpoint
        self._pool = pool
        self._numbers = count()

    def __call__(self, prompt: str | list[dict[str, Any]]) -> str:
        assert isinstance(prompt, str)
        return self._reflect(prompt, next(self._numbers))

    def batch_complete(self, messages: list[list[dict[str, Any]]]) -> list[str]:
        """One reply for each conversation."""
        prompts = [one[0]["content"] for one in messages]
        numbers = [next(self._numbers) for _ in prompts]
        return list(self._pool.map(self._reflect, prompts, numbers))

    def _reflect(self, prompt: str, number: int) -> str:
        text = prompt.split("```\n", 1)[1].split("\n```", 1)[0]
        return f"```\n{self._endpoint.reflect(text, prompt, number)}\n```"


def figures_of(validation: int, budget: int, repetitions: int, latency: Latency) -> dict[str, object]:
    """The medians over seeds for one size of the validation set; the arms take turns."""
    runs: dict[str, list[Timed]] = {}
    for seed in range(repetitions):
        world = many_weak(seed, validation)
        arms: dict[str, Callable[[World, int, Latency], Timed]] = {"ours": ours}
        arms |= {name: partial(gepa, sampling=sampling) for name, sampling in _samplings().items()}
        for name, arm in arms.items():
            found = arm(world, budget, latency)
            runs.setdefault(name, []).append(found)
            say(f"{validation} validation rows, seed {seed}, {name}: {found.seconds:.1f} s, busy {found.busy:.3f}")
    best = min(list(runs)[2:], key=lambda name: _median(runs[name], "seconds"))
    default, mine = runs["gepa_default"], runs["ours"]
    return {
        "busy": round(_median(mine, "busy"), 3),
        "seconds": round(_median(mine, "seconds"), 2),
        "gepa_default_seconds": round(_median(default, "seconds"), 2),
        "gepa_best_seconds": round(_median(runs[best], "seconds"), 2),
        "overshoot": max(run.overshoot(budget) for run in mine),
        "gepa_serial_seconds": round(_median(default, "nominal_seconds"), 1),
        "gepa_default_busy": round(_median(default, "busy"), 3),
        "gepa_default_overshoot": round(max(run.overshoot(budget) for run in default), 4),
        "gepa_best_proposals_a_step": int(best.rpartition("_")[2]),
        "gepa_best_busy": round(_median(runs[best], "busy"), 3),
        "gepa_best_overshoot": round(max(run.overshoot(budget) for run in runs[best]), 4),
        "reflections": {name: _median(found, "reflections") for name, found in runs.items()},
        "rollouts": {name: _median(found, "rollouts") for name, found in runs.items()},
        "true_scores": {
            name: round(statistics.fmean(run.true_score for run in found), 3) for name, found in runs.items()
        },
    }


def _samplings() -> dict[str, SamplingStrategy[Any, Any]]:
    return {
        "gepa_default": SingleMutationSampling(),
        **{f"gepa_{width}": IndependentSampling(width) for width in WIDTHS},
    }


def _median(runs: Sequence[Timed], field: str) -> float:
    return float(statistics.median(getattr(run, field) for run in runs))


def measure(*, repetitions: int, latency: Latency, budgets: Mapping[int, int] = BUDGETS) -> dict[str, object]:
    """All figures; budgets by rows of the validation set."""
    return {
        f"validation_{validation}": figures_of(validation, budget, repetitions, latency)
        for validation, budget in budgets.items()
    }


if __name__ == "__main__":
    chosen = options("How busy a search keeps an endpoint.")
    report(measure(repetitions=1 if chosen.quick else 5, latency=Latency()), chosen)
