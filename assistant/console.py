"""Where a command's output goes: the answer on stdout, everything else on stderr, with rich loaded when it is used."""

import json
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PIPE_WIDTH = 120
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def visible(text: str) -> str:
    """The text without control characters but line ends and tabs: rows, names and replies may hold codes that a
    terminal obeys."""
    return CONTROL.sub("", text)


def stdout() -> "Console":
    """The console for the answer; in a pipe it is wide enough that no table loses a column."""
    return _console(stderr=False)


def stderr() -> "Console":
    """The console for what is told on the way."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> "Console":
    from toishi.assistant.safe_screen import SafeConsole

    console = SafeConsole(stderr=stderr, highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = SafeConsole(stderr=stderr, highlight=False, width=PIPE_WIDTH)
    return console


def print_json(document: Any) -> None:
    """Writes the one document that `--json` promises."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def say(text: str = "") -> None:
    """One line of plain text on stdout, never wrapped: what a person may want to copy."""
    sys.stdout.write(visible(text) + "\n")


def log(text: str) -> None:
    """One line on stderr."""
    sys.stderr.write(visible(text) + "\n")
    sys.stderr.flush()


def table(columns: Sequence[str], rows: Sequence[Sequence["RenderableType"]], *, right: Sequence[str] = ()) -> None:
    """A table without frames on stdout; the columns named in `right` are aligned to the right."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, column in enumerate(columns):
        last = number == len(columns) - 1
        grid.add_column(column, justify="right" if column in right else "left", no_wrap=not last, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell.replace("\n", " ")) if isinstance(cell, str) else cell for cell in row))
    stdout().print(grid)
