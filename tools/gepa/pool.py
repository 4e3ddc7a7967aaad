"""The candidate pool P with its ancestry A and its scores S (GEPA paper, Algorithm 1): append-only, the seed first.

It knows who is in, how each scored on every validation example, who stands at the front of which, and who leads. It
decides nothing. What it keeps for each member is its texts and one number for each example; adding one takes time in
proportion to the validation set, however many there are.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from toishi.tools.gepa.modules import after, inherited
from toishi.tools.gepa.selection import prune
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.objectives import Values

UNKNOWN = math.nan
"""The score on a validation example that a candidate was not run on."""


@dataclass(frozen=True)
class Member:
    """A candidate of the pool. The seed has number 0 and no parents, a mutation has one parent, a merge has two.

    `scores` holds one score per validation example, in the order of the validation set, NaN where it was not run: such
    a member is a specialist, which may be a parent and is never chosen. `pointer` is the position of the module that is
    rewritten next when this member is the parent; `objectives` are its values of what is measured beside the score.
    """

    number: int
    candidate: Candidate
    parents: tuple[int, ...]
    scores: Sequence[float]
    pointer: int = 0
    objectives: Values = field(default_factory=dict)

    @cached_property
    def validation_score(self) -> float:
        """The mean over the validation examples that it was run on."""
        known = self.known
        return sum(self.scores[position] for position in known) / len(known)

    @cached_property
    def known(self) -> tuple[int, ...]:
        """Positions of the validation examples that it was run on."""
        return tuple(position for position, score in enumerate(self.scores) if score == score)

    @property
    def validated(self) -> bool:
        """Whether it was run on the whole validation set."""
        return len(self.known) == len(self.scores)


class Pool:
    """All members by number, and the Pareto front of every validation example, kept up to date as members enter.

    With `anew` a front holds every member with the best score on its example, as in the reference code, and is pruned
    anew among all of them. Otherwise who is pruned has left the front for good, so that the fronts hold no more members
    than there are examples, and an entry costs the same in a pool of ten thousand as in one of ten.
    """

    def __init__(self, *, anew: bool = True) -> None:
        self._anew = anew
        self._members: list[Member] = []
        self._scores: list[float] = []
        self._best: list[float] = []
        self._fronts: list[set[int]] = []
        self._pruned: list[set[int]] | None = None
        self._leader = 0
        self._by_candidate: dict[str, int] = {}

    def __getitem__(self, number: int) -> Member:
        return self._members[number]

    def __len__(self) -> int:
        return len(self._members)

    @property
    def members(self) -> tuple[Member, ...]:
        """All members, by number."""
        return tuple(self._members)

    @property
    def all(self) -> Sequence[Member]:
        """All members by number, as they stand: not a copy."""
        return self._members

    @property
    def leader(self) -> Member:
        """The fully validated member with the highest mean, the oldest one among equals."""
        return self._members[self._leader]

    @property
    def best_scores(self) -> tuple[float, ...]:
        """For every validation example the best score of any member."""
        return tuple(self._best)

    @property
    def fronts(self) -> list[set[int]]:
        """For every validation example the numbers of the members at its front: copies.

        Selection and merging draw from these sets in the order in which they iterate, as `gepa` does. That order is
        the same in every process (integers hash to themselves), but it depends on how a set came about: members are
        added one by one here, and a copy is handed out, as there.
        """
        return [set(front) for front in self._fronts]

    @property
    def pruned(self) -> Sequence[set[int]]:
        """The fronts without dominated members (Algorithm 2), made once for each state of the pool."""
        if self._pruned is None:
            self._pruned = prune(self.fronts, self._scores) if self._anew else self._fronts
        return self._pruned

    def number_of(self, candidate: Candidate) -> int | None:
        """The number of the member with these very texts, None where there is none."""
        return self._by_candidate.get(candidate.id)

    def add(
        self,
        candidate: Candidate,
        parents: tuple[int, ...],
        scores: Sequence[float],
        objectives: Values | None = None,
    ) -> Member:
        """Take a candidate in with its scores on the validation set; it goes on in its parents' rotation."""
        pointer = inherited([self._members[number].pointer for number in parents])
        member = Member(len(self._members), candidate, parents, array("d", scores), pointer, dict(objectives or {}))
        if not self._members:
            self._best = [float("-inf")] * len(scores)
            self._fronts = [set() for _ in scores]
        self._members.append(member)
        self._scores.append(member.validation_score)
        self._by_candidate.setdefault(candidate.id, member.number)
        if member.validated and member.validation_score > self.leader.validation_score:
            self._leader = member.number
        self._enter_fronts(member)
        return member

    def next_module(self, number: int, ahead: int = 0) -> str:
        """The module whose turn it is in this member, after `ahead` turns that are still under way."""
        member = self._members[number]
        modules = list(member.candidate.texts)
        return modules[(member.pointer + ahead) % len(modules)]

    def took_turn(self, number: int) -> None:
        """This member's module had its turn: the pointer moves on."""
        member = self._members[number]
        self._members[number] = replace(member, pointer=after(member.pointer, len(member.candidate.texts)))

    def _enter_fronts(self, member: Member) -> None:
        entered = False
        for example, score in enumerate(member.scores):
            if score > self._best[example]:
                self._best[example] = score
                self._fronts[example] = {member.number}
                entered = True
            elif score == self._best[example]:
                self._fronts[example].add(member.number)
                entered = True
        if entered:
            self._pruned = None
            if not self._anew:
                self._fronts = prune(self._fronts, self._scores)
