"""The journal with very many rollouts in it: what one more costs, and what the screens' questions cost."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.journal import Journal, RunRow, queries
from toishi.tools.workbench.journal.records import rollout_statements
from toishi.tools.workbench.models.protocol import Message, Reply
from toishi.tools.workbench.rollout import ModuleCall, Rollout

RUN = "r-20260101-0000"
SPLITS = ("feedback", "validation", "test")
CANDIDATES = 500
GROUP = 20_000
APPENDED = 5_000
IN_FLIGHT = 32
ASKED = 15

INSTRUCTION = Message("system", "Answer with the intent of the message. " * 20)


def rollouts(start: int, many: int) -> Iterator[Rollout]:
    """Rollouts of `CANDIDATES` candidates, each on other examples, with a trace of one call."""
    for number in range(start, start + many):
        candidate = Candidate({"prompt": str(number % CANDIDATES)}).id
        text = f"message number {number} about a card that has not come"
        reply = Reply("the card: card_arrival", "stop", 210, 8, 0.0001, 0.2)
        call = ModuleCall("prompt", {"text": text}, (INSTRUCTION, Message("user", text)), reply)
        feedback = "correct" if number % 3 else "expected refund, got card_arrival"
        yield Rollout(candidate, str(number), 0, reply.text, float(number % 3 > 0), feedback, (call,), 218, 0.0001, 0.2)


def fill(journal: Journal, many: int) -> None:
    """Puts so many rollouts in, in large groups."""
    journal.add_run(RunRow(RUN, "Many", "gepa", "running", 0, "{}", "d"))
    for start in range(0, many, GROUP):
        journal.write(
            [
                statement
                for rollout in rollouts(start, GROUP)
                for statement in rollout_statements(RUN, SPLITS[int(rollout.example) % 3], rollout)
            ]
        )


async def append(journal: Journal, start: int) -> float:
    """Wall seconds for `APPENDED` more, each durable before it counts, with `IN_FLIGHT` at a time."""
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def one(rollout: Rollout) -> None:
        async with slots:
            await journal.add_rollout(RUN, "validation", rollout)

    waiting = list(rollouts(start, APPENDED))
    begin = time.perf_counter()
    await asyncio.gather(*map(one, waiting))
    return time.perf_counter() - begin


def milliseconds(ask: Callable[[], object]) -> float:
    """Median over `ASKED` times."""
    taken = []
    for _ in range(ASKED):
        start = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def measure(many: int) -> dict[str, object]:
    """Microseconds of an append, and milliseconds of the slowest question and of each."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.open(Path(folder))
        fill(journal, many)
        seconds = asyncio.run(append(journal, many))
        one = Candidate({"prompt": "7"}).id
        asked = {
            "runs": milliseconds(lambda: queries.run_lines(journal, limit=50)),
            "page_of_rollouts": milliseconds(lambda: queries.rollout_lines(journal, RUN, after=many // 2, limit=100)),
            "rollouts_of_a_candidate": milliseconds(
                lambda: queries.rollout_lines(journal, RUN, candidate=one, split="validation", limit=100)
            ),
            "latest_rollouts": milliseconds(lambda: queries.latest_rollouts(journal, RUN, limit=100)),
            "mean_of_a_candidate": milliseconds(lambda: journal.mean_spent(RUN, one, "validation")),
            "one_rollout": milliseconds(lambda: journal.find_rollout(RUN, one, str(CANDIDATES + 7), 0)),
        }
        means = milliseconds(lambda: queries.candidate_means(journal, RUN))
        size = sum(file.stat().st_size for file in (Path(folder) / ".toishi").iterdir())
        journal.close()
    return {
        "append_us": round(1e6 * seconds / APPENDED, 1),
        "query_ms": round(max(asked.values()), 2),
        "query_ms_each": {name: round(value, 2) for name, value in asked.items()},
        "means_of_all_candidates_ms": round(means, 1),
        "journal_rows": many,
        "journal_megabytes": round(size / 2**20),
    }
