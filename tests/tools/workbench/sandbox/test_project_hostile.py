"""The profile `project` against programs that want out of the copy, with this kernel's Landlock and with the oldest."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.sandbox.machine import machine
from toishi.tools.workbench.sandbox.outcome import USUAL_OF_PROJECTS
from toishi.tools.workbench.sandbox.project import Launch, ProjectOutcome

SECRET = "sk-the-key-that-nobody-may-read"
LIMITS = replace(USUAL_OF_PROJECTS, seconds=60.0)

# Each attempt is a line of its own; the program tells of every one whether it went well, and what it gave.
PRELUDE = f"""
import ctypes, fcntl, json, os, resource, shutil, signal, socket, subprocess, sys
numbers = {dict(machine().architecture.numbers)!r}
libc = ctypes.CDLL(None, use_errno=True)
def syscall(name, *arguments):
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = libc.syscall(ctypes.c_long(numbers[name]), *given)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
told = {{}}
def attempt(source):
    try:
        told[source] = str(eval(source))
    except BaseException as error:
        told[source] = None
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project, beside which lie a secret and a folder that anybody could write to."""
    made = tmp_path / "project"
    made.mkdir()
    (made / "code.py").write_text("print(1)\n")
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "outside").mkdir()
    return made


@pytest.fixture
def victim() -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the same account that holds the secret in its environment."""
    process = subprocess.Popen(["sleep", "1000"], env={**os.environ, "KEY": SECRET})
    yield process
    process.kill()
    process.wait()


@pytest.fixture(params=[1, machine().landlock], ids=["oldest Landlock", "Landlock of this kernel"])
def version(request: pytest.FixtureRequest) -> int:
    """The version of Landlock that the sandbox takes the kernel for."""
    assert isinstance(request.param, int)
    return request.param


def launch(folder: Path, script: str, version: int, **environment: str) -> ProjectOutcome:
    one = Launch([sys.executable, "-c", script], folder, limits=LIMITS, environment=environment)
    one.here = replace(one.here, landlock=version)
    return one.run()


def attack(folder: Path, version: int, attempts: list[str], **names: Any) -> dict[str, str | None]:
    """What each attempt gave, None where it was refused."""
    values = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    script = f"{PRELUDE}{values}for one in {attempts!r}: attempt(one)\nprint(json.dumps(told))"
    outcome = launch(folder, script, version)
    assert outcome.ok, outcome
    told = json.loads(outcome.stdout)
    assert isinstance(told, dict)
    assert list(told) == attempts
    return told


def state(folder: Path) -> dict[str, tuple[int, ...]]:
    """Everything below a folder that an attack could change, access times left out."""
    found: dict[str, tuple[int, ...]] = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        found[str(path)] = (
            status.st_mode,
            status.st_uid,
            status.st_nlink,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
    return found


def test_nothing_outside_is_read(
    folder: Path, version: int, victim: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    told = attack(
        folder,
        version,
        [
            "open(secret).read()",
            "open(original + '/code.py').read()",
            "os.listdir(original)",
            "os.listdir('/')",
            "os.listdir('/tmp')",
            "open('/etc/passwd').read()",
            "open('/etc/shadow').read()",
            "os.listdir(os.path.expanduser('~root'))",
            "os.listdir('/root/.ssh') + os.listdir('/home')",
            "os.symlink(secret, 'way') or open('way').read()",
            "os.symlink('/', 'root') or os.listdir('root/tmp')",
            "open('/proc/self/root' + secret).read()",
            "open(f'/proc/self/cwd/../../..{secret}').read()",
            "open(f'/proc/{target}/environ').read()",
            "open(f'/proc/{target}/mem', 'rb').read(1)",
            "open(f'/proc/{os.getppid()}/environ').read()",
            "open('/proc/1/cmdline').read()",
            "os.listdir('/proc')",
            "subprocess.run(['cat', secret], check=True, capture_output=True).stdout",
            "subprocess.run(['dd', 'if=' + secret], check=True, capture_output=True).stdout",
            "os.link(secret, 'linked') or open('linked').read()",
            "shutil.copy(secret, 'copied')",
            "syscall('openat2', -100, secret.encode(), bytes(24), 24)",
            "syscall('io_uring_setup', 8, bytes(120))",
            "syscall('name_to_handle_at', -100, secret.encode(), bytes(200), bytes(8), 0)",
            "syscall('open_by_handle_at', -100, bytes(64), 0)",
            "syscall('process_vm_readv', target, bytes(16), 1, bytes(16), 1, 0)",
            "syscall('ptrace', 16, target, 0, 0)",
            "syscall('pidfd_getfd', os.pidfd_open(target), 0, 0)",
            "syscall('kcmp', os.getpid(), target, 0, 0, 0)",
            "syscall('inotify_init1', 0)",
            "syscall('perf_event_open', bytes(112), target, -1, -1, 0)",
            "syscall('keyctl', 0, -3, 1)",
            "open('/dev/tty').read()",
            "os.environ['OPENAI_API_KEY']",
        ],
        secret=str(folder.parent / "secret"),
        original=str(folder),
        target=victim.pid,
    )

    assert {attempt: given for attempt, given in told.items() if given is not None} == {}


def test_nothing_outside_is_changed(folder: Path, version: int, tmp_path: Path) -> None:
    before = state(tmp_path)
    pretended = [
        "os.chmod(secret, 0o777)",
        "os.fchmod(os.open('/dev/null', 0), 0)",
        "os.chown(secret, 1, 1)",
        "os.utime(secret, (0, 0))",
        "os.utime(original, (0, 0))",
        "os.setxattr(secret, 'user.a', b'b')",
        "os.removexattr(secret, 'user.a')",
    ]

    told = attack(
        folder,
        version,
        [
            "open(secret, 'w')",
            "open(secret, 'a')",
            "os.open(secret, os.O_RDONLY | os.O_TRUNC)",
            "os.truncate(secret, 0)",
            "os.unlink(secret)",
            "os.rename(secret, 'mine')",
            "os.rename(secret, outside + '/moved')",
            "os.rename('code.py', outside + '/moved')",
            "os.link('code.py', outside + '/linked')",
            "os.link(secret, 'linked')",
            "os.link(secret, outside + '/linked')",
            "os.symlink('x', outside + '/link')",
            "open(outside + '/new', 'x')",
            "os.mkdir(outside + '/new')",
            "os.mkfifo(outside + '/new')",
            "os.mknod(outside + '/new', 0o20666, os.makedev(1, 3))",
            "os.mknod('device', 0o20666, os.makedev(1, 3))",
            "os.rmdir(outside)",
            "shutil.rmtree(original)",
            "open(original + '/code.py', 'w')",
            "os.symlink(outside, 'way') or open('way/new', 'x')",
            "os.symlink(secret, 'way2') or open('way2', 'a')",
            "open('/proc/self/cwd/../../new', 'x')",
            "open('/dev/shm/toishi', 'x')",
            "open('/var/tmp/toishi', 'x')",
            "open(os.path.join(os.path.dirname(sys.executable), 'toishi-new'), 'x')",
            "open(sys.prefix + '/pyvenv.cfg', 'a')",
            "subprocess.run(['touch', outside + '/new'], check=True) and open(outside + '/new')",
            "subprocess.run(['sh', '-c', f'echo x > {outside}/new'], check=True, capture_output=True)",
            "os.chroot('.')",
            "syscall('mount', b'none', outside.encode(), b'tmpfs', 0, 0)",
            "syscall('unshare', 0x10000000)",
            "syscall('clone', 0x10000000 | 17, 0, 0, 0, 0)",
            "syscall('clone3', bytes(88), 88)",
            "syscall('setns', 0, 0)",
            "syscall('memfd_create', b'x', 0)",
            "syscall('shmget', 0, 4096, 0o1600)",
            "syscall('mq_open', b'x', 0o102, 0o600, 0)",
            "syscall('bpf', 0, bytes(72), 72)",
            "syscall('userfaultfd', 0)",
            *pretended,
        ],
        secret=str(tmp_path / "secret"),
        outside=str(tmp_path / "outside"),
        original=str(folder),
    )

    assert {attempt for attempt, given in told.items() if given is not None} == set(pretended)
    assert state(tmp_path) == before


def test_nobody_is_talked_to(folder: Path, version: int, tmp_path: Path) -> None:
    name = f"toishi-project-{os.getpid()}"
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

        told = attack(
            folder,
            version,
            [
                "socket.create_connection(('127.0.0.1', port))",
                "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
                "socket.socket(socket.AF_INET6)",
                "socket.socket(socket.AF_UNIX)",
                "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
                "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
                "socket.socket(40, socket.SOCK_STREAM)",
                "socket.create_server(('127.0.0.1', 0))",
                "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
                "socket.socketpair()[0].connect(path)",
                "socket.socketpair()[0].sendmsg([b'hit'], [], 0, chr(0) + name)",
                "subprocess.run(['bash', '-c', f'echo > /dev/tcp/127.0.0.1/{port}'], check=True, capture_output=True)",
                "syscall('io_uring_setup', 8, bytes(120))",
                "syscall('socket', 2, 1, 0)",
            ],
            port=port,
            name=name,
            path=str(tmp_path / "s"),
        )

        assert {attempt: given for attempt, given in told.items() if given is not None} == {}
        for accepting in (tcp, unix):
            with pytest.raises(BlockingIOError):
                accepting.accept()
        for receiving in (udp, abstract):
            with pytest.raises(BlockingIOError):
                receiving.recv(9)


def test_nobody_outside_is_signalled(folder: Path, version: int, victim: "subprocess.Popen[bytes]") -> None:
    told = attack(
        folder,
        version,
        [
            "os.kill(target, 9)",
            "os.kill(target, 0)",
            "os.kill(os.getppid(), 9)",
            "syscall('tgkill', target, target, 9)",
            "syscall('tkill', target, 9)",
            "syscall('rt_sigqueueinfo', target, 9, bytes(128))",
            "signal.pidfd_send_signal(os.pidfd_open(target), 9)",
            "fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, target)",
            "fcntl.ioctl(socket.socketpair()[0], 0x8901, target.to_bytes(4, 'little'))",
            "fcntl.ioctl(0, 0x5412, b'x')",
            "resource.prlimit(target, resource.RLIMIT_CPU, (0, 0))",
            "os.setpriority(os.PRIO_PROCESS, target, 19)",
            "os.setpriority(os.PRIO_USER, 0, 19)",
            "os.sched_setaffinity(target, [0])",
            "os.sched_setscheduler(target, os.SCHED_BATCH, os.sched_param(0))",
        ],
        target=victim.pid,
    )

    assert {attempt: given for attempt, given in told.items() if given is not None} == {}
    assert victim.poll() is None


@pytest.mark.parametrize("who", [-1, 0])
def test_a_signal_to_everybody_reaches_at_most_the_sender(
    folder: Path, version: int, victim: "subprocess.Popen[bytes]", who: int
) -> None:
    launch(folder, f"import os; os.kill({who}, 9)", version)

    assert victim.poll() is None


def test_no_limit_is_loosened(folder: Path, version: int) -> None:
    told = attack(
        folder,
        version,
        [
            "resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))",
            "resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))",
            "resource.setrlimit(resource.RLIMIT_CPU, (-1, -1))",
            "syscall('capset', ctypes.c_char_p(b' \\x05\\x08 ' + bytes(4)), b'\\xff' * 24)",
            "os.setuid(1)",
            "os.setgroups([0])",
            "syscall('setsid') and 1",
            "1 / (os.getsid(0) - os.getpgrp())",
            "[os.fstat(fd) for fd in range(3, 256)]",
        ],
    )

    assert {attempt: given for attempt, given in told.items() if given is not None} == {"syscall('setsid') and 1": "0"}


def test_no_descriptor_but_its_own_is_open(folder: Path, version: int) -> None:
    script = """
import os
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


DAEMONS = {
    "session": "os.fork() == 0 and (os.setsid(), time.sleep(1000))",
    "double fork": "os.fork() == 0 and (os.setsid(), os.fork() == 0 and time.sleep(1000), os._exit(0))",
    "process group": "os.fork() == 0 and (os.setpgid(0, 0), os.setpgrp(), time.sleep(1000))",
    "deaf": "os.fork() == 0 and ([signal.signal(n, 1) for n in {*range(1, 32)} - {9, 19}], time.sleep(1000))",
    "setsid program": "subprocess.Popen(['setsid', '--fork', 'sleep', '1000'])",
    "nohup": "subprocess.Popen('nohup sleep 1000 >/dev/null 2>&1 & disown', shell=True, executable='/bin/bash')",
    "without its streams": "os.fork() == 0 and ([os.close(n) for n in range(3)], time.sleep(1000))",
    "runner": "os.fork() == 0 and [os.fork() and os._exit(0) for _ in iter(int, 1)]",
}


@pytest.mark.parametrize("daemon", [pytest.param(source, id=name) for name, source in DAEMONS.items()])
def test_nobody_stays_behind(folder: Path, version: int, daemon: str) -> None:
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    script = f"import os, signal, subprocess, time\n{daemon}\nprint('started', flush=True)"

    outcome = launch(folder, script, version, MARK=mark)

    assert "started" in outcome.stdout
    assert marked(mark) == []


def marked(mark: str) -> list[str]:
    """The processes with this mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"MARK={mark}".encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_text())
    return found


def test_the_mark_of_a_process_is_seen_while_it_lives() -> None:
    with subprocess.Popen(["sleep", "1000"], env={"MARK": "seen", "PATH": os.environ["PATH"]}) as process:
        assert marked("seen") == ["sleep\x001000\x00"]
        process.kill()


@pytest.mark.skipif(machine().architecture.name != "x86_64", reason="only x86_64 has calls of other architectures")
@pytest.mark.parametrize(
    "code", [pytest.param("b8 14 00 00 00 cd 80 c3", id="i386"), pytest.param("b8 27 00 00 40 0f 05 c3", id="x32")]
)
def test_calls_of_another_architecture_end_the_command(folder: Path, code: str) -> None:
    script = f"""
import ctypes, mmap
memory = mmap.mmap(-1, 4096, prot=7)
memory.write(bytes.fromhex({code!r}))
ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()
"""
    outcome = launch(folder, script, machine().landlock)

    assert (outcome.ok, outcome.reason) == (False, "used system calls of another architecture")


def test_what_a_program_puts_in_place_of_a_file_is_not_followed(folder: Path, tmp_path: Path) -> None:
    script = f"import os; os.remove('code.py'); os.symlink({str(tmp_path / 'secret')!r}, 'code.py'); os.mkfifo('pipe')"

    outcome = launch(folder, script, machine().landlock)

    assert [(change.path, change.after) for change in outcome.changes] == [("code.py", None)]
    assert SECRET not in outcome.diff()
