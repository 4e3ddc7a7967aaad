"""How good an instruction does a search find for its rollouts? Ours beside gepa 0.1.4, MIPROv2 and two plain ones.

On every landscape and seed all arms get the same rows, the same reflector and the same number of rollouts, and are
judged by the true score of what they choose, which is known exactly. gepa overspends and keeps what it finds with that.
A speed-up is the peer's rollouts until it chose something as good as its final choice, divided by ours until we did,
as the median over seeds; a seed on which we never did counts as 0, and their number is told beside it. Of two equal
searches one misses the other's luckiest choices, so that this falls below 1 between equals; the speed-up of the mean
curves, until 95 % of the peer's mean gain, does not.

Ours runs with its default settings, with other lookaheads, and with every child on the whole validation set instead of
racing, each with its own gate and with the paper's; and racing once more with half of the rollouts. The worlds are
synthetic: nothing here says how good a prompt for a real model becomes.
"""

import asyncio
import math
import multiprocessing
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import Any

from benchmarks._gepa_landscapes import LANDSCAPES, SEED_TEXT, World
from benchmarks._gepa_peers import MODULE, Curve, Meter, best_of_n, gepa, mipro, random_search
from benchmarks._report import Options, options, report, say
from toishi.tools.gepa import Brief, Evaluate, GepaSettings, Reflect, optimize
from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.events import CandidateAccepted, Event
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.models.protocol import Reply
from toishi.tools.workbench.rollout import ModuleCall, Rollout
from toishi.tools.workbench.seeds import streams
from toishi.tools.workbench.statistics import compare
from toishi.tools.workbench.textgrad.reflection import CLOSING, OPENING, ReflectionRequest, Request

BUDGETS = {100: 2000, 300: 3000}
"""Rollouts by rows of the validation set."""
LOOKAHEADS = (1, 8, 32)
MOST = 0.95
"""Share of a peer's gain at which mean curves are compared: their very end is reached when the last seed reaches it."""
MINIBATCH_GATE: Mapping[str, object] = {"gate": "minibatch"}
"""The paper's gate, with which most rollouts go into validation."""
OURS: Mapping[str, Mapping[str, object]] = {
    "ours": {},
    **{f"lookahead_{many}": {"lookahead": many} for many in LOOKAHEADS},
    "full_validation": {"validation": "full"},
    "minibatch_gate": MINIBATCH_GATE,
    "minibatch_gate_full_validation": {**MINIBATCH_GATE, "validation": "full"},
}
HALF: Mapping[str, Mapping[str, object]] = {"half": {}, "minibatch_gate_half": MINIBATCH_GATE}
"""Races with half of the rollouts, to stand beside full validation with all of them."""
Curves = Mapping[str, Curve]
Make = Callable[..., World]
Arm = Callable[[World, int], Curve]
Peers = Mapping[str, Arm]
PEERS: Peers = {"gepa": gepa, "mipro": mipro, "random": random_search, "best_of_n": best_of_n}


def search(world: World, budget: int, wanted: Mapping[str, object]) -> Curve:
    """Our search with these settings."""
    meter, account = Meter(world, remembers=True), Budget(Limits(max_rollouts=budget))
    best = -1.0

    def note(event: Event) -> None:
        nonlocal best
        if isinstance(event, CandidateAccepted) and event.validated and event.validation_score > best:
            best = event.validation_score
            meter.chose(event.texts[MODULE])

    result = asyncio.run(
        optimize(
            Candidate({MODULE: SEED_TEXT}),
            feedback=world.feedback,
            validation=world.validation,
            evaluate=evaluate_on(meter, account),
            reflect=reflect_on(world),
            settings=GepaSettings.model_validate(wanted),
            streams=streams(world.seed),
            emit=note,
            brief=Brief(max_characters=10_000),
            rollouts=budget,
        )
    )
    meter.chose(result.best.candidate.texts[MODULE])
    return meter.curve()


def evaluate_on(meter: Meter, account: Budget) -> Evaluate:
    """The world's rollouts within a budget, each paid once, as the runner of rollouts does it."""

    async def evaluate(
        candidate: Candidate, examples: Sequence[Example], split: str, replicate: int = 0
    ) -> list[Rollout]:
        text = candidate.texts[MODULE]
        account.reserve(rollouts=meter.new(text, examples, replicate)).settle()
        return [rollout_of(candidate, example, replicate, *meter.run(text, example, replicate)) for example in examples]

    return evaluate


def rollout_of(candidate: Candidate, example: Example, replicate: int, score: float, feedback: str) -> Rollout:
    """A rollout of one call."""
    call = ModuleCall(MODULE, example.inputs, (), reply_of(str(score)))
    return Rollout(candidate.id, example.id, replicate, str(score), score, feedback, (call,), 0, 0.0, 0.0)


def reflect_on(world: World) -> Reflect:
    """The world's reflector, which reads the instruction and the feedback and nothing else of what it is shown."""

    async def reflect(request: Request, iteration: int) -> Reply:
        assert isinstance(request, ReflectionRequest)
        feedback = "\n".join(record.feedback for record in request.records)
        return reply_of(f"{OPENING}\n{world.propose(request.instruction, feedback, iteration)}\n{CLOSING}")

    return reflect


def reply_of(text: str) -> Reply:
    """A complete reply that cost nothing."""
    return Reply(text, finish_reason="stop", prompt_tokens=0, completion_tokens=0, cost=0.0, seconds=0.0)


def curves(make: Make, seed: int, validation: int, budget: int, peers: Peers = PEERS) -> Curves:
    """Every arm on one landscape and seed."""
    found = {name: search(make(seed, validation), budget, wanted) for name, wanted in OURS.items()}
    found |= {name: search(make(seed, validation), budget // 2, wanted) for name, wanted in HALF.items()}
    return {**found, **{name: arm(make(seed, validation), budget) for name, arm in peers.items()}}


def speedup(ours: Sequence[Curve], theirs: Sequence[Curve]) -> tuple[float, int]:
    """The median over seeds of their rollouts to their final score over ours to it, and on how many we missed it."""
    ratios = [
        other.rollouts_to(other.final) / mine.rollouts_to(other.final) for mine, other in zip(ours, theirs, strict=True)
    ]
    return round(statistics.median(ratios), 3), ratios.count(0.0)


def mean_curve_speedup(ours: Sequence[Curve], theirs: Sequence[Curve]) -> float:
    """Their rollouts over ours until the mean over all seeds has `MOST` of the gain that theirs has in the end.

    Infinitely many of ours, and so 0, where we never have it.
    """
    seed, final = theirs[0].points[0][1], statistics.fmean(curve.final for curve in theirs)
    target = seed + MOST * (final - seed)
    return round(_rollouts_of_mean(theirs, target) / _rollouts_of_mean(ours, target), 3)


def _rollouts_of_mean(curves: Sequence[Curve], score: float) -> float:
    spent = sorted({spent for curve in curves for spent, _ in curve.points})
    return next((at for at in spent if statistics.fmean(curve.at(at) for curve in curves) >= score), math.inf)


def difference_interval(before: Sequence[Curve], after: Sequence[Curve]) -> list[float]:
    """95 % interval over seeds of the mean difference of the final true scores, after minus before."""
    pairs = compare([curve.final for curve in before], [curve.final for curve in after], seed=0)
    return [round(bound, 4) for bound in pairs.interval]


def figures_of(found: Sequence[Curves]) -> dict[str, Any]:
    """The figures of one landscape out of the curves of all its seeds."""
    arms = {name: [one[name] for one in found] for name in found[0]}
    ours = arms["ours"]
    peers = [name for name in arms if name not in {**OURS, **HALF}]
    speedups = {name: speedup(ours, arms[name]) for name in peers}
    return {
        "true_score": _mean(ours),
        **{f"{name}_true_score": _mean(arms[name]) for name in peers},
        "difference_interval": difference_interval(arms["gepa"], ours),
        "rollouts_speedup": speedups["gepa"][0],
        "mean_curve_speedup": mean_curve_speedup(ours, arms["gepa"]),
        **{f"{name}_rollouts_speedup": speedups[name][0] for name in peers if name != "gepa"},
        "seeds_on_which_ours_missed": {name: missed for name, (_, missed) in speedups.items()},
        **{f"{name}_difference_interval": difference_interval(arms[name], ours) for name in peers if name != "gepa"},
        **_racing(ours, arms["full_validation"], arms["half"]),
        "minibatch_gate": {
            "true_score": _mean(arms["minibatch_gate"]),
            "mean_curve_speedup": mean_curve_speedup(arms["minibatch_gate"], arms["gepa"]),
            **_racing(arms["minibatch_gate"], arms["minibatch_gate_full_validation"], arms["minibatch_gate_half"]),
        },
        "lookahead": {str(many): _lookahead(arms[f"lookahead_{many}"], arms["gepa"]) for many in LOOKAHEADS},
        "rollouts": {name: round(statistics.fmean(curve.rollouts for curve in arms[name])) for name in arms},
    }


def _racing(race: Sequence[Curve], full: Sequence[Curve], half: Sequence[Curve]) -> dict[str, Any]:
    """Racing beside full validation, everything else alike; `half` raced with half of the rollouts."""
    ratio, missed = speedup(race, full)
    return {
        "full_validation_true_score": _mean(full),
        "racing_difference_interval": difference_interval(full, race),
        "racing_speedup": ratio,
        "racing_mean_curve_speedup": mean_curve_speedup(race, full),
        "seeds_on_which_racing_missed": missed,
        "half_the_rollouts_true_score": _mean(half),
        "half_the_rollouts_difference_interval": difference_interval(full, half),
    }


def _lookahead(ours: Sequence[Curve], gepa: Sequence[Curve]) -> dict[str, float]:
    ratio, missed = speedup(ours, gepa)
    return {
        "true_score": _mean(ours),
        "rollouts_speedup": ratio,
        "mean_curve_speedup": mean_curve_speedup(ours, gepa),
        "seeds_on_which_ours_missed": missed,
    }


def _mean(curves: Sequence[Curve]) -> float:
    return round(statistics.fmean(curve.final for curve in curves), 4)


def measure(validation: int, budget: int, seeds: int) -> dict[str, dict[str, object]]:
    """The figures of each landscape, seeds side by side on as many processes as there are cores."""
    jobs = list(product(LANDSCAPES, range(seeds)))
    found = []
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(curves, make, seed, validation, budget) for make, seed in jobs]
        for (make, seed), job in zip(jobs, waiting, strict=True):
            found.append(job.result())
            finals = ", ".join(f"{name} {curve.final:.3f}" for name, curve in found[-1].items())
            say(f"{make.__name__}, {validation} validation rows, seed {seed}: {finals}")
    return {
        make.__name__: figures_of(found[place * seeds : (place + 1) * seeds]) for place, make in enumerate(LANDSCAPES)
    }


def main(chosen: Options) -> None:
    """All figures; without `--json` one landscape after another."""
    seeds = 4 if chosen.quick else 20
    found = {rows: measure(rows, budget, seeds) for rows, budget in BUDGETS.items()}
    figures: dict[str, Any] = {"landscapes": found[100], "seeds": seeds, "validation_300": {"landscapes": found[300]}}
    report(figures if chosen.json else _flat(figures), chosen)


def _flat(figures: Mapping[str, Any], before: str = "") -> dict[str, object]:
    """Every figure under the names on the way to it."""
    flat: dict[str, object] = {}
    for name, value in figures.items():
        flat.update(_flat(value, f"{before}{name} ") if isinstance(value, Mapping) else {f"{before}{name}": value})
    return flat


if __name__ == "__main__":
    main(options("How good an instruction a search finds for its rollouts."))
