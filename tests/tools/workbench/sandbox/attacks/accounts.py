"""The accounts by which attacks are run, and namespaces of a process's own: what only Linux has, and Python has not."""

import ctypes
import os
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

from toishi.tools.workbench.sandbox.machine import machine

Account = Literal["root", "user"]

ROOT = Path(__file__).resolve().parents[5]
# The account that has nothing and that every system has.
NOBODY = 65534
MOUNTS, NAMES, IPC, USERS, PROCESSES, NETWORK = 0x20000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
_READ_ONLY, _BIND, _PRIVATE = 0x1, 0x1000, 0x44000
_RECURSIVE, _HERE = 0x8000, -100

_libc = ctypes.CDLL(None, use_errno=True)


def own() -> Account:
    """The account of this process."""
    return "root" if os.geteuid() == 0 else "user"


def unshare(flags: int) -> None:
    """Namespaces of the process's own; where it is not root it has those of users too, in which it has its number."""
    user, group = os.geteuid(), os.getegid()
    _checked(_libc.unshare(ctypes.c_int(flags | (0 if user == 0 else USERS))), "unshare")
    if user:
        for file, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path(f"/proc/self/{file}").write_text(text)
    if flags & MOUNTS:
        mount(None, "/", None, _PRIVATE)


def mount(source: str | None, target: str, kind: str | None, flags: int = 0, data: str = "") -> None:
    """See mount(2)."""
    texts = [None if text is None else text.encode() for text in (source, target, kind)]
    _checked(_libc.mount(*texts, ctypes.c_ulong(flags), data.encode()), f"mounting {target}")


def make_everything_read_only() -> None:
    """All that is mounted here now, in the process's own namespace of mounts."""
    attributes = struct.pack("=4Q", _READ_ONLY, 0, 0, 0)
    number = machine().architecture.numbers["mount_setattr"]
    arguments = (ctypes.c_int(_HERE), b"/", ctypes.c_uint(_RECURSIVE), attributes, ctypes.c_size_t(len(attributes)))
    _checked(_libc.syscall(ctypes.c_long(number), *arguments), "mount_setattr")


def open_the_way() -> None:
    """Lets every account find this interpreter and this project where they lie in a folder of root's own: in the
    process's own namespace of mounts, an empty folder is mounted there, and they in it.
    """
    wanted = {Path(place).resolve() for place in (sys.base_prefix, sys.prefix, ROOT)}
    barred = {folder for place in wanted for folder in place.parents if not folder.stat().st_mode & 0o001}
    for folder in sorted(barred, key=lambda one: len(one.parts))[:1]:
        inner = {place: os.open(place, os.O_PATH) for place in wanted if place.is_relative_to(folder)}
        mount("none", str(folder), "tmpfs", 0, "mode=755")
        for place, descriptor in inner.items():
            place.mkdir(parents=True, exist_ok=True)
            mount(f"/proc/self/fd/{descriptor}", str(place), None, _BIND)
            os.close(descriptor)


def become(account: Account) -> None:
    """Gives up root where it must; raises `PermissionError` where root is wanted and not had."""
    if account == own():
        return
    if account == "root":
        raise PermissionError("only root can run anything as root")
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    # Others of the account may look at it, as they may at every process of theirs.
    _checked(_libc.prctl(4, ctypes.c_ulong(1), *[ctypes.c_ulong(0)] * 3), "PR_SET_DUMPABLE")


def raise_loopback() -> None:
    """Switches on the network of this machine with itself, in the process's own namespace of networks."""
    with socket.socket() as one, suppress(OSError):
        import fcntl

        # SIOCSIFFLAGS with IFF_UP | IFF_RUNNING.
        fcntl.ioctl(one, 0x8914, struct.pack("16sH14x", b"lo", 0x41))


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
