"""How a process gives up its rights for good, through ctypes: what the two profiles have in common.

It runs in the interpreters that `interpreter.py` starts, which have the standard library and nothing else. Everything
that depends on the machine (numbers of calls, filters, rights) is made outside and handed in. See prctl(2), seccomp(2),
capabilities(7) and landlock(7).
"""

import array
import ctypes
import fcntl
import json
import os
import resource
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

_PR_CAPBSET_DROP, _PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_CHILD_SUBREAPER, _PR_CAP_AMBIENT = 24, 1, 38, 36, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63
_SECCOMP_SET_MODE_FILTER = 1
# TSYNC, NEW_LISTENER and TSYNC_ESRCH: every thread that there may be is bound, and a listener is given.
_TSYNC, _WITH_LISTENER = 0x1, 0x1 | 0x8 | 0x10
# _IOWR('!', 0, struct seccomp_notif) and _IOWR('!', 1, struct seccomp_notif_resp).
_NOTIF_RECEIVE, _NOTIF_SEND = 0xC0502100, 0xC0182101
_NOTIF_SIZE = 80
_NOTIF_CONTINUE = 1
_LANDLOCK_RULE_PATH_BENEATH = 1
# CLONE_NEWUSER, CLONE_NEWNET and CLONE_NEWIPC.
_USER, _NETWORK, _IPC = 0x10000000, 0x40000000, 0x08000000

# A limit of 0 for cores would still feed one to a program that the system names for them; see core(5).
NO_CORE = 1
# Timers count among them, and otherwise share what the account has.
SIGNALS_PENDING = 1024

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _prctl(option: int, *values: int) -> int:
    filled = [*values, 0, 0, 0, 0][:4]
    return int(_libc.prctl(option, *(ctypes.c_ulong(value) for value in filled)))


def _syscall(number: int, *values: Any) -> int:
    return int(_libc.syscall(ctypes.c_long(number), *values))


def die_with_parent(parent: int) -> None:
    """The process is killed when its parent ends; `parent` is the one that it had when it was made."""
    _checked(_prctl(_PR_SET_PDEATHSIG, 9), "PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """What descends from this process and loses its parent becomes a child of this process."""
    _checked(_prctl(_PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER")


def die_first() -> None:
    """Where the system runs out of memory, it takes this process and its like, and none that watches over them."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as stream:
        stream.write("1000")


def leave_namespaces() -> tuple[str, ...]:
    """Leaves the machine's users, networks and shared memory behind, as far as the kernel lets; names what it let.

    Nothing that is refused to programs rests on it: it is a second wall. Containers often have none to give, and where
    only namespaces of users are refused, root can do without one. Users keep their numbers.
    """
    user, group = os.geteuid(), os.getegid()
    if _unshare(_USER | _NETWORK | _IPC):
        for file, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with suppress(OSError), open(f"/proc/self/{file}", "w", encoding="ascii") as stream:
                stream.write(text)
        return "user", "network", "IPC"
    return ("network", "IPC") if _unshare(_NETWORK | _IPC) else ()


def _unshare(flags: int) -> bool:
    return int(_libc.unshare(ctypes.c_int(flags))) == 0


def give_up_privileges(numbers: Mapping[str, int]) -> None:
    """No capabilities, also not for root, and none to be gained by starting a program."""
    _checked(_prctl(_PR_SET_NO_NEW_PRIVS, 1), "PR_SET_NO_NEW_PRIVS")
    for capability in range(_LAST_CAPABILITY + 1):
        # Only root has something to drop here; the sets below count for everybody.
        _prctl(_PR_CAPBSET_DROP, capability)
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_syscall(numbers["capset"], header, bytes(24)), "capset")


def limit(limits: Mapping[str, int]) -> None:
    """Sets limits by their names in `resource`, such as `RLIMIT_AS`, for good, or keeps lower ones that hold already.

    At the end of `RLIMIT_CPU` the system says so by SIGXCPU before it kills, a second later.
    """
    for name, value in limits.items():
        which = getattr(resource, name)
        _, hard = resource.getrlimit(which)
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        soft = max(1, least - 1) if name == "RLIMIT_CPU" else least
        resource.setrlimit(which, (soft, least))


def landlock_version(numbers: Mapping[str, int]) -> int:
    """The version of Landlock that the kernel has, 0 where it has none or it is switched off."""
    return max(0, _syscall(numbers["landlock_create_ruleset"], None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def landlock_rules(
    numbers: Mapping[str, int], handled: tuple[int, int, int], rights: Sequence[tuple[str, int]]
) -> int | None:
    """A descriptor of rules by which a process may be bound: `rights` (bits by path), and every other file is out of
    reach; None where there is no Landlock.

    `handled` holds the bits that the kernel's version knows, of files, of the network, and of scopes. Paths that do
    not exist are passed over.
    """
    attribute = struct.pack("=QQQ", *handled)
    # An old kernel refuses a longer structure only where what it does not know is not 0.
    ruleset = _syscall(
        numbers["landlock_create_ruleset"], attribute, ctypes.c_size_t(len(attribute)), ctypes.c_uint32(0)
    )
    if ruleset < 0:
        return None
    for path, bits in rights:
        _allow(numbers, ruleset, path, bits)
    return ruleset


def landlock(numbers: Mapping[str, int], ruleset: int) -> None:
    """Binds this process and all that descend from it to the rules of `landlock_rules`, for good."""
    _checked(_syscall(numbers["landlock_restrict_self"], ctypes.c_int(ruleset), ctypes.c_uint32(0)), "landlock")
    os.close(ruleset)


def _allow(numbers: Mapping[str, int], ruleset: int, path: str, bits: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return
    try:
        beneath = struct.pack("=Qi", bits, descriptor)
        rule = (ctypes.c_int(ruleset), ctypes.c_int(_LANDLOCK_RULE_PATH_BENEATH), beneath, ctypes.c_uint32(0))
        _checked(_syscall(numbers["landlock_add_rule"], *rule), f"landlock_add_rule for {path}")
    finally:
        os.close(descriptor)


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def filter_calls(
    numbers: Mapping[str, int], heard: tuple[bytes, Sequence[int]], unheard: tuple[bytes, Sequence[int]]
) -> int | None:
    """Installs a filter, for good; gives the listener that hears of refused calls.

    A filter is its program and the offsets where the number of this process goes. `heard` asks the listener. Where
    another listener is there already, as in some containers, `unheard` is installed, which refuses the same without
    asking, and None is given.
    """
    listener = _install(numbers, heard, _WITH_LISTENER)
    if listener >= 0:
        return listener
    # A number above 0 is that of a thread which could not be bound.
    if _checked(_install(numbers, unheard, _TSYNC), "seccomp"):
        raise RuntimeError("seccomp: another thread runs under a filter of its own")
    return None


def _install(numbers: Mapping[str, int], filtering: tuple[bytes, Sequence[int]], flags: int) -> int:
    program, own_pid_at = bytearray(filtering[0]), filtering[1]
    for offset in own_pid_at:
        struct.pack_into("=I", program, offset, os.getpid())
    instructions = (ctypes.c_char * len(program)).from_buffer(program)
    described = _Program(len(program) // 8, ctypes.addressof(instructions))
    return _syscall(
        numbers["seccomp"], ctypes.c_uint(_SECCOMP_SET_MODE_FILTER), ctypes.c_uint(flags), ctypes.byref(described)
    )


def hand_over(channel: socket.socket, listener: int | None, namespaces: Sequence[str]) -> None:
    """Says to the supervisor that the process is confined, and in which namespaces of its own, and gives it the
    listener; the channel is closed then.
    """
    descriptors = [] if listener is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener]))]
    channel.sendmsg([json.dumps({"namespaces": namespaces}).encode()], descriptors)
    if listener is not None:
        os.close(listener)
    channel.close()


def give_up(channel: int, error: BaseException) -> None:
    """Says to the supervisor why the process could not be confined."""
    os.write(channel, json.dumps({"broken": f"{type(error).__name__}: {error}"[:500]}).encode())


def take_over(channel: socket.socket) -> tuple[dict[str, Any], int | None]:
    """What the process says (its `namespaces` where it is confined, or what is `broken`) and its listener."""
    said, ancillary, _, _ = channel.recvmsg(8192, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC)
    listener = int.from_bytes(ancillary[0][2], "little") if ancillary else None
    # It says nothing where it ended by itself.
    return json.loads(said or b'{"broken": ""}'), listener


def answer(listener: int, decide: Callable[[int, Sequence[int]], bool]) -> None:
    """Answers one call that waits: `decide`, given its number and arguments, says whether it may go on, else EPERM.

    The arguments are those of the call itself; memory that they point to may change, so nothing is decided by it.
    """
    notice = bytearray(_NOTIF_SIZE)
    try:
        fcntl.ioctl(listener, _NOTIF_RECEIVE, notice)
        identity, _, _, number, _, _, *arguments = struct.unpack("=QIIiIQ6Q", notice)
        goes_on = decide(number, arguments)
        reply = struct.pack("=QqiI", identity, 0, 0 if goes_on else -1, _NOTIF_CONTINUE if goes_on else 0)
        fcntl.ioctl(listener, _NOTIF_SEND, reply)
    except FileNotFoundError:
        # Whoever asked is gone.
        return
