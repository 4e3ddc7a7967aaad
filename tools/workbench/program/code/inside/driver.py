"""What runs inside the sandbox to use a text as Python: it calls a function of it, or runs it as a script.

It may do so several times. Each time executes the text anew and gives it arguments of its own, so that nothing that an
earlier time left behind makes a later one faster. What is told is as honest as the text: it runs in the same process,
and one that looks for this driver in its memory may find it.
"""

import gc
import io
import json
import linecache
import os
import sys
import time
import traceback
import types
from typing import Any

from toishi.tools.workbench.sandbox.inside import ANSWER, encoded, told

LONGEST_TRACEBACK = 2000


def traced(error: BaseException) -> str:
    """The traceback, as far as it leads through the text."""
    found = traceback.TracebackException.from_exception(error)
    found.stack = traceback.StackSummary.from_list([frame for frame in found.stack if frame.filename == ANSWER])
    return "".join(found.format(chain=False)).rstrip()[-LONGEST_TRACEBACK:]


def main() -> None:
    """Reads the job, and tells of each time: how long it took, and what it gave, or how it failed."""
    job = json.load(sys.stdin)
    # Taken before the text runs, which may put something else in their place.
    clock, write, load, dump, tag = time.perf_counter_ns, os.write, json.loads, json.dumps, encoded
    collect, pause, resume = gc.collect, gc.disable, gc.enable
    function, token, text = job["function"], job["token"], job["text"]
    linecache.cache[ANSWER] = (len(text), None, text.splitlines(keepends=True), ANSWER)

    def once(code: types.CodeType) -> tuple[Any, int]:
        """The value, and nanoseconds."""
        module = types.ModuleType("__main__" if function is None else "answer")
        sys.modules["answer"] = module
        sys.stdin = io.StringIO(job["stdin"])
        if function is None:
            begun = clock()
            try:
                exec(code, module.__dict__)
            except SystemExit as end:
                if end.code:
                    raise
            return None, clock() - begun
        exec(code, module.__dict__)
        if function not in module.__dict__:
            raise NameError(f"there is no function '{function}'")
        positional, named = load(job["arguments"])
        collect()
        pause()
        try:
            begun = clock()
            value = module.__dict__[function](*positional, **named)
            return value, clock() - begun
        finally:
            resume()

    def written(value: Any) -> str:
        """The value as it is told."""
        try:
            return dump(tag(value))
        except Exception:
            raise ValueError("what it gives cannot be written down") from None

    def tell(number: int, found: dict[str, Any]) -> None:
        write(3, dump({**found, "number": number, "token": token}).encode() + b"\n")

    first, spent, number = "", 0, 0
    try:
        code = compile(text, ANSWER, "exec", dont_inherit=True)
        # Never a time that would run into the limit: what is told would be cut off with it.
        while number < job["times"] and spent * (number + 1) <= job["budget"] * max(1, number):
            value, taken = once(code)
            shown = written(value)
            first = first or shown
            tell(number, {"nanoseconds": taken, "same": shown == first, "value": None if number else load(shown)})
            if number == 0:
                sys.stdout.flush()
            # What is printed is wanted once.
            sys.stdout = io.StringIO()
            spent, number = spent + taken, number + 1
    except BaseException as error:
        tell(number, {**told(error), "traceback": traced(error)})


if __name__ == "__main__":
    main()
