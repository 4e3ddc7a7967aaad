"""The live frame: what a person sees at 80 columns, with and without colour."""

import io

import pytest
from rich.console import Console

from tests.assistant.conftest import story
from toishi.assistant.following.live import RunScreen, frame
from toishi.assistant.following.view import RunView, fold
from toishi.tools.workbench.events import Event, Progress, RunStopped, Warned

HINT = "Ctrl-C stops the run, which can be resumed"

IN_THE_SEARCH = """\
Bank messages · gepa · r-20260102-0a0b
phase         search · proposing and testing new prompts
rollouts      20 spent · 80 left  ━━━━╸
tokens        880
money         $0.00
time          00:04 elapsed · about 00:18 left
validation    best 0.750 · seed 0.500  ▁▁▁▁█
candidates    3 in the pool · 1 proposal rejected
last verdicts
  - from seed: not better on its minibatch (1 before, 1 after)
  + 1 from seed: validation 0.500, minibatch 1 → 2
  + 2 from 1: validation 0.750, minibatch 1 → 2
Ctrl-C stops the run, which can be resumed
"""


def drawn(view: RunView, *, width: int = 80, hint: str = HINT, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=colour, no_color=not colour)
    console.print(frame(view, name="Bank messages", hint=hint))
    return out.getvalue()


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_a_search_that_goes_on() -> None:
    assert lines(drawn(fold(story()[:8]))) == lines(IN_THE_SEARCH)


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("events", [0, 1, 5, 8, 20])
def test_it_fits_the_screen(width: int, events: int) -> None:
    told: list[Event] = [*story()[:events], *[Warned(message="something long " * 20)] * 5]

    text = drawn(fold(told), width=width)

    assert all(len(line) <= width for line in text.splitlines())
    assert len(text.splitlines()) <= 23


def test_without_colour_nothing_is_lost() -> None:
    plain, coloured = drawn(fold(story()[:8])), drawn(fold(story()[:8]), colour=True)

    assert "\x1b[3" not in plain
    assert "\x1b[3" in coloured
    assert "+ 1 from seed" in plain
    assert "- from seed" in plain


def test_an_unknown_price_is_called_unknown() -> None:
    progress = Progress(rollouts=5, tokens=10, cost=None, seconds=1.0, candidates=1, best_validation_score=None)

    assert "money         unknown" in drawn(fold([*story()[:1], progress]))


def test_without_a_limit_no_end_is_promised() -> None:
    plan = story()[0].model_copy(update={"max_rollouts": None})
    progress = Progress(rollouts=5, tokens=10, cost=0.0, seconds=1.0, candidates=1, best_validation_score=None)

    text = drawn(fold([plan, progress]))

    assert "5 spent · no limit" in text
    assert "end not known yet" in text


def test_a_run_that_ended_says_so_and_its_clock_stands() -> None:
    now = [100.0]
    screen = RunScreen("Bank messages", HINT, clock=lambda: now[0])
    view = fold(story()[:8])
    screen.take(view)
    stopped = RunStopped(status="cancelled", sentence="Stopped.")
    now[0] = 500.0

    screen.show(stopped, view.after(stopped))

    out = io.StringIO()
    Console(file=out, width=80).print(screen)
    assert "phase         cancelled\n" in "\n".join(lines(out.getvalue())) + "\n"
    assert "00:04 elapsed" in out.getvalue()
    assert HINT not in out.getvalue()


def test_the_clock_runs_between_events() -> None:
    now = [100.0]
    screen = RunScreen("Bank messages", HINT, clock=lambda: now[0])
    events = story()[:8]
    for number, event in enumerate(events):
        screen.show(event, fold(events[: number + 1]))
    now[0] = 110.0

    out = io.StringIO()
    Console(file=out, width=80).print(screen)

    assert "00:14 elapsed · about 00:08 left" in out.getvalue()
