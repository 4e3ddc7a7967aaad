"""What a program may take, and what came of it."""

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from toishi.tools.workbench.sandbox.syscalls import meaning

MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """`seconds` by the clock; `memory`, `output` (each of stdout and stderr) and `value` in bytes; `threads` at once.

    A project has two more: `disk`, in bytes, also of the folder that is copied, and `processes` at the same time.
    `memory` counts for each of them and for all together, `threads` for all together.
    """

    seconds: float = 10.0
    memory: int = 512 * MEGABYTE
    output: int = 64 * 2**10
    value: int = 16 * MEGABYTE
    disk: int = 1024 * MEGABYTE
    processes: int = 64
    threads: int = 256


USUAL = Limits()
USUAL_OF_PROJECTS = Limits(seconds=300.0, memory=2048 * MEGABYTE, output=MEGABYTE, threads=1024)


@dataclass(frozen=True)
class Outcome:
    """How a program ended.

    `ok`: it ended by itself with exit code 0. `exit_code` is None where it was killed. `reason` is empty, or one
    sentence about a limit, a forbidden call or a signal that ended it; an ordinary error of the program is told by
    `stderr` alone. `refused` names the system calls that were refused, whatever the program made of it; it stays empty
    in containers that listen to the calls of their programs themselves. `value` is what it wrote to descriptor 3.
    `walls` names what held it, as `level` says it in a sentence.
    """

    ok: bool
    stdout: str
    stderr: str
    exit_code: int | None
    reason: str
    refused: tuple[str, ...] = ()
    value: bytes = b""
    walls: tuple[str, ...] = ()


def walls(landlock: int, namespaces: Sequence[str]) -> tuple[str, ...]:
    """What holds a program, by name; without Landlock its version is 0."""
    files = (f"Landlock {landlock}",) if landlock else ()
    return ("seccomp", *files, *(f"own {name} namespace" for name in namespaces))


def as_bytes(text: str | bytes) -> bytes:
    """As a program reads it; a lone surrogate, which a model may well write, is the program's affair."""
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def explain(status: int, ended: str, refused: Sequence[str], stderr: str, limits: Limits) -> tuple[int | None, str]:
    """The exit code and the reason, from a wait status, the limit that ended the program, and its last words."""
    if ended:
        return None, LIMITS[ended].format(
            seconds=f"{limits.seconds:g}",
            memory=limits.memory // MEGABYTE,
            output=_size(limits.output),
            value=_size(limits.value),
            disk=_size(limits.disk),
            processes=limits.processes,
            threads=limits.threads,
        )
    last = stderr.rstrip().rpartition("\n")[2]
    if status & 0x7F:
        return None, _killed(status & 0x7F, limits)
    return status >> 8, cause(last, refused, limits) if status else ""


def cause(error: str, refused: Sequence[str], limits: Limits) -> str:
    """What is behind an error (the last line of its traceback): a limit, the forbidden call, or nothing: empty."""
    if error.startswith("MemoryError"):
        return f"used more than {limits.memory // MEGABYTE} MB"
    if re.match(r"\w*Error: \[Errno 27\]", error):
        return f"wrote more than {_size(limits.disk)}"
    if re.match(r"\w*Error: \[Errno 1\]", error):
        return f"tried to {meaning(refused[-1])}" if refused else "tried what the sandbox forbids"
    return ""


LIMITS = {
    "seconds": "ran longer than {seconds} s",
    "output": "printed more than {output}",
    "value": "gave back more than {value}",
    "disk": "wrote more than {disk}",
    "processes": "started more than {processes} processes at once",
    "threads": "started more than {threads} threads at once",
    "depth": "nested folders deeper than a path can be long",
    "memory": "used more than {memory} MB",
    "abandoned": "was ended, since nobody waited for it any more",
}


def _killed(number: int, limits: Limits) -> str:
    if number == signal.SIGXCPU:
        return f"ran longer than {limits.seconds:g} s"
    if number == signal.SIGSYS:
        return "used system calls of another architecture"
    known = number in {one.value for one in signal.Signals}
    return f"was ended by the signal {signal.Signals(number).name if known else number}"


def _size(amount: int) -> str:
    return f"{amount // MEGABYTE} MB" if amount >= MEGABYTE else f"{amount // 2**10} kB"
