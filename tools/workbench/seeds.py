"""Random streams by name: every draw is a function of (seed, purpose, counter), never of what was drawn before it.

So a resumed run draws what the undisturbed one would have drawn, and concurrent work cannot reorder draws.
"""

import hashlib
import random
from typing import Protocol


class Streams(Protocol):
    """Gives the random generator for one purpose and counter."""

    def __call__(self, purpose: str, counter: int) -> random.Random: ...


def derive_seed(seed: int, purpose: str, counter: int = 0) -> int:
    """A 64-bit seed that depends on all three arguments and on nothing else."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{counter}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def streams(seed: int) -> Streams:
    """The streams of one run: `streams(seed)(purpose, counter)` is a fresh `random.Random`."""

    def stream(purpose: str, counter: int) -> random.Random:
        return random.Random(derive_seed(seed, purpose, counter))

    return stream
