"""The profile `pure` against programs that want out: every attempt is refused, and nothing comes of it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.workbench.sandbox.bpf_machine import decide
from toishi.tools.workbench.sandbox import Limits, Outcome, policies, run_pure
from toishi.tools.workbench.sandbox.filters import ALLOW, errno
from toishi.tools.workbench.sandbox.machine import machine
from toishi.tools.workbench.sandbox.outcome import USUAL

SECRET = "sk-the-key-that-nobody-may-read"

# A program says what it got hold of; what is refused is an error that it may well expect.
PRELUDE = f"""
import ctypes, os, sys
numbers = {dict(machine().architecture.numbers)!r}
libc = ctypes.CDLL(None, use_errno=True)
def syscall(name, *arguments):
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = libc.syscall(ctypes.c_long(numbers[name]), *given)
    return result if result >= 0 else -ctypes.get_errno()
"""


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file and an environment that hold a secret."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(0o640)
    return file


@pytest.fixture
def victim() -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the same account that holds the secret in its environment, and prints when it is hit."""
    process = subprocess.Popen(["sleep", "1000"], env={**os.environ, "KEY": SECRET})
    yield process
    process.kill()
    process.wait()


def attack(source: str, *, limits: Limits = USUAL, **names: object) -> Outcome:
    """Runs an attack and makes sure that the machinery survived it."""

    async def run() -> tuple[Outcome, Outcome]:
        values = "".join(f"{name} = {value!r}\n" for name, value in names.items())
        return await run_pure(PRELUDE + values + source, limits=limits), await run_pure("print('alive')")

    outcome, after = asyncio.run(run())
    assert after.stdout == "alive\n"
    return outcome


READING = {
    "open": "print(open(path).read())",
    "os.open": "print(os.read(os.open(path, os.O_RDONLY), 99))",
    "pathlib": "import pathlib\nprint(pathlib.Path(path).read_text())",
    "import": "sys.path.append(os.path.dirname(path))\n__import__('secret')",
    "libc": "print(libc.open(path.encode(), 0), libc.creat(path.encode(), 0), libc.opendir(path.encode()))",
    "openat": "print(syscall('openat', -100, path.encode(), 0, 0))",
    "openat2": "print(syscall('openat2', -100, path.encode(), bytes(24), 24))",
    "io_uring": "print(syscall('io_uring_setup', 8, bytes(120)))",
    "handle": "print(syscall('name_to_handle_at', -100, path.encode(), bytes(200), bytes(8), 0))",
    "exec": "os.execv('/bin/cat', ['cat', path])",
    "cat": "import subprocess\nprint(subprocess.run(['cat', path], capture_output=True))",
    "shell": "print(os.system(f'cat {path}'))",
    "spawn": "print(os.posix_spawn('/bin/cat', ['cat', path], {}))",
    "memory of a file": "print(ctypes.CDLL(path))",
    "descriptors": "print([os.read(fd, 99) for fd in range(4, 300) if not os.lseek(fd, 0, 1)])",
    "own environment": "print(dict(os.environ), libc.getenv(b'OPENAI_API_KEY'))",
    "environment of others": "print(open(f'/proc/{os.getppid()}/environ').read())",
    "memory of others": "print(syscall('process_vm_readv', os.getppid(), bytes(16), 1, bytes(16), 1, 0))",
    "own memory as a file": "print(open('/proc/self/mem', 'rb').read(1))",
    "trace": "print(libc.ptrace(16, os.getppid(), 0, 0))",
    "listing": "print(os.listdir(os.path.dirname(path)))",
    "status": "print(os.stat(path))",
    "link to it": "os.symlink(path, '/tmp/toishi-link')",
    "watching": "print(syscall('inotify_init1', 0))",
    "descriptor of others": "print(syscall('pidfd_getfd', syscall('pidfd_open', os.getppid(), 0), 0, 0))",
    "keys of the kernel": "print(syscall('keyctl', 0, -3, 1))",
    "debugger": "print(syscall('perf_event_open', bytes(112), 0, -1, -1, 0), syscall('bpf', 0, bytes(72), 72))",
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in READING.items()])
def test_nothing_is_read(source: str, secret: Path) -> None:
    outcome = attack(source, path=str(secret))

    assert SECRET not in outcome.stdout + outcome.stderr
    assert "secret" not in outcome.stdout
    numbers = [int(word) for word in outcome.stdout.split() if word.lstrip("-").isdigit()]
    assert all(number <= 0 or number == 32512 for number in numbers), "a call gave something"
    assert outcome.refused or "environ" in source or "range(4" in source


CHANGING = {
    "write": "open(path, 'w').write('x')",
    "append": "os.open(path, os.O_WRONLY | os.O_APPEND)",
    "truncate": "os.truncate(path, 0)",
    "unlink": "os.unlink(path)",
    "rename": "os.rename(path, path + '2')",
    "link": "os.link(path, path + '2')",
    "symlink": "os.symlink('/etc/passwd', path + '2')",
    "make a file": "open(path + '2', 'x')",
    "make a folder": "os.mkdir(path + '2')",
    "make a pipe": "os.mkfifo(path + '2')",
    "make a device": "os.mknod(path + '2', 0o20666, os.makedev(1, 3))",
    "mode": "os.chmod(path, 0o777)",
    "owner": "os.chown(path, 1, 1)",
    "times": "os.utime(path, (0, 0))",
    "attribute": "os.setxattr(path, 'user.a', b'b')",
    "socket file": "import socket\nsocket.socket(socket.AF_UNIX).bind(path + '2')",
    "shared memory": "from multiprocessing.shared_memory import SharedMemory\nSharedMemory(create=True, size=9)",
    "temporary file": "import tempfile\ntempfile.NamedTemporaryFile(dir=os.path.dirname(path))",
    "by number": "p = path.encode()\nprint(syscall('unlinkat', -100, p, 0), syscall('openat', -100, p, 0o1002, 0))",
    "mount": "print(libc.mount(b'none', b'/tmp', b'tmpfs', 0, 0)); os.chroot('/tmp')",
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in CHANGING.items()])
def test_nothing_is_changed(source: str, secret: Path) -> None:
    before = (secret.stat(), os.listxattr(secret))

    outcome = attack(source, path=str(secret))

    assert (secret.stat(), os.listxattr(secret)) == before
    assert [path.name for path in secret.parent.iterdir()] == ["secret"]
    assert secret.read_text() == SECRET
    assert not outcome.ok or "syscall" in source
    assert outcome.refused


STARTING = {
    "fork": "print(os.fork())",
    "forkpty": "print(os.forkpty())",
    "vfork": "print(libc.vfork())",
    "clone": "print(syscall('clone', 17, 0, 0, 0, 0))",
    "clone3": "print(syscall('clone3', bytes(88), 88))",
    "clone with threads' flags and namespaces": "print(syscall('clone', 0x3D0F00 | 0x10000000, 0, 0, 0, 0))",
    "fork bomb": "while True:\n    if os.fork() >= 0: pass",
    "thread that forks": "import threading\nt = threading.Thread(target=lambda: print(os.fork())); t.start(); t.join()",
    "exec from memory": "fd = syscall('memfd_create', b'x', 0)\nprint(fd)\nos.write(fd, b'#!/bin/sh')",
    "exec by number": "print(syscall('execve', b'/bin/true', 0, 0), syscall('execveat', -100, b'/bin/true', 0, 0, 0))",
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in STARTING.items()])
def test_no_process_is_started(source: str) -> None:
    outcome = attack(source)

    printed = [int(word) for word in outcome.stdout.split()]
    assert all(number < 0 for number in printed)
    assert set(outcome.refused) & {"clone", "clone3", "execve", "execveat", "fork", "openat", "vfork"} or printed == [
        -38
    ]


def test_a_refused_process_is_told_in_a_sentence() -> None:
    outcome = attack("import os\nos.fork()")

    assert (outcome.ok, outcome.reason) == (False, "tried to start a process (clone)")


TALKING = {
    "tcp": "s.socket().connect(('127.0.0.1', port))",
    "udp": "s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'hit', ('127.0.0.1', port))",
    "tcp6": "s.socket(s.AF_INET6).connect(('::1', port))",
    "raw": "s.socket(s.AF_INET, s.SOCK_RAW, 1)",
    "packet": "s.socket(s.AF_PACKET, s.SOCK_RAW)",
    "netlink": "s.socket(s.AF_NETLINK, s.SOCK_RAW, 0)",
    "unix": "s.socket(s.AF_UNIX).connect(path)",
    "abstract unix": "s.socket(s.AF_UNIX, s.SOCK_DGRAM).sendto(b'hit', chr(0) + name)",
    "pair that sends elsewhere": "a, b = s.socketpair(s.AF_UNIX, s.SOCK_DGRAM); a.sendto(b'hit', chr(0) + name)",
    "stream pair that sends elsewhere": "a, b = s.socketpair()\na.sendmsg([b'hit'], [], 0, chr(0) + name)",
    "stream pair that connects": "a, b = s.socketpair()\nb.close(); a.connect(path)",
    "resolver": "s.getaddrinfo('example.org', 80)",
    "urllib": "import urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{port}/')",
    "by number": "print(syscall('socket', 2, 1, 0)); raise OSError",
    "io_uring": "print(syscall('io_uring_setup', 8, bytes(120))); raise OSError",
    "vsock": "s.socket(40, s.SOCK_STREAM)",
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in TALKING.items()])
def test_nobody_is_talked_to(source: str, tmp_path: Path) -> None:
    name = f"toishi-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        abstract.bind(chr(0) + name)
        unix.bind(str(tmp_path / "s"))
        unix.listen()
        for listener in (tcp, udp, abstract, unix):
            listener.setblocking(False)

        outcome = attack(f"import socket as s\n{source}", port=port, name=name, path=str(tmp_path / "s"))

        assert not outcome.ok
        for accepting in (tcp, unix):
            with pytest.raises(BlockingIOError):
                accepting.accept()
        for receiving in (udp, abstract):
            with pytest.raises(BlockingIOError):
                receiving.recv(9)


SIGNALLING = {
    "kill": "os.kill(target, 9)",
    "parent": "os.kill(os.getppid(), 9)",
    "group": "os.killpg(0, 9)",
    "own group": "os.kill(0, 9)",
    "everybody": "os.kill(-1, 9)",
    "thread": "assert syscall('tgkill', target, target, 9) == 0",
    "tkill": "assert syscall('tkill', target, 9) == 0",
    "queue": "assert syscall('rt_sigqueueinfo', target, 9, bytes(128)) == 0",
    "descriptor": "signal.pidfd_send_signal(os.pidfd_open(target), 9)",
    "owner of a pipe": "r, w = os.pipe(); fcntl.fcntl(r, 8, target); fcntl.fcntl(r, 4, 0o20000)",
    "limits of others": "resource.prlimit(target, resource.RLIMIT_CPU, (0, 0))",
    "scheduling of others": "os.sched_setaffinity(target, [0])",
    "priority of others": "os.setpriority(0, target, 19)",
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in SIGNALLING.items()])
def test_nobody_is_signalled(source: str, victim: "subprocess.Popen[bytes]") -> None:
    outcome = attack(f"import fcntl, resource, signal\n{source}", target=victim.pid)

    assert not outcome.ok
    assert outcome.refused
    assert victim.poll() is None
    assert os.getpriority(os.PRIO_PROCESS, victim.pid) == os.getpriority(os.PRIO_PROCESS, 0)


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
    outcome = attack(f"import resource\n{source}")

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
    result = syscall(name, 0, 0, 0, 0, 0, 0)
    print(name, result)
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


def test_a_flood_of_refused_calls_ends_at_the_time_limit() -> None:
    outcome = attack("while True: syscall('getdents64', 0, 0, 0)", limits=Limits(seconds=0.3))

    assert (outcome.reason, outcome.refused) == ("ran longer than 0.3 s", ("getdents64",))
