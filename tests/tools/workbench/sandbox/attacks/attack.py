"""What an attack is: a program as text, and the harm that shows whether it came off, inside the sandbox and outside.

A program is Python. Before its first line come its `prelude` and the names of its stage (see `stage`). What it got hold
of it prints; what is refused is an error, which may well end it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.tools.workbench.sandbox.attacks.stage import Stage
from toishi.tools.workbench.sandbox import FileChange, Outcome
from toishi.tools.workbench.sandbox.machine import machine

Profile = Literal["pure", "project"]

BOTH: tuple[Profile, ...] = ("pure", "project")
PURE: tuple[Profile, ...] = ("pure",)
PROJECT: tuple[Profile, ...] = ("project",)

MODULES = "ctypes fcntl mmap os resource shutil signal socket struct subprocess sys threading time".split()  # noqa: SIM905
SAYING = """
def say(word):
    print(word, flush=True)
"""
CALLING = f"""
numbers = {dict(machine().architecture.numbers)!r}
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
def syscall(name, *arguments):
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = libc.syscall(ctypes.c_long(numbers[name]), *given)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
"""
THREADING = """
def together(number, work):
    threads = [threading.Thread(target=work, daemon=True) for _ in range(number)]
    for thread in threads: thread.start()
    return threads
"""


def prelude(source: str) -> str:
    """What a program needs before its first line: what it does not use would take longer to load than it runs."""
    calling = CALLING if "libc." in source or "syscall(" in source else ""
    parts = SAYING + calling + (THREADING if "together(" in source else "")
    used = [name for name in MODULES if f"{name}." in parts + source]
    return f"import {', '.join(used)}\n{parts}" if used else parts


@dataclass(frozen=True)
class Said:
    """What came of a program: its words, what it wrote to descriptor 3, and the files that it changed in its folder.

    `told` is False where whoever watched over it did not come back to tell.
    """

    stdout: str = ""
    stderr: str = ""
    value: bytes = b""
    changes: Sequence[FileChange] = ()
    told: bool = True

    @staticmethod
    def of(outcome: Outcome) -> "Said":
        """As the sandbox tells it."""
        changes = getattr(outcome, "changes", ())
        return Said(outcome.stdout, outcome.stderr, outcome.value, changes)


Harm = Callable[[Stage, Said], bool]


@dataclass(frozen=True)
class Attack:
    """`harm` looks at the stage and at what came of the program, or of `then`, a second one that is run after it."""

    name: str
    category: str
    source: str
    harm: Harm
    profiles: tuple[Profile, ...] = BOTH
    then: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What it is called in reports, as no other of its profile is."""
        return f"{self.category}: {self.name}"

    def program(self, stage: Stage, source: str) -> str:
        """The whole text of one of its two programs."""
        names = "".join(f"{name} = {value!r}\n" for name, value in stage.names().items())
        return prelude(source) + names + source


def attacks(
    category: str,
    harm: Harm,
    sources: Mapping[str, str | tuple[str, str]],
    profiles: tuple[Profile, ...] = BOTH,
    **limits: Any,
) -> Iterable[Attack]:
    """Attacks of one kind by name; of two texts the second is that of the program that is run after the first."""
    for name, given in sources.items():
        source, then = given if isinstance(given, tuple) else (given, "")
        yield Attack(name, category, source, harm, profiles, then, limits)
