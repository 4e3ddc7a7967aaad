"""Turns what a terminal showed (text with ANSI colours, on stdin) into the picture in the README.

tmux new-session -d -s demo -x 100 -y 70 'toishi demo; sleep 600'    # and when it is done:
tmux capture-pane -e -p -t demo | .venv/bin/python .dev/picture.py docs/images/run.svg "make demo"
"""

import io
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 100


def draw(screen: str, title: str) -> str:
    """The screen as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(screen.rstrip()))
    return console.export_svg(title=title)


if __name__ == "__main__":
    target, title = sys.argv[1:]
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(draw(sys.stdin.read(), title))
