"""Looks through rows and tells which of their fields look personal, with counts and masked samples.

All of it happens here: nothing is sent anywhere, and no sample can be read back. What is not found may still be
personal: the scan knows forms, and reads no meaning.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from toishi.tools.workbench.personal import numbers, words
from toishi.tools.workbench.personal.headers import kinds_named, may_be_people
from toishi.tools.workbench.personal.kinds import KINDS, Kind, Match
from toishi.tools.workbench.personal.masking import masked

SAMPLES = 2

# Belongs to no pattern.
BLANK = "\x00"

# Of the filled cells of a column so many have to be full names before it is a column of people.
PEOPLE_SHARE = 0.3
# Fewer where the header leads one to expect people.
EXPECTED_PEOPLE_SHARE = 0.1

_Find = Callable[[str, numbers.Hints], Iterator[Match]]

# Each is blind to what those before it found: an IBAN is no phone number. The first group needs a digit.
_WITH_DIGITS: tuple[_Find, ...] = (
    numbers.ibans,
    numbers.cards,
    numbers.national_ids,
    numbers.ip_addresses,
    words.births,
    numbers.phones,
    words.streets,
)


@dataclass(frozen=True)
class Finding:
    """One kind of personal data in one field. `share` of all rows; `samples` are masked."""

    field: str
    kind: Kind
    rows: int
    share: float
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Findings:
    """What was found in so many rows: the most frequent first."""

    rows: int
    found: tuple[Finding, ...]

    def __bool__(self) -> bool:
        return bool(self.found)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that look personal, each once."""
        return tuple(dict.fromkeys(finding.field for finding in self.found))


@dataclass
class _Count:
    rows: int = 0
    samples: dict[str, None] = field(default_factory=dict)

    def add(self, values: Iterable[str]) -> None:
        self.rows += 1
        for value in values:
            if len(self.samples) < SAMPLES:
                self.samples.setdefault(masked(value))


@dataclass
class _Cells:
    """A column's cells as candidates for people's names."""

    filled: int = 0
    names: _Count = field(default_factory=_Count)


def scan(rows: Iterable[Mapping[str, str]]) -> Findings:
    """Looks at every value of every row, in one pass and in memory that does not grow with the rows."""
    total = 0
    counts: dict[tuple[str, Kind], _Count] = {}
    cells: dict[str, _Cells] = {}
    for row in rows:
        total += 1
        for column, value in row.items():
            for kind, values in personal_in(value, kinds_named(column)).items():
                counts.setdefault((column, kind), _Count()).add(values)
            _count_cell(cells.setdefault(column, _Cells()), value)
    for column, cell in cells.items():
        if cell.names.rows and _is_of_people(column, cell):
            counts.setdefault((column, "name"), cell.names)
    found = [
        Finding(column, kind, count.rows, count.rows / total, tuple(count.samples))
        for (column, kind), count in counts.items()
    ]
    return Findings(total, tuple(sorted(found, key=lambda one: (-one.rows, KINDS.index(one.kind), one.field))))


def personal_in(text: str, hints: numbers.Hints = frozenset()) -> dict[Kind, list[str]]:
    """The values in a text that look personal, by kind; `hints` are the kinds that its column's name tells of."""
    if not text:
        return {}
    text = text.replace(BLANK, " ")
    if not text.isascii():
        # Japanese forms often hold digits and signs of full width.
        text = unicodedata.normalize("NFKC", text)
    found: dict[Kind, list[str]] = {}
    finders = [*([numbers.mails] if "@" in text else []), *(_WITH_DIGITS if _DIGIT.search(text) else []), words.names]
    for find in finders:
        matches = list(find(text, hints))
        if not matches:
            continue
        signs = list(text)
        for match in matches:
            if BLANK not in signs[match.start : match.end]:
                found.setdefault(match.kind, []).append(text[match.start : match.end])
                # Out of sight for the others, and as long as before, so that the places of the rest stay.
                signs[match.start : match.end] = BLANK * (match.end - match.start)
        text = "".join(signs)
    return found


_DIGIT = re.compile(r"\d")


def _count_cell(cell: _Cells, value: str) -> None:
    if value.strip():
        cell.filled += 1
        if words.is_a_full_name(value):
            cell.names.add([value])


def _is_of_people(column: str, cell: _Cells) -> bool:
    least = EXPECTED_PEOPLE_SHARE if may_be_people(column) else PEOPLE_SHARE
    return cell.names.rows / cell.filled >= least
