"""Single keys from a terminal, without Enter and without an echo; what is typed ahead is not lost."""

import os
import re
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

END = "\x04"
"""What Ctrl-D types, and what stands for the end of the input."""

# Arrows and their like; a key that is read in part alone does nothing.
SEQUENCE = re.compile(rb"\x1b(?:\[[0-9;]*[@-~]?|O.?)?")
LONGEST = 64


class Keyboard:
    """The terminal that a person types at. Ctrl-C interrupts as everywhere."""

    def __init__(self) -> None:
        self._fd = sys.stdin.fileno()
        self._usual = termios.tcgetattr(self._fd)
        self._typed = ""

    @contextmanager
    def open(self) -> "Iterator[Keyboard]":
        """Reads keys until it is left; then the terminal is as it was."""
        tty.setcbreak(self._fd, termios.TCSADRAIN)
        try:
            yield self
        finally:
            self._restore()

    def key(self) -> str:
        """The next key; arrows and their like are passed over."""
        while not self._typed:
            chunk = os.read(self._fd, LONGEST)
            if not chunk:
                return END
            self._typed = SEQUENCE.sub(b"", chunk).decode(errors="ignore")
        key, self._typed = self._typed[0], self._typed[1:]
        return key

    def line(self, prompt: str) -> str:
        """A line that is edited as usual; empty at the end of the input."""
        self._restore()
        try:
            return input(prompt)
        except EOFError:
            return ""
        finally:
            tty.setcbreak(self._fd, termios.TCSADRAIN)

    def _restore(self) -> None:
        termios.tcsetattr(self._fd, termios.TCSADRAIN, self._usual)
