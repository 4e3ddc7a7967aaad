"""The profile `project` against programs that want more than they were given, with this kernel's Landlock and with the
oldest; `attacks` has those that would do harm.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.workbench.sandbox.attacks.attack import prelude
from tests.tools.workbench.sandbox.attacks.stage import SECRET
from toishi.tools.workbench.sandbox import FileChange, Limits, copies
from toishi.tools.workbench.sandbox.machine import machine
from toishi.tools.workbench.sandbox.outcome import USUAL_OF_PROJECTS
from toishi.tools.workbench.sandbox.project import Launch, ProjectOutcome

LIMITS = replace(USUAL_OF_PROJECTS, seconds=60.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project, beside which lies a folder that is none of its business."""
    made = tmp_path / "project"
    made.mkdir()
    (made / "code.py").write_text("print(1)\n")
    (tmp_path / "outside").mkdir(mode=0o755)
    (tmp_path / "outside" / "secret").write_text(SECRET)
    return made


@pytest.fixture(params=[1, machine().landlock], ids=["oldest Landlock", "Landlock of this kernel"])
def version(request: pytest.FixtureRequest) -> int:
    """The version of Landlock that the sandbox takes the kernel for."""
    assert isinstance(request.param, int)
    return request.param


def launch(
    folder: Path, script: str, version: int, *, limits: Limits = LIMITS, data: Sequence[Path] = ()
) -> ProjectOutcome:
    one = Launch([sys.executable, "-c", prelude(script) + script], folder, limits=limits, data=data)
    one.here = replace(one.here, landlock=version)
    return one.run()


LOOSENING = {
    "memory": "resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))",
    "size of files": "resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))",
    "processor time": "resource.setrlimit(resource.RLIMIT_CPU, (-1, -1))",
    "capabilities": "syscall('capset', b' \\x05\\x08 ' + bytes(4), b'\\xff' * 24)",
    "another user": "os.setuid(1)",
    "groups": "os.setgroups([0])",
    "descriptors of its own for a thread": "syscall('close_range', 100, 100, 2)",
    "what it may read": "os.open('/', os.O_RDONLY)",
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in LOOSENING.items()])
def test_no_limit_is_loosened(folder: Path, source: str) -> None:
    assert not launch(folder, source, machine().landlock).ok


def test_nobody_leaves_the_group_although_it_is_told_so(folder: Path, version: int) -> None:
    outcome = launch(folder, "os.fork()\nos.setsid()\nos.setpgid(0, 0)\nprint(os.getpgrp(), flush=True)", version)

    assert outcome.ok, outcome
    assert len(set(outcome.stdout.split())) == 1


def test_attributes_are_set_for_the_look_of_it(folder: Path, version: int, tmp_path: Path) -> None:
    """To copy a file with its mode and times is an everyday thing, and changes nothing here, wherever the file lies."""
    secret = tmp_path / "outside" / "secret"
    before = secret.stat()
    script = f"""
secret = {str(secret)!r}
os.chmod(secret, 0o777); os.fchmod(os.open('/dev/null', 0), 0); os.chown(secret, 1, 1); os.utime(secret, (0, 0))
os.setxattr(secret, 'user.a', b'b'); os.removexattr(secret, 'user.a')
"""
    assert launch(folder, script, version).ok
    after = secret.stat()
    assert (after.st_mode, after.st_uid, after.st_ctime_ns) == (before.st_mode, before.st_uid, before.st_ctime_ns)


def test_no_descriptor_but_its_own_is_open(folder: Path, version: int) -> None:
    script = """
found = []
for fd in range(256):
    try:
        os.fstat(fd)
        found.append(fd)
    except OSError:
        pass
print(found)
"""
    assert launch(folder, script, version).stdout == "[0, 1, 2]\n"


@pytest.mark.skipif(machine().architecture.name != "x86_64", reason="only x86_64 has calls of other architectures")
@pytest.mark.parametrize(
    "code", [pytest.param("b8 14 00 00 00 cd 80 c3", id="i386"), pytest.param("b8 27 00 00 40 0f 05 c3", id="x32")]
)
def test_calls_of_another_architecture_end_the_command(folder: Path, code: str) -> None:
    script = f"""
memory = mmap.mmap(-1, 4096, prot=7)
memory.write(bytes.fromhex({code!r}))
ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()
"""
    outcome = launch(folder, script, machine().landlock)

    assert (outcome.ok, outcome.reason) == (False, "used system calls of another architecture")


def test_what_a_program_puts_in_place_of_a_file_is_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = str(tmp_path / "outside" / "secret")
    script = f"os.remove('code.py'); os.symlink({secret!r}, 'code.py'); os.mkfifo('pipe')"

    outcome = launch(folder, script, machine().landlock)

    assert [(change.path, change.after) for change in outcome.changes] == [("code.py", None)]
    assert SECRET not in outcome.diff()


def test_nothing_can_be_put_in_the_place_of_the_copy(folder: Path, version: int, tmp_path: Path) -> None:
    """Whoever looks for changes looks there with the rights of the caller."""
    outside = tmp_path / "outside"
    script = f"here = os.getcwd(); os.rename(here, here + '2'); os.symlink({str(outside)!r}, here)"

    outcome = launch(folder, script, version)

    assert (outcome.ok, outcome.changes) == (False, ())
    assert outside.stat().st_mode & 0o777 == 0o755


def test_a_link_in_the_place_of_the_copy_would_not_be_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (tmp_path / "copy").symlink_to(outside)

    assert copies.changes(folder, tmp_path / "copy", {"code.py": (0, 0, 0)}, most=1000) == (
        FileChange("code.py", b"print(1)\n", None),
    )
    assert outside.stat().st_mode & 0o777 == 0o755


def test_names_that_could_pass_for_more_than_a_name_are_quoted(folder: Path) -> None:
    script = """
os.mkdir('a\\n+++ b')
open('a\\n+++ b/code.py', 'w').write('x\\n')
open('b\\x1b[2J', 'w').write('y\\n')
open(b'\\xff', 'w')
"""

    outcome = launch(folder, script, machine().landlock)

    assert [line for line in outcome.diff().splitlines() if line.startswith(("---", "+++"))] == [
        *("--- /dev/null", '+++ "b/a\\n+++ b/code.py"'),
        *("--- /dev/null", '+++ "b/b\\u001b[2J"'),
    ]
    assert outcome.changes[-1].path == "\udcff"


def test_names_alone_may_be_more_than_a_program_may_give_back(folder: Path) -> None:
    script = "for number in range(100): open(f'{number:0200}', 'w').close()"

    outcome = launch(folder, script, machine().landlock, limits=replace(LIMITS, value=10 * 1024))

    assert (outcome.ok, outcome.reason, outcome.changes) == (False, "gave back more than 10 kB", ())


def test_what_it_is_given_to_read_does_not_grow(folder: Path) -> None:
    outcome = launch(folder, "os.write(0, b'x')", machine().landlock)

    assert outcome.stderr.splitlines()[-1] == "PermissionError: [Errno 1] Operation not permitted"


def test_what_is_linked_is_counted_once(folder: Path) -> None:
    script = """
open('big', 'wb').write(os.urandom(8 * 2**20))
for number in range(20): os.link('big', str(number))
"""
    outcome = launch(folder, script, machine().landlock, limits=replace(LIMITS, disk=20 * 2**20))

    assert outcome.ok, outcome
