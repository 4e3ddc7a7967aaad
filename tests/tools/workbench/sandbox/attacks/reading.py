"""Programs that read what they should not know: files, what other processes hold, what the machine is doing."""

from tests.tools.workbench.sandbox.attacks.attack import BOTH, PROJECT, PURE, Attack, attacks
from tests.tools.workbench.sandbox.attacks.harms import names_the_secret, succeeds, tells_the_secret

FILES = {
    "open": "say(open(secret).read())",
    "os.open": "say(os.read(os.open(secret, os.O_RDONLY), 99))",
    "pathlib": "import pathlib\nsay(pathlib.Path(secret).read_text())",
    "import": "sys.path.append(outside)\nimport told\nsay(told.TEXT)",
    "runpy": "import runpy\nsay(runpy.run_path(outside + '/told.py')['TEXT'])",
    "loader": "import importlib.machinery as m\nsay(m.SourceFileLoader('a', '').get_data(secret))",
    "compile": "exec(compile(open(outside + '/told.py').read(), 'x', 'exec'))\nsay(TEXT)",
    "libc": "say(os.read(libc.open(secret.encode(), 0), 99))",
    "fopen": (
        "libc.fopen.restype = ctypes.c_void_p\nfile = ctypes.c_void_p(libc.fopen(secret.encode(), b'r'))\n"
        "text = ctypes.create_string_buffer(99)\nlibc.fread(text, 1, 98, file)\nsay(text.value)"
    ),
    "openat": "say(os.read(syscall('openat', -100, secret.encode(), 0, 0), 99))",
    "openat2": "say(os.read(syscall('openat2', -100, secret.encode(), bytes(24), 24), 99))",
    "memory of a file": "say(mmap.mmap(os.open(secret, 0), 0, prot=1)[:])",
    "one file sent into another": "os.sendfile(1, os.open(secret, 0), 0, 99)",
    "relative path": "os.chdir(outside)\nsay(open(os.path.basename(secret)).read())",
    "from a thread": "together(1, lambda: say(open(secret).read()))[0].join()",
    "at the end": "import atexit\natexit.register(lambda: say(open(secret).read()))",
    "in a finalizer": "class A:\n    def __del__(self, read=open): say(read(secret).read())\nA()",
    "in a signal's handler": (
        "signal.signal(signal.SIGUSR1, lambda *_: say(open(secret).read()))\nos.kill(os.getpid(), signal.SIGUSR1)"
    ),
    "by a link": "os.symlink(secret, 'way')\nsay(open('way').read())",
    "by a link to the root": "os.symlink('/', 'way')\nsay(open('way' + secret).read())",
    "by another name": "os.link(secret, 'linked')\nsay(open('linked').read())",
    "by the own root": "say(open('/proc/self/root' + secret).read())",
    "by the own folder": "say(open('/proc/self/cwd/' + os.path.relpath(secret)).read())",
    "by its handle": """
handle = ctypes.create_string_buffer(struct.pack('=Ii', 128, 0), 136)
mount = ctypes.c_int()
syscall('name_to_handle_at', -100, secret.encode(), handle, ctypes.byref(mount), 0)
folder = os.open(outside, os.O_RDONLY)
say(os.read(syscall('open_by_handle_at', folder, handle, 0), 99))
""",
    "by the kernel's ring": """
# struct io_uring_params: the offsets of the two rings stand behind 10 words.
parameters = ctypes.create_string_buffer(120)
ring = syscall('io_uring_setup', 4, parameters)
words = struct.unpack('=30I', parameters.raw)
size, protection, shared = 4096 * 4, 3, 1
def mapped(offset):
    return libc.mmap(None, ctypes.c_size_t(size), protection, shared, ring, ctypes.c_long(offset))
queue, entries = mapped(0), mapped(0x10000000)
path = ctypes.create_string_buffer(secret.encode())
# struct io_uring_sqe: IORING_OP_OPENAT of this path.
entry = struct.pack('=BBHiQQIIQ', 18, 0, 0, -100, 0, ctypes.addressof(path), 0, 0, 7) + bytes(24)
ctypes.memmove(entries, entry, 64)
at = lambda base, offset: ctypes.c_uint32.from_address(base + offset)
at(queue, words[16]).value = 0
at(queue, words[11]).value += 1
syscall('io_uring_enter', ring, 1, 1, 1, 0, 0)
done = ctypes.c_int32.from_address(queue + words[25] + 8).value
say(os.read(done, 99))
""",
    "cat in its place": "os.execv('/bin/cat', ['cat', secret])",
    "cat": "say(subprocess.run(['cat', secret], capture_output=True).stdout)",
    "shell": "os.system(f'cat {secret}')",
    "spawn": "os.waitpid(os.posix_spawn('/bin/cat', ['cat', secret], {}), 0)",
    "walk over classes to the shell": """
found = [one for one in ().__class__.__base__.__subclasses__() if one.__name__ == '_wrap_close'][0]
found.__init__.__globals__['system']('cat ' + secret)
""",
    "walk over classes to a loader": """
found = [one for one in ().__class__.__base__.__subclasses__() if one.__name__ == 'FileLoader'][0]
say(found.get_data(found('a', secret), secret))
""",
    "walk over frames": """
def deepest(frame):
    while frame.f_back: frame = frame.f_back
    return frame
names = deepest(sys._getframe()).f_globals
say((names.get('__builtins__').__dict__ if not isinstance(names['__builtins__'], dict) else names['__builtins__'])[
    'open'](secret).read())
""",
    "descriptors of the caller": """
for one in range(3, 256):
    try: say(os.pread(one, 99, 0))
    except OSError: pass
""",
}

OF_OTHERS = {
    "own environment": "say(dict(os.environ))",
    "environment as it was given": "say(open('/proc/self/environ').read())",
    "environment of the parent": "say(open(f'/proc/{os.getppid()}/environ').read())",
    "environment of others": "say(open(f'/proc/{target}/environ').read())",
    "open file of others": "say(open(f'/proc/{target}/fd/0').read())",
    "descriptor of others": "say(os.pread(syscall('pidfd_getfd', os.pidfd_open(target), 0, 0), 99, 0))",
    "memory of others": """
for line in open(f'/proc/{target}/maps'):
    if '[stack]' in line:
        start, end = (int(one, 16) for one in line.split()[0].split('-'))
        room = ctypes.create_string_buffer(end - start)
        ours = struct.pack('=QQ', ctypes.addressof(room), end - start)
        syscall('process_vm_readv', target, ours, 1, struct.pack('=QQ', start, end - start), 1, 0)
        say(room.raw)
""",
    "memory of others as a file": """
for line in open(f'/proc/{target}/maps'):
    if '[stack]' in line:
        start, end = (int(one, 16) for one in line.split()[0].split('-'))
        say(os.pread(os.open(f'/proc/{target}/mem', os.O_RDONLY), end - start, start))
""",
    "memory of others by tracing": """
syscall('ptrace', 16, target, 0, 0)
os.waitpid(target, 0x40000000)
for line in open(f'/proc/{target}/maps'):
    if '[stack]' in line:
        start, end = (int(one, 16) for one in line.split()[0].split('-'))
libc.ptrace.restype = ctypes.c_long
words = [libc.ptrace(2, target, ctypes.c_void_p(at), 0) for at in range(end - 4096, end, 8)]
say(struct.pack(f'={len(words)}q', *words))
""",
}

BROUGHT_BACK = {
    "copied": "shutil.copy(secret, 'copied')",
    "linked": "os.link(secret, 'linked')",
    "moved": "os.rename(secret, 'moved')",
    "packed": "subprocess.run(['tar', 'cf', 'packed', outside], check=True)",
    "what is not copied": "say(open(original + '/.env').read())",
    "history that is not copied": "say(open(original + '/.git/config').read())",
}

NAMES = {
    "listing": "say('found ' + ' found '.join(os.listdir(outside)))",
    "walk": "for _, _, names in os.walk(outside): say('found ' + ' found '.join(names))",
    "glob": "import glob\nsay('found ' + ' found '.join(glob.glob('*', root_dir=outside)))",
    "shell": "subprocess.run(['find', outside, '-printf', 'found %f '])",
}

SPYING = {
    "who listens": "say('done' if f':{tcp:04X} ' in open('/proc/self/net/tcp').read() else 'no')",
    "who runs": "say('done' if str(target) in os.listdir('/proc') else 'no')",
    "accounts of the machine": "say('done' if 'root:' in open('/etc/passwd').read() else 'no')",
    "passwords of the machine": "say('done' if 'root:' in open('/etc/shadow').read() else 'no')",
    "folders of others": "say('done' if os.listdir('/home') or os.listdir('/root') else 'no')",
    "machine": "say('done' if os.listdir('/') and os.listdir('/etc') else 'no')",
    "first process": "say('done' if open('/proc/1/cmdline').read() else 'no')",
    "what others run": "say('done' if 'sleep' in open(f'/proc/{target}/cmdline').read() else 'no')",
}

SIZES = {"status": "os.stat(secret)\nsay('done')", "whether it is there": "os.access(secret, 0) and say('done')"}

ATTACKS: tuple[Attack, ...] = (
    *attacks("reading files", tells_the_secret, FILES),
    *attacks("reading others", tells_the_secret, OF_OTHERS),
    *attacks("bringing files back", tells_the_secret, BROUGHT_BACK, PROJECT),
    *attacks("listing", names_the_secret, NAMES, BOTH),
    *attacks("spying", succeeds, SPYING),
    # A command may ask whether a path is there; see docs/safety.md.
    *attacks("asking for files", succeeds, SIZES, PURE),
)
