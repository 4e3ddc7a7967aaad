"""From a run's front to a chart of two of its objectives, and the file that it is drawn to."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from toishi.assistant.past.front import PastFront, Standing, figure
from toishi.assistant.past.front_plot import Axis, Dot, Kind, draw, svg
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.objectives import SCORE, Objective
from toishi.tools.workbench.suggestion import did_you_mean


@dataclass(frozen=True)
class Chart:
    """What is drawn: a dot for each candidate whose values on both axes are known."""

    title: str
    dots: tuple[Dot, ...]
    x: Axis
    y: Axis

    def text(self, width: int) -> str:
        """For a terminal of so many cells."""
        return draw(self.dots, self.x, self.y, width=width)


def chart_of(found: PastFront, across: str | None, upwards: str | None) -> Chart | None:
    """The chart of two objectives, by the names that a person gave or a part of them; None where there is only one.

    Raises `UsageError` for a name that is none, or the same on both axes.
    """
    if len(found.objectives) == 1:
        if across or upwards:
            raise UsageError(f"Run {found.run.id} has only the score, so there are no axes to choose")
        return None
    y = _named(found, "--y", upwards or SCORE.name)
    x = _named(found, "--x", across or next(one.name for one in found.objectives if one is not y))
    if x is y:
        raise UsageError(f"--x and --y both name '{x.name}'; name another one of {_listed(found)}")
    dots = [
        Dot(one.number, right, up, _kind(found, one))
        for one in found.standings
        if one.candidate.validated
        and (right := one.values.get(x.name)) is not None
        and (up := one.values.get(y.name)) is not None
    ]
    title = f"{found.run.name}: run {found.run.id}"
    return Chart(title, tuple(dots), _axis(x), _axis(y)) if dots else None


def write_svg(found: PastFront, chart: Chart | None, file: Path) -> None:
    """Draws the chart into the file; `UsageError` where there is none, or it cannot be written."""
    if file.suffix.lower() != ".svg":
        raise UsageError(f"--plot {file} should end in .svg")
    if chart is None:
        raise UsageError(f"--plot {file}: there are no two objectives of run {found.run.id} to hold against each other")
    try:
        file.write_text(svg(chart.dots, chart.x, chart.y, chart.title), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--plot {file} cannot be written: {error.strerror}; name a file in a folder that exists"
        ) from None


def _named(found: PastFront, option: str, name: str) -> Objective:
    exact = [one for one in found.objectives if one.name == name]
    near = exact or [one for one in found.objectives if name in one.name]
    if len(near) == 1:
        return near[0]
    way_out = did_you_mean(name, [one.name for one in near or found.objectives])
    raise UsageError(
        f"{option} {name} is {'more than one' if near else 'no'} objective of run {found.run.id}; {way_out}"
    )


def _listed(found: PastFront) -> str:
    return ", ".join(f"'{one.name}'" for one in found.objectives)


def _axis(objective: Objective) -> Axis:
    return Axis(objective.name, objective.direction, partial(figure, objective))


def _kind(found: PastFront, one: Standing) -> Kind:
    if one.number == found.suggested:
        return "suggested"
    return "chosen" if one.number == found.chosen else "front" if one.on_front else "other"
