"""A module's text as Python: a function of it is called, or it runs as a script, in the sandbox, and is timed there.

Times are those of the calls alone, without the start of the process and the loading of the text. The least of several
is taken, since whatever else a machine does only ever adds to a time.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from toishi.tools.workbench.program.code.driven import Job, run_job
from toishi.tools.workbench.program.code.failing import TextFailed, storable
from toishi.tools.workbench.sandbox import Limits
from toishi.tools.workbench.sandbox.driving import Other

ROUNDS = 5
"""How often a text and the one that it is held against take turns, each in a process of its own."""

LONGEST_SHOWN = 2000
"""Characters of a value, or of what was printed, that a trace keeps."""

MEGABYTE = 2**20


@dataclass(frozen=True)
class Ran:
    """What came of a text: the `value` of its function (None for a script), and what was `printed` the first time.

    `seconds` is the least of `times` calls; `reference_seconds` the same of the text that it was held against.
    """

    value: Any
    printed: str
    seconds: float
    times: int
    reference_seconds: float | None = None

    @property
    def speedup(self) -> float | None:
        """How many times as fast as the reference; None without one."""
        return None if self.reference_seconds is None else self.reference_seconds / max(self.seconds, 1e-9)

    @property
    def text(self) -> str:
        """The value as an answer: text as it is, anything else as JSON."""
        given = self.value
        return storable(given if isinstance(given, str) else json.dumps(plain(given), ensure_ascii=False))

    def shown(self) -> str:
        """As a trace keeps it: JSON, long values cut off."""
        found: dict[str, Any] = {"value": plain(self.value)}
        if len(self.text) > LONGEST_SHOWN:
            found = {"value": f"{self.text[:LONGEST_SHOWN]}…"}
        found |= {"seconds": self.seconds, "times": self.times}
        if self.speedup is not None:
            found |= {"reference_seconds": self.reference_seconds, "speedup": round(self.speedup, 3)}
        if self.printed:
            found["printed"] = self.printed[:LONGEST_SHOWN]
        return storable(json.dumps(found, ensure_ascii=False))


async def run_python(
    text: str,
    *,
    function: str | None = None,
    arguments: Sequence[Any] | Mapping[str, Any] = (),
    stdin: str = "",
    times: int = 1,
    against: str | None = None,
    seconds: float = 10.0,
    memory: int = 512,
    packages: Sequence[str] = (),
) -> Ran:
    """Calls a function of a text with arguments by place or by name, or without one runs the text as a script.

    Up to `times` calls are timed, fewer where they would take more than half of `seconds`; with `against`, another text
    is called in turn with the first. `seconds` and `memory` (in MB) limit every process of the sandbox. Arguments are
    JSON. Raises `TextFailed` where the text fails, or gives different values; `ValueError` where the other text does;
    `TypeError` for arguments that are no JSON; and `SandboxUnavailable`, with nothing run.
    """
    job = Job(function, arguments, stdin, times, Limits(seconds=seconds, memory=memory * MEGABYTE), tuple(packages))
    done = await run_job(text, job)
    own, other = list(done.seconds), list[float]()
    for turn in range(0 if against is None else ROUNDS):
        if turn:
            own += (await run_job(text, job)).seconds
        other += await _reference(against or "", job)
        if sum(own) + sum(other) > seconds:
            break
    return Ran(done.value, done.printed, min(own), len(own), min(other, default=None))


async def _reference(text: str, job: Job) -> tuple[float, ...]:
    try:
        return (await run_job(text, job)).seconds
    except TextFailed as failed:
        raise ValueError(f"the text that it is held against fails: {failed}") from None


def plain(value: Any) -> Any:
    """The value as JSON knows it: lists for tuples and sets, whose members are sorted, and text for what is no JSON."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, set):
        return sorted((plain(one) for one in value), key=repr)
    if isinstance(value, dict):
        return {key if isinstance(key, str) else json.dumps(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, Fraction):
        return float(value)
    return value.hex() if isinstance(value, bytes) else value.text if isinstance(value, Other) else str(value)
