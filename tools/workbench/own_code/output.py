"""What a person's own code prints goes to stderr: stdout belongs to the command that runs it, and may be one document.

Several pieces of such code run at once, in coroutines and in threads, so the way of each print is decided by its
context, not by who came first.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

_aside: ContextVar[bool] = ContextVar("aside", default=False)
_lock = threading.Lock()
_depth = 0


class _Routed:
    """stdout, but for what is printed where `_aside` is set."""

    def __init__(self, stdout: TextIO) -> None:
        self.stdout = stdout

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr if _aside.get() else self.stdout, name)


@contextmanager
def prints_to_stderr() -> Iterator[None]:
    """While it lasts, prints of this context, and of the contexts that are copied from it, go to stderr."""
    global _depth
    with _lock:
        if not _depth:
            sys.stdout = _Routed(sys.stdout)
        _depth += 1
    token = _aside.set(True)
    try:
        yield
    finally:
        _aside.reset(token)
        with _lock:
            _depth -= 1
            if not _depth and isinstance(sys.stdout, _Routed):
                sys.stdout = sys.stdout.stdout
