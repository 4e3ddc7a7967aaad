"""The three parts of a task's examples, and what stands for them.

- **feedback**: its content may be shown to the model that rewrites;
- **validation**: only its scores are used, to choose among candidates;
- **test**: looked at once, when the run is over.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Literal, overload

from toishi.tools.workbench.example import Example

Split = Literal["feedback", "validation", "test"]
SPLITS: tuple[Split, ...] = ("feedback", "validation", "test")
NAMES = (*SPLITS, "train")


@dataclass(frozen=True)
class Splits:
    """The examples of a task, each part in the order of the files.

    The parts may be read as they are wanted, so going through one in order is what they are made for. `problems` are
    sentences about rows that were left out, and about what a person should know of the others.
    """

    feedback: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]
    problems: tuple[str, ...] = ()
    known_hash: str = field(default="", repr=False, compare=False)

    @property
    def all(self) -> Sequence[Example]:
        """All three parts, one after another."""
        return Joined((self.feedback, self.validation, self.test))

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of every example and of the part that it belongs to."""
        return self.known_hash or content_hash(
            (split, example.id, example_hash(example)) for split in SPLITS for example in getattr(self, split)
        )


def example_hash(example: Example) -> bytes:
    """SHA-256 of all that an example holds beside its id."""
    content = [dict(example.inputs), example.expected, dict(example.fields)]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).digest()


def content_hash(placed: Iterable[tuple[Split, str, bytes]]) -> str:
    """The hash of examples from their ids and own hashes, given part by part in the order of `SPLITS`."""
    digest = hashlib.sha256()
    for split, name, own in placed:
        digest.update(json.dumps([split, name]).encode() + own)
    return digest.hexdigest()


class Joined(Sequence[Example]):
    """Sequences one after another, without a copy."""

    def __init__(self, parts: Sequence[Sequence[Example]]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[Example]:
        return chain.from_iterable(self._parts)

    @overload
    def __getitem__(self, index: int) -> Example: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Example, ...]: ...

    def __getitem__(self, index: int | slice) -> Example | tuple[Example, ...]:
        """One example, or a tuple of those in a slice; `IndexError` outside."""
        if isinstance(index, slice):
            return tuple(self[position] for position in range(*index.indices(len(self))))
        position = index + len(self) if index < 0 else index
        for part in self._parts:
            if 0 <= position < len(part):
                return part[position]
            position -= len(part)
        raise IndexError(f"there is no example {index} among {len(self)}")
