"""`kill -9` in the midst of a search, and what it costs: rollouts that were paid before, and the result.

The run is a worker's process with everything that it stands on; its models are another process, an OpenAI-compatible
server that answers for a world of rules and counts what it is asked. The search has a lookahead of 8, so that at any
moment proposals of all kinds are under way. First it runs undisturbed; then the same run is killed at random moments,
some of them while it starts or replays, and resumed each time, to the end. A request that reaches the server although
its reply was recorded before the kill was paid twice; what was in flight at a kill is told apart. A result is identical
where every decision, every candidate, the final one and every rollout (candidate, example, replicate, split, score) are
those of the undisturbed run; where a run that was killed several times differs, all of its kills count as harmful. The
same run is made with 1, 4 and 16 calls at once, too.

gepa 0.1.4 searches the same worlds over the same kind of server, for as many rollouts, with a `run_dir`, and is killed
once a run. A rollout is lost, and so paid again, where its reply had come and the result does not count it. To this
server its requests carry no seed, so that the same rollout comes out the same again: nothing but its own state decides
whether it finds the same candidates.
"""

import json
import os
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks import _gepa_killed as peer
from benchmarks._gepa_landscapes import FEEDBACK_ROWS, KINDS, RIGHT, SEED_TEXT
from benchmarks._gepa_server import program
from benchmarks._kills import PAUSE_SECONDS, Outcome, Recorded, Trial, compared, kill_at, twice
from benchmarks._report import options, report, say
from tests.servers.running import ModelServer
from toishi.tools.workbench.events import CandidateAccepted, PhaseStarted
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.runs import create_run
from toishi.tools.workbench.task import load_task

LANDSCAPES = ("noisy", "many_weak", "interacting", "misleading")
VALIDATION_ROWS, TEST_ROWS = 50, 30
MAX_ROLLOUTS = 1100
LOOKAHEAD, CONCURRENCY = 8, 8
OTHER_CONCURRENCIES = (1, 4, 16)
BY_TIME = 0.15
"""Share of the kills that come some time after the start, whatever was asked until then."""
STARTING_SECONDS = 5.0

FIGURES = (
    *("kills", "paid_twice", "identical_results", "killed_runs", "broken", "lost_rollouts", "in_flight_at_kills"),
    *("overshoot", "differ_across_concurrency"),
    *("gepa_kills", "gepa_paid_again", "gepa_identical_results", "gepa_broken"),
)

TASK = """
name = "A world of rules"
seed = {seed}
[program]
prompt = "prompt.txt"
[data]
file = "rows.jsonl"
inputs = ["message"]
expected = "answer"
split = "split"
[metric]
kind = "exact"
[models]
task = "openai/world"
base_url = "{base_url}"
temperature = 1.0
concurrency = {concurrency}
[budget]
max_rollouts = {max_rollouts}
[gepa]
lookahead = {lookahead}
"""


@dataclass(frozen=True)
class Plan:
    """One search: its world, and the seed of both."""

    landscape: str
    seed: int

    @cached_property
    def splits(self) -> Mapping[str, str]:
        """The split of every message."""
        sizes = {"feedback": FEEDBACK_ROWS, "validation": VALIDATION_ROWS, "test": TEST_ROWS}
        splits = [split for split, size in sizes.items() for _ in range(size)]
        return {f"message {place} about {KINDS[place % len(KINDS)]}": split for place, split in enumerate(splits)}

    @contextmanager
    def server(self) -> Iterator[ModelServer]:
        """A server that answers for this world. Its address is part of a request, from which what is drawn follows."""
        server = ModelServer(program(self.landscape, self.seed, VALIDATION_ROWS))
        try:
            yield server
        finally:
            server.stop()

    def write(self, folder: Path, base_url: str, concurrency: int) -> None:
        """The project of this search."""
        rows = [
            {"id": f"row-{place}", "message": message, "answer": RIGHT, "split": split}
            for place, (message, split) in enumerate(self.splits.items())
        ]
        (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
        (folder / "prompt.txt").write_text(SEED_TEXT)
        task = TASK.format(
            seed=self.seed,
            base_url=base_url,
            concurrency=concurrency,
            max_rollouts=MAX_ROLLOUTS,
            lookahead=LOOKAHEAD,
        )
        (folder / "task.toml").write_text(task)


@contextmanager
def trial(plan: Plan, server: ModelServer, concurrency: int = CONCURRENCY) -> Iterator[Trial]:
    """A fresh project with its run made and not started."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        plan.write(project, server.base_url, concurrency)
        with closing(Journal.open(project)) as journal:
            run = create_run(project, journal, load_task(project / "task.toml", project=project), method="gepa")
        yield Trial(project, server, run)


def undisturbed(plan: Plan, server: ModelServer, concurrency: int = CONCURRENCY) -> Outcome:
    """The search from its start to its end in one sitting."""
    with trial(plan, server, concurrency) as healthy:
        healthy.until_finished()
        return healthy.outcome()


def overshoot(outcome: Outcome) -> int:
    """Rollouts beyond the budget."""
    return max(0, len(outcome.scores) - MAX_ROLLOUTS)


def with_kills(plan: Plan, server: ModelServer, before: Outcome, kills: int, draws: random.Random) -> Counter[str]:
    """The same search, killed at most so many times, spread over its rollouts, and resumed each time."""
    moments = [int(len(before.scores) * (place + draws.random()) / kills) for place in range(kills)]
    figures: Counter[str] = Counter(killed_runs=1)
    with trial(plan, server) as killed:
        known = killed.recorded()
        while True:
            counted = server.state()["calls"]
            process = killed.start()
            fell = bool(moments) and kill(process, server, moments.pop(0) - known.replies.total(), draws)
            code = process.wait()
            now, asked = killed.recorded(), killed.asked(since=counted)
            figures["paid_twice"] += twice(asked, known.replies, now.replies)
            if fell:
                lost = asked - (now.replies - known.replies)
                figures += Counter(kills=1, in_flight_at_kills=lost.total())
                figures.update(f"fell_into/{place}" for place in places(plan, lost, asked, now))
            known = now
            if not fell:
                figures["broken"] += code != 0
                break
        after = killed.outcome()
    figures["overshoot"] = overshoot(after)
    differences = compared(before, after)
    figures["lost_rollouts"] = differences["lost_rollouts"]
    figures["identical_results"] = 0 if any(differences.values()) else figures["kills"]
    return figures


def kill(process: "subprocess.Popen[bytes]", server: ModelServer, calls: int, draws: random.Random) -> bool:
    """Kills after so many further calls, or some time after the start; False where the process ended before."""
    if calls <= 0 or draws.random() < BY_TIME:
        return kill_at(process, server, 0, draws.uniform(0.0, STARTING_SECONDS))
    return kill_at(process, server, server.state()["calls"] + calls, draws.uniform(0.0, 0.02))


def places(plan: Plan, lost: Counter[str], asked: Counter[str], now: Recorded) -> set[str]:
    """What was under way at a kill, by the requests whose replies were not recorded."""
    phases = [event.phase for event in now.decisions if isinstance(event, PhaseStarted)]
    known = {event.texts["prompt"] for event in now.decisions if isinstance(event, CandidateAccepted)}

    def place(request: str) -> str:
        messages = json.loads(request)[0]
        if len(messages) == 1:
            return "reflection"
        text, split = messages[0][1], plan.splits[messages[1][1]]
        if split == "feedback":
            return "minibatch" if text in known else "gate"
        if split == "validation" and phases[-1] != "finals":
            return "baseline" if text == SEED_TEXT else "race"
        return "finals" if split == "validation" else "test"

    return set(map(place, lost)) or {"between_calls" if asked else "start"}


def gepa_search(plan: Plan, folder: Path, url: str) -> "subprocess.Popen[bytes]":
    """gepa on the same world, from the start or from what stands in the folder."""
    budget = MAX_ROLLOUTS - 2 * TEST_ROWS
    search = peer.Search(url, plan.landscape, plan.seed, VALIDATION_ROWS, budget, CONCURRENCY)
    # Its bar is drawn there.
    return subprocess.Popen(search.command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def gepa_found(
    plan: Plan, server: ModelServer, draws: random.Random | None = None, paid: int = 0
) -> tuple[dict[str, object], int, bool]:
    """What gepa finds (nothing where it broke), how many rollouts were paid, and whether it was killed after some."""
    with tempfile.TemporaryDirectory() as name:
        folder, killed = Path(name), False
        if draws is not None:
            process, moment = gepa_search(plan, folder, server.base_url), draws.randrange(paid)
            while process.poll() is None and _paid(folder) < moment:
                time.sleep(PAUSE_SECONDS)
            killed = process.poll() is None
            process.kill()
            process.wait()
        gepa_search(plan, folder, server.base_url).wait()
        result = folder / peer.RESULT
        return json.loads(result.read_text()) if result.exists() else {}, _paid(folder), killed


def _paid(folder: Path) -> int:
    file = folder / peer.PAID
    return file.stat().st_size if file.exists() else 0


def gepa_with_kills(plan: Plan, server: ModelServer, kills: int, draws: random.Random) -> Counter[str]:
    """gepa undisturbed, and then killed so many times, each in a run of its own."""
    before, paid, _ = gepa_found(plan, server)
    figures: Counter[str] = Counter()
    for _ in range(kills):
        after, paid_in_all, killed = gepa_found(plan, server, draws, paid)
        figures["gepa_kills"] += killed
        figures["gepa_broken"] += not after
        figures["gepa_paid_again"] += paid_in_all - int(str(after.get("counted", 0)))
        figures["gepa_identical_results"] += killed and after == before
    return figures


def on_one_world(plan: Plan, kills: int, gepa_kills: int, *, others: bool, draws: random.Random) -> Counter[str]:
    """All on one world: undisturbed, at most so many kills in two runs, gepa, and `others`, how many calls at once."""
    figures: Counter[str] = Counter()
    with plan.server() as server:
        before = undisturbed(plan, server)
        figures["overshoot"] += overshoot(before)
        for most in (-(-kills // 2), kills // 2):
            if most:
                figures.update(with_kills(plan, server, before, most, draws))
        figures.update(gepa_with_kills(plan, server, gepa_kills, draws))
        for concurrency in OTHER_CONCURRENCIES if others else ():
            other = undisturbed(plan, server, concurrency)
            figures["overshoot"] += overshoot(other)
            figures["differ_across_concurrency"] += any(compared(before, other).values())
    return figures


def measure(*, kills: int, kills_per_world: int, gepa_kills_per_world: int, others: int) -> dict[str, object]:
    """All figures; on so many worlds the search is also made with `others`, how many calls at once."""
    figures: Counter[str] = Counter(dict.fromkeys(FIGURES, 0))
    draws, worlds = random.Random(0), 0
    while figures["kills"] < kills:
        plan, left = Plan(LANDSCAPES[worlds % len(LANDSCAPES)], worlds), kills - figures["kills"]
        more = min(kills_per_world, left)
        figures.update(on_one_world(plan, more, gepa_kills_per_world, others=worlds < others, draws=draws))
        worlds += 1
        say(f"{plan.landscape}: {dict(figures)}")
    same = not figures.pop("differ_across_concurrency")
    return told(figures, identical_across_concurrency=same)


def told(figures: Counter[str], **more: object) -> dict[str, object]:
    """The figures by name, with where kills fell as an object of its own."""
    fell = {name.partition("/")[2]: count for name, count in sorted(figures.items()) if "/" in name}
    return {**{name: count for name, count in figures.items() if "/" not in name}, **more, "fell_into": fell}


if __name__ == "__main__":
    chosen = options("Searches that are killed and resumed.")
    os.environ.setdefault("TOISHI_API_KEY", "none-is-needed-on-loopback")
    if chosen.quick:
        found = measure(kills=12, kills_per_world=12, gepa_kills_per_world=2, others=1)
    else:
        found = measure(kills=100, kills_per_world=10, gepa_kills_per_world=3, others=2)
    report(found, chosen)
