"""What an iteration costs the search itself, as its pool grows to 10,000 candidates with 300 validation rows each.

Evaluation and reflection answer at once, and the time that they take is taken off. Nearly every proposal is accepted;
the scores on validation rows are 0 or 1 out of a hash, so that fronts have the ties that they have in practice. gepa
0.1.4 searches the same world up to a number of rollouts that it reaches in a few minutes, and nothing is extrapolated:
its last iterations are those of its own last candidates, whose number is told. It runs without a folder to write to,
and once with one, since its state is rewritten there each time. Every search has a process of its own, whose peak of
memory above what the libraries took is told.
"""

import asyncio
import multiprocessing
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gepa.api import optimize as optimize_with_gepa
from gepa.core.adapter import EvaluationBatch, GEPAAdapter

from benchmarks._gepa_peers import MODULE, Silence, telling
from benchmarks._report import options, report, say
from toishi.tools.gepa import Brief, GepaSettings, optimize
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.events import CandidateAccepted, Event
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.models.protocol import Reply
from toishi.tools.workbench.rollout import ModuleCall, Rollout
from toishi.tools.workbench.seeds import streams
from toishi.tools.workbench.textgrad.reflection import CLOSING, OPENING, Request

WINDOW = 200
FEEDBACK_ROWS, VALIDATION_ROWS = 60, 300
SEED_TEXT = "draft 0"
MOST_DRAFTS = 10**6
REPLY = Reply("yes", "stop", 0, 0, 0.0, 0.0)


@dataclass(frozen=True)
class Growth:
    """How a search grew: ms of its own for each candidate, in order, and the peak of its memory in MiB."""

    milliseconds: tuple[float, ...]
    megabytes: float

    def window(self, *, last: bool) -> float:
        """Mean ms over the last or the first candidates, at most half of all."""
        many = min(WINDOW, len(self.milliseconds) // 2)
        chosen = self.milliseconds[-many:] if last else self.milliseconds[:many]
        return round(statistics.fmean(chosen), 3)


class Stopwatch:
    """The time between two candidates, less what the world took."""

    def __init__(self) -> None:
        self.milliseconds: list[float] = []
        self._world = 0.0
        self._since: float | None = None

    def worked(self, since: float) -> None:
        """The world worked since then."""
        self._world += time.perf_counter() - since

    def accepted(self) -> None:
        """One more candidate is in the pool; the first one starts the watch."""
        now = time.perf_counter()
        if self._since is not None:
            self.milliseconds.append(1000 * (now - self._since - self._world))
        self._since, self._world = now, 0.0


def draft_of(text: str) -> int:
    """The number of a draft: a later one is a little better on every feedback row."""
    return int(text.rpartition(" ")[2])


def feedback_score(text: str) -> float:
    """Grows with the draft and never reaches 1."""
    return draft_of(text) / (MOST_DRAFTS + 1)


@lru_cache(maxsize=64)
def validation_scores(text: str) -> tuple[float, ...]:
    """A 0 or 1 for every validation row, half of them 1."""
    bits = random.Random(text).getrandbits(VALIDATION_ROWS)
    return tuple(float(bits >> place & 1) for place in range(VALIDATION_ROWS))


def score(text: str, example: Example) -> float:
    """The score of one rollout."""
    split, _, place = example.id.partition("-")
    return feedback_score(text) if split == "feedback" else validation_scores(text)[int(place)]


def rows(split: str, many: int) -> list[Example]:
    """Rows that are known by their number."""
    return [Example(f"{split}-{place}", {"message": str(place)}, "yes") for place in range(many)]


def ours(candidates: int) -> Growth:
    """Our search until its pool holds so many."""
    watch, began = Stopwatch(), _megabytes()

    async def evaluate(
        candidate: Candidate, examples: Sequence[Example], split: str, replicate: int = 0
    ) -> list[Rollout]:
        since = time.perf_counter()
        text = candidate.texts[MODULE]
        found = [_rollout(candidate.id, example, replicate, score(text, example)) for example in examples]
        watch.worked(since)
        return found

    async def reflect(request: Request, iteration: int) -> Reply:
        text = f"{OPENING}\ndraft {iteration + 1}\n{CLOSING}"
        return Reply(text, "stop", 0, 0, 0.0, 0.0)

    def note(event: Event) -> None:
        if isinstance(event, CandidateAccepted):
            watch.accepted()

    asyncio.run(
        optimize(
            Candidate({MODULE: SEED_TEXT}),
            feedback=rows("feedback", FEEDBACK_ROWS),
            validation=rows("validation", VALIDATION_ROWS),
            evaluate=evaluate,
            reflect=reflect,
            settings=_settings(candidates - 1),
            streams=streams(0),
            emit=note,
            brief=Brief(max_characters=10_000),
        )
    )
    return Growth(tuple(watch.milliseconds), _megabytes() - began)


def _settings(iterations: int) -> GepaSettings:
    """What lets every proposal in: the gate of the paper, and no racing."""
    wanted = {"max_iterations": iterations, "gate": "minibatch", "validation": "full"}
    return GepaSettings.model_validate(
        {key: value for key, value in wanted.items() if key in GepaSettings.model_fields}
    )


def _rollout(candidate: str, example: Example, replicate: int, found: float) -> Rollout:
    call = ModuleCall(MODULE, example.inputs, (), REPLY)
    return Rollout(candidate, example.id, replicate, "yes", found, "better", (call,), 0, 0.0, 0.0)


def gepa(rollouts: int, in_folder: bool) -> Growth:
    """The library for so many rollouts, perhaps with a folder for its state."""
    adapter, began = _Adapter(), _megabytes()
    with tempfile.TemporaryDirectory() if in_folder else nullcontext() as folder:
        optimize_with_gepa(
            seed_candidate={MODULE: SEED_TEXT},
            trainset=rows("feedback", FEEDBACK_ROWS),
            valset=rows("validation", VALIDATION_ROWS),
            adapter=adapter,
            max_metric_calls=rollouts,
            callbacks=[telling(lambda event: adapter.watch.accepted())],
            logger=Silence(),
            run_dir=folder,
        )
    return Growth(tuple(adapter.watch.milliseconds), _megabytes() - began)


class _Adapter(GEPAAdapter[Example, str, None]):
    """The same world as gepa wants to see it."""

    def __init__(self) -> None:
        self.watch = Stopwatch()
        self._drafts = 0
        self.propose_new_texts = self._propose

    def evaluate(
        self, batch: list[Example], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch[str, None]:
        since = time.perf_counter()
        scores = [score(candidate[MODULE], example) for example in batch]
        found = EvaluationBatch([None] * len(batch), scores, ["better"] * len(batch) if capture_traces else None)
        self.watch.worked(since)
        return found

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: EvaluationBatch[str, None], components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        return {MODULE: [{"Feedback": said} for said in eval_batch.trajectories or ()]}

    def _propose(self, candidate: object, reflective_dataset: object, components_to_update: object) -> dict[str, str]:
        self._drafts += 1
        return {MODULE: f"draft {self._drafts}"}


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone(work: Callable[..., Growth], *arguments: object) -> Growth:
    """The same in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(work, *arguments).result()


def measure(candidates: int, gepa_rollouts: int, run: Callable[..., Growth] = alone) -> dict[str, object]:
    """All figures; gepa searches first, as it does in the other benchmarks."""
    say(f"gepa, {gepa_rollouts} rollouts, then once more with a folder")
    theirs, with_folder = run(gepa, gepa_rollouts, False), run(gepa, gepa_rollouts, True)
    say(f"ours, {candidates} candidates")
    mine = run(ours, candidates)
    return {
        "ms_per_iteration_first": mine.window(last=False),
        "ms_per_iteration_last": mine.window(last=True),
        "candidates": len(mine.milliseconds) + 1,
        "gepa_ms_last": theirs.window(last=True),
        "gepa_ms_first": theirs.window(last=False),
        "gepa_candidates": len(theirs.milliseconds) + 1,
        "gepa_with_folder_ms_last": with_folder.window(last=True),
        "megabytes": round(mine.megabytes),
        "gepa_megabytes": round(theirs.megabytes),
        "validation_rows": VALIDATION_ROWS,
    }


if __name__ == "__main__":
    chosen = options("What an iteration costs the search itself.")
    report(measure(10_000, 40_000 if chosen.quick else 120_000), chosen)
