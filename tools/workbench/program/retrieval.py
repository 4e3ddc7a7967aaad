"""Retrieval over a local corpus by BM25 (Robertson and Zaragoza 2009), as the library bm25s computes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from toishi.tools.workbench.data.rows import read_records
from toishi.tools.workbench.errors import DataError

TITLE = "title"


@dataclass(frozen=True)
class Passage:
    """One text of a corpus; `title` may be empty."""

    title: str
    text: str


class Retriever:
    """Finds the passages of a corpus that share the rarest words with a query. The index is made at the first query."""

    def __init__(self, passages: Sequence[Passage], *, top: int = 5) -> None:
        self._passages = passages
        self._top = top

    @classmethod
    def read(cls, file: Path, *, name: str, text: str, top: int) -> "Retriever":
        """Over the rows of a data file; its column `text` is searched and shown, behind `title` if there is one.

        Raises `DataError` where the file cannot be read, has no such column, or holds no row.
        """
        records = read_records(file, name=name, columns=[text], optional=[TITLE])
        if not records:
            raise DataError(f"{name} holds no passages; fill it, or name another file")
        return cls([Passage(record.fields.get(TITLE, ""), record.fields[text]) for record in records], top=top)

    def search(self, query: str, *, top: int | None = None) -> list[Passage]:
        """The best passages, best first; those that share no word with the query are left out."""
        import numpy as np

        known = [word for word in self._words(query) if word in self._index.vocab_dict]
        if not known:
            return []
        scores = self._index.get_scores(known)
        order = np.argsort(-scores, kind="stable")[: top or self._top]
        return [self._passages[position] for position in order if scores[position] > 0]

    def _words(self, text: str) -> list[str]:
        import bm25s

        (words,) = bm25s.tokenize([text], stopwords="en", return_ids=False, show_progress=False)
        return list(words)

    @cached_property
    def _index(self) -> Any:
        import bm25s

        texts = [f"{passage.title} {passage.text}" for passage in self._passages]
        index = bm25s.BM25()
        index.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)
        return index


def shown(passages: Sequence[Passage]) -> str:
    """The passages as a module's input: numbered, one after another."""
    if not passages:
        return "(nothing found)"
    return "\n".join(
        f"[{number}] {passage.title}: {passage.text}" if passage.title else f"[{number}] {passage.text}"
        for number, passage in enumerate(passages, 1)
    )
