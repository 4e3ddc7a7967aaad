"""A person hears of their own code that gives way to nothing."""

import re
from pathlib import Path
from threading import Event

import pytest

from toishi.tools.workbench.own_code.blocking import tells_of_blocking


async def test_the_line_that_holds_everything_up_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with tells_of_blocking((Path(__file__).name,), patience=0.05):
        # Without an await: the loop stands still until the sentence is there.
        while not (said := capsys.readouterr().err):
            pass
    assert re.match(r"test_blocking\.py, line \d+, has kept everything else waiting for 0\.05 s; let it await", said)


async def test_nothing_is_said_where_the_task_has_no_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    with tells_of_blocking((), patience=0.0):
        Event().wait(0.05)
    assert capsys.readouterr().err == ""
