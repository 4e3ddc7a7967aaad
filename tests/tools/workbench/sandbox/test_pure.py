"""The profile `pure`: ordinary programs work in it, each by itself, and limits are told in a sentence."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import toishi.tools
from tests.tools.workbench.sandbox.children import child_of
from toishi.tools.workbench.errors import SandboxUnavailable
from toishi.tools.workbench.sandbox import Limits, Outcome, run_project, run_pure
from toishi.tools.workbench.sandbox.outcome import MEGABYTE

ORDINARY = {
    "arithmetic": ("from decimal import Decimal\nprint(Decimal('0.1') + Decimal('0.2'), 2**100)", f"0.3 {2**100}"),
    "asyncio": (
        "import asyncio\nasync def f(): return await asyncio.to_thread(lambda: 7)\nprint(asyncio.run(f()))",
        "7",
    ),
    "collections": ("from collections import Counter\nprint(Counter('aab').most_common(1))", "[('a', 2)]"),
    "dataclasses": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    b: int = 1\nprint(A())",
        "A(b=1)",
    ),
    "datetime": (
        "from datetime import datetime\nprint(datetime.strptime('2024-02-29', '%Y-%m-%d').date())",
        "2024-02-29",
    ),
    "encodings": ("print('zß€'.encode('utf-16-le').decode('utf-16-le'), 'é'.encode('latin-1'))", "zß€ b'\\xe9'"),
    "enum": ("import enum\nclass A(enum.Enum):\n    x = 1\nprint(A.x)", "A.x"),
    "exit": ("print(1)\nexit()", "1"),
    "itertools": ("import itertools\nprint(list(itertools.pairwise('abc')))", "[('a', 'b'), ('b', 'c')]"),
    "json": ("import json\nprint(json.loads('[1, {\"a\": null}]'))", "[1, {'a': None}]"),
    "main": ("if __name__ == '__main__':\n    print(__name__)", "__main__"),
    "math": ("import math, statistics\nprint(math.gcd(12, 18), statistics.median([3, 1, 2]))", "6 2"),
    "pickle": ("import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))).__name__)", "A"),
    "pool": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool:\n    print(sum(pool.map(abs, [-1, -2])))",
        "3",
    ),
    "random": ("import random\nrandom.seed(3)\nprint(len({random.random() for _ in range(9)}))", "9"),
    "re": ("import re\nprint(re.findall(r'(?i)b+', 'aBBb'))", "['BBb']"),
    "recursion": ("def f(n): return n and 1 + f(n - 1)\nprint(f(900))", "900"),
    "signals": ("import os, signal\nsignal.signal(15, lambda *_: print('got'))\nos.kill(os.getpid(), 15)", "got"),
    "stdin": ("print(input(), input())", "first second"),
    "whole stdin": ("print(open(0).read().split())", "['first', 'second', 'third']"),
    "typing": (
        "from typing import List, Optional\ndef f(x: List[int]) -> Optional[int]: return x[0]\nprint(f([4]))",
        "4",
    ),
    "unittest": (
        "import sys, unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(1, 1)\n"
        "unittest.main(exit=False, testRunner=unittest.TextTestRunner(sys.stdout, verbosity=0))\nprint('end')",
        "end",
    ),
}


@pytest.mark.parametrize(("source", "expected"), [pytest.param(*case, id=name) for name, case in ORDINARY.items()])
async def test_an_ordinary_program_works(source: str, expected: str) -> None:
    outcome = await run_pure(source, stdin="first\nsecond\nthird\n")

    assert (outcome.ok, outcome.stderr, outcome.exit_code, outcome.reason) == (True, "", 0, "")
    assert outcome.stdout.splitlines()[-1] == expected


async def test_numpy_works_where_it_is_loaded_beforehand() -> None:
    source = (
        "import os\nimport numpy as np\nos.write(3, np.linalg.inv(np.eye(2) * 2).tobytes())\nprint(np.random.rand())"
    )

    first = await run_pure(source, preload=["numpy"])
    second = await run_pure(source, preload=["numpy"])

    assert memoryview(first.value).cast("d").tolist() == [0.5, 0.0, 0.0, 0.5]
    assert (first.ok, first.stdout) == (True, second.stdout)


async def test_torch_works_where_it_is_loaded_beforehand() -> None:
    pytest.importorskip("torch")
    source = (
        "import torch\na, b = torch.ones(2, 2), torch.randn(2, 2)\n"
        "print((a @ b).shape, torch.allclose(torch.nn.functional.cosine_similarity(a, a), torch.ones(2)))"
    )

    outcome = await run_pure(source, preload=["torch"])

    assert (outcome.ok, outcome.stdout) == (True, "torch.Size([2, 2]) True\n")


async def test_a_program_has_only_the_modules_that_it_is_given() -> None:
    outcome = await run_pure("import numpy")

    assert outcome.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'numpy'"
    assert (outcome.ok, outcome.exit_code, outcome.reason) == (False, 1, "")


async def test_an_error_is_told_as_python_tells_it() -> None:
    outcome = await run_pure("def f(x):\n    return 1 / x\n\nf(0)\n")

    assert outcome.stderr.splitlines() == [
        "Traceback (most recent call last):",
        '  File "program.py", line 4, in <module>',
        "    f(0)",
        '  File "program.py", line 2, in f',
        "    return 1 / x",
        "           ~~^~~",
        "ZeroDivisionError: division by zero",
    ]
    assert (outcome.ok, outcome.exit_code, outcome.reason, outcome.refused) == (False, 1, "", ())


@pytest.mark.parametrize(
    ("source", "code", "stderr"),
    [
        pytest.param("raise SystemExit(3)", 3, "", id="number"),
        pytest.param("import sys; sys.exit('no')", 1, "no\n", id="words"),
        pytest.param("import os; os._exit(7)", 7, "", id="at once"),
    ],
)
async def test_the_exit_code_is_the_programs(source: str, code: int, stderr: str) -> None:
    outcome = await run_pure(source)

    assert (outcome.ok, outcome.exit_code, outcome.stderr, outcome.reason) == (False, code, stderr, "")


LIMITED = {
    "spin": ("while True: pass", "ran longer than 0.3 s"),
    "sleep": (
        "import time\nwhile True:\n    try: time.sleep(9)\n    except BaseException: pass",
        "ran longer than 0.3 s",
    ),
    "threads": (
        "import threading\nfor _ in range(4): threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()",
        "ran longer than 0.3 s",
    ),
    "ignored signals": (
        "import signal\nfor n in {*range(1, 32)} - {9, 19}: signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
        "ran longer than 0.3 s",
    ),
    "memory": ("x = bytearray(200 * 2**20)", "used more than 100 MB"),
    "memory bit by bit": ("x = []\nwhile True: x.append(bytearray(2**20))", "used more than 100 MB"),
    "memory by mmap": (
        "import mmap\ntry: mmap.mmap(-1, 200 * 2**20)\nexcept OSError: raise MemoryError",
        "used more than 100 MB",
    ),
    "stdout": ("while True: print('x' * 1000)", "printed more than 10 kB"),
    "stderr": ("import os\nwhile True: os.write(2, b'x' * 1000)", "printed more than 10 kB"),
    "value": ("import os\nwhile True: os.write(3, b'x' * 1000)", "gave back more than 20 kB"),
    "threads at once": (
        "import threading, time\nfor _ in range(9): threading.Thread(target=time.sleep, args=(9,)).start()",
        "started more than 5 threads at once",
    ),
    "segfault": ("import ctypes\nctypes.string_at(0)", "was ended by the signal SIGSEGV"),
    "abort": ("import os\nos.abort()", "was ended by the signal SIGABRT"),
}


@pytest.mark.parametrize(("source", "reason"), [pytest.param(*case, id=name) for name, case in LIMITED.items()])
async def test_what_ends_a_program_is_said_in_a_sentence(source: str, reason: str) -> None:
    seconds, threads = 0.3 if "0.3" in reason else 20, 5 if "5 threads" in reason else 64
    limits = Limits(seconds, memory=100 * MEGABYTE, output=10 * 1024, value=20 * 1024, threads=threads)

    outcome = await run_pure(source, limits=limits)

    assert (outcome.ok, outcome.reason) == (False, reason)
    assert len(outcome.stdout) <= limits.output
    assert len(outcome.value) <= limits.value


async def test_as_many_threads_may_come_one_after_another_as_a_program_likes() -> None:
    source = "import threading\nfor _ in range(50):\n    t = threading.Thread(target=print); t.start(); t.join()"

    outcome = await run_pure(source, limits=Limits(threads=4))

    assert (outcome.ok, outcome.stdout) == (True, "\n" * 50)


async def test_processor_time_is_bounded_also_where_the_clock_is_not_watched() -> None:
    outcome = await run_pure(
        "import resource\nprint(resource.getrlimit(resource.RLIMIT_CPU))", limits=Limits(seconds=3)
    )

    assert outcome.stdout == "(4, 5)\n"


async def test_bytes_come_back_as_they_are_written() -> None:
    payload = bytes(range(256)) * 4000

    outcome = await run_pure("import sys\nwith open(3, 'wb') as out: out.write(sys.stdin.buffer.read())", stdin=payload)

    assert (outcome.ok, outcome.value) == (True, payload)


async def test_text_of_any_kind_goes_in_and_out() -> None:
    text = "naïve 砥石 \U0001f52a\u2028 end"

    outcome = await run_pure("# 砥\nprint(input())\nprint('\\ud800')", stdin=text)

    assert (outcome.stdout, outcome.stderr) == (f"{text}\n\\ud800\n", "")


async def test_a_program_that_is_no_text_fails_by_itself() -> None:
    outcome = await run_pure("print('\ud800')")

    assert outcome.stderr.splitlines()[-1].startswith("UnicodeDecodeError")
    assert (outcome.ok, outcome.reason) == (False, "")


async def test_every_run_starts_from_the_same() -> None:
    source = "import random\nprint(hash('a'), random.random())\nimport builtins\nbuiltins.seen = 1"

    outcomes = await asyncio.gather(*(run_pure(source) for _ in range(6)))

    assert len({outcome.stdout for outcome in outcomes}) == 1


async def test_no_program_meets_what_another_left() -> None:
    await run_pure(
        "import json, builtins\njson.dumps = None\nbuiltins.left = 'here'\nimport os\nos.environ['LEFT'] = '1'"
    )

    outcome = await run_pure(
        "import json, os\nprint(json.dumps(1), 'left' in dir(__builtins__), os.environ.get('LEFT'))"
    )

    assert outcome.stdout == "1 False None\n"


async def test_many_run_at_once_and_keep_their_results_apart() -> None:
    outcomes = await asyncio.gather(*(run_pure(f"print({number}, input())", stdin=str(number)) for number in range(60)))

    assert [outcome.stdout for outcome in outcomes] == [f"{number} {number}\n" for number in range(60)]


async def test_a_cancelled_program_is_ended_and_the_next_one_runs() -> None:
    running = asyncio.create_task(run_pure("while True: pass", limits=Limits(seconds=3600)))
    await run_pure("print(1)")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert (await run_pure("print(2)")).stdout == "2\n"


def test_every_event_loop_may_use_it() -> None:
    def run() -> Outcome:
        return asyncio.run(run_pure("print(1)"))

    assert [run().stdout, run().stdout] == ["1\n", "1\n"]


async def test_packages_that_are_not_there_are_said() -> None:
    with pytest.raises(SandboxUnavailable, match="No module named 'no_such_package'"):
        await run_pure("print(1)", preload=["no_such_package"])


def test_programs_end_with_the_process_that_wanted_them(tmp_path: Path) -> None:
    """Killed without warning, it leaves neither the program nor its zygote behind."""
    script = tmp_path / "wants.py"
    script.write_text(
        "import asyncio\nfrom toishi.tools.workbench.sandbox import Limits, run_pure\n"
        "asyncio.run(run_pure('while True: pass', limits=Limits(seconds=3600)))\n"
    )
    process = subprocess.Popen([sys.executable, str(script)])
    zygote = child_of(process.pid)
    program = child_of(child_of(zygote))
    ends = [os.pidfd_open(zygote), os.pidfd_open(program)]

    process.send_signal(signal.SIGKILL)
    process.wait()

    for end in ends:
        assert select.select([end], [], [], 60)[0] == [end]
        os.close(end)


def test_it_works_where_another_listens_to_refused_calls_already() -> None:
    """As in some containers: there can be no second listener, and what is refused is refused all the same, unnamed."""
    script = """
import asyncio, sys
from toishi.tools.workbench.sandbox import confinement, run_pure
from toishi.tools.workbench.sandbox.filters import ALLOW, assemble
from toishi.tools.workbench.sandbox.machine import machine
here = machine().architecture
filtering = (assemble(here, {}, default=ALLOW, unknown=ALLOW).program, ())
confinement.give_up_privileges(here.numbers)
assert confinement.filter_calls(here.numbers, filtering, filtering) is not None
async def main():
    for source in ("print(6 * 7)", "open('/usr/bin/env')", "import os; os.fork()"):
        outcome = await run_pure(source)
        print(outcome.stdout.strip() or outcome.reason, outcome.refused)
asyncio.run(main())
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert found.stdout.splitlines() == ["42 ()", *["tried what the sandbox forbids ()"] * 2], found.stderr


def test_no_project_runs_within_a_project(tmp_path: Path) -> None:
    script = """
import asyncio, pathlib
from toishi.tools.workbench.sandbox import run_project
asyncio.run(run_project(["echo", "ran"], folder=pathlib.Path(".")))
"""
    folders = {Path(place).resolve() for place in toishi.tools.__path__}

    outcome = asyncio.run(run_project([sys.executable, "-c", script], folder=tmp_path, data=sorted(folders)))

    assert outcome.stderr.splitlines()[-1].endswith("so code that a model wrote is not run here")
    assert outcome.stdout == ""


def test_nothing_is_printed_by_the_machinery(capfd: pytest.CaptureFixture[str]) -> None:
    asyncio.run(run_pure("print('to the caller only')\nraise ValueError"))

    assert json.dumps(capfd.readouterr()) == '["", ""]'
