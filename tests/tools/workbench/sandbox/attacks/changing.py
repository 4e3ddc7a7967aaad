"""Programs that change what is not theirs: files, and processes that are none of their business."""

from tests.tools.workbench.sandbox.attacks.attack import PROJECT, Attack, attacks
from tests.tools.workbench.sandbox.attacks.harms import changes_files, ends_its_watch, harms_the_victim, succeeds

FILES = {
    "write": "open(secret, 'w').write('x')",
    "append": "open(secret, 'a').write('x')",
    "write into it": "os.pwrite(os.open(secret, os.O_RDWR), b'x', 0)",
    "truncate": "os.truncate(secret, 0)",
    "truncate by opening": "os.open(secret, os.O_RDONLY | os.O_TRUNC)",
    "write to its memory": "mmap.mmap(os.open(secret, os.O_RDWR), 0)[0] = 65",
    "unlink": "os.unlink(secret)",
    "unlink by number": "syscall('unlinkat', -100, secret.encode(), 0)",
    "rename": "os.rename(secret, secret + '2')",
    "swap": "syscall('renameat2', -100, secret.encode(), -100, (outside + '/told.py').encode(), 2)",
    "link": "os.link(secret, secret + '2')",
    "symbolic link": "os.symlink('/etc/passwd', secret + '2')",
    "new file": "open(secret + '2', 'x')",
    "new file by number": "syscall('openat', -100, (secret + '2').encode(), 0o102, 0o600)",
    "new file without a name": (
        "file = os.open(outside, os.O_TMPFILE | 2)\n"
        "syscall('linkat', -100, f'/proc/self/fd/{file}'.encode(), -100, (secret + '2').encode(), 0x400)"
    ),
    "temporary file": "import tempfile\nkept = tempfile.NamedTemporaryFile(dir=outside, delete=False)",
    "new folder": "os.mkdir(secret + '2')",
    "pipe": "os.mkfifo(secret + '2')",
    "device": "os.mknod(secret + '2', 0o20666, os.makedev(1, 3))",
    "socket file": "socket.socket(socket.AF_UNIX).bind(secret + '2')",
    "remove a folder": "shutil.rmtree(outside + '/inner')",
    "remove all": "shutil.rmtree(outside)",
    "mode": "os.chmod(secret, 0o777)",
    "mode by number": "syscall('fchmodat', -100, secret.encode(), 0o777)",
    "owner": "os.chown(secret, 12345, 12345)",
    "times": "os.utime(secret, (0, 0))",
    "attribute": "os.setxattr(secret, 'user.a', b'b')",
    "flags": "fcntl.ioctl(os.open(secret, os.O_RDONLY), 0x40086602, struct.pack('=Q', 0x40))",
    "by a link": "os.symlink(secret, 'way')\nopen('way', 'a').write('x')",
    "by a link to a folder": "os.symlink(outside, 'way')\nopen('way/new', 'x')",
    "by another name": "os.link(secret, 'linked')\nopen('linked', 'a').write('x')",
    "by the own folder": "open('/proc/self/cwd/' + os.path.relpath(secret), 'a').write('x')",
    "touch": "subprocess.run(['touch', outside + '/new'], check=True)",
    "shell": "os.system(f'echo x > {outside}/new')",
    "from a child": "os.waitpid(os.fork() or (open(outside + '/new', 'x'), os._exit(0)), 0)",
    "mount over it": "assert libc.mount(b'none', outside.encode(), b'tmpfs', 0, 0) == 0",
    "append to data": "open(rows, 'a').write('x')",
    "truncate data": "os.open(rows, os.O_RDONLY | os.O_TRUNC)",
    "remove data": "os.unlink(rows)",
    "mode of data": "os.fchmod(os.open(rows, os.O_RDONLY), 0o777)",
    "flags of data": "fcntl.ioctl(os.open(rows, os.O_RDONLY), 0x40086602, struct.pack('=Q', 0x40))",
    "attribute of data": "os.setxattr(os.open(rows, os.O_RDONLY), 'user.a', b'b')",
    "data, linked and changed": "os.link(rows, 'linked')\nopen('linked', 'a').write('x')",
    "beside data": "open(rows + '2', 'x')",
    "database": "import sqlite3\nwith sqlite3.connect(outside + '/new') as db: db.execute('CREATE TABLE a (b)')",
    "archive": "shutil.make_archive(outside + '/new', 'tar', outside)",
    "log": "import logging.handlers\nlogging.handlers.RotatingFileHandler(outside + '/new').doRollover()",
    "moved out": "open('mine', 'x').close()\nos.rename('mine', outside + '/moved')",
    "linked out": "open('mine', 'x').close()\nos.link('mine', outside + '/linked')",
    "copied out": "open('mine', 'x').close()\nshutil.copy('mine', outside + '/copied')",
}

PICKLE = """
import pickle
class Bad:
    def __reduce__(self): return os.system, (f'touch {outside}/unpickled',)
"""
RETURNED = {
    "pickle as the value": PICKLE + "os.write(3, pickle.dumps(Bad()))",
    "pickle within a list": PICKLE + "os.write(3, pickle.dumps([1, {'a': Bad()}]))",
    "pickle of code": """
import pickle
class Bad:
    def __reduce__(self): return exec, (f'open({outside!r} + "/unpickled", "x")',)
os.write(3, pickle.dumps(Bad()))
""",
}
RETURNED_AS_FILE = {"pickle as a file": PICKLE + "open('result.pkl', 'wb').write(pickle.dumps(Bad()))"}

CODE = "memory = mmap.mmap(-1, 4096, prot=7)\nmemory.write(code)\n"
CALLED = "ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()"

VICTIM = {
    "kill": "os.kill(target, 9)",
    "stop": "os.kill(target, 19)\ntime.sleep(0.1)",
    "terminate": "os.kill(target, 15)\ntime.sleep(0.1)",
    "everybody": "os.kill(-1, 9)",
    "group": "os.killpg(os.getpgid(target), 9)",
    "thread": "syscall('tgkill', target, target, 9)",
    "thread by its number alone": "syscall('tkill', target, 9)",
    "queue": "syscall('rt_sigqueueinfo', target, 15, struct.pack('=iii', 15, 0, -1) + bytes(116))",
    "queue to a thread": (
        "syscall('rt_tgsigqueueinfo', target, target, 15, struct.pack('=iii', 15, 0, -1) + bytes(116))"
    ),
    "descriptor": "signal.pidfd_send_signal(os.pidfd_open(target), 9)",
    "owner of a pipe": """
reading, writing = os.pipe()
fcntl.fcntl(reading, 8, target)
fcntl.fcntl(reading, 4, 0o20000)
os.write(writing, b'x')
time.sleep(0.1)
""",
    "owner of a pipe, told otherwise": """
reading, writing = os.pipe()
fcntl.fcntl(reading, 15, struct.pack('=ii', 1, target))
fcntl.fcntl(reading, 4, 0o20000)
os.write(writing, b'x')
time.sleep(0.1)
""",
    "owner of a socket": """
one, other = socket.socketpair()
fcntl.ioctl(one, 0x8901, struct.pack('=i', target))
fcntl.fcntl(one, 4, 0o20000)
other.send(b'x')
time.sleep(0.1)
""",
    "kill command": "subprocess.run(['kill', '-9', str(target)], check=True)",
    "kill of the shell": "os.system(f'kill -9 {target}')",
    "limits": "resource.prlimit(target, resource.RLIMIT_FSIZE, (0, 0))",
    "limits by number": "syscall('prlimit64', target, 7, struct.pack('=QQ', 3, 3), 0)",
    "processors": "os.sched_setaffinity(target, [max(os.sched_getaffinity(target))])",
    "scheduling": "os.sched_setscheduler(target, os.SCHED_BATCH, os.sched_param(0))",
    "priority": "os.setpriority(os.PRIO_PROCESS, target, 19)",
    "priority of the account": "os.setpriority(os.PRIO_USER, os.getuid(), 19)",
    "priority of the group": "os.setpriority(os.PRIO_PGRP, os.getpgid(target), 19)",
    "its memory": """
for line in open(f'/proc/{target}/maps'):
    if '[stack]' in line:
        start, end = (int(one, 16) for one in line.split()[0].split('-'))
        os.pwrite(os.open(f'/proc/{target}/mem', os.O_RDWR), bytes(3000), end - 3008)
""",
    "its memory by number": """
for line in open(f'/proc/{target}/maps'):
    if '[stack]' in line:
        start, end = (int(one, 16) for one in line.split()[0].split('-'))
        room = ctypes.create_string_buffer(3000)
        ours = struct.pack('=QQ', ctypes.addressof(room), 3000)
        syscall('process_vm_writev', target, ours, 1, struct.pack('=QQ', end - 3008, 3000), 1, 0)
""",
    "tracing": "syscall('ptrace', 16, target, 0, 0)\ntime.sleep(0.1)",
    "call of another architecture": (
        # mov eax, 37 (kill of i386); mov ebx, target; mov ecx, 9; int 0x80; ret
        f"code = struct.pack('<BIBIBI', 0xb8, 37, 0xbb, target, 0xb9, 9) + bytes.fromhex('cd80c3')\n{CODE}{CALLED}"
    ),
}

PARENT = {
    "kill": "os.kill(os.getppid(), 9)",
    "terminate": "os.kill(os.getppid(), 15)\ntime.sleep(0.1)",
    "abort": "os.kill(os.getppid(), 6)\ntime.sleep(0.1)",
    "own group": "os.kill(0, 9)",
    "own group by its number": "os.killpg(os.getpgrp(), 9)",
    "descriptor": "signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
    "shell": "os.system(f'kill -9 {os.getppid()}')",
}

OUT_OF_THE_COPY = {
    "the copy's place": "os.rename(os.getcwd(), os.getcwd() + '-away')\nsay('done')",
    "a link in the copy's place": (
        "here = os.getcwd()\nos.rename(here, here + '-away')\nos.symlink(outside, here)\nsay('done')"
    ),
    "beside the copy": "open('../beside', 'x')\nsay('done')",
}

ATTACKS: tuple[Attack, ...] = (
    *attacks("changing files", changes_files, FILES),
    *attacks("returning code", changes_files, RETURNED, ("pure",)),
    *attacks("returning code", changes_files, RETURNED_AS_FILE, PROJECT),
    *attacks("harming processes", harms_the_victim, VICTIM),
    *attacks("harming the parent", ends_its_watch, PARENT),
    *attacks("leaving the copy", succeeds, OUT_OF_THE_COPY, PROJECT),
)
