"""What a search leaves: the pool, and the candidate that it would choose."""

from dataclasses import dataclass

from toishi.tools.gepa.pool import Member
from toishi.tools.gepa.selection import best


@dataclass(frozen=True)
class GepaResult:
    """`members` by number, the seed first; `stopped` says in words why the search ended after `iterations`.

    `chosen` is the number of the member to put before a person, where more than the score decides: None leaves it to
    the score. `front` holds those worth choosing from, where several things are wanted. `noisy`: the same rollout came
    out differently when it was repeated. `corrected` is what the best one's validation score is worth once it is known
    to be the best of many (None where more than the score chose it), `adjusted_p` the one-sided p-value of its lead
    over the seed with the same correction; both are None where the seed is the best.
    """

    members: tuple[Member, ...]
    iterations: int
    stopped: str
    chosen: int | None = None
    front: tuple[int, ...] = ()
    noisy: bool = False
    corrected: float | None = None
    adjusted_p: float | None = None

    @property
    def seed(self) -> Member:
        """What the search started from."""
        return self.members[0]

    @property
    def best(self) -> Member:
        """The one that was chosen, else the highest mean over the whole validation set.

        Among equals it is the oldest, so the seed where nothing beats it.
        """
        if self.chosen is not None:
            return self.members[self.chosen]
        validated = [member for member in self.members if member.validated]
        return validated[best([member.validation_score for member in validated])]
