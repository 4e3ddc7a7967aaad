"""A machine for classic BPF, as far as the sandbox's filters use it."""

import struct

from toishi.tools.workbench.sandbox.filters import Filter
from toishi.tools.workbench.sandbox.syscalls import Architecture


def decide(one: Filter, machine: Architecture, call: str | int, *arguments: int, audit: int | None = None) -> int:
    """What the kernel would do about a call, by its name or number, with these arguments."""
    number = machine.numbers[call] if isinstance(call, str) else call
    data = struct.pack("=IIQ6Q", number, audit or machine.audit, 0, *arguments, *[0] * (6 - len(arguments)))
    program = list(struct.iter_unpack("=HBBI", one.program))
    register, at = 0, 0
    k: int
    while True:
        code, if_true, if_false, k = program[at]
        at += 1
        match code:
            case 0x20:
                (register,) = struct.unpack_from("=I", data, k)
            case 0x54:
                register &= k
            case 0x15:
                at += if_true if register == k else if_false
            case 0x35:
                at += if_true if register >= k else if_false
            case 0x45:
                at += if_true if register & k else if_false
            case 0x06:
                return k
            case _:
                raise AssertionError(f"no such instruction: {code:#x}")
