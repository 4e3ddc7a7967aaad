"""Programs that start other programs, where only one may run."""

from tests.tools.workbench.sandbox.attacks.attack import BOTH, PURE, Attack, attacks
from tests.tools.workbench.sandbox.attacks.harms import succeeds

OWN = {
    "fork": "if os.fork() == 0: say('done')\nelse: os.wait()",
    "fork of the C library": "if libc.fork() == 0: say('done')\nelse: os.wait()",
    "terminal": """
child, terminal = os.forkpty()
if child == 0: say('done')
else: say(os.read(terminal, 99).decode())
""",
    "clone": """
child = syscall('clone', 17, 0, 0, 0, 0)
if child == 0: say('done')
else: os.wait()
""",
    "clone of the memory": """
# Without CLONE_THREAD, which alone makes a thread of it; the child waits in the kernel while its parent looks.
stack = ctypes.create_string_buffer(1 << 16)
work = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(lambda _: 7)
child = libc.clone(work, ctypes.c_void_p(ctypes.addressof(stack) + (1 << 16) - 64), 0x100 | 17, None)
if os.waitpid(child, 0)[0] == child: say('done')
""",
    "clone3": """
child = syscall('clone3', struct.pack('=8Q', 0, 0, 0, 0, 17, 0, 0, 0), 64)
if child == 0: say('done')
else: os.wait()
""",
    "from a thread": """
def work():
    if os.fork() == 0: say('done')
    else: os.wait()
together(1, work)[0].join()
""",
    "at the end": "import atexit\natexit.register(lambda: os.fork() == 0 and say('done'))",
    "multiprocessing": """
import multiprocessing
process = multiprocessing.get_context('fork').Process(target=say, args=('done',))
process.start()
process.join()
""",
    "pool of processes": """
from concurrent.futures import ProcessPoolExecutor
import multiprocessing
with ProcessPoolExecutor(1, multiprocessing.get_context('fork')) as pool:
    if pool.submit(os.getpid).result() != os.getpid(): say('done')
""",
    "subprocess": "subprocess.run(['echo', 'done'])",
    "shell": "os.system('echo done')",
    "pipe": "say(os.popen('echo done').read())",
    "spawn": "os.waitpid(os.posix_spawn('/bin/echo', ['echo', 'done'], {}), 0)",
    "spawn of the C library": "libc.system(b'echo done')",
    "asyncio": """
import asyncio
async def work():
    process = await asyncio.create_subprocess_exec('echo', 'done')
    await process.wait()
asyncio.run(work())
""",
    "exec": "os.execv('/bin/echo', ['echo', 'done'])",
    "exec by number": """
words = (ctypes.c_char_p * 3)(b'echo', b'done', None)
syscall('execve', b'/bin/echo', words, None)
""",
    "exec of a descriptor": """
words = (ctypes.c_char_p * 3)(b'echo', b'done', None)
syscall('execveat', os.open('/bin/echo', os.O_RDONLY), b'', words, None, 0x1000)
""",
    "exec of itself": "os.execv(sys.executable, [sys.executable, '-c', 'print(\"done\")'])",
    "exec from memory": """
memory = os.memfd_create('x', 0)
os.write(memory, open('/bin/echo', 'rb').read())
os.execv(f'/proc/self/fd/{memory}', ['echo', 'done'])
""",
    "script from memory": """
memory = os.memfd_create('x', 0)
os.write(memory, b'#!/bin/sh\\necho done\\n')
os.execv(f'/proc/self/fd/{memory}', ['x'])
""",
    "exec from a file": """
open('x', 'w').write('#!/bin/sh\\necho done\\n')
os.chmod('x', 0o755)
os.execv('x', ['x'])
""",
    "by the loader": "import glob\nos.execv(glob.glob('/lib*/ld-linux*.so*')[0], ['ld', '/bin/echo', 'done'])",
    "walk over classes": """
import subprocess
found = [one for one in ().__class__.__base__.__subclasses__() if one.__name__ == 'Popen'][0]
found(['echo', 'done']).wait()
""",
    "helper of the kernel": "open('/proc/sys/kernel/core_pattern', 'a')\nsay('done')",
}

# A project may start programs, and none of them has any right that it was not given.
RIGHTS = {
    "another user": "os.setuid(12345)\nsay('done')",
    "groups": "os.setgroups([0])\nsay('done')",
    "capabilities": """
room = ctypes.create_string_buffer(24)
syscall('capget', struct.pack('=Ii', 0x20080522, 0), room)
any(struct.unpack('=6I', room.raw)[::3]) and say('done')
""",
    "capabilities in users of its own": """
syscall('unshare', 0x10000000)
room = ctypes.create_string_buffer(24)
syscall('capget', struct.pack('=Ii', 0x20080522, 0), room)
any(struct.unpack('=6I', room.raw)[::3]) and say('done')
""",
    "capabilities in users of a child": """
def work(_):
    room = ctypes.create_string_buffer(24)
    syscall('capget', struct.pack('=Ii', 0x20080522, 0), room)
    any(struct.unpack('=6I', room.raw)[::3]) and say('done')
    return 0
stack = ctypes.create_string_buffer(1 << 20)
call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(work)
child = libc.clone(call, ctypes.c_void_p(ctypes.addressof(stack) + (1 << 20) - 64), 0x10000000 | 17, None)
os.waitpid(child, 0)
""",
    "root of its own": "os.chroot('.')\nsay('done')",
    "mounts": "assert libc.mount(b'none', b'/var/tmp', b'tmpfs', 0, 0) == 0\nsay('done')",
    "mounts, the new way": "syscall('fsopen', b'tmpfs', 0)\nsay('done')",
    "tree of mounts": "syscall('open_tree', -100, b'/', 1)\nsay('done')",
    "namespace of others": "syscall('setns', os.open(f'/proc/{target}/ns/net', os.O_RDONLY), 0)\nsay('done')",
    "namespaces of a process": "syscall('setns', os.pidfd_open(target), 0x04000000)\nsay('done')",
    "name of the machine": "socket.sethostname('x')\nsay('done')",
}

ATTACKS: tuple[Attack, ...] = (
    *attacks("starting programs", succeeds, OWN, PURE),
    *attacks("gaining rights", succeeds, RIGHTS, BOTH),
)
