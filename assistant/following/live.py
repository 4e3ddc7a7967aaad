"""The run on a terminal: one frame, drawn anew a few times a second, that fits 80 columns and 24 lines."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from toishi.assistant import wording
from toishi.assistant.following.lines import PHASES
from toishi.assistant.following.sparkline import sparkline
from toishi.assistant.following.view import RunView, Verdict
from toishi.tools.workbench.events import Event, Progress

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

VERDICTS_SHOWN = 6
LABEL_WIDTH = 12
SPARKLINE_WIDTH = 24
BAR_WIDTH = 24


class RunScreen:
    """Draws the newest view; `clock` gives seconds from any fixed point and keeps the time running between events."""

    def __init__(self, name: str, hint: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._hint = hint
        self._clock = clock
        self._view = RunView()
        self._told = clock()

    def show(self, event: Event, view: RunView) -> None:
        """Takes the view after an event."""
        if isinstance(event, Progress):
            self._told = self._clock()
        self._view = view

    def note(self, text: str) -> None:
        """Says something else at the foot of the frame."""
        self._hint = text

    def take(self, view: RunView) -> None:
        """Starts from what is known of earlier sittings."""
        self._view = view

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        ended = self._view.finished or self._view.stopped
        since = 0.0 if ended else self._clock() - self._told
        yield frame(self._view, name=self._name, hint="" if ended else self._hint, since=since)


def live(screen: RunScreen, console: "Console") -> Live:
    """A context in which the screen is drawn four times a second; the last frame stays."""
    return Live(screen, console=console, refresh_per_second=4, transient=False, redirect_stdout=False)


def frame(view: RunView, *, name: str, hint: str, since: float = 0.0) -> Group:
    """One frame. `since` is how many seconds ago the run last told its time."""
    plan = view.plan
    title = Text(name, style="bold")
    if plan is not None:
        title.append(f" · {plan.method} · {plan.run}", style="dim")
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(width=LABEL_WIDTH, style="dim", no_wrap=True)
    facts.add_column(no_wrap=True, overflow="ellipsis")
    facts.add_row("phase", _phase(view))
    facts.add_row("rollouts", _rollouts(view))
    tokens = wording.count(plan.max_tokens) if plan and plan.max_tokens else ""
    dollars = wording.money(plan.max_cost) if plan and plan.max_cost else ""
    facts.add_row("tokens", _of(wording.count(view.tokens), tokens))
    facts.add_row("money", _of(wording.money(view.cost), dollars))
    facts.add_row("time", _time(view, since))
    facts.add_row("validation", _validation(view))
    facts.add_row("candidates", _candidates(view))
    parts: list[Text | Table] = [title, facts]
    if view.verdicts:
        parts += [Text("last verdicts", style="dim"), *map(_verdict, view.verdicts[-VERDICTS_SHOWN:])]
    parts += [_note(f"! {warning}", "yellow") for warning in view.warnings[-2:]]
    if hint:
        parts.append(_note(hint, "dim"))
    return Group(*parts)


def _note(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _phase(view: RunView) -> Text:
    if view.finished:
        return Text("done", style="bold")
    if view.stopped:
        return Text(view.stopped.status, style="bold")
    return Text.assemble((view.phase, "bold"), f" · {PHASES[view.phase]}")


def _rollouts(view: RunView) -> "Table | str":
    spent = wording.count(view.rollouts)
    limit = view.plan.max_rollouts if view.plan else None
    if limit is None:
        return f"{spent} spent · no limit"
    row = Table.grid(padding=(0, 2, 0, 0))
    text = f"{spent} spent · {wording.count(max(0, limit - view.rollouts))} left"
    row.add_row(text, ProgressBar(total=limit or 1, completed=min(view.rollouts, limit), width=BAR_WIDTH))
    return row


def _of(spent: str, limit: str) -> str:
    return f"{spent} of at most {limit}" if limit else spent


def _time(view: RunView, since: float) -> str:
    elapsed = wording.duration(view.seconds + since)
    if view.finished or view.stopped:
        return f"{elapsed} elapsed"
    left = view.seconds_left
    return f"{elapsed} elapsed · " + (
        "end not known yet" if left is None else f"about {wording.duration(max(0.0, left - since))} left"
    )


def _validation(view: RunView) -> Text:
    if view.best_score is None:
        return Text("not scored yet")
    text = Text(f"best {wording.score(view.best_score)}", style="bold")
    text.append(f" · seed {wording.score(view.seed_score)}  ", style="not bold")
    limit = view.plan.max_rollouts if view.plan and view.plan.max_rollouts else view.rollouts
    share = min(1.0, view.rollouts / limit) if limit else 1.0
    width = max(1, round(SPARKLINE_WIDTH * share))
    text.append(sparkline(view.history, end=max(view.rollouts, 1), width=width), style="cyan not bold")
    return text


def _candidates(view: RunView) -> str:
    told = f"{view.pool} in the pool · {wording.plural(view.rejected, 'proposal')} rejected"
    return told + (f" · {wording.count(view.skipped)} rounds without one" if view.skipped else "")


def _verdict(verdict: Verdict) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    parents = " and ".join("seed" if number == 0 else str(number) for number in verdict.parents) or "nothing"
    if not verdict.accepted:
        text.append(f"  - from {parents}", style="red")
        return text.append(f": {wording.shorten(verdict.reason, 200)}")
    text.append(f"  + {verdict.number} from {parents}", style="green")
    text.append(": validation ")
    text.append(wording.score(verdict.validation_score), style="bold")
    if verdict.before is None or verdict.after is None:
        return text.append(f", {wording.shorten(verdict.reason, 200)}")
    return text.append(f", minibatch {verdict.before:g} → {verdict.after:g}")
