"""A front as a scatter of two objectives: in characters for a terminal, or as SVG.

It knows dots, axes and how their figures read. In a terminal nothing but ASCII is drawn, since other marks are one cell
wide in some fonts and two in others; names may be in any script.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from toishi.assistant.console import visible
from toishi.assistant.wording import shorten

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

Kind = Literal["other", "front", "chosen", "suggested"]

MARKS: dict[Kind, str] = {"other": ".", "front": "o", "chosen": "@", "suggested": "*"}
MEANINGS: dict[Kind, str] = {
    "suggested": "suggested",
    "chosen": "chosen by the run",
    "front": "on the front",
    "other": "not on it",
}
STEPS = (1.0, 2.0, 5.0, 10.0)
LONGEST_TITLE, LONGEST_NAME = 70, 28
"""Characters, each of which may be two cells wide."""

PADDING = 0.06
"""Share of an axis that is left free at either end."""

WIDTH, HEIGHT = 720, 480
LEFT, RIGHT, TOP, BOTTOM = 90, 30, 60, 90
LETTER = 8.0
"""Width of a digit."""

FONT = "font: 13px system-ui, sans-serif"
COLOURS: dict[Kind, str] = {"other": "#9a9a9a", "front": "#1f5fa8", "chosen": "#1f5fa8", "suggested": "#c2410c"}


@dataclass(frozen=True)
class Dot:
    """A candidate by its number; where several kinds are true of it, the last one in `MARKS`."""

    number: int
    x: float
    y: float
    kind: Kind


@dataclass(frozen=True)
class Axis:
    """`name` with `better` ("higher" or "lower"), and how its figures read."""

    name: str
    better: str
    figure: Callable[[float], str]

    @property
    def title(self) -> str:
        """What stands at the axis."""
        return f"{shorten(self.name, LONGEST_NAME)} ({self.better} is better)"


@dataclass(frozen=True)
class Scale:
    """From values to places: 0 at `low`, 1 at `high`."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Where a value lies."""
        return (value - self.low) / (self.high - self.low)


def draw(dots: Sequence[Dot], x: Axis, y: Axis, *, width: int = 80, height: int = 16) -> str:
    """The scatter in lines of at most `width` cells, `height` of them for the dots; at least one dot."""
    from rich.cells import cell_len

    across, up = _scale([dot.x for dot in dots]), _scale([dot.y for dot in dots])
    labels = {round((height - 1) * (1 - up.place(value))): y.figure(value) for value in ticks(up, 5)}
    margin = max(map(cell_len, labels.values()))
    columns = width - margin - 3
    grid = _grid(dots, across, up, columns, height)
    lines = [y.title]
    for row, cells in enumerate(grid):
        label = labels.get(row, "")
        edge = "+" if label else "|"
        lines.append(f"{' ' * (margin - cell_len(label))}{label} {edge}{''.join(cells)}".rstrip())
    lines += _x_axis(across, x, margin + 2, columns)
    lines.append(" " * max(0, width - cell_len(x.title)) + x.title)
    kinds = [kind for kind in MEANINGS if any(dot.kind == kind for dot in dots)]
    lines.append("   ".join(f"{MARKS[kind]} {MEANINGS[kind]}" for kind in kinds))
    return "\n".join(lines)


def ticks(scale: Scale, many: int) -> list[float]:
    """At most about `many` round values in a scale, at least one."""
    rough = (scale.high - scale.low) / many
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * step for step in STEPS if unit * step >= rough * (1 - 1e-9))
    first, last = math.ceil(scale.low / step), math.floor(scale.high / step)
    return [float(f"{step * number:.12g}") for number in range(first, last + 1)] or [(scale.low + scale.high) / 2]


def _in_order(dots: Sequence[Dot]) -> list[Dot]:
    """Those that matter most last, so that they stand on top."""
    return sorted(dots, key=lambda dot: (list(MARKS).index(dot.kind), -dot.number))


def _scale(values: Sequence[float]) -> Scale:
    low, high = min(values), max(values)
    room = (high - low) * PADDING or abs(low) * PADDING or 1.0
    return Scale(low - room, high + room)


def _grid(dots: Sequence[Dot], across: Scale, up: Scale, columns: int, height: int) -> list[list[str]]:
    """Rows of cells from the top; a mark wins over a number, and a kind over those before it in `MARKS`."""
    grid = [[" "] * columns for _ in range(height)]
    placed = []
    for dot in _in_order(dots):
        row, column = round((height - 1) * (1 - up.place(dot.y))), round((columns - 1) * across.place(dot.x))
        grid[row][column] = MARKS[dot.kind]
        placed.append((dot, row, column))
    for dot, row, column in reversed(placed):
        if dot.kind != "other":
            _label(grid, str(dot.number), row, column)
    return grid


def _label(grid: list[list[str]], text: str, row: int, column: int) -> None:
    """The number beside its mark, where there is room; a dot without one is told by the table."""
    for line, start in ((row, column + 1), (row, column - len(text)), (row - 1, column), (row + 1, column)):
        if not 0 <= line < len(grid) or start < 0 or start + len(text) > len(grid[line]):
            continue
        around = grid[line][max(0, start - 1) : start + len(text) + 1]
        inside = grid[line][start : start + len(text)]
        # No digit may touch another one, or two numbers read as one.
        if all(cell == " " for cell in inside) and not any(cell.isdigit() for cell in around):
            grid[line][start : start + len(text)] = list(text)
            return


def _x_axis(scale: Scale, axis: Axis, margin: int, columns: int) -> list[str]:
    line, labels = ["-"] * columns, [" "] * (columns + margin)
    free = 0
    for value in ticks(scale, 5):
        column = round((columns - 1) * scale.place(value))
        label = axis.figure(value)
        start = min(max(free, margin + column - len(label) // 2), len(labels) - len(label))
        line[column] = "+"
        if start >= free:
            labels[start : start + len(label)] = list(label)
            free = start + len(label) + 1
    return [f"{' ' * (margin - 1)}+{''.join(line)}", "".join(labels).rstrip()]


def svg(dots: Sequence[Dot], x: Axis, y: Axis, title: str) -> str:
    """The same as an SVG file's text. Kinds differ in shape and words, so that it needs no colour to be read."""
    across, up = _scale([dot.x for dot in dots]), _scale([dot.y for dot in dots])
    title = shorten(title, LONGEST_TITLE)

    def left(value: float) -> float:
        return LEFT + across.place(value) * (WIDTH - LEFT - RIGHT)

    def top(value: float) -> float:
        return HEIGHT - BOTTOM - up.place(value) * (HEIGHT - TOP - BOTTOM)

    picture = ElementTree.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", width=str(WIDTH), height=str(HEIGHT)
    )
    ElementTree.SubElement(picture, "title").text = visible(title)
    _add(picture, "rect", width=WIDTH, height=HEIGHT, fill="#ffffff")
    _write(picture, title, LEFT, 26, style="font: bold 15px system-ui, sans-serif")
    _write(picture, y.title, LEFT, TOP - 12, fill="#444444")
    for value in ticks(across, 6):
        _add(picture, "line", x1=left(value), x2=left(value), y1=TOP, y2=HEIGHT - BOTTOM, stroke="#e4e4e4")
        _write(picture, x.figure(value), left(value), HEIGHT - BOTTOM + 20, anchor="middle", fill="#444444")
    for value in ticks(up, 6):
        _add(picture, "line", x1=LEFT, x2=WIDTH - RIGHT, y1=top(value), y2=top(value), stroke="#e4e4e4")
        _write(picture, y.figure(value), LEFT - 8, top(value) + 4, anchor="end", fill="#444444")
    _add(picture, "path", d=f"M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}", fill="none", stroke="#444444")
    _write(picture, x.title, WIDTH - RIGHT, HEIGHT - BOTTOM + 42, anchor="end", fill="#444444")
    taken: list[Box] = []
    for dot in _in_order(dots):
        _mark(picture, dot.kind, left(dot.x), top(dot.y))
        taken.append(_box(left(dot.x) - 6, top(dot.y) + 6, 12))
    for dot in reversed(_in_order(dots)):
        if dot.kind != "other":
            x_at, y_at = _free_corner(left(dot.x), top(dot.y), LETTER * len(str(dot.number)), taken)
            _write(picture, str(dot.number), x_at, y_at, fill=COLOURS[dot.kind])
    at = float(LEFT)
    for kind in (kind for kind in MEANINGS if any(dot.kind == kind for dot in dots)):
        _mark(picture, kind, at + 6, HEIGHT - 22)
        _write(picture, MEANINGS[kind], at + 18, HEIGHT - 18)
        at += 40 + 7.5 * len(MEANINGS[kind])
    ElementTree.indent(picture)
    return ElementTree.tostring(picture, encoding="unicode", xml_declaration=True) + "\n"


def _box(left: float, bottom: float, width: float) -> Box:
    return left, bottom - 12, left + width, bottom


def _free_corner(x: float, y: float, width: float, taken: list[Box]) -> tuple[float, float]:
    """Where a number of this width stands beside its dot without lying on another, if it can; it is taken then."""
    corners = [(x + 8, y - 6), (x + 8, y + 16), (x - 8 - width, y - 6), (x - 8 - width, y + 16)]
    boxes = [_box(*corner, width) for corner in corners]
    free = [
        place
        for place, box in enumerate(boxes)
        if box[0] >= LEFT
        and box[2] <= WIDTH
        and not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
        )
    ]
    best = free[0] if free else 0
    taken.append(boxes[best])
    return corners[best]


def _mark(picture: ElementTree.Element, kind: Kind, x: float, y: float) -> None:
    match kind:
        case "other":
            _add(picture, "circle", cx=x, cy=y, r=3, fill="none", stroke=COLOURS[kind])
        case "front":
            _add(picture, "circle", cx=x, cy=y, r=5, fill=COLOURS[kind])
        case "chosen":
            _add(picture, "rect", x=x - 6, y=y - 6, width=12, height=12, fill=COLOURS[kind])
        case "suggested":
            _add(picture, "path", d=f"M{x:.1f} {y - 8:.1f}l8 8l-8 8l-8 -8z", fill=COLOURS[kind])


def _add(picture: ElementTree.Element, name: str, **attributes: str | float) -> ElementTree.Element:
    shown = {
        key: value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0") for key, value in attributes.items()
    }
    return ElementTree.SubElement(picture, name, shown)


def _write(
    picture: ElementTree.Element,
    text: str,
    x: float,
    y: float,
    *,
    anchor: str = "start",
    style: str = FONT,
    fill: str = "#111111",
) -> None:
    written = _add(picture, "text", x=x, y=y, style=style, fill=fill)
    written.set("text-anchor", anchor)
    written.text = visible(text)
