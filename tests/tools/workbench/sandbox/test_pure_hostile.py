"""The profile `pure` against programs that want more than they were given; `attacks` has those that would do harm."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from tests.tools.workbench.sandbox.attacks.attack import prelude
from tests.tools.workbench.sandbox.attacks.stage import SECRET
from tests.tools.workbench.sandbox.bpf_machine import decide
from toishi.tools.workbench.sandbox import Limits, Outcome, policies, run_pure
from toishi.tools.workbench.sandbox.filters import ALLOW, errno
from toishi.tools.workbench.sandbox.machine import machine
from toishi.tools.workbench.sandbox.outcome import USUAL


def attack(source: str, *, limits: Limits = USUAL) -> Outcome:
    """Runs an attack and makes sure that the machinery survived it."""

    async def run() -> tuple[Outcome, Outcome]:
        return await run_pure(prelude(source) + source, limits=limits), await run_pure("print('alive')")

    outcome, after = asyncio.run(run())
    assert after.stdout == "alive\n"
    return outcome


def test_a_refused_process_is_told_in_a_sentence() -> None:
    outcome = attack("import os\nos.fork()")

    assert (outcome.ok, outcome.reason) == (False, "tried to start a process (clone)")


LOOSENING = {
    "more memory": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "more files": "resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))",
    "limits by number": "assert syscall('prlimit64', 0, 9, (ctypes.c_ulong * 2)(2**63, 2**63), 0) == 0",
    "another filter": "assert libc.prctl(22, 2, bytes(16)) == 0",
    "another filter by number": "assert syscall('seccomp', 1, 0, bytes(16)) == 0",
    "outliving the parent": "assert libc.prctl(1, 0) == 0",
    "privileges": "assert libc.prctl(38, 0, 0, 0, 0) == 0",
    "capabilities": "assert syscall('capset', bytes(8), bytes(24)) == 0",
    "another user": "os.setuid(1)",
    "namespaces": "assert syscall('unshare', 0x10000000) == 0",
    "session": "os.setsid()",
    "personality": "assert syscall('personality', 0x0400000) >= 0",
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in LOOSENING.items()])
def test_no_limit_is_loosened(source: str) -> None:
    outcome = attack(source)

    assert not outcome.ok
    assert outcome.refused


def test_only_the_programs_own_descriptors_are_open() -> None:
    source = """
found = []
for fd in range(1024):
    try:
        os.lseek(fd, 0, 1)
        found.append(fd)
    except OSError as error:
        if error.errno != 9:
            found.append(fd)
print(found)
"""
    assert attack(source).stdout == "[0, 1, 2, 3]\n"


@pytest.mark.skipif(machine().architecture.name != "x86_64", reason="only x86_64 has calls of other architectures")
@pytest.mark.parametrize(
    "code",
    [
        # mov eax, 20 (getpid of i386); int 0x80; ret
        pytest.param("b8 14 00 00 00 cd 80 c3", id="i386"),
        # mov eax, 0x40000027 (getpid of x32); syscall; ret
        pytest.param("b8 27 00 00 40 0f 05 c3", id="x32"),
    ],
)
def test_calls_of_another_architecture_end_the_program(code: str) -> None:
    source = f"""
import mmap
memory = mmap.mmap(-1, 4096, prot=7)
memory.write(bytes.fromhex({code!r}))
ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()
"""
    outcome = attack(source)

    assert (outcome.ok, outcome.reason) == (False, "used system calls of another architecture")


def test_every_call_that_is_not_allowed_is_refused_by_this_kernel() -> None:
    here = machine().architecture
    plain = policies.pure(here, notify=False)
    # Of these two the kernel itself makes sure that they come from where it placed them; no filter is asked.
    names = [name for name in here.numbers if name not in ("uprobe", "uretprobe")]
    decided = {name: decide(plain, here, name) for name in names}
    forbidden = {name for name in names if decided[name] != ALLOW}
    source = f"""
for name in {sorted(forbidden)!r}:
    try:
        print(name, syscall(name, 0, 0, 0, 0, 0, 0))
    except OSError as error:
        print(name, -error.errno)
"""
    outcome = attack(source)

    answers = dict(line.split() for line in outcome.stdout.splitlines())
    assert answers == {name: str(-(decided[name] & 0xFFFF)) for name in forbidden}
    assert {decided[name] for name in forbidden} == {errno(1), errno(38)}


def test_no_secret_of_the_caller_is_in_the_zygotes_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zygote is started anew in a process that holds a secret; the program searches all that it can read."""
    script = f"""
import asyncio, os
from toishi.tools.workbench.sandbox import run_pure
secret = os.environ['OPENAI_API_KEY'] + '-in-memory'
async def main():
    await run_pure('x = "the-tests-of-another-row"', stdin='the-input-of-another-row')
    print((await run_pure({SEARCH!r})).stdout)
asyncio.run(main())
"""
    environment = {**os.environ, "OPENAI_API_KEY": SECRET}

    found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)

    assert json.loads(found.stdout) == {"control": True, "key": False, "row": False, "input": False}


# It reads the own process's memory through its own pointers; the needles are put together while it runs.
SEARCH = """
import ctypes, gc, json
needles = {
    "control": b"needle-" + b"in-sight", "key": b"sk-the-key-" + b"that-nobody",
    "row": b"the-tests-of-" + b"another-row", "input": b"the-input-of-" + b"another-row",
}
kept = "needle-in-sight".encode()
seen = {name: False for name in needles}
for one in gc.get_objects():
    for inner in (one, *gc.get_referents(one)):
        text = inner.encode("utf-8", "replace") if isinstance(inner, str) else inner
        if isinstance(text, (bytes, bytearray)) and len(text) < 10000:
            for name, needle in needles.items():
                seen[name] |= needle in text and inner is not needle
print(json.dumps(seen))
"""


# It asks the kernel for every page around what it knows of, and so finds what no pointer leads to any more.
PAGES = """
reading, writing = os.pipe()
os.set_blocking(writing, False)
needle = b' dias-eno-tahw dias-eno-tahw '[::-1]
libc.sbrk.restype = ctypes.c_void_p
places = {id(one) >> 24 << 24 for one in __import__('gc').get_objects()} | {libc.sbrk(0) - (1 << 24)}
found = 0
for start in places:
    for page in range(start & ~4095, start + (1 << 24), 4096):
        if libc.write(writing, ctypes.c_void_p(page), 4096) == 4096 and needle in os.read(reading, 4096):
            found += 1
print(found)
"""


def test_no_program_finds_in_memory_what_another_one_said() -> None:
    """Not even in what was freed. Both come from the same zygote, which the program that ran last has left idle."""
    alone = attack(PAGES)
    attack("print('what-one-said ' * 1000)\nos.write(3, b'what-one-said ' * 1000)")
    after = attack(PAGES)

    assert int(alone.stdout) > 0
    assert after.stdout == alone.stdout


def test_memory_that_all_programs_would_share_is_noticed() -> None:
    script = "from toishi.tools.workbench.sandbox.zygote import _shares_memory as shares\nimport mmap\n"
    script += "print(shares()); kept = mmap.mmap(-1, 4096); print(shares())"

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["False", "True"]


def test_a_flood_of_refused_calls_ends_at_the_time_limit() -> None:
    outcome = attack("while True: libc.syscall(numbers['getdents64'], 0, 0, 0)", limits=Limits(seconds=0.3))

    assert (outcome.reason, outcome.refused) == ("ran longer than 0.3 s", ("getdents64",))
