"""What a method leaves behind for the end of its run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from toishi.tools.workbench.candidate import Candidate


@dataclass(frozen=True)
class Choice:
    """A candidate of the front, where several things are wanted: its number in the pool and its values by objective."""

    number: int
    candidate: Candidate
    values: Mapping[str, float]


@dataclass(frozen=True)
class Found:
    """What a method found.

    `validation` holds the mean validation scores of seed and best; `corrected` is what the best one's is worth once it
    is known to be the best of many, and `validation_p` the p-value of its lead over the seed with the same correction
    (None where the best is the seed). `front` are the candidates worth choosing from where several things are wanted,
    the best among them. `stopped` says why the search ended.
    """

    best: Candidate
    validation: tuple[float, float]
    stopped: str
    corrected: float | None = None
    validation_p: float | None = None
    front: tuple[Choice, ...] = field(default=())
