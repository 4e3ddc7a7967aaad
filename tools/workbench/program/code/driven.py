"""One process of the sandbox in which a text is called, and what it tells.

It knows the driver that runs inside, and turns every way to fail into one sentence.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toishi.tools.workbench.program.code.failing import TextFailed
from toishi.tools.workbench.sandbox import Limits, Outcome, cause, run_pure
from toishi.tools.workbench.sandbox.driving import decoded, driver_text, told_lines
from toishi.tools.workbench.sandbox.outcome import USUAL

INSIDE = Path(__file__).parent / "inside"

SHARE = 0.5
"""The part of the time limit that repetitions may take."""

LONGEST_LOG = 2000


@dataclass(frozen=True)
class Job:
    """How a text is called: a `function` of it (None: it is a script) with JSON arguments, up to so many `times`.

    `name` is what sentences call it; where there is one, the text is ours, and its lines tell nobody anything.
    """

    function: str | None
    arguments: Sequence[Any] | Mapping[str, Any] = ()
    stdin: str = ""
    times: int = 1
    limits: Limits = USUAL
    packages: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Done:
    """The value of the first call and what it printed; the seconds of each."""

    value: Any
    printed: str
    seconds: tuple[float, ...]


async def run_job(text: str, job: Job) -> Done:
    """Calls the text. Raises `TextFailed`, `TypeError` for arguments that are no JSON, and `SandboxUnavailable`."""
    token = secrets.token_hex(16)
    named = isinstance(job.arguments, Mapping)
    asked = {
        "text": text,
        "function": job.function,
        "arguments": json.dumps([[], dict(job.arguments)] if named else [list(job.arguments), {}]),
        "stdin": job.stdin,
        "times": job.times,
        "budget": job.limits.seconds * SHARE * 1e9,
        "token": token,
    }
    driver = driver_text(INSIDE / "driver.py")
    outcome = await run_pure(driver, stdin=json.dumps(asked), limits=job.limits, preload=job.packages)
    found = [result for _, result in sorted(told_lines(outcome.value, token).items())]
    name = job.name or job.function or "the script"
    try:
        problem, traced = _problem(found, job, outcome)
        if problem is None:
            seconds = tuple(max(result["nanoseconds"], 1) / 1e9 for result in found)
            return Done(decoded(found[0]["value"]), outcome.stdout, seconds)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, AttributeError):
        # The text shares its process with the driver, and may write in its name.
        raise TextFailed(f"{name} gives back what cannot be read", _logs(outcome.stdout, "")) from None
    raise TextFailed(f"{name} {problem}", _logs(outcome.stdout, traced))


def _problem(found: Sequence[Mapping[str, Any]], job: Job, outcome: Outcome) -> tuple[str | None, str]:
    """Why there is no value, in words that go on from the function's name, and the traceback; None where there is."""
    error = next((result for result in found if "error" in result), None)
    if error is not None:
        what = cause(str(error["error"]), outcome.refused, job.limits) or f"raises {_hint(error['error'], job)}"
        return (what, "") if job.name else (f"{what}{_place(error)}", str(error.get("traceback", "")))
    if outcome.reason or not found:
        return outcome.reason or "ended the process before it gave a value", outcome.stderr
    if not all(result["same"] for result in found):
        return "gives another value when it is called again", ""
    return None, ""


def _hint(error: str, job: Job) -> str:
    """What the sandbox offers, behind an import that fails."""
    if not error.startswith("ModuleNotFoundError"):
        return error
    return f"{error}; there is only {', '.join(('the standard library', *job.packages))}"


def _place(error: Mapping[str, Any]) -> str:
    return f" (line {error['line']}: {error['code']})" if error.get("line") and error.get("code") else ""


def _logs(printed: str, traced: str) -> str:
    """What a text left behind, as a model is shown it."""
    parts = (("printed", printed.strip()[-LONGEST_LOG:]), ("traceback", traced.strip()[-LONGEST_LOG:]))
    return "\n".join(f"{name}:\n{said}" for name, said in parts if said)
