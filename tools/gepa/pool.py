"""The candidate pool P with its ancestry A and its scores S (GEPA paper, Algorithm 1): append-only, the seed first.

It knows who is in and how each scored on every validation example. It decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from toishi.tools.gepa.modules import after, inherited
from toishi.tools.workbench.candidate import Candidate


@dataclass(frozen=True)
class Member:
    """A candidate of the pool. The seed has number 0 and no parents, a mutation has one parent, a merge has two.

    `scores` holds one score per validation example, in the order of the validation set; `pointer` is the position of
    the module that is rewritten next when this member is the parent.
    """

    number: int
    candidate: Candidate
    parents: tuple[int, ...]
    scores: tuple[float, ...]
    pointer: int = 0

    @cached_property
    def validation_score(self) -> float:
        """The mean over the validation set."""
        return sum(self.scores) / len(self.scores)


class Pool:
    """All members by number, and the Pareto front of every validation example, kept up to date as members enter."""

    def __init__(self) -> None:
        self._members: list[Member] = []
        self._best: list[float] = []
        self._fronts: list[set[int]] = []

    def __getitem__(self, number: int) -> Member:
        return self._members[number]

    @property
    def members(self) -> tuple[Member, ...]:
        """All members, by number."""
        return tuple(self._members)

    @property
    def validation_scores(self) -> list[float]:
        """Every member's mean over the validation set, by number."""
        return [member.validation_score for member in self._members]

    @property
    def fronts(self) -> list[set[int]]:
        """For every validation example the numbers of all members that hold its best score: copies.

        Selection and merging draw from these sets in the order in which they iterate, as `gepa` does. That order is
        the same in every process (integers hash to themselves), but it depends on how a set came about: members are
        added one by one here, and a copy is handed out, as there.
        """
        return [set(front) for front in self._fronts]

    def add(self, candidate: Candidate, parents: tuple[int, ...], scores: Sequence[float]) -> Member:
        """Take a candidate in with its scores on the whole validation set; it goes on in its parents' rotation."""
        pointer = inherited([self._members[number].pointer for number in parents])
        member = Member(len(self._members), candidate, parents, tuple(scores), pointer)
        if not self._members:
            self._best = [float("-inf")] * len(scores)
            self._fronts = [set() for _ in scores]
        self._members.append(member)
        for example, score in enumerate(member.scores):
            if score > self._best[example]:
                self._best[example] = score
                self._fronts[example] = {member.number}
            elif score == self._best[example]:
                self._fronts[example].add(member.number)
        return member

    def next_module(self, number: int) -> str:
        """The module whose turn it is in this member, whose pointer moves on."""
        member = self._members[number]
        modules = list(member.candidate.texts)
        self._members[number] = replace(member, pointer=after(member.pointer, len(modules)))
        return modules[member.pointer]
