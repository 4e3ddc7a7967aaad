"""Does our GEPA take the decisions of `gepa` 0.1.4? Three benches, five seeds, with and without merge.

Both searches draw from one generator with the same seed; their pools are compared candidate for candidate: texts,
parents, the score on every validation example, and which candidate is chosen. A run is identical or it is not.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from gepa.api import optimize as optimize_with_gepa
from gepa.core.adapter import EvaluationBatch, GEPAAdapter
from gepa.core.result import GEPAResult

from benchmarks._report import options, report, say
from benchmarks.gepa_benches import BENCHES, Bench, Outcome, evaluate_on, reflect_on
from toishi.tools.gepa import Brief, GepaSettings, optimize
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.textgrad.reflection import Record

ITERATIONS = 80


@dataclass(frozen=True)
class Found:
    """A pool in order of acceptance (texts, parents, validation scores), and the number of the candidate chosen."""

    pool: tuple[tuple[dict[str, str], tuple[int, ...], tuple[float, ...]], ...]
    best: int


def search_ours(bench: Bench, seed: int, *, merge: bool, iterations: int = ITERATIONS) -> Found:
    """Our search, with every stream replaced by one live generator, as the library has it."""
    generator = random.Random(seed)
    result = asyncio.run(
        optimize(
            Candidate(bench.seed),
            feedback=bench.feedback,
            validation=bench.validation,
            evaluate=evaluate_on(bench),
            reflect=reflect_on(bench),
            settings=GepaSettings.model_validate({"paper": True, "merge": merge, "max_iterations": iterations}),
            streams=lambda purpose, counter: generator,
            emit=lambda event: None,
            brief=Brief(max_characters=10_000),
        )
    )
    pool = tuple((dict(member.candidate.texts), member.parents, tuple(member.scores)) for member in result.members)
    return Found(pool, result.best.number)


def search_theirs(bench: Bench, seed: int, *, merge: bool, iterations: int = ITERATIONS) -> Found:
    """The library's search, by its public entry point, with nothing replaced."""
    result: GEPAResult[None, int] = optimize_with_gepa(
        seed_candidate=dict(bench.seed),
        trainset=list(bench.feedback),
        valset=list(bench.validation),
        adapter=_Adapter(bench),
        reflection_minibatch_size=3,
        use_merge=merge,
        max_merge_invocations=5,
        stop_callbacks=lambda state: state.i + 1 >= iterations,
        logger=_Silence(),
        seed=seed,
    )
    pool = tuple(
        (dict(texts), tuple(parent for parent in parents if parent is not None), tuple(scores.values()))
        for texts, parents, scores in zip(result.candidates, result.parents, result.val_subscores, strict=True)
    )
    return Found(pool, result.best_idx)


def first_difference(ours: Found, theirs: Found) -> str:
    """Where two pools part, in words; empty where they are identical."""
    for number, (one, other) in enumerate(zip(ours.pool, theirs.pool, strict=False)):
        for what, mine, yours in zip(("texts", "parents", "scores"), one, other, strict=True):
            if mine != yours:
                return f"{what} of candidate {number}: {mine} here, {yours} there"
    if len(ours.pool) != len(theirs.pool):
        return f"{len(ours.pool)} candidates here, {len(theirs.pool)} there"
    return "" if ours.best == theirs.best else f"candidate {ours.best} chosen here, {theirs.best} there"


class _Adapter(GEPAAdapter[Example, Outcome, None]):
    """A bench as the library wants to see it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.propose_new_texts = self._propose

    def evaluate(
        self, batch: list[Example], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch[Outcome, None]:
        outcomes = [self._bench.run(candidate, example) for example in batch]
        scores = [outcome.score for outcome in outcomes]
        return EvaluationBatch([None] * len(batch), scores, outcomes if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: EvaluationBatch[Outcome, None], components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        return {
            module: [
                {"inputs": step.inputs, "answer": step.answer, "feedback": outcome.feedback}
                for outcome in eval_batch.trajectories or ()
                for step in outcome.steps
                if step.module == module
            ]
            for module in components_to_update
        }

    def _propose(
        self,
        candidate: dict[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        return {
            module: self._bench.propose(candidate[module], [Record(**record) for record in reflective_dataset[module]])
            for module in components_to_update
        }


class _Silence:
    """The library's log, unheard."""

    def log(self, message: str) -> None: ...


def main() -> None:
    """Run all pairs and report how many are identical."""
    chosen = options(__doc__ or "")
    seeds = range(2 if chosen.quick else 5)
    identical = candidates = merges = 0
    runs = list(product(BENCHES, seeds, (False, True)))
    for make, seed, merge in runs:
        bench = make()
        ours, theirs = search_ours(bench, seed, merge=merge), search_theirs(bench, seed, merge=merge)
        difference = first_difference(ours, theirs)
        identical += not difference
        candidates += len(theirs.pool)
        merges += sum(len(parents) == 2 for _, parents, _ in theirs.pool)
        verdict = f"differs: {difference}" if difference else "identical"
        say(f"{bench.name}, seed {seed}, {'with' if merge else 'without'} merge: {verdict}")
    report(
        {"runs": len(runs), "identical_runs": identical, "candidates_compared": candidates, "merges_compared": merges},
        chosen,
    )


if __name__ == "__main__":
    main()
