"""Whether a text copies rows of the data: long runs of words that stand in a row's inputs and stood in no text before.

A copied row helps on that row, and there alone. Words of languages that write none between blanks are told apart by
their letters: as many of them as make up the words.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from toishi.tools.workbench.example import Example

WORDS = 8
"""Words in a row that are no accident."""

LETTERS = 3
"""Letters that count as a word where words are not told apart."""

WORDING = 3
"""What stands in so many rows is how the task words things, and nobody's row."""

LONGEST_SHOWN = 80

# Chinese, Japanese, Thai, Lao, Burmese and Khmer are written without blanks between words.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+(?:['’][^\W{UNSPACED}]+)*")
LETTER = re.compile(rf"[{UNSPACED}]")


@dataclass(frozen=True)
class Copy:
    """A passage of a text that stands in the inputs of the row `example`."""

    example: str
    passage: str

    def __str__(self) -> str:
        short = self.passage if len(self.passage) <= LONGEST_SHOWN else f"{self.passage[: LONGEST_SHOWN - 1]}…"
        return f"copies row {self.example}: '{short}'"


@dataclass(frozen=True)
class _Run:
    """Tokens of a text that together are long enough: `key` is their content, the rest where they stand."""

    key: int
    start: int
    end: int


class Rows:
    """The inputs of rows, read once for all texts that are held against them; `words` in a row count as copied."""

    def __init__(self, examples: Iterable[Example], words: int = WORDS) -> None:
        self._words = words
        self._owner: dict[int, str] = {}
        seen: Counter[int] = Counter()
        for example in examples:
            keys = {run.key for value in example.inputs.values() for run in _runs(value, words)}
            seen.update(keys)
            for key in keys:
                self._owner.setdefault(key, example.id)
        for key, count in seen.items():
            if count >= WORDING:
                del self._owner[key]

    def copied(self, text: str, before: Sequence[str] = ()) -> Copy | None:
        """The first and longest passage that comes from a row, but for what stood in the texts `before`."""
        known = {run.key for one in before for run in _runs(one, self._words)}
        found: tuple[str, int, int] | None = None
        for run in _runs(text, self._words):
            owner = None if run.key in known else self._owner.get(run.key)
            if found is not None and owner != found[0]:
                break
            if owner is not None:
                found = (owner, found[1] if found else run.start, run.end)
        return None if found is None else Copy(found[0], " ".join(text[found[1] : found[2]].split()))


def copied(text: str, before: str, examples: Iterable[Example], words: int = WORDS) -> Copy | None:
    """What a text copies from the inputs of rows; see `Rows`, which many texts are better held against."""
    return Rows(examples, words).copied(text, (before,))


def _runs(text: str, words: int) -> Iterator[_Run]:
    """From each token the shortest run of tokens that is as long as so many words; letter case has no say."""
    tokens = [(match[0].casefold(), match.start(), match.end()) for match in TOKEN.finditer(text)]
    weights = [1 if LETTER.match(token) else LETTERS for token, _, _ in tokens]
    end, weight = 0, 0
    for start in range(len(tokens)):
        while weight < words * LETTERS and end < len(tokens):
            weight += weights[end]
            end += 1
        if weight < words * LETTERS:
            return
        yield _Run(hash(tuple(token for token, _, _ in tokens[start:end])), tokens[start][1], tokens[end - 1][2])
        weight -= weights[start]
