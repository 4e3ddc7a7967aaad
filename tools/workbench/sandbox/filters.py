"""Assembles seccomp filters: small programs in classic BPF that the kernel runs before every system call.

A filter is a list of rules, of which the first that names the call decides, and an action for calls that none names.
See seccomp(2); `struct seccomp_data` is {int nr; __u32 arch; __u64 instruction_pointer; __u64 args[6]}, and both
architectures are little-endian.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from toishi.tools.workbench.sandbox.syscalls import Architecture

ALLOW = 0x7FFF0000
KILL = 0x80000000
"""The whole process is killed with SIGSYS."""
NOTIFY = 0x7FC00000
"""The supervisor is asked, which sees the call's number and its arguments, and answers."""

OWN_PID = -1
"""Stands for the number of the process that installs the filter, which that process fills in."""

_LOAD, _EQUAL, _GREATER_OR_EQUAL, _BITS, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
# Calls of the x32 ABI have this bit set and are x86_64 to the kernel in everything else.
_X32 = 0x40000000
_LONGEST_JUMP = 255


def errno(number: int) -> int:
    """The call fails with this error and has no effect; 0 tells the program that it went well."""
    return 0x00050000 | number


@dataclass(frozen=True)
class Argument:
    """A condition on one argument, looked at through `mask` where it is not 0.

    `is`: it is one of `values`; `has`: it has one of the bits of the only value; `lacks`: it has none of them. The
    kernel takes these arguments as 32 bits; `wide` is for addresses, of which all 64 bits are held against 0. Where it
    does not hold, `otherwise` is what happens, by default what the rule says.
    """

    index: int
    test: Literal["is", "has", "lacks"]
    values: tuple[int, ...]
    mask: int = 0
    wide: bool = False
    otherwise: int | None = None


@dataclass(frozen=True)
class Rule:
    """`action` where all conditions hold, else `otherwise`."""

    action: int
    conditions: tuple[Argument, ...] = ()
    otherwise: int = KILL


@dataclass(frozen=True)
class Filter:
    """A program as the kernel takes it, 8 bytes an instruction, and the offsets where `OWN_PID` is to be filled in."""

    program: bytes
    own_pid_at: tuple[int, ...]


def assemble(machine: Architecture, rules: Mapping[str, Rule], *, default: int, unknown: int) -> Filter:
    """The filter of these rules, by names of calls; names that the machine does not have are passed over.

    `default` is for calls that no rule names, `unknown` for numbers that Linux had no name for when this was written.
    Calls by another architecture's numbers (32 bits, x32) kill the process.
    """
    code = _Code()
    code.add(_LOAD, _ARCHITECTURE)
    code.add(_EQUAL, machine.audit, 1, 0)
    code.add(_RETURN, KILL)
    code.add(_LOAD, _NUMBER)
    code.add(_GREATER_OR_EQUAL, _X32, 0, 1)
    code.add(_RETURN, KILL)
    code.add(_GREATER_OR_EQUAL, max(machine.numbers.values()) + 1, 0, 1)
    code.add(_RETURN, unknown)
    for name, rule in rules.items():
        if name in machine.numbers:
            body = _body(rule)
            code.add(_EQUAL, machine.numbers[name], 0, len(body.instructions))
            code.append(body)
    code.add(_RETURN, default)
    return code.finish()


class _Code:
    def __init__(self) -> None:
        self.instructions: list[tuple[int, int, int, int]] = []
        self.own_pid_at: list[int] = []

    def add(self, code: int, k: int, if_true: int = 0, if_false: int = 0) -> None:
        if max(if_true, if_false) > _LONGEST_JUMP:
            raise ValueError("a rule has too many conditions: a jump reaches over 255 instructions at most")
        if k == OWN_PID:
            self.own_pid_at.append(len(self.instructions))
            k = 0
        self.instructions.append((code, if_true, if_false, k))

    def append(self, other: "_Code") -> None:
        self.own_pid_at += [len(self.instructions) + at for at in other.own_pid_at]
        self.instructions += other.instructions

    def finish(self) -> Filter:
        program = b"".join(struct.pack("=HBBI", *instruction) for instruction in self.instructions)
        return Filter(program, tuple(8 * at + 4 for at in self.own_pid_at))


def _body(rule: Rule) -> _Code:
    """Each condition that does not hold returns at once; behind the last one all of them held."""
    code = _Code()
    for condition in rule.conditions:
        _check(code, condition, rule.otherwise if condition.otherwise is None else condition.otherwise)
    code.add(_RETURN, rule.action)
    return code


def _check(code: _Code, condition: Argument, otherwise: int) -> None:
    offset = _ARGUMENTS + 8 * condition.index
    for word in (offset, offset + 4) if condition.wide else (offset,):
        code.add(_LOAD, word)
        if condition.mask:
            code.add(_AND, condition.mask)
        if condition.test == "is":
            for left, value in zip(range(len(condition.values) - 1, -1, -1), condition.values, strict=True):
                # The last value is followed by the refusal, over which each of them jumps.
                code.add(_EQUAL, value, left + 1, 0)
        elif condition.test == "has":
            code.add(_BITS, condition.values[0], 1, 0)
        else:
            code.add(_BITS, condition.values[0], 0, 1)
        code.add(_RETURN, otherwise)
