"""The filters as programs: what they decide about every call of both architectures, run by a small BPF machine."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.workbench.sandbox.bpf_machine import decide
from toishi.tools.workbench.sandbox import policies
from toishi.tools.workbench.sandbox.filters import ALLOW, KILL, NOTIFY, Argument, Filter, Rule, assemble, errno
from toishi.tools.workbench.sandbox.syscalls import AUDIT, Architecture, architecture, calls, meaning

MACHINES = [pytest.param(architecture(name), id=name) for name in AUDIT]
EPERM, ENOSYS, PRETENDED = errno(1), errno(38), errno(0)
LONGEST_PROGRAM = 4096


@pytest.mark.parametrize("machine", MACHINES)
def test_the_tables_hold_what_both_machines_are_known_for(machine: Architecture) -> None:
    known = {"x86_64": ("seccomp", 317, "execve", 59), "aarch64": ("seccomp", 277, "execve", 221)}[machine.name]

    assert (machine.numbers[known[0]], machine.numbers[known[2]]) == (known[1], known[3])
    assert machine.numbers["io_uring_setup"] == 425
    assert len(set(machine.numbers.values())) == len(machine.numbers)
    assert machine.name_of(known[3]) == "execve"
    assert machine.name_of(99999) == "99999"


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("notify", [True, False])
def test_pure_allows_computing_and_refuses_what_reaches_out(machine: Architecture, notify: bool) -> None:
    pure = policies.pure(machine, notify=notify)
    refused = NOTIFY if notify else EPERM
    reaching = calls("""
        openat openat2 open creat execve execveat fork vfork socket connect bind sendmmsg ptrace process_vm_readv
        io_uring_setup bpf mount unshare setns keyctl pidfd_open pidfd_send_signal shmget unlinkat mkdirat setrlimit
        seccomp tkill newfstatat chdir perf_event_open userfaultfd inotify_init1
    """)

    assert {decide(pure, machine, call) for call in ("read", "write", "mmap", "futex", "exit_group")} == {ALLOW}
    assert {call: decide(pure, machine, call) for call in reaching if call in machine.numbers} == {
        call: refused for call in reaching if call in machine.numbers
    }
    assert decide(pure, machine, "clone3") == ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_pure_allows_threads_and_no_processes(machine: Architecture) -> None:
    pure = policies.pure(machine, notify=False)
    thread = 0x3D0F00

    assert decide(pure, machine, "clone", thread) == ALLOW
    assert decide(policies.pure(machine, notify=True), machine, "clone", thread) == NOTIFY
    assert decide(pure, machine, "clone", thread & ~0x400) == EPERM, "a thread with descriptors of its own"
    assert decide(pure, machine, "clone", 0x11) == EPERM
    assert decide(pure, machine, "clone", thread | 0x10000000) == EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_pure_allows_signals_to_the_process_itself_only(machine: Architecture) -> None:
    pure = policies.pure(machine, notify=False)
    program = bytearray(pure.program)
    for offset in pure.own_pid_at:
        struct.pack_into("=I", program, offset, 1234)
    own = Filter(bytes(program), ())

    assert (decide(own, machine, "kill", 1234, 9), decide(own, machine, "tgkill", 1234, 1235, 9)) == (ALLOW, ALLOW)
    for other in (0, 1, 1235, 2**32 - 1, 2**32 - 1234):
        assert decide(own, machine, "kill", other, 9) == EPERM
        assert decide(own, machine, "tgkill", other, other, 9) == EPERM
    assert decide(own, machine, "prlimit64", 1235, 7, 0) == EPERM
    assert decide(own, machine, "prlimit64", 0, 7, 0) == ALLOW
    assert decide(own, machine, "prlimit64", 0, 7, 1 << 40) == EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_pure_allows_sockets_only_as_pairs(machine: Architecture) -> None:
    pure = policies.pure(machine, notify=False)

    assert decide(pure, machine, "socketpair", 1, 1 | 0o2000000 | 0o4000) == ALLOW
    assert decide(pure, machine, "socketpair", 1, 2) == EPERM
    assert decide(pure, machine, "socketpair", 2, 1) == EPERM
    assert decide(pure, machine, "sendto", 3, 0x1000, 4, 0, 0) == ALLOW
    assert decide(pure, machine, "sendto", 3, 0x1000, 4, 0, 0x7F0000000000) == EPERM


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("profile", ["pure", "project"])
def test_numbers_of_another_architecture_end_the_process(machine: Architecture, profile: str) -> None:
    pure, project = policies.pure(machine, notify=True), policies.project(machine, landlock=7, notify=True)
    one = pure if profile == "pure" else project

    assert decide(one, machine, 1, audit=0x40000003) == KILL
    assert decide(one, machine, 0x40000000 | machine.numbers["write"]) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_that_are_not_invented_yet_do_not_exist(machine: Architecture) -> None:
    beyond = max(machine.numbers.values()) + 1

    assert decide(policies.pure(machine, notify=False), machine, beyond) == EPERM
    assert decide(policies.project(machine, landlock=7, notify=True), machine, beyond) == ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_project_asks_for_processes_and_refuses_namespaces(machine: Architecture) -> None:
    heard = policies.project(machine, landlock=7, notify=True)
    unheard = policies.project(machine, landlock=7, notify=False)

    assert (decide(heard, machine, "clone", 0x11), decide(unheard, machine, "clone", 0x11)) == (NOTIFY, ALLOW)
    assert decide(unheard, machine, "clone", 0x11 | 0x10000000) == EPERM
    assert (decide(heard, machine, "clone", 0x3D0F00), decide(unheard, machine, "clone", 0x3D0F00)) == (NOTIFY, ALLOW)
    assert decide(unheard, machine, "clone", 0x3D0B00) == EPERM, "a thread with descriptors of its own"
    assert {decide(unheard, machine, call) for call in ("setsid", "setpgid", "fchmodat", "utimensat")} == {PRETENDED}
    assert {decide(unheard, machine, call) for call in ("socket", "bind", "unshare", "io_uring_setup")} == {EPERM}
    assert {decide(unheard, machine, call) for call in ("openat", "execve", "kill", "wait4", "unlinkat")} == {ALLOW}


@pytest.mark.parametrize("machine", MACHINES)
def test_what_an_old_landlock_does_not_guard_the_filter_refuses(machine: Architecture) -> None:
    old = policies.project(machine, landlock=1, notify=False)
    read_only, write_only, truncating = 0, 1, 0o1000

    assert decide(old, machine, "kill", 1, 9) == EPERM
    assert decide(old, machine, "truncate") == EPERM
    assert decide(old, machine, "openat", 0, 0, read_only | truncating) == EPERM
    assert decide(old, machine, "openat", 0, 0, write_only | truncating) == ALLOW
    assert decide(old, machine, "openat", 0, 0, read_only) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filters_are_as_short_as_the_kernel_wants_them(machine: Architecture) -> None:
    for one in (policies.pure(machine, notify=True), policies.project(machine, landlock=1, notify=True)):
        assert len(one.program) // 8 <= LONGEST_PROGRAM


@given(
    values=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=6, unique=True),
    mask=st.sampled_from([0, 0xFF, 0xF0F0F0F0]),
    argument=st.integers(0, 2**64 - 1),
    index=st.integers(0, 5),
)
def test_a_condition_holds_exactly_where_it_says(values: list[int], mask: int, argument: int, index: int) -> None:
    machine = architecture("x86_64")
    low = argument & 0xFFFFFFFF & (mask or 0xFFFFFFFF)
    given_arguments = [0] * index + [argument]

    def action(condition: Argument) -> int:
        one = assemble(machine, {"read": Rule(ALLOW, (condition,), otherwise=EPERM)}, default=KILL, unknown=KILL)
        return decide(one, machine, "read", *given_arguments)

    assert (action(Argument(index, "is", tuple(values), mask)) == ALLOW) == (low in values)
    assert (action(Argument(index, "has", (values[0],), mask)) == ALLOW) == bool(low & values[0])
    assert (action(Argument(index, "lacks", (values[0],), mask)) == ALLOW) == (not low & values[0])
    assert (action(Argument(index, "is", (0,), wide=True)) == ALLOW) == (argument == 0)


def test_a_call_is_told_by_what_it_is_for() -> None:
    assert meaning("openat") == "open a file (openat)"
    assert meaning("vfork") == "start a process (vfork)"
    assert meaning("socket") == "use the network (socket)"
    assert meaning("io_uring_setup") == "use a forbidden system call (io_uring_setup)"
