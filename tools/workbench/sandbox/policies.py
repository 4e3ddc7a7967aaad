"""What the two profiles allow: their seccomp filters, as values.

`pure` is a list of what is allowed, and everything else is refused. `project` runs any program, so it is a list of what
is refused, and numbers of calls that were invented later do not exist in it.
"""

import errno as errors

from toishi.tools.workbench.sandbox.filters import (
    ALLOW,
    NOTIFY,
    OWN_PID,
    Argument,
    Filter,
    Rule,
    assemble,
    errno,
)
from toishi.tools.workbench.sandbox.syscalls import SIGNALS, SPYING, Architecture, calls

EPERM = errno(errors.EPERM)
ENOSYS = errno(errors.ENOSYS)
ENOTTY = errno(errors.ENOTTY)
PRETENDED = errno(0)

CLONE_FILES, CLONE_THREAD = 0x400, 0x10000
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWTIME.
CLONE_NAMESPACES = 0x7E020080
AF_UNIX, SOCK_STREAM, SOCK_TYPE = 1, 1, 0xF
PRIO_PROCESS = 0
PR_SET_NAME, PR_SET_VMA = 15, 0x53564D41
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL and F_DUPFD_CLOEXEC; with F_SETOWN a file could signal other processes.
HARMLESS_FCNTL = (0, 1, 2, 3, 4, 1030)
# TCGETS (which isatty asks), FIONREAD, FIONBIO, FIONCLEX and FIOCLEX.
HARMLESS_IOCTL = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)
# Also F_GETLK, F_SETLK and F_SETLKW, both of them for open files, and F_GETOWN; the sizes of pipes, and seals. By
# F_SETLEASE and F_NOTIFY whoever may read a file could hold up or watch others who use it.
PROJECT_FCNTL = (*HARMLESS_FCNTL, 5, 6, 7, 9, 36, 37, 38, 1031, 1032, 1033, 1034)
# Also TIOCGPGRP, TIOCGWINSZ, FICLONE and FICLONERANGE. File systems have many more, by which whoever may read a file
# could change its attributes, and copy what lies beside it.
PROJECT_IOCTL = (*HARMLESS_IOCTL, 0x540F, 0x5413, 0x40049409, 0x4020940D)
O_ACCMODE, O_TRUNC = 0o3, 0o1000
MSG_OOB = 0x1
CLOSE_RANGE_UNSHARE = 0x2
# FUTEX_WAIT, WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET and WAKE_BITSET. Those that lend a priority are where the
# kernel was broken into more than once, and Python has no use for them.
PLAIN_FUTEX, FUTEX_COMMAND = (0, 1, 3, 4, 5, 9, 10), 0x7F

_MEMORY = calls("brk madvise membarrier mincore mmap mprotect mremap msync munmap pkey_alloc pkey_free pkey_mprotect")
_PLAIN_FILES = calls("close dup dup2 dup3 fstat lseek pread64 preadv pwrite64 pwritev read readv write writev")
_WAITING = calls("""
    epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 pipe pipe2 poll ppoll
    pselect6 select
""")
_PAIRED_SOCKETS = calls("getpeername getsockname getsockopt shutdown")
_THREADS = calls("""
    arch_prctl exit exit_group futex_wait futex_waitv futex_wake getcpu rseq sched_getaffinity sched_yield
    set_robust_list set_tid_address
""")
_TIME = calls("""
    alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep restart_syscall setitimer time
    timer_create timer_delete timer_getoverrun timer_gettime timer_settime times
""")
_OWN_SIGNALS = calls("""
    pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait sigaltstack wait4 waitid
""")
_KNOWING = calls("""
    getcwd getegid geteuid getgid getgroups getpgrp getpid getppid getrandom getresgid getresuid getrlimit getrusage
    getsid gettid getuid sched_get_priority_max sched_get_priority_min sched_getparam sched_getscheduler sysinfo umask
    uname
""")


def _talking_within(refused: int) -> dict[str, Rule]:
    """Sockets only as pairs of streams, each connected with the other: to no address, and with no urgent data, in whose
    handling the kernel was broken into.
    """
    plain = {"sendto": 3, "recvfrom": 3, "sendmsg": 2, "recvmsg": 2, "sendmmsg": 3, "recvmmsg": 3}
    rules = {call: Rule(ALLOW, (Argument(at, "lacks", (MSG_OOB,)),), otherwise=refused) for call, at in plain.items()}
    no_address = Argument(4, "is", (0,), wide=True)
    pairs = Argument(0, "is", (AF_UNIX,)), Argument(1, "is", (SOCK_STREAM,), mask=SOCK_TYPE)
    return rules | {
        "sendto": Rule(ALLOW, (no_address, Argument(3, "lacks", (MSG_OOB,))), otherwise=refused),
        # asyncio makes a pair to wake up by.
        "socketpair": Rule(ALLOW, pairs, otherwise=refused),
    }


def pure(machine: Architecture, *, notify: bool) -> Filter:
    """Computing, memory, threads, and the descriptors that are open: no file, process, network or signal to others.

    What is refused fails with EPERM; with `notify` the supervisor hears of it first, and of every new thread.
    """
    refused = NOTIFY if notify else EPERM

    def only(*conditions: Argument) -> Rule:
        return Rule(ALLOW, conditions, otherwise=refused)

    free = (*_MEMORY, *_PLAIN_FILES, *_WAITING, *_PAIRED_SOCKETS, *_THREADS, *_TIME, *_OWN_SIGNALS, *_KNOWING)
    own = Argument(0, "is", (OWN_PID,))
    # The calls for many messages at once are refused like all that stands nowhere here.
    within = {call: rule for call, rule in _talking_within(refused).items() if "mmsg" not in call}
    # A thread with descriptors of its own would have as many again.
    threads = (
        Argument(0, "lacks", (CLONE_NAMESPACES,)),
        Argument(0, "has", (CLONE_THREAD,)),
        Argument(0, "has", (CLONE_FILES,)),
    )
    rules = dict.fromkeys(free, Rule(ALLOW)) | within
    rules |= {
        "futex": only(Argument(1, "is", PLAIN_FUTEX, mask=FUTEX_COMMAND)),
        "close_range": only(Argument(2, "lacks", (CLOSE_RANGE_UNSHARE,))),
        # Its flags lie in memory, where no filter sees them; the C library falls back on clone.
        "clone3": Rule(ENOSYS),
        "clone": Rule(NOTIFY if notify else ALLOW, threads, otherwise=refused),
        "fcntl": only(Argument(1, "is", HARMLESS_FCNTL)),
        "ioctl": only(Argument(1, "is", HARMLESS_IOCTL)),
        "kill": only(own),
        "tgkill": only(own),
        "prctl": only(Argument(0, "is", (PR_SET_NAME, PR_SET_VMA))),
        "prlimit64": only(Argument(0, "is", (0, OWN_PID)), Argument(2, "is", (0,), wide=True)),
        # The C library asks for it and does without.
        "memfd_create": Rule(ENOSYS),
    }
    return assemble(machine, rules, default=refused, unknown=refused)


_NO_NETWORK = calls("accept accept4 bind connect listen socket")
_SYSTEM = calls("""
    acct add_key adjtimex afs_syscall bpf chroot clock_adjtime clock_settime create_module delete_module fanotify_init
    fanotify_mark finit_module fsconfig fsmount fsopen fspick get_kernel_syms init_module io_uring_enter
    io_uring_register io_uring_setup ioperm iopl kexec_file_load kexec_load keyctl listmount lookup_dcookie
    lsm_set_self_attr migrate_pages modify_ldt mount mount_setattr move_mount move_pages name_to_handle_at nfsservctl
    open_by_handle_at open_tree open_tree_attr perf_event_open pivot_root query_module quotactl quotactl_fd reboot
    request_key setdomainname sethostname setns settimeofday statmount swapoff swapon syslog umount2 unshare uselib
    userfaultfd ustat vhangup
""")
# What stays behind when the processes are gone, what holds memory that no limit counts, and what watches over folders.
_ABSENT = calls("""
    clone3 inotify_add_watch inotify_init inotify_init1 memfd_create memfd_secret mq_getsetattr mq_notify mq_open
    mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd openat2 semctl semget semop semtimedop shmat
    shmctl shmdt shmget
""")
# Landlock leaves these to the ordinary permissions, so by them a file outside the copy could be changed.
_ATTRIBUTES = calls("""
    chmod chown fchmod fchmodat fchmodat2 fchown fchownat file_setattr fremovexattr fsetxattr futimesat lchown
    lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat utime utimensat utimes
""")
NEW_PROCESS = ("clone", "fork", "vfork")
"""What the supervisor of a project is asked for; clone makes threads too, and is all that it is asked for in `pure`."""

LANDLOCK_TRUNCATES = 3
LANDLOCK_SCOPES_SIGNALS = 6


def project(machine: Architecture, *, landlock: int, notify: bool) -> Filter:
    """Any program, but no network, no namespaces, no way out of its process group, and no attributes of files.

    `landlock` is the version that guards the files: what an old one does not, the filter refuses. With `notify` the
    supervisor hears of what is refused, and of every new process and thread before there is one.
    """
    refused = NOTIFY if notify else EPERM

    def only(*conditions: Argument) -> Rule:
        return Rule(ALLOW, conditions, otherwise=refused)

    new_process = NOTIFY if notify else ALLOW
    rules = dict.fromkeys((*_NO_NETWORK, *SPYING, *_SYSTEM), Rule(refused))
    # Programs that look whether they are there do without them.
    rules |= dict.fromkeys(_ABSENT, Rule(ENOSYS))
    # To copy a file with its times and mode is an everyday thing, and goes on without them.
    rules |= dict.fromkeys(_ATTRIBUTES, Rule(PRETENDED))
    # All that descend from the command stay in its process group, where one signal reaches them all.
    rules |= dict.fromkeys(("setsid", "setpgid"), Rule(PRETENDED))
    this_process = Argument(0, "is", (0,))
    rules |= _talking_within(refused) | {
        "clone": Rule(
            new_process,
            (
                Argument(0, "lacks", (CLONE_NAMESPACES,), otherwise=refused),
                Argument(0, "has", (CLONE_THREAD,), otherwise=new_process),
                Argument(0, "has", (CLONE_FILES,), otherwise=refused),
            ),
        ),
        **dict.fromkeys(("fork", "vfork"), Rule(new_process)),
        "close_range": only(Argument(2, "lacks", (CLOSE_RANGE_UNSHARE,))),
        "fcntl": only(Argument(1, "is", PROJECT_FCNTL)),
        "ioctl": Rule(ALLOW, (Argument(1, "is", PROJECT_IOCTL),), otherwise=ENOTTY),
        "prlimit64": only(this_process),
        **dict.fromkeys(("sched_setaffinity", "sched_setattr", "sched_setparam"), only(this_process)),
        "sched_setscheduler": only(this_process),
        "setpriority": only(Argument(0, "is", (PRIO_PROCESS,)), Argument(1, "is", (0,))),
        "ioprio_set": Rule(PRETENDED),
    }
    if landlock < LANDLOCK_TRUNCATES:
        reading_or_writing = (0, 1, 2, O_TRUNC | 1, O_TRUNC | 2)
        rules |= {
            "truncate": Rule(refused),
            "open": only(Argument(1, "is", reading_or_writing, mask=O_TRUNC | O_ACCMODE)),
            "openat": only(Argument(2, "is", reading_or_writing, mask=O_TRUNC | O_ACCMODE)),
        }
    if landlock < LANDLOCK_SCOPES_SIGNALS:
        rules |= dict.fromkeys(SIGNALS, Rule(refused))
    return assemble(machine, rules, default=ALLOW, unknown=ENOSYS)
