"""Programs that leave something behind, for the next one or for good, and those that want into the kernel."""

from tests.tools.workbench.sandbox.attacks.attack import PROJECT, Attack, attacks
from tests.tools.workbench.sandbox.attacks.harms import stays_behind, succeeds

BY_NUMBER = "value = ctypes.create_string_buffer(b'left', 8)\n"
LEFTOVERS = {
    "shared memory": (
        "from multiprocessing.shared_memory import SharedMemory\nfrom multiprocessing import resource_tracker\n"
        "resource_tracker.register = lambda *_: None\n"
        "kept = SharedMemory(scratch, create=True, size=9)\nkept.buf[:4] = b'left'",
        "print('done' if open('/dev/shm/' + scratch, 'rb').read(4) == b'left' else 'no')",
    ),
    "file in shared memory": (
        "open('/dev/shm/' + scratch, 'w').write('left')",
        "open('/dev/shm/' + scratch)\nsay('done')",
    ),
    "file in the temporary folder": (
        "open('/tmp/' + scratch, 'w').write('left')",
        "open('/tmp/' + scratch)\nsay('done')",
    ),
    "file in the other temporary folder": (
        "open('/var/tmp/' + scratch, 'w').write('left')",
        "open('/var/tmp/' + scratch)\nsay('done')",
    ),
    "segment of System V": (
        BY_NUMBER + "one = syscall('shmget', number, 4096, 0o1600)\nlibc.shmat.restype = ctypes.c_void_p\n"
        "ctypes.memmove(libc.shmat(one, None, 0), value, 4)",
        "one = syscall('shmget', number, 4096, 0o600)\nlibc.shmat.restype = ctypes.c_void_p\n"
        "ctypes.string_at(libc.shmat(one, None, 0), 4) == b'left' and say('done')",
    ),
    "message of System V": (
        "one = syscall('msgget', number, 0o1600)\nsyscall('msgsnd', one, struct.pack('=q', 1) + b'left', 4, 0)",
        "one = syscall('msgget', number, 0o600)\nroom = ctypes.create_string_buffer(12)\n"
        "syscall('msgrcv', one, room, 4, 0, 0o4000)\nroom.raw.endswith(b'left') and say('done')",
    ),
    "semaphore of System V": (
        "syscall('semget', number, 1, 0o1600)",
        "syscall('semget', number, 1, 0o600)\nsay('done')",
    ),
    "queue of messages": (
        "syscall('mq_open', scratch.encode(), 0o102, 0o600, 0)",
        "syscall('mq_open', scratch.encode(), 2, 0, 0)\nsay('done')",
    ),
    "key of the kernel": (
        # It goes by itself after a minute.
        "one = syscall('add_key', b'user', scratch.encode(), b'left', 4, -4)\nsyscall('keyctl', 15, one, 60)",
        "syscall('keyctl', 10, -4, b'user', scratch.encode(), 0)\nsay('done')",
    ),
}

DAEMONS = {
    "session": "os.fork() == 0 and (os.setsid(), time.sleep(1000))",
    "double fork": "os.fork() == 0 and (os.setsid(), os.fork() == 0 and time.sleep(1000), os._exit(0))",
    "process group": "os.fork() == 0 and (os.setpgid(0, 0), os.setpgrp(), time.sleep(1000))",
    "deaf": "os.fork() == 0 and ([signal.signal(n, 1) for n in {*range(1, 32)} - {9, 19}], time.sleep(1000))",
    "setsid program": "subprocess.Popen(['setsid', '--fork', 'sleep', '1000']).wait()",
    "nohup": ("subprocess.run('nohup sleep 1000 >/dev/null 2>&1 & disown', shell=True, executable='/bin/bash')"),
    "without its streams": "os.fork() == 0 and ([os.close(n) for n in range(3)], time.sleep(1000))",
    "runner": "os.fork() == 0 and [(os.fork() and os._exit(0), time.sleep(0.02)) for _ in range(10**6)]",
    "without its first thread": """
if os.fork() == 0:
    threading.Thread(target=time.sleep, args=(1000,)).start()
    libc.syscall(ctypes.c_long(numbers['exit']), 0)
""",
    "keeper of orphans": """
if os.fork() == 0:
    libc.prctl(36, 1, 0, 0, 0)
    if os.fork() == 0: time.sleep(1000)
    time.sleep(1000)
""",
    "stopped": "os.fork() == 0 and os.kill(os.getpid(), 19)\ntime.sleep(0.1)",
    "traced": "os.fork() == 0 and (libc.ptrace(0, 0, 0, 0), time.sleep(1000))",
}

KERNEL = {
    "ring": "syscall('io_uring_setup', 8, bytes(120))\nsay('done')",
    "programs in the kernel": "syscall('bpf', 0, struct.pack('=IIII', 2, 4, 8, 1) + bytes(56), 72)\nsay('done')",
    "counters of others": (
        "syscall('perf_event_open', struct.pack('=IIQ', 1, 112, 0) + bytes(96), target, -1, -1, 0)\nsay('done')"
    ),
    "counters": (
        # Of its own process, without what the kernel does meanwhile.
        "room = struct.pack('=IIQQQQQ', 1, 112, 0, 0, 0, 0, 0b1100000) + bytes(64)\n"
        "syscall('perf_event_open', room, 0, -1, -1, 0)\nsay('done')"
    ),
    "faults of pages": "syscall('userfaultfd', 1)\nsay('done')",
    "keys": "syscall('keyctl', 1, 0)\nsay('done')",
    "watching folders": (
        "syscall('inotify_add_watch', syscall('inotify_init1', 0), outside.encode(), 0xFFF)\nsay('done')"
    ),
    "watching everything": "syscall('fanotify_init', 0, 0)\nsay('done')",
    "watching folders by signals": "fcntl.fcntl(os.open(outside, os.O_RDONLY), 1026, 4)\nsay('done')",
    "holding up who writes": "fcntl.fcntl(os.open(rows, os.O_RDONLY), 1024, 0)\nsay('done')",
    "log of the kernel": "libc.klogctl(3, ctypes.create_string_buffer(4096), 4096) > 0 and say('done')",
    "comparing with others": "syscall('kcmp', os.getpid(), target, 0, 0, 0)\nsay('done')",
    "moving memory of others": "syscall('migrate_pages', target, 64, bytes(8), bytes(8))\nsay('done')",
    "secret memory": "syscall('memfd_secret', 0)\nsay('done')",
    "memory without a name": "os.memfd_create('x')\nsay('done')",
    "segments of the processor": "syscall('modify_ldt', 1, struct.pack('=IIII', 0, 0, 0, 0x51), 16)\nsay('done')",
    "another execution domain": "syscall('personality', 0x0400000)\nsay('done')",
}
ONLY_IN_PURE = ("another execution domain",)

ATTACKS: tuple[Attack, ...] = (
    *attacks("leftovers", succeeds, LEFTOVERS),
    *attacks("staying behind", stays_behind, DAEMONS, PROJECT),
    *attacks("kernel", succeeds, {name: one for name, one in KERNEL.items() if name not in ONLY_IN_PURE}),
    *attacks("kernel", succeeds, {name: KERNEL[name] for name in ONLY_IN_PURE}, ("pure",)),
)
