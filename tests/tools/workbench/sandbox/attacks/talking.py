"""Programs that talk to others: over the network, over sockets on this machine, and over what only the kernel knows."""

from tests.tools.workbench.sandbox.attacks.attack import Attack, attacks
from tests.tools.workbench.sandbox.attacks.harms import reaches_others, succeeds

OTHERS = {
    "tcp": "socket.create_connection(('127.0.0.1', tcp))",
    "tcp by number": """
one = syscall('socket', 2, 1, 0)
syscall('connect', one, struct.pack('=H', 2) + struct.pack('!H', tcp) + bytes([127, 0, 0, 1]) + bytes(8), 16)
""",
    "tcp without waiting": """
one = socket.socket()
one.setblocking(False)
one.connect_ex(('127.0.0.1', tcp))
time.sleep(0.05)
""",
    "tcp over IPv6": "socket.create_connection(('::1', tcp6))",
    "tcp by its first packet": "socket.socket().sendto(b'hit', 0x20000000, ('127.0.0.1', tcp))",
    "udp": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'hit', ('127.0.0.1', udp))",
    "udp, connected": """
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.connect(('127.0.0.1', udp))
one.send(b'hit')
""",
    "udp, as a message": """
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.sendmsg([b'hit'], [], 0, ('127.0.0.1', udp))
""",
    "unix": "socket.socket(socket.AF_UNIX).connect(stream)",
    "unix datagrams": "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'hit', datagrams)",
    "abstract unix": "socket.socket(socket.AF_UNIX).connect(abstract)",
    "abstract unix datagrams": "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'hit', letters)",
    "pair that sends elsewhere": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'hit', letters)",
    "pair that sends a message elsewhere": """
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
one.sendmsg([b'hit'], [], 0, letters)
""",
    "pair that connects anew": """
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
one.connect(letters)
one.send(b'hit')
""",
    "many messages at once": """
one = syscall('socket', 1, 2, 0)
name = struct.pack('=H', 1) + letters.encode()
name_room, text = ctypes.create_string_buffer(name), ctypes.create_string_buffer(b'hit')
vector = ctypes.create_string_buffer(struct.pack('=QQ', ctypes.addressof(text), 3))
message = struct.pack('=QIIQQQQiI', ctypes.addressof(name_room), len(name), 0, ctypes.addressof(vector), 1, 0, 0, 0, 0)
syscall('sendmmsg', one, ctypes.create_string_buffer(message + bytes(8)), 1, 0)
""",
    "urllib": "import urllib.request\nurllib.request.urlopen(f'http://127.0.0.1:{tcp}/', timeout=0.1)",
    "http.client": "import http.client\nhttp.client.HTTPConnection('127.0.0.1', tcp, timeout=0.1).request('GET', '/')",
    "asyncio": "import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', tcp))",
    "asyncio over unix": "import asyncio\nasyncio.run(asyncio.open_unix_connection(stream))",
    "logging": """
import logging.handlers
logging.handlers.DatagramHandler('127.0.0.1', udp).emit(logging.makeLogRecord({}))
""",
    "bash": "subprocess.run(['bash', '-c', f'echo > /dev/tcp/127.0.0.1/{tcp}'])",
    "from a child": "os.waitpid(os.fork() or (socket.create_connection(('127.0.0.1', tcp)), os._exit(0)), 0)",
    "from a thread": "together(1, lambda: socket.create_connection(('127.0.0.1', tcp)))[0].join()",
    "by the kernel's ring": """
parameters = ctypes.create_string_buffer(120)
ring = syscall('io_uring_setup', 4, parameters)
words = struct.unpack('=30I', parameters.raw)
def mapped(offset):
    return libc.mmap(None, ctypes.c_size_t(4096 * 4), 3, 1, ring, ctypes.c_long(offset))
queue, entries = mapped(0), mapped(0x10000000)
at = lambda base, offset: ctypes.c_uint32.from_address(base + offset)
address = struct.pack('=H', 2) + struct.pack('!H', tcp) + bytes([127, 0, 0, 1]) + bytes(8)
room = ctypes.create_string_buffer(address, 16)
def ask(operation, descriptor, where, offset, length):
    place = at(queue, words[11]).value
    entry = struct.pack('=BBHiQQIIQ', operation, 0, 0, descriptor, offset, where, length, 0, 7) + bytes(24)
    ctypes.memmove(entries, entry, 64)
    at(queue, words[16] + 4 * (place & 3)).value = 0
    at(queue, words[11]).value = place + 1
    syscall('io_uring_enter', ring, 1, 1, 1, 0, 0)
    return ctypes.c_int32.from_address(queue + words[25] + 16 * (place & 7) + 8).value
ask(16, ask(45, 2, 0, 1, 0), ctypes.addressof(room), 16, 0)
""",
}

SOCKETS = {
    "raw": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)\nsay('done')",
    "packets": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\nsay('done')",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\nsay('done')",
    "audit": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)\nsay('done')",
    "ciphers of the kernel": "socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)\nsay('done')",
    "virtual machines": "socket.socket(40, socket.SOCK_STREAM)\nsay('done')",
    "server": "socket.create_server(('127.0.0.1', 0))\nsay('done')",
    "server over unix": "socket.socket(socket.AF_UNIX).bind(chr(0) + scratch)\nsay('done')",
    "interfaces": "any(socket.if_nameindex()) and say('done')",
}

ATTACKS: tuple[Attack, ...] = (
    *attacks("talking", reaches_others, OTHERS),
    *attacks("sockets", succeeds, SOCKETS),
)
