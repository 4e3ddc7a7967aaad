"""What the sandbox holds, and what it costs.

- **Attacks**: programs that read, change, talk, kill, start, take and leave what they may not. Each is run twice, by
  root and by an ordinary account: outside, in a world of its own that may be harmed, and inside. The same question
  tells whether it did its harm. One that harms nobody outside does not count.
- **Cost**: a program of one line in the profile `pure`, one after another and as many at once as there are processors,
  and a command in the profile `project`.
"""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks import _report
from benchmarks import _sandbox_attacks as attacks
from toishi.tools.workbench.sandbox import Outcome, level, run_project, run_pure

PROGRAM = "print(sum(range(1000)))"
PRINTED = "499500\n"


async def calls(number: int) -> list[float]:
    """Milliseconds of calls one after another, of which the first also makes what they share."""
    taken = []
    for _ in range(number):
        start = time.perf_counter()
        outcome = await run_pure(PROGRAM)
        taken.append(1000 * (time.perf_counter() - start))
        assert outcome.stdout == PRINTED
    return taken


async def calls_at_once(number: int) -> float:
    """Calls a second, where all are asked for at once; the first ones, which make what they share, do not count."""
    at_once = len(os.sched_getaffinity(0))
    await asyncio.gather(*(run_pure(PROGRAM) for _ in range(at_once)))
    start = time.perf_counter()
    outcomes: list[Outcome] = await asyncio.gather(*(run_pure(PROGRAM) for _ in range(number)))
    taken = time.perf_counter() - start
    assert {outcome.stdout for outcome in outcomes} == {PRINTED}
    return number / taken


async def project_calls(number: int, folder: Path) -> list[float]:
    """Milliseconds of commands that do nothing, one after another, each in a copy of this folder."""
    taken = []
    for _ in range(number):
        start = time.perf_counter()
        outcome = await run_project(["true"], folder=folder)
        taken.append(1000 * (time.perf_counter() - start))
        assert outcome.ok
    return taken


def measure(*, quick: bool) -> dict[str, object]:
    """All figures."""
    number = 200 if quick else 1000
    _report.say(f"{number} calls")
    first, *warm = asyncio.run(calls(number + 1))
    throughput = asyncio.run(calls_at_once(number))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "notes.txt").write_text("a note\n")
        commands = asyncio.run(project_calls(20 if quick else 100, Path(folder)))
    found = attacks.figures(*attacks.trials())
    return {
        **{name: found[name] for name in ("attempts", "harmful_outside", "escapes")},
        "milliseconds_per_call": round(statistics.median(warm), 2),
        "milliseconds_per_call_p95": round(statistics.quantiles(warm, n=20)[-1], 2),
        "milliseconds_of_first_call": round(first, 1),
        "calls_per_second": round(throughput, 1),
        "milliseconds_per_project_call": round(statistics.median(commands), 1),
        **{name: value for name, value in found.items() if name not in ("attempts", "harmful_outside", "escapes")},
        "level": level(),
        "processors": len(os.sched_getaffinity(0)),
    }


if __name__ == "__main__":
    chosen = _report.options("What the sandbox holds, and what it costs.")
    _report.report(measure(quick=chosen.quick), chosen)
