"""Runs a program's text in the process that was made and confined for it, as Python runs a script."""

import atexit
import builtins
import io
import linecache
import os
import sys
import threading
import traceback
import types
from contextlib import suppress
from typing import NoReturn

FILE = "program.py"
"""What the program is called in tracebacks."""


def prepare() -> None:
    """Makes the streams of the process from descriptors 0, 1 and 2, as long as it may still ask what they are."""
    for name, descriptor, mode in (("stdin", 0, "rb"), ("stdout", 1, "wb"), ("stderr", 2, "wb")):
        stream = io.TextIOWrapper(os.fdopen(descriptor, mode, closefd=False), "utf-8", "backslashreplace")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    # Tracebacks would look for files of the standard library, which nobody may open any more.
    linecache.updatecache = lambda *_: []


def run_program(source: bytes) -> NoReturn:
    """Ends the process with the program's exit code, or 1 and a traceback on descriptor 2."""
    code = _execute(source)
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        code = code or 1
    with suppress(BaseException):
        sys.stderr.flush()
    os._exit(code)


def _execute(source: bytes) -> int:
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = [FILE]
    # `site` would have put them there.
    builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]
    try:
        text = source.decode()
        linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
        exec(compile(text, FILE, "exec", dont_inherit=True), module.__dict__)
    except SystemExit as end:
        return _exit_code(end.code)
    except BaseException as error:
        _print(error)
        return 1
    return 0


def _exit_code(code: object) -> int:
    """As the interpreter itself takes the argument of `sys.exit`."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _print(error: BaseException) -> None:
    """The traceback from the program's first line on, without the frames of this module."""
    behind = error.__traceback__.tb_next if error.__traceback__ is not None else None
    try:
        traceback.print_exception(type(error), error, behind)
    except MemoryError:
        os.write(2, b"MemoryError\n")
