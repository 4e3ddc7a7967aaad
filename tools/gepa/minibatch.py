"""Which feedback examples an iteration looks at: slices of a shuffled list, one list per epoch.

The order of an epoch is a function of its own random stream, so a resumed run sees the minibatches of the undisturbed
one. Padding and slicing follow the reference implementation (`EpochShuffledBatchSampler` in `gepa` 0.1.4).
"""

import random
from collections import Counter

from toishi.tools.workbench.seeds import Streams


def epoch_order(examples: int, minibatch: int, rng: random.Random) -> tuple[int, ...]:
    """All positions 0 to `examples` - 1 shuffled, then padded to a multiple of `minibatch`.

    Each padded position is the one used least so far and, among equals, the one that came last in the shuffle.
    """
    shuffled = list(range(examples))
    rng.shuffle(shuffled)
    used = Counter(shuffled)
    padding: list[int] = []
    for _ in range(-examples % minibatch):
        position = min(reversed(shuffled), key=used.__getitem__)
        used[position] += 1
        padding.append(position)
    return (*shuffled, *padding)


def place(iteration: int, examples: int, minibatch: int) -> tuple[int, int]:
    """Epoch and slice of an iteration. Every iteration counts, also one that merges and leaves its slice unused."""
    return divmod(iteration, -(-examples // minibatch))


class Minibatches:
    """The minibatch of each iteration, as positions in the feedback set; keeps the order of one epoch at a time."""

    def __init__(self, examples: int, minibatch: int, streams: Streams) -> None:
        self._examples, self._minibatch, self._streams = examples, minibatch, streams
        self._epoch: int | None = None
        self._order: tuple[int, ...] = ()

    def at(self, iteration: int) -> tuple[int, ...]:
        """`minibatch` positions; an example may stand twice only where the set is no multiple of `minibatch`."""
        epoch, part = place(iteration, self._examples, self._minibatch)
        if epoch != self._epoch:
            self._order = epoch_order(self._examples, self._minibatch, self._streams("gepa/minibatch", epoch))
            self._epoch = epoch
        return self._order[part * self._minibatch : (part + 1) * self._minibatch]
