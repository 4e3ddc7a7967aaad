"""A person at a terminal: `toishi` in a process of its own, answered key by key as its questions come."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from contextlib import suppress


def converse(arguments: Sequence[str], answers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """The exit code and all that was shown; each answer is a text to wait for, and the keys that follow it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    environment |= {"NO_COLOR": "1", "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "toishi.assistant", *arguments]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown, seen = "", 0
    waiting = list(answers)
    try:
        # The end of a terminal is an error on Linux: nobody holds its other side any more.
        with suppress(OSError):
            while chunk := os.read(ours, 65536):
                shown += chunk.decode(errors="replace")
                while waiting and waiting[0][0] in shown[seen:]:
                    text, keys = waiting.pop(0)
                    seen = shown.index(text, seen) + len(text)
                    os.write(ours, keys.encode())
        return process.wait(), shown.replace("\r\n", "\n")
    finally:
        process.kill()
        process.wait()
        os.close(ours)
