"""The first time through a task's rows: of each is kept what places it, and that is little."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from toishi.tools.workbench.data.dividing import Divided, Row, divide, together
from toishi.tools.workbench.data.duplicates import NearDuplicates
from toishi.tools.workbench.data.reading import LABEL_HINT, Found, Left, Reader
from toishi.tools.workbench.data.splits import SPLITS, Split, example_hash
from toishi.tools.workbench.errors import DataError, LabelsNeeded
from toishi.tools.workbench.example import Example

FEW = 2**23
"""Characters of all examples together up to which they are kept in memory."""

JUDGING = ("validation", "test")
LISTED = 5
TOLD_EVERY = 1000
LONGEST_LABEL = 64

Progress = Callable[[int], None]
"""Is told how many rows were read so far."""


class FirstPass:
    """Rows by index, bad ones left out: what places them, where they stand, and what their examples hash to."""

    def __init__(self, reader: Reader, *, strict: bool) -> None:
        self._reader = reader
        self._strict = strict
        self.rows: list[Row] = []
        self.hashes: list[bytes] = []
        self.kept: list[Example] | None = []
        self.drafted: set[int] = set()
        self.bad: list[str] = []
        self.bad_rows = 0
        # How many rows have each problem that is named, in the order of `bad`.
        self._alike: dict[str, int] = {}
        self.unlabelled = 0
        self._places: list[tuple[int, int]] = []
        self._near = NearDuplicates()
        self._characters = 0
        self._own_ids: list[str] = []
        self._contents: list[bytes] = []

    def run(self, progress: Progress | None) -> None:
        """Goes through all rows; `DataError` for a bad one where that is strict, and where more are bad than good."""
        read = 0
        for read, found in enumerate(self._reader.rows(), start=1):
            if progress is not None and read % TOLD_EVERY == 0:
                progress(read)
            if isinstance(found, Left):
                self._leave(found)
            else:
                self._take(found)
        if progress is not None:
            progress(read)
        if self.bad_rows > len(self.rows):
            share = f" ({self.bad_rows} of {self.bad_rows + len(self.rows)} rows cannot be used)"
            way_out = f"; or {LABEL_HINT}" if 2 * self.unlabelled > self.bad_rows else ""
            lacks = LabelsNeeded if way_out else DataError
            raise lacks(self.bad[0] + (share if self.bad_rows > 1 else "") + way_out)
        if not self.rows:
            raise LabelsNeeded(f"none of the {self.unlabelled} rows has a label; {LABEL_HINT}")

    def place(self, index: int) -> str:
        """Where a row stands, for people."""
        return self._reader.place(*self._places[index])

    def ids(self) -> list[str]:
        """The rows' own where these tell them apart; else 16 hexadecimal digits of the content, counted up behind a
        hyphen where rows repeat one another to the letter."""
        own = self._own_ids
        if all(own) and len(set(own)) == len(own):
            return own
        times: dict[bytes, int] = {}
        ids = []
        for content in self._contents:
            times[content] = times.get(content, 0) + 1
            ids.append(content.hex() if times[content] == 1 else f"{content.hex()}-{times[content]}")
        return ids

    def divide(self, *, seed: int, shares: Sequence[float], most: Sequence[int] | None) -> Divided:
        """Which row is for what. Rows with a drafted label have no say in it: they join the feedback, unless their
        likes judge.

        Raises what `dividing.divide` raises.
        """
        near = list(self._near.pairs())
        if not self.drafted:
            return divide(self.rows, seed=seed, shares=shares, place=self.place, near=near, most=most)
        settled = [index for index in range(len(self.rows)) if index not in self.drafted]
        at = {index: position for position, index in enumerate(settled)}
        if len(settled) < len(SPLITS):
            raise LabelsNeeded(
                f"{len(settled)} of {len(self.rows)} labels are confirmed, too few to judge by; read the drafts and "
                "confirm some with: toishi label TASK.toml --confirm"
            )
        found = divide(
            [self.rows[index] for index in settled],
            seed=seed,
            shares=shares,
            place=lambda position: self.place(settled[position]),
            near=[(at[one], at[other]) for one, other in near if one in at and other in at],
            most=most,
        )
        parts: list[Split | None] = ["feedback"] * len(self.rows)
        for index, part in zip(settled, found.parts, strict=True):
            parts[index] = part
        likes = together(self.rows, near)
        judging = {likes[index] for index in settled if parts[index] in JUDGING}
        for index in self.drafted:
            if likes[index] in judging or self.rows[index].said in JUDGING:
                parts[index] = None
        return replace(found, parts=tuple(parts))

    def problems(self, divided: Divided) -> tuple[str, ...]:
        """Sentences about files that were guessed at, rows that were left out, and rows that are alike."""
        notes = [note for part in self._reader.parts for note in part.source.notes]
        if self.bad_rows:
            what = "1 row was" if self.bad_rows == 1 else f"{self.bad_rows} rows were"
            left = self.bad_rows - sum(self._alike.values())
            more = f"; and {left} more" if left else ""
            notes.append(f"{what} left out: {'; '.join(map(_with_alike, self.bad, self._alike.values()))}{more}")
        if self.unlabelled and self._reader.has_labels:
            what = (
                "1 row has no label and was"
                if self.unlabelled == 1
                else f"{self.unlabelled} rows have no label and were"
            )
            notes.append(f"{what} left out; {LABEL_HINT}")
        if self.drafted:
            away = sum(divided.parts[index] is None for index in self.drafted)
            what = "1 row has" if len(self.drafted) == 1 else f"{len(self.drafted)} rows have"
            they = "it serves" if len(self.drafted) == 1 else "they serve"
            notes.append(
                f"{what} a drafted label that nobody confirmed: {they} as feedback only"
                + (f", and {away} of them not even so, being like rows that judge" if away else "")
            )
        return (*notes, *divided.notes)

    def _leave(self, left: Left) -> None:
        self.unlabelled += left.unlabelled
        if left.unlabelled and self._reader.has_labels:
            return
        sentence = f"{left.place or self._reader.place(left.part, left.number)} {left.problem}"
        if self._strict:
            raise DataError(sentence)
        self.bad_rows += 1
        if left.problem in self._alike:
            self._alike[left.problem] += 1
        elif len(self.bad) < LISTED:
            self.bad.append(sentence)
            self._alike[left.problem] = 1

    def _take(self, found: Found) -> None:
        index = len(self.rows)
        texts = list(found.inputs.values())
        key = hashlib.blake2b("\0".join(map(repr, texts)).encode(), digest_size=16).digest()
        self.rows.append(Row(key, _short(found.expected), sys.intern(found.said), sys.intern(found.group)))
        self._places.append((found.part, found.number))
        self._near.add(index, "\n".join(texts))
        self._own_ids.append(found.id)
        self._contents.append(found.content)
        if found.drafted:
            self.drafted.add(index)
        example = Example("", found.inputs, found.expected, found.fields)
        self.hashes.append(example_hash(example))
        if self.kept is not None:
            self._characters += sum(map(len, (*texts, found.expected, *found.fields.values())))
            self.kept.append(example)
            if self._characters > FEW:
                self.kept = None


def _with_alike(sentence: str, rows: int) -> str:
    """The sentence about the first of some rows with the same problem, and how many more there are."""
    return sentence if rows == 1 else f"{sentence} (so {'has' if rows == 2 else 'have'} {rows - 1} more)"


def _short(label: str) -> str:
    """A label as it is; of a long answer, a stand-in that takes little room."""
    if len(label) <= LONGEST_LABEL:
        return sys.intern(label)
    return f"{label[:40]}… ({hashlib.blake2b(label.encode(), digest_size=6).hexdigest()})"
