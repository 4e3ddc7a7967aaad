"""What a search leaves: the pool, and the candidate that it would choose."""

from dataclasses import dataclass

from toishi.tools.gepa.pool import Member
from toishi.tools.gepa.selection import best


@dataclass(frozen=True)
class GepaResult:
    """`members` by number, the seed first; `stopped` says in words why the search ended after `iterations`."""

    members: tuple[Member, ...]
    iterations: int
    stopped: str

    @property
    def seed(self) -> Member:
        """What the search started from."""
        return self.members[0]

    @property
    def best(self) -> Member:
        """The highest mean validation score; among equals the oldest, so the seed where nothing beats it."""
        return self.members[best([member.validation_score for member in self.members])]
