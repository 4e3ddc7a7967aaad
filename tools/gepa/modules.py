"""Which module of a candidate is rewritten: round robin, with a pointer of its own for every candidate.

A child goes on where the rotation of its parents stands, so that a lineage visits all modules in turn (GEPA paper,
Algorithm 1, `SelectModule`; the pointer's inheritance is the reference implementation's).
"""

from collections.abc import Sequence


def after(pointer: int, modules: int) -> int:
    """The pointer once the module that it names had its turn; `modules` is their number."""
    return (pointer + 1) % modules


def inherited(pointers: Sequence[int]) -> int:
    """The pointer of a child from those of its parents, read after the parent's turn; 0 where there are none."""
    return max(pointers, default=0)
