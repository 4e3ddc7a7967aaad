"""Runs attacks without the sandbox, each in a world of its own that may be harmed.

A world has its own processes, mounts, network, name and shared memory, and can write to nothing but file systems in
memory that go with it. Its first process makes the stage and looks at the harm. A second one is the caller, careless in
every way, that starts the program and takes what it returns; so that one may be killed too.
"""

import os
import pickle
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from tests.tools.workbench.sandbox.attacks import accounts
from tests.tools.workbench.sandbox.attacks.accounts import Account
from tests.tools.workbench.sandbox.attacks.attack import Attack, Profile, Said
from tests.tools.workbench.sandbox.attacks.stage import SECRET, VARIABLE, Stage, stage
from toishi.tools.workbench.sandbox import copies
from toishi.tools.workbench.sandbox.outcome import MEGABYTE

IN_MEMORY = ("/dev/shm", "/run", "/tmp", "/var/tmp")
PATIENCE = 10
WORLDS = accounts.MOUNTS | accounts.NAMES | accounts.IPC | accounts.PROCESSES | accounts.NETWORK


def succeeds_outside(attack: Attack, profile: Profile, account: Account) -> bool:
    """Whether it does its harm by this account. Raises `OSError` where no such world can be made."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _told(writing, lambda: _make_world(attack, profile, account, writing))
    os.close(writing)
    with open(reading, "rb") as stream:
        said = stream.read()
    os.waitpid(child, 0)
    if said in (b"yes", b"no"):
        return said == b"yes"
    raise OSError(f"no world for an attack can be made here: {said.decode() or 'it ended by itself'}")


def _told(writing: int, work: Callable[[], bool | None]) -> NoReturn:
    """In a process that was forked: its answer, or its error."""
    try:
        answer = work()
        if answer is not None:
            os.write(writing, b"yes" if answer else b"no")
    except BaseException as error:
        os.write(writing, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(0)


def _make_world(attack: Attack, profile: Profile, account: Account, writing: int) -> None:
    """Whoever made the namespace of processes is not within; its next child is the first there."""
    accounts.unshare(WORLDS)
    first = os.fork()
    if first == 0:
        _told(writing, lambda: _in_world(attack, profile, account))
    os.waitpid(first, 0)


def _in_world(attack: Attack, profile: Profile, account: Account) -> bool:
    if account != accounts.own():
        accounts.open_the_way()
    accounts.make_everything_read_only()
    accounts.mount("none", "/proc", "proc")
    for folder in IN_MEMORY:
        accounts.mount("none", folder, "tmpfs", 0, "mode=1777,size=400m")
    accounts.raise_loopback()
    accounts.become(account)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        with stage(place) as one:
            said = Said()
            for source in filter(None, (attack.source, attack.then)):
                said = _careless(attack.program(one, source), one, profile, place)
            return attack.harm(one, said)


def _careless(text: str, one: Stage, profile: Profile, place: Path) -> Said:
    """What a caller tells that takes no care, or that it does not tell because the program ended it."""
    reading, writing = os.pipe()
    caller = os.fork()
    if caller == 0:
        os.setpgid(0, 0)
        said = _call(text, one, profile, place)
        with open(writing, "wb") as stream:
            pickle.dump(said, stream)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as stream:
        told = stream.read()
    os.waitpid(caller, 0)
    return pickle.loads(told) if told else Said(told=False)


def _call(text: str, one: Stage, profile: Profile, place: Path) -> Said:
    folder = Path(tempfile.mkdtemp(dir=place)) / "copy"
    states = copies.copy_folder(one.project, folder, most=MEGABYTE) if profile == "project" else {}
    folder.mkdir(exist_ok=True)
    streams = [(place / name).open("w+b") for name in ("stdout", "stderr", "value", "stdin")]
    os.set_inheritable(streams[2].fileno(), True)
    environment = {**os.environ, VARIABLE: SECRET, "MARK": one.mark, "TMPDIR": str(place), "HOME": str(place)}
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-S", "-c", f"import os; os.dup2({streams[2].fileno()}, 3)\n{text}"],
            cwd=folder,
            env=environment,
            stdin=streams[3],
            stdout=streams[0],
            stderr=streams[1],
            close_fds=False,
            timeout=PATIENCE,
            check=False,
        )
    texts = []
    for stream in streams[:3]:
        stream.seek(0)
        texts.append(stream.read())
    changes = copies.changes(one.project, folder, states, most=16 * MEGABYTE) if profile == "project" else ()
    for given in (texts[2], *(change.after or b"" for change in changes if change.path.endswith(".pkl"))):
        with suppress(Exception):
            pickle.loads(given)
    return Said(texts[0].decode(errors="replace"), texts[1].decode(errors="replace"), texts[2], changes)
