"""What a person's own code prints goes to stderr."""

import asyncio
import sys
import threading
from contextvars import copy_context

import pytest

from toishi.tools.workbench.own_code.output import prints_to_stderr


async def test_prints_go_aside_where_it_was_asked_for_and_nowhere_else(capsys: pytest.CaptureFixture[str]) -> None:
    entered, left = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        with prints_to_stderr():
            entered.set()
            await left.wait()
            print("first, after the second has left")

    async def second() -> None:
        await entered.wait()
        with prints_to_stderr():
            print("second")
        left.set()
        print("document")

    await asyncio.gather(first(), second())
    out, err = capsys.readouterr()
    assert out == "document\n"
    assert err == "second\nfirst, after the second has left\n"


def test_threads_with_the_context_follow_it(capsys: pytest.CaptureFixture[str]) -> None:
    with prints_to_stderr():
        context = copy_context()
        for run in (lambda: context.run(print, "with"), lambda: print("without")):
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
    out, err = capsys.readouterr()
    assert (out, err) == ("without\n", "with\n")


def test_stdout_is_itself_again_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with pytest.raises(ValueError, match="broken"), prints_to_stderr():
        raise ValueError("broken")
    assert sys.stdout is before
