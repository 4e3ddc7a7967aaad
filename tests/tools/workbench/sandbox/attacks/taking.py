"""Programs that take more than they may: time, memory, room on the disk, processes, and the patience of who listens.

Each says so when it has more than its limit, and goes no further, so that a machine without a sandbox bears it.
"""

from tests.tools.workbench.sandbox.attacks.attack import BOTH, PROJECT, PURE, Attack, attacks
from tests.tools.workbench.sandbox.attacks.harms import MOST_OUTPUT, floods, succeeds

MEGABYTE = 2**20

# The limit is half a second; whoever works on after one and a half is over it.
CLOCK = "end = time.monotonic() + 1.5\n"
TIME = {
    "loop": CLOCK + "while time.monotonic() < end: pass\nsay('done')",
    "sleep": "time.sleep(1.5)\nsay('done')",
    "waiting for what never comes": "threading.Event().wait(1.5)\nsay('done')",
    "catching everything": CLOCK
    + """
while time.monotonic() < end:
    try: time.sleep(0.1)
    except BaseException: pass
say('done')
""",
    "deaf to signals": CLOCK
    + """
for one in {*range(1, 32)} - {9, 19}: signal.signal(one, signal.SIG_IGN)
while time.monotonic() < end: pass
say('done')
""",
    "threads": CLOCK
    + """
def work():
    while time.monotonic() < end: pass
for one in together(8, work): one.join()
say('done')
""",
    "thread that outlives the first": """
def work():
    time.sleep(1.5)
    say('done')
threading.Thread(target=work).start()
libc.syscall(ctypes.c_long(numbers['exit']), 0)
""",
    "at the end": "import atexit\natexit.register(lambda: (time.sleep(1.5), say('done')))",
    "in a finalizer": "class A:\n    def __del__(self): time.sleep(1.5); say('done')\nkept = A()",
    "deep inside C": "import re\nstart = time.monotonic()\nfor n in range(20, 40):\n"
    "    re.match('(a+)+$', 'a' * n + 'b')\n    if time.monotonic() - start > 1.5: break\nsay('done')",
}
TIME_OF_CHILDREN = {
    "child": "subprocess.run(['sleep', '1.5'])\nsay('done')",
    "children": """
for _ in range(4):
    if os.fork() == 0: time.sleep(1.5), say('done'), os._exit(0)
for _ in range(4): os.wait()
""",
}

MEMORY = {
    "at once": "kept = bytearray(300 * 2**20)\nkept[::4096] = bytes(len(kept) // 4096)\nsay('done')",
    "bit by bit": "kept = [bytearray(2**20) for _ in range(300)]\nsay('done')",
    "text": "kept = ['x' * 2**20 * 300]\nsay('done')",
    "numbers": "kept = [1 << (8 * 300 * 2**20)]\nsay('done')",
    "mapped": "kept = mmap.mmap(-1, 300 * 2**20)\nkept.write(bytes([1]) * len(kept))\ntime.sleep(1)\nsay('done')",
    "mapped by number": """
place = libc.mmap(None, ctypes.c_size_t(300 * 2**20), 3, 0x22, -1, ctypes.c_long(0))
assert place not in (None, 2**64 - 1)
ctypes.memset(place, 1, 300 * 2**20)
say('done')
""",
    "allocated in C": """
libc.malloc.restype = ctypes.c_void_p
place = libc.malloc(ctypes.c_size_t(300 * 2**20))
ctypes.memset(place, 1, 300 * 2**20)
say('done')
""",
    "by threads": """
kept = []
for one in together(6, lambda: kept.append(bytearray([1]) * (50 * 2**20))): one.join()
if len(kept) == 6: say('done')
""",
    "shared, and given back for the look of it": """
kept = []
for _ in range(6):
    kept.append(mmap.mmap(-1, 50 * 2**20))
    kept[-1].write(bytes([1]) * len(kept[-1]))
    kept[-1].madvise(mmap.MADV_DONTNEED)
time.sleep(1)
if all(one[4096] == 1 for one in kept): say('done')
""",
    "in a file without a name": """
memory = os.memfd_create('x', 0)
for _ in range(300): os.write(memory, bytes(2**20))
say('done')
""",
    "in what it was given to read": """
for _ in range(300): os.write(0, bytes(2**20))
say('done')
""",
    "in sockets": """
def fill(pair):
    for one in pair:
        one.setblocking(False)
        try:
            while True: one.send(bytes(1 << 16))
        except BlockingIOError: pass
kept, resting = [], []
def work():
    # Threads with descriptors of their own may open as many again.
    if libc.syscall(ctypes.c_long(numbers['close_range']), 1 << 20, 1 << 20, 2) == 0: resting.append(1)
    for _ in range(24):
        try: kept.append(socket.socketpair())
        except OSError: break
        fill(kept[-1])
    time.sleep(2)
together(40, work)
time.sleep(1)
# What one socket holds at the least, as a sum.
if len(kept) * 2 * 160_000 > 200 * 2**20: say('done')
os._exit(0)
""",
}
MEMORY_OF_CHILDREN = {
    "by several processes": """
for _ in range(5):
    if os.fork() == 0:
        kept = bytearray([1]) * (60 * 2**20)
        time.sleep(1)
        os._exit(0)
for _ in range(5):
    if os.wait()[1]: os._exit(1)
say('done')
""",
    "by processes without their first thread": """
def work():
    kept = bytearray([1]) * (60 * 2**20)
    time.sleep(1)
    os._exit(0)
for _ in range(5):
    if os.fork() == 0:
        threading.Thread(target=work).start()
        libc.syscall(ctypes.c_long(numbers['exit']), 0)
for _ in range(5):
    if os.wait()[1]: os._exit(1)
say('done')
""",
}

DISK = {
    "one file": "with open('big', 'wb') as file:\n    for _ in range(80): file.write(os.urandom(2**20))\nsay('done')",
    "many files": """
for number in range(80): open(str(number), 'wb').write(os.urandom(2**20))
time.sleep(1)
say('done')
""",
    "in the temporary folder": """
import tempfile
kept = [tempfile.NamedTemporaryFile() for _ in range(80)]
for one in kept: one.write(bytes([1]) * 2**20); one.flush()
time.sleep(1)
say('done')
""",
    "empty files": "for number in range(20_000): open(str(number), 'w').close()\ntime.sleep(1)\nsay('done')",
    "folders": "for number in range(20_000): os.mkdir(str(number))\ntime.sleep(1)\nsay('done')",
    "files that are removed and open": """
kept = []
for number in range(80):
    kept.append(open('x', 'wb'))
    os.unlink('x')
    kept[-1].write(bytes([1]) * 2**20)
    kept[-1].flush()
time.sleep(1)
say('done')
""",
    "deeper than a path can be long": """
for _ in range(60):
    os.mkdir('d' * 100)
    os.chdir('d' * 100)
for number in range(80): open(str(number), 'wb').write(os.urandom(2**20))
time.sleep(1)
say('done')
""",
    "in a folder that nobody can read": """
os.mkdir('closed', 0o300)
for number in range(80): open(f'closed/{number}', 'wb').write(os.urandom(2**20))
time.sleep(1)
say('done')
""",
    "in a hidden folder of the home": """
home = os.path.expanduser('~') + '/.cache'
os.mkdir(home)
for number in range(80): open(f'{home}/{number}', 'wb').write(os.urandom(2**20))
time.sleep(1)
say('done')
""",
}

CROWD = {
    "threads": "together(100, lambda: time.sleep(2))\nsay('done')\nos._exit(0)",
    "threads by number": """
stack = ctypes.create_string_buffer(1 << 20)
work = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(lambda _: 0)
import _thread
_thread.stack_size(65536)
for _ in range(100): _thread.start_new_thread(time.sleep, (2,))
say('done')
os._exit(0)
""",
    "fork bomb": """
for _ in range(100):
    if os.fork() == 0: time.sleep(2), os._exit(0)
say('done')
""",
    "doubling": """
for _ in range(7):
    os.fork()
time.sleep(1)
say('done')
""",
}
CROWD_OF_CHILDREN = {
    "shell": "subprocess.run('for i in $(seq 100); do sleep 2 & done; echo done', shell=True)",
    "orphans without their first thread": """
for _ in range(100):
    if os.fork() == 0:
        if os.fork() == 0:
            threading.Thread(target=time.sleep, args=(2,)).start()
            libc.syscall(ctypes.c_long(numbers['exit']), 0)
        os._exit(0)
    os.wait()
say('done')
""",
}

FLOODS = {
    "output": "for _ in range(100): print('x' * 1000)",
    "errors": "for _ in range(100): os.write(2, b'x' * 1000)",
    "one write": "os.write(1, b'x' * 100_000)",
    "from threads": "for one in together(4, lambda: os.write(1, b'x' * 30_000)): one.join()",
    "at the end": "import atexit\natexit.register(lambda: print('x' * 100_000))",
}
FLOODED_VALUES = {
    "value": "for _ in range(100): os.write(3, b'x' * 1000)",
    "value at once": "os.write(3, b'x' * 100_000)",
}

ATTACKS: tuple[Attack, ...] = (
    *attacks("time", succeeds, TIME, seconds=0.5),
    *attacks("time", succeeds, TIME_OF_CHILDREN, PROJECT, seconds=0.5),
    *attacks("memory", succeeds, MEMORY, memory=200 * MEGABYTE),
    *attacks("memory", succeeds, MEMORY_OF_CHILDREN, PROJECT, memory=200 * MEGABYTE),
    *attacks("disk", succeeds, DISK, PROJECT, disk=40 * MEGABYTE),
    *attacks("crowd", succeeds, CROWD, BOTH, threads=64),
    *attacks("crowd", succeeds, CROWD_OF_CHILDREN, PROJECT),
    *attacks("flood", floods, FLOODS, output=MOST_OUTPUT),
    *attacks("flood", floods, FLOODED_VALUES, PURE, value=MOST_OUTPUT),
)
