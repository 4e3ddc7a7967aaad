"""The supervisor's side of one confined program: its pipes, its listener, and the limits that it may reach."""

import fcntl
import os
import select
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from toishi.tools.workbench.sandbox import confinement

LIFELINE = 0
"""The descriptor whose other end the caller holds: when that end is closed, the program is ended."""

OUTPUT, VALUE = (1, 2), 3
"""The descriptors that a program prints to, and the one to which it may write bytes for its caller."""

_CHANNEL = 4
_MOST_REFUSED_TOLD = 20
_CHUNK = 1 << 16
# F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE.
_F_ADD_SEALS, _SEAL_ALL = 1033, 0xF

Decide = Callable[[int, Sequence[int]], bool]


class Watch:
    """One program, from before its process is made to its end.

    `limits` names `seconds` (by the clock), and `output` and `value` in bytes. `stop` ends the program and everything
    that it started; `decide` is asked about the calls that the filter does not allow by itself; `inspect`, asked about
    every `every` seconds, names a limit that was reached, or gives an empty text. `namespaces` names those of its own,
    once it is confined.
    """

    def __init__(
        self,
        limits: Mapping[str, Any],
        *,
        stop: Callable[[int], None],
        decide: Decide = lambda number, arguments: False,
        inspect: Callable[[], str] = lambda: "",
        every: float | None = None,
    ) -> None:
        self.said = {stream: bytearray() for stream in (*OUTPUT, VALUE)}
        self._stop, self._decide, self._inspect, self._every = stop, decide, inspect, every
        self._until = time.monotonic() + limits["seconds"]
        self._next_inspection = 0.0
        self._most = {**dict.fromkeys(OUTPUT, limits["output"]), VALUE: limits["value"]}
        self._pipes = {stream: os.pipe() for stream in self.said}
        self._ours, self._channel = socket.socketpair()
        self._poll = select.poll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._listener: int | None = None
        self._refused: list[int] = []
        self._ended = ""
        self._broken = ""
        self.namespaces: list[str] | None = None

    def become_program(self, given: bytes) -> socket.socket:
        """In the child: descriptor 0 gives `given`, 1 and 2 are printed to, 3 takes the value; no other stays open.

        The channel to the supervisor, which is given back, is for `confinement.hand_over`.
        """
        stdin = os.memfd_create("stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with open(stdin, "wb", closefd=False) as stream:
            stream.write(given)
        # What a program adds to it would be memory that no limit counts.
        fcntl.fcntl(stdin, _F_ADD_SEALS, _SEAL_ALL)
        os.lseek(stdin, 0, os.SEEK_SET)
        ends = {stream: theirs for stream, (_, theirs) in self._pipes.items()}
        wanted = {0: stdin, **ends, _CHANNEL: self._channel.detach()}
        # First above everything that is there, so that none is overwritten before it is moved.
        above = 1 + max(stdin, *wanted.values())
        high = {target: os.dup2(source, above + target) for target, source in wanted.items()}
        for target, source in high.items():
            os.dup2(source, target)
        os.closerange(_CHANNEL + 1, 1 << 20)
        return socket.socket(fileno=_CHANNEL)

    def fail(self, error: BaseException) -> None:
        """In the child: says why it could not be confined, and ends it before it looked at the program."""
        where = self._channel.fileno()
        confinement.give_up(_CHANNEL if where < 0 else where, error)
        os._exit(1)

    def follow(self, child: int) -> dict[str, Any]:
        """In the supervisor: waits for the program's end, or ends it; gives what there is to tell."""
        process = os.pidfd_open(child)
        self._open(process)
        try:
            while not (self._ended or self._broken) and self._step(process):
                pass
            self._stop(child)
            _, status = os.waitpid(child, 0)
            for stream in self.said:
                while self._read(stream):
                    pass
        finally:
            os.close(process)
            self._close()
        if self._broken or (self.namespaces is None and not self._ended):
            return {"broken": self._broken or "its process ended by itself beforehand"}
        return {
            "status": status,
            "ended": self._ended,
            "refused": self._refused,
            "namespaces": self.namespaces or [],
        }

    def end(self, limit: str) -> None:
        """In the supervisor: has the program ended, since it reached this limit."""
        self._ended = self._ended or limit

    def _open(self, process: int) -> None:
        self._channel.close()
        for stream, (ours, theirs) in self._pipes.items():
            os.close(theirs)
            os.set_blocking(ours, False)
            self._register(ours, partial(self._read, stream))
        self._register(self._ours.fileno(), self._hear)
        self._register(process, lambda: None)
        # Though no event is asked for, poll tells that the other end is gone.
        self._poll.register(LIFELINE, 0)
        self._handlers[LIFELINE] = self._abandon

    def _close(self) -> None:
        self._ours.close()
        if self._listener is not None:
            os.close(self._listener)
        for ours, _ in self._pipes.values():
            os.close(ours)

    def _step(self, process: int) -> bool:
        """One turn; False when the program has ended by itself."""
        left = self._until - time.monotonic()
        if left <= 0:
            self.end("seconds")
            return True
        ready = self._poll.poll(1000 * (left if self._every is None else min(left, self._every)))
        for descriptor, event in ready:
            if event & select.POLLIN or descriptor == LIFELINE:
                self._handlers[descriptor]()
            elif descriptor != process:
                self._poll.unregister(descriptor)
        if self._every is not None and time.monotonic() >= self._next_inspection:
            self.end(self._inspect())
            self._next_inspection = time.monotonic() + self._every
        return process not in (descriptor for descriptor, _ in ready)

    def _register(self, descriptor: int, handler: Callable[[], Any]) -> None:
        self._poll.register(descriptor, select.POLLIN)
        self._handlers[descriptor] = handler

    def _read(self, stream: int) -> bool:
        """Reads once; False where there is nothing more for now, or too much came."""
        said, most = self.said[stream], self._most[stream]
        try:
            piece = os.read(self._pipes[stream][0], _CHUNK)
        except BlockingIOError:
            return False
        if len(said) + len(piece) > most:
            self.end("value" if stream == VALUE else "output")
        said += piece[: most - len(said)]
        return bool(piece) and not self._ended

    def _hear(self) -> None:
        """The child is confined, or says why it could not be."""
        said, self._listener = confinement.take_over(self._ours)
        self._poll.unregister(self._ours.fileno())
        self.namespaces = said.get("namespaces")
        if self.namespaces is None:
            self._broken = said["broken"]
        elif self._listener is not None:
            self._register(self._listener, self._answer)

    def _answer(self) -> None:
        assert self._listener is not None
        confinement.answer(self._listener, self._judge)

    def _judge(self, number: int, arguments: Sequence[int]) -> bool:
        if self._decide(number, arguments):
            return True
        if number not in self._refused and len(self._refused) < _MOST_REFUSED_TOLD:
            self._refused.append(number)
        return False

    def _abandon(self) -> None:
        self.end("abandoned")
