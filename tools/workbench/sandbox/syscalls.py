"""The system calls of the two architectures by name, and what using one of them means to a person."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Names of architectures as `uname -m` says them, with the kernel's AUDIT_ARCH_… numbers (linux/audit.h).
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

TABLE = Path(__file__).with_name("syscalls.txt")


@dataclass(frozen=True)
class Architecture:
    """One machine's system calls: numbers by name, and the number by which a filter knows the machine."""

    name: str
    audit: int
    numbers: Mapping[str, int]

    def name_of(self, number: int) -> str:
        """The call's name, or its number where Linux 6.18 has no such call."""
        return _names(self.name).get(number, str(number))


@cache
def architecture(machine: str) -> Architecture:
    """The architecture that `uname -m` calls `machine`; `KeyError` where its calls are not known here."""
    audit = AUDIT[machine]
    column = 1 + list(AUDIT).index(machine)
    rows = (line.split() for line in TABLE.read_text(encoding="ascii").splitlines() if not line.startswith("#"))
    return Architecture(machine, audit, {row[0]: int(row[column]) for row in rows if row[column] != "-"})


def this_machine() -> Architecture | None:
    """The architecture of this machine, None where its calls are not known here."""
    machine = platform.machine()
    return architecture(machine) if machine in AUDIT else None


@cache
def _names(machine: str) -> Mapping[int, str]:
    return {number: name for name, number in architecture(machine).numbers.items()}


def calls(names: str) -> tuple[str, ...]:
    """The names in a text, with blanks between them."""
    return tuple(names.split())


FILES = calls("""
    access chdir chmod chown chroot creat faccessat faccessat2 fchdir fchmod fchmodat fchmodat2 fchown fchownat fstatfs
    futimesat getdents getdents64 getxattr lchown lgetxattr link linkat listxattr lsetxattr lstat mkdir mkdirat mknod
    mknodat newfstatat open openat openat2 readlink readlinkat removexattr rename renameat renameat2 rmdir setxattr stat
    statfs statx symlink symlinkat truncate unlink unlinkat utime utimensat utimes
""")
NETWORK = calls("accept accept4 bind connect listen recvmmsg sendmmsg sendto socket socketpair")
PROCESSES = calls("clone clone3 execve execveat fork vfork")
SIGNALS = calls("kill pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo tgkill tkill")
SPYING = calls("kcmp pidfd_getfd process_madvise process_mrelease process_vm_readv process_vm_writev ptrace")

_MEANINGS = {
    **dict.fromkeys(FILES, "open or change a file"),
    **dict.fromkeys(("open", "openat", "openat2", "creat"), "open a file"),
    **dict.fromkeys(NETWORK, "use the network"),
    **dict.fromkeys(PROCESSES, "start a process"),
    **dict.fromkeys(SIGNALS, "signal another process"),
    **dict.fromkeys(SPYING, "look into another process"),
}


def meaning(call: str) -> str:
    """What a program that used this call wanted, to be read behind `tried to`."""
    return f"{_MEANINGS.get(call, 'use a forbidden system call')} ({call})"
