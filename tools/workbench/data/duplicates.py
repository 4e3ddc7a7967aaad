"""Rows that say the same in almost the same words, which must not stand on two sides of a split.

Two rows are near-duplicates where their texts are the same but for case, blanks and punctuation; in texts of some
length, also where they are so but for digits; in longer ones, also where nearly all pairs of neighbouring words are the
same. The last is found by MinHash (Broder 1997) with banding (Leskovec, Rajaraman and Ullman, Mining of
Massive Datasets, section 3.4): signatures by the library rensa, a few hundred bytes a row.

It knows texts by their positions and nothing of splits.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    Signatures = np.ndarray[tuple[int, int], np.dtype[np.uint32]]

# Marks of a sentence; signs that programs and sums are made of stay.
MARKS = re.compile(r"[.,;:!?¡¿\"'’‘“”«»()\[\]{}…–—。、！？「」『』]+")
DIGITS = re.compile(r"\d+(?: \d+)*")

WORDS_FOR_DIGITS = 8
"""Texts of fewer words may well be told apart by their digits alone."""

WORDS_FOR_SIGNATURE = 16
"""In shorter texts one other word is much of the whole."""

WORDS_LOOKED_AT = 2000
ALIKE = 0.75
"""Jaccard similarity of the sets of word pairs from which on two texts are near-duplicates."""

PERMUTATIONS = 64
BANDS = 16
SEED = 1
BATCH = 500


def plain(text: str) -> str:
    """The text without what does not count: case, blanks, marks of a sentence, forms of one letter (full width)."""
    words = MARKS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).split()
    # A text of nothing but marks is told apart by them.
    return " ".join(words) or " ".join(text.split())


def digest(text: str) -> bytes:
    """8 bytes that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


class NearDuplicates:
    """Collects texts one by one, in the order of their positions, and then tells which are near-duplicates."""

    def __init__(self) -> None:
        self._same: dict[bytes, int] = {}
        self._folded: dict[bytes, int] = {}
        self._pairs: list[tuple[int, int]] = []
        self._waiting: list[list[str]] = []
        self._signed: list[int] = []
        self._signatures: list[Signatures] = []

    def add(self, position: int, text: str) -> None:
        """The text at a position, which is higher than those before."""
        plainly = plain(text)
        words = plainly.split(" ")[:WORDS_LOOKED_AT]
        self._join(self._same, digest(plainly), position)
        if len(words) < WORDS_FOR_DIGITS:
            return
        folded = DIGITS.sub("0", plainly)
        if folded != plainly:
            self._join(self._folded, digest(folded), position)
        if len(words) >= WORDS_FOR_SIGNATURE:
            self._waiting.append([f"{one} {other}" for one, other in pairwise(words)])
            self._signed.append(position)
            if len(self._waiting) == BATCH:
                self._sign()

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Pairs of positions whose texts are near-duplicates, enough of them to connect all that belong together."""
        yield from self._pairs
        self._sign()
        if self._signatures:
            import numpy as np

            self._signatures = [np.concatenate(self._signatures)]
            yield from _alike(self._signatures[0], self._signed)

    def _join(self, known: dict[bytes, int], key: bytes, position: int) -> None:
        first = known.setdefault(key, position)
        if first != position:
            self._pairs.append((first, position))

    def _sign(self) -> None:
        if not self._waiting:
            return
        import numpy as np
        from rensa import RMinHash

        found = RMinHash.digest_matrix_from_token_sets(self._waiting, PERMUTATIONS, SEED)
        self._signatures.append(np.array(found.to_rows(), dtype=np.uint32))
        self._waiting = []


def _alike(signatures: "Signatures", positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Of the texts that agree in a band, those that agree in enough of the whole signature."""
    import numpy as np

    width = PERMUTATIONS // BANDS
    for band in range(BANDS):
        part = np.ascontiguousarray(signatures[:, band * width : (band + 1) * width])
        keys = part.view(np.dtype((np.void, part.dtype.itemsize * width))).ravel()
        order = np.argsort(keys, kind="stable")
        (same,) = np.nonzero(keys[order[1:]] == keys[order[:-1]])
        first, second = order[same], order[same + 1]
        agree = (signatures[first] == signatures[second]).mean(axis=1) >= ALIKE
        for one, other in zip(first[agree], second[agree], strict=True):
            yield positions[one], positions[other]


class Clusters:
    """Positions that belong together, directly or through others (union and find)."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def join(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Brings the two of each pair together; the lowest position stands for a cluster."""
        for one, other in pairs:
            first, second = sorted((self.of(one), self.of(other)))
            self._parent[second] = first

    def of(self, position: int) -> int:
        """The lowest position of the cluster that this one is in."""
        root = position
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[position] != root:
            self._parent[position], position = root, self._parent[position]
        return root

    def members(self) -> dict[int, list[int]]:
        """The positions of each cluster, in order, by the lowest."""
        found: dict[int, list[int]] = {}
        for position in range(len(self._parent)):
            found.setdefault(self.of(position), []).append(position)
        return found
