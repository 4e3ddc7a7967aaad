"""The difference of two texts, word by word, in the lines where it lies.

Lines are aligned first; inside lines that changed, words are. `[-removed-]` and `{+added+}` mark words, `-` and `+` in
the margin mark whole lines, `~` a line with changed words: no meaning hangs on colour alone.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.text import Text

Kind = Literal["same", "removed", "added"]
Mark = Literal[" ", "-", "+", "~", "…"]

SIMILAR = 0.5
STYLES: dict[Kind, str] = {"same": "", "removed": "red strike", "added": "green bold"}
MARGINS: dict[Mark, str] = {" ": "dim", "-": "red", "+": "green", "~": "yellow", "…": "dim"}


@dataclass(frozen=True)
class Piece:
    """A stretch of text and what became of it."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Line:
    """One line of a diff: its mark in the margin, and its pieces."""

    mark: Mark
    pieces: tuple[Piece, ...]

    @property
    def plain(self) -> str:
        """The line as text, with words marked in brackets where the line as a whole is kept."""
        return "".join(text for text, _ in self.styled())

    def styled(self) -> list[tuple[str, str]]:
        """The texts that the line consists of, each with its style; a blank line is its mark alone."""
        margin, whole_line = MARGINS[self.mark], self.mark != "~"
        if not any(piece.text for piece in self.pieces):
            return [(self.mark.strip(), margin)]
        kept = margin if whole_line else ""
        pieces = [(_bracketed(piece, whole_line=whole_line), STYLES[piece.kind] or kept) for piece in self.pieces]
        return [(f"{self.mark} ", margin), *pieces]


def _bracketed(piece: Piece, *, whole_line: bool) -> str:
    if piece.kind == "same" or whole_line:
        return piece.text
    return f"[-{piece.text}-]" if piece.kind == "removed" else f"{{+{piece.text}+}}"


def word_diff(before: str, after: str, *, context: int = 2) -> list[Line]:
    """The changed lines with `context` unchanged ones around them; longer unchanged stretches become one `…` line."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[Line] = []
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for place, (tag, start, end, new_start, new_end) in enumerate(blocks):
        if tag == "equal":
            lines += _kept(old[start:end], context, first=place == 0, last=place == len(blocks) - 1)
        else:
            lines += _changed(old[start:end], new[new_start:new_end])
    return lines


def _kept(texts: Sequence[str], context: int, *, first: bool, last: bool) -> list[Line]:
    """Unchanged lines, the middle left out where it is longer than what it takes to say so."""
    head, tail = (0 if first else context), (0 if last else context)
    if len(texts) <= head + tail + 1:
        return [Line(" ", (Piece("same", text),)) for text in texts]
    left_out = len(texts) - head - tail
    shown = [Line(" ", (Piece("same", text),)) for text in texts]
    note = Line("…", (Piece("same", f"{left_out} unchanged lines"),))
    return [*shown[:head], note, *shown[len(shown) - tail :]]


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    """Lines that were replaced: pairs that read alike become one line with marked words, the others stand alone."""
    pairs = _pair(old, new)
    taken = 0
    for index, text in enumerate(old):
        partner = pairs.get(index)
        if partner is None:
            yield Line("-", (Piece("removed", text),))
            continue
        for added in new[taken:partner]:
            yield Line("+", (Piece("added", added),))
        yield Line("~", tuple(words(text, new[partner])))
        taken = partner + 1
    for added in new[taken:]:
        yield Line("+", (Piece("added", added),))


def _pair(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Old line to the first new line, in order, that shares enough words with it."""
    pairs: dict[int, int] = {}
    start = 0
    for index, text in enumerate(old):
        for place in range(start, len(new)):
            if _likeness(text, new[place]) >= SIMILAR:
                pairs[index] = place
                start = place + 1
                break
    return pairs


def _likeness(before: str, after: str) -> float:
    """The share of words that two lines have in common, in order, from 0 to 1."""
    old, new = (re.findall(r"\w+", text) for text in (before, after))
    return difflib.SequenceMatcher(None, old, new, autojunk=False).ratio()


def words(before: str, after: str) -> list[Piece]:
    """The two lines as one sequence of pieces: those kept and removed make `before`, those kept and added `after`."""
    old, new = _tokens(before), _tokens(after)
    pieces: list[Piece] = []
    for tag, start, end, new_start, new_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[start:end])))
            continue
        if start < end:
            pieces.append(Piece("removed", "".join(old[start:end])))
        if new_start < new_end:
            pieces.append(Piece("added", "".join(new[new_start:new_end])))
    return pieces


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def render(line: Line) -> "Text":
    """The line for rich: the same text as `plain`, coloured."""
    from rich.text import Text

    return Text.assemble(*line.styled())
