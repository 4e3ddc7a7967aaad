"""What a misbehaving endpoint and `kill -9` do to a run: nothing.

Every model call goes over HTTP to a real OpenAI-compatible server process on loopback, which answers by rule and counts
what it is asked. Each run is first made undisturbed, over a healthy server; the same task and seed again is then the
measure of what a disturbance changed.

- **Faults**: a fifth of all answers are late, refused with 429 and `Retry-After`, an error 500 or 503, no answer at
  all, half an answer, half a document, a proxy's page, or an answer without choices. The scores must be the same. The
  same faults meet streamed calls, whose texts must be the same.
- **Kills**: the run's process is killed at random moments (between its start and its end, in the middle of calls and
  of writes) and resumed each time. A request that reaches the server although its reply was recorded before the kill
  was paid twice; a rollout that was recorded before a kill, or that the undisturbed run holds, and is not there in the
  end was lost.
"""

import asyncio
import os
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import _report
from benchmarks._kills import Outcome, Trial, compared, kill_at, twice
from tests.servers.bank_messages import write_project
from tests.servers.running import ModelServer
from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Message, Request
from toishi.tools.workbench.models.registry import open_model
from toishi.tools.workbench.runs import create_run
from toishi.tools.workbench.task import load_task

FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "late", "seconds": 0.3},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "0"}},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503, "message": "overloaded"},
    {"kind": "hang_up"},
    {"kind": "half"},
    {"kind": "stream_error"},
    {"kind": "broken_json"},
    {"kind": "html"},
    {"kind": "no_choices"},
)
SHARE_OF_FAULTS = 0.2
CONCURRENCY = 8
KILLS_PER_RUN = 10
LABELS = {
    "delivery": "card_arrival",
    "exchange": "exchange_rate",
    "passcode": "change_pin",
    "statement": "fees",
    "passport": "verify_identity",
    "refunded": "refund",
    "terminal": "declined_payment",
    "overdraft": "balance",
}
SPLITS = ["feedback"] * 3 + ["validation"] * 2 + ["test"] * 5
MAX_ROLLOUTS = 240

FIGURES = (
    *("faults", "changed_scores", "lost_rollouts", "kills", "paid_twice"),
    *("changed_decisions", "changed_candidates", "changed_streams", "given_up", "asked_again"),
)

Plan = Sequence[dict[str, Any] | None]


@contextmanager
def server_with(faults: Plan = ()) -> Iterator[ModelServer]:
    """A fresh server whose next calls meet these faults, None being a healthy answer."""
    server = ModelServer()
    try:
        server.fail(*faults)
        yield server
    finally:
        server.stop()


@contextmanager
def trial(seed: int, faults: Plan = ()) -> Iterator[Trial]:
    """A fresh project with its run made and not started."""
    with server_with(faults) as server, tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        write_project(
            project,
            server,
            LABELS,
            splits=SPLITS,
            seed=seed,
            concurrency=CONCURRENCY,
            max_rollouts=MAX_ROLLOUTS,
        )
        with closing(Journal.open(project)) as journal:
            run = create_run(project, journal, load_task(project / "task.toml", project=project), method="gepa")
        yield Trial(project, server, run)


def undisturbed(seed: int) -> tuple[Outcome, int]:
    """How a run ends over a healthy server, and how many calls it takes."""
    with trial(seed) as healthy:
        healthy.until_finished()
        return healthy.outcome(), len(healthy.server.calls())


def schedule(seed: int, length: int) -> list[dict[str, Any] | None]:
    """A fault or None for each call."""
    draws = random.Random(seed)
    return [draws.choice(FAULTS) if draws.random() < SHARE_OF_FAULTS else None for _ in range(length)]


def with_faults(seed: int) -> Counter[str]:
    """One run over a server that fails again and again."""
    before, calls = undisturbed(seed)
    faults = schedule(seed, 3 * calls)
    with trial(seed, faults) as failing:
        sittings = failing.until_finished()
        met = faults[: len(failing.server.calls())]
        after = failing.outcome()
    figures = Counter(faults=len(met) - met.count(None), given_up=sittings - 1, runs_with_faults=1)
    return figures + compared(before, after)


def with_broken_streams(seed: int, number: int) -> Counter[str]:
    """Streamed calls to a healthy server and to one that fails."""
    faults = schedule(seed, 3 * number)
    with server_with() as healthy:
        before = asyncio.run(streamed(healthy.base_url, number))
    with server_with(faults) as failing:
        after = asyncio.run(streamed(failing.base_url, number))
        met = faults[: len(failing.calls())]
    changed = sum(one != other for one, other in zip(before, after, strict=True))
    return Counter(faults=len(met) - met.count(None), changed_streams=changed, streams=number)


async def streamed(base_url: str, number: int) -> list[str]:
    """What a listener was told last, and the reply's text, of so many streamed calls made at once."""
    name, words = ModelServer.model, list(LABELS)
    rules = "\n".join(f"If the message mentions {word}, answer {label}." for word, label in LABELS.items())
    model = open_model(name, base_url=base_url, project=Path())
    gateway = Gateway({name: model}, journal=None, budget=Budget(Limits()), run="streams", concurrency=CONCURRENCY)

    async def ask(place: int) -> str:
        told: list[str] = []
        messages = (Message("system", rules), Message("user", f"No. {place}, my {words[place % len(words)]}"))
        reply = await gateway.call("stream", Request(name, messages), told.append)
        return f"{told[-1]} {reply.text}"

    try:
        return list(await asyncio.gather(*map(ask, range(number))))
    finally:
        await gateway.close()


def with_kills(seed: int, kills: int) -> Counter[str]:
    """One run, killed at most so many times at random moments and resumed each time."""
    before, calls = undisturbed(seed)
    draws = random.Random(seed)
    figures = Counter(runs_with_kills=1)
    with trial(seed) as killed:
        known = killed.recorded()
        seen: set[tuple[str, str, int, str]] = set()
        while True:
            counted = len(killed.server.calls())
            process = killed.start()
            if figures["kills"] < kills:
                left = calls - known.replies.total()
                figures["kills"] += kill(process, killed.server, draws, left // (kills - figures["kills"]))
            finished = process.wait() == 0
            now = killed.recorded()
            figures["paid_twice"] += twice(killed.asked(since=counted), known.replies, now.replies)
            seen |= now.scores.keys()
            known = now
            if finished:
                break
        after = killed.outcome()
        figures["asked_again"] = len(killed.server.calls()) - known.replies.total()
    figures["lost_rollouts"] = len(seen - after.scores.keys())
    return figures + compared(before, after)


def kill(process: "subprocess.Popen[bytes]", server: ModelServer, draws: random.Random, pace: int) -> bool:
    """Kills at a random moment; False where the process came to its end before.

    One in four moments is a time after the start, where the process may still be starting or replaying. The others
    come after about `pace` calls, within the time that an answer and its way into the journal take.
    """
    if draws.random() < 0.25:
        return kill_at(process, server, 0, draws.uniform(0.0, 3.0))
    calls = draws.randint(1, max(1, 2 * pace))
    return kill_at(process, server, server.state()["calls"] + calls, draws.uniform(0.0, 0.03))


def measure(*, quick: bool) -> Counter[str]:
    """All figures added up."""
    figures: Counter[str] = Counter(dict.fromkeys(FIGURES, 0))
    for seed in range(2 if quick else 8):
        figures.update(with_faults(seed))
        _report.say(f"runs over a failing server: {dict(figures)}")
    figures.update(with_broken_streams(seed=1, number=60 if quick else 400))
    seed, kills = 100, 8 if quick else 100
    while figures["kills"] < kills:
        figures.update(with_kills(seed, min(KILLS_PER_RUN, kills - figures["kills"])))
        _report.say(f"killed runs: {dict(figures)}")
        seed += 1
    return figures


if __name__ == "__main__":
    chosen = _report.options("Runs over a server that fails, and runs that are killed.")
    os.environ.setdefault("TOISHI_API_KEY", "none-is-needed-on-loopback")
    _report.report(measure(quick=chosen.quick), chosen)
