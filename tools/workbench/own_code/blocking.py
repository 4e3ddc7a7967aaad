"""Says so where a person's own code keeps the process busy without giving way: nothing else goes on meanwhile."""

import asyncio
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 20.0
"""Seconds after which a person is told."""


@contextmanager
def tells_of_blocking(files: tuple[str, ...], *, patience: float = PATIENCE) -> Iterator[None]:
    """While it lasts, a thread looks whether the running loop still turns, and names the line of `files` that holds it.

    One sentence on stderr for each time that the loop stands still for longer than `patience` seconds.
    """
    if not files:
        yield
        return
    loop, here, ended = asyncio.get_running_loop(), threading.get_ident(), threading.Event()

    def watch() -> None:
        told = False
        while not ended.is_set():
            turned = threading.Event()
            try:
                loop.call_soon_threadsafe(turned.set)
            except RuntimeError:
                return
            if turned.wait(patience):
                told = False
                ended.wait(patience / 10)
            elif not told and not ended.is_set():
                told = True
                print(_sentence(here, files, patience), file=sys.stderr, flush=True)

    watcher = threading.Thread(target=watch, name="toishi blocking", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()


def _sentence(thread: int, files: tuple[str, ...], patience: float) -> str:
    names = {Path(file).name for file in files}
    frame = sys._current_frames().get(thread)
    frames = traceback.extract_stack(frame) if frame is not None else []
    at = next((one for one in reversed(frames) if Path(one.filename).name in names), None)
    where = f"{Path(at.filename).name}, line {at.lineno}, has" if at is not None else "Code of the task has"
    return (
        f"{where} kept everything else waiting for {patience:g} s; let it await, or move it into asyncio.to_thread "
        "(Ctrl-C twice stops it)"
    )
