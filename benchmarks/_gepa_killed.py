"""A search by gepa 0.1.4 as a process that can be killed and started again: `python -m benchmarks._gepa_killed FOLDER`.

It asks the same server as ours, so many rollouts at once, and keeps what the library keeps in its `run_dir`. Beside
that a byte is written to `paid` for each rollout whose reply has come, so that after a kill one knows what was paid.
"""

import argparse
import json
import os
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gepa.api import optimize
from gepa.core.adapter import EvaluationBatch, GEPAAdapter
from gepa.core.result import GEPAResult

from benchmarks._gepa_landscapes import SEED_TEXT, judge
from benchmarks._gepa_peers import MODULE, Silence
from benchmarks._gepa_server import world_of
from toishi.tools.workbench.example import Example

PAID, RESULT = "paid", "result.json"


@dataclass(frozen=True)
class Search:
    """What the process is told: where the server is, which world it answers for, the budget, and calls at once."""

    url: str
    landscape: str
    seed: int
    validation: int
    budget: int
    concurrency: int

    def command(self, folder: Path) -> Sequence[str]:
        """Starts the process, or goes on with what stands in the folder."""
        fields = [f"--{name}={value}" for name, value in vars(self).items()]
        return (sys.executable, "-m", "benchmarks._gepa_killed", str(folder), *fields)


class _Asking(GEPAAdapter[Example, str, str]):
    """The world behind the server; a trace is the feedback."""

    def __init__(self, url: str, folder: Path, pool: ThreadPoolExecutor) -> None:
        self._url = url
        self._pool = pool
        self._paid = os.open(folder / PAID, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def evaluate(
        self, batch: list[Example], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch[str, str]:
        found = list(self._pool.map(lambda example: self._roll_out(candidate[MODULE], example), batch))
        scores, feedback = [score for score, _ in found], [said for _, said in found]
        return EvaluationBatch([""] * len(batch), scores, feedback if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: EvaluationBatch[str, str], components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        records = [{"Feedback": feedback} for feedback in eval_batch.trajectories or ()]
        return dict.fromkeys(components_to_update, records)

    def _roll_out(self, text: str, example: Example) -> tuple[float, str]:
        said = self.ask({"role": "system", "content": text}, {"role": "user", "content": example.inputs["message"]})
        os.write(self._paid, b".")
        return judge(said)

    def ask(self, *messages: Mapping[str, str]) -> str:
        """The text of one reply."""
        body = json.dumps({"model": "world", "messages": messages}).encode()
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{self._url}/chat/completions", body, headers)) as response:
            return str(json.load(response)["choices"][0]["message"]["content"])


def search(wanted: Search, folder: Path) -> None:
    """Searches to the end and writes what was found."""
    world = world_of(wanted.landscape, wanted.seed, wanted.validation)
    with ThreadPoolExecutor(wanted.concurrency) as pool:
        asking = _Asking(wanted.url, folder, pool)
        result: GEPAResult[str, int] = optimize(
            seed_candidate={MODULE: SEED_TEXT},
            trainset=list(world.feedback),
            valset=list(world.validation),
            adapter=asking,
            reflection_lm=lambda prompt: asking.ask({"role": "user", "content": str(prompt)}),
            max_metric_calls=wanted.budget,
            run_dir=str(folder / "run"),
            logger=Silence(),
            seed=wanted.seed,
        )
    found = {
        "candidates": [candidate[MODULE] for candidate in result.candidates],
        "best": result.candidates[result.best_idx][MODULE],
        "scores": result.val_aggregate_scores,
        "counted": result.total_metric_calls,
    }
    # Whole or not there at all.
    (folder / f"{RESULT}.part").write_text(json.dumps(found))
    (folder / f"{RESULT}.part").replace(folder / RESULT)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A search by gepa, to be killed.")
    parser.add_argument("folder", type=Path)
    for name, kind in Search.__annotations__.items():
        parser.add_argument(f"--{name}", type=kind, required=True)
    options = vars(parser.parse_args())
    search(Search(**{name: options[name] for name in Search.__annotations__}), options["folder"])
