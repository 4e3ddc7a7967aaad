"""Where to cut a prompt in two: a beginning that others share, and the rest.

It sees token ids only, no messages and no states, and it guesses: a cut is exact wherever it falls, so a bad guess
costs time and never gives a different answer.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Tokens = tuple[int, ...]

SHORTEST = 16
"""Tokens below which a shared beginning is not worth a pass of its own."""

NEAR = 32
"""Tokens by which a prefix that is there already may be shorter than the best: about one short message."""

FAR = 128
"""Tokens that must be shared beyond the natural cut before that is given up."""


def cut(tokens: Tokens, natural: int, common: Sequence[int], kept: Iterable[Tokens]) -> int:
    """How many tokens of the prompt to take as its shared beginning; 0 for none, always less than the prompt.

    `natural` is where the last message begins, 0 where there is only one; `common` says how many leading tokens other
    prompts have in common with this one, `kept` which prefixes are already there. The natural cut is taken unless
    others share much more. Else, of all beginnings nearly as long as the longest, the shortest is taken, a kept one
    first: it is what all relatives share, while the longest was shared with one by accident.
    """
    limit = len(tokens) - 1
    shared = [min(length, limit) for length in common]
    longest = max(shared, default=0)
    if SHORTEST <= natural <= limit and longest < natural + FAR:
        return natural
    there = [len(prefix) for prefix in kept if len(prefix) <= limit and tokens[: len(prefix)] == prefix]
    longest = max([longest, *there])
    if longest < SHORTEST:
        return 0
    meeting = [length for length in there if length >= longest - NEAR]
    return min(meeting or [length for length in shared if length >= max(longest - SHORTEST, SHORTEST)])


class RecentPrompts:
    """The last prompts that came, the newest in place of the oldest, to count what they have in common."""

    def __init__(self, size: int = 64) -> None:
        self._prompts: npt.NDArray[np.int64] = np.full((size, 0), -1, dtype=np.int64)
        self._lengths: npt.NDArray[np.int64] = np.zeros(size, dtype=np.int64)
        self._next = 0

    def add(self, tokens: Tokens) -> None:
        """Remembers a prompt, also one that came before."""
        wider = len(tokens) - self._prompts.shape[1]
        if wider > 0:
            self._prompts = np.pad(self._prompts, ((0, 0), (0, wider)), constant_values=-1)
        self._prompts[self._next] = -1
        self._prompts[self._next, : len(tokens)] = tokens
        self._lengths[self._next] = len(tokens)
        self._next = (self._next + 1) % len(self._prompts)

    def common(self, tokens: Tokens) -> list[int]:
        """Leading tokens that a remembered prompt has in common with each of the others."""
        width = min(len(tokens), self._prompts.shape[1])
        differs = self._prompts[:, :width] != np.array(tokens[:width], dtype=np.int64)
        lengths = np.where(differs.any(axis=1), differs.argmax(axis=1), width)
        itself = np.flatnonzero((lengths == len(tokens)) & (self._lengths == len(tokens)))[:1]
        lengths[itself] = 0
        return [int(length) for length in lengths if length]
