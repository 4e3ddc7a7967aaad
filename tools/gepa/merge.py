"""System-aware merge: one candidate out of two whose lineages improved different modules (GEPA paper, Algorithms 3, 4).

No model is asked. Where the paper leaves a choice open, and in the order of draws, the functions follow `gepa` 0.1.4.
"""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from toishi.tools.gepa.pool import Member
from toishi.tools.workbench.candidate import Candidate

ATTEMPTS = 10  # both for pairs that share an ancestor and for merges that were not made before


@dataclass(frozen=True)
class Merge:
    """A merged candidate: its parents (`first` < `second`), their common ancestor, and who gave each module's text."""

    candidate: Candidate
    first: int
    second: int
    ancestor: int
    sources: tuple[int, ...]


@dataclass(frozen=True)
class MergeHistory:
    """What was merged before: triplets of parents and ancestor, and parents with the source of each module."""

    triplets: frozenset[tuple[int, int, int]] = frozenset()
    products: frozenset[tuple[int, int, tuple[int, ...]]] = frozenset()

    def with_merge(self, merge: Merge) -> "MergeHistory":
        """The history after one more merge, whether it is accepted or not."""
        return MergeHistory(
            self.triplets | {(merge.first, merge.second, merge.ancestor)},
            self.products | {(merge.first, merge.second, merge.sources)},
        )


@dataclass(frozen=True)
class MergeSchedule:
    """When merges are tried: accepted mutations make one due each, and only the iteration right after one tries it.

    A rejected merge uses up nothing (reference code), so `max_merges` bounds accepted ones.
    """

    due: int = 0
    accepted: int = 0
    fresh: bool = False

    def now(self, in_flight: int = 0) -> bool:
        """Whether the coming iteration looks for a merge first, beside those that are still under way."""
        return self.due > in_flight and self.fresh

    def after_mutation(self, accepted: bool, max_merges: int) -> "MergeSchedule":
        """The schedule after an iteration that mutated, or tried to."""
        earned = accepted and self.accepted < max_merges
        return MergeSchedule(self.due + earned, self.accepted, fresh=accepted)

    def after_merge(self, accepted: bool) -> "MergeSchedule":
        """The schedule after an iteration that merged."""
        return MergeSchedule(self.due - accepted, self.accepted + accepted)


def find_merge(
    members: Sequence[Member], survivors: Sequence[int], history: MergeHistory, rng: random.Random
) -> Merge | None:
    """A merge of two `survivors` (numbers of undominated members) that was not made before, or None (Algorithm 3)."""
    if len(survivors) < 2 or len(members) < 3:
        return None
    for _ in range(ATTEMPTS):
        triplet = _find_triplet(members, survivors, history, rng)
        if triplet is None:
            continue
        merge = combine(members, *triplet, rng)
        if (merge.first, merge.second, merge.sources) not in history.products:
            return merge
    return None


def _find_triplet(
    members: Sequence[Member], survivors: Sequence[int], history: MergeHistory, rng: random.Random
) -> tuple[int, int, int] | None:
    """Two survivors and a common ancestor, drawn with chances proportional to the means."""
    for _ in range(ATTEMPTS):
        first, second = sorted(rng.sample(survivors, 2))
        of_first, of_second = ancestors(members, first), ancestors(members, second)
        if first in of_second or second in of_first:
            continue
        shared = [
            number
            for number in set(of_first) & set(of_second)
            if (first, second, number) not in history.triplets and mergeable(members, number, first, second)
        ]
        if shared:
            weights = [members[number].validation_score for number in shared]
            # All weights 0 is an error for `choices`: then no ancestor is better than another.
            return first, second, rng.choices(shared, weights=weights if any(weights) else None)[0]
    return None


def ancestors(members: Sequence[Member], number: int) -> list[int]:
    """The numbers of all members that this one descends from, without itself."""
    found: set[int] = set()
    ahead = list(reversed(members[number].parents))
    while ahead:
        parent = ahead.pop()
        if parent not in found:
            found.add(parent)
            ahead.extend(reversed(members[parent].parents))
    return list(found)


def mergeable(members: Sequence[Member], ancestor: int, first: int, second: int) -> bool:
    """Neither descendant is worse than the ancestor, and exactly one of them changed some module (Algorithm 4)."""
    old, one, two = members[ancestor], members[first], members[second]
    if old.validation_score > min(one.validation_score, two.validation_score):
        return False
    texts, ones, twos = old.candidate.texts, one.candidate.texts, two.candidate.texts
    return any((ones[module] == text) != (twos[module] == text) for module, text in texts.items())


def combine(members: Sequence[Member], first: int, second: int, ancestor: int, rng: random.Random) -> Merge:
    """The merged candidate, module by module in the candidate's order (Algorithm 3).

    A text that only one descendant changed is taken from that one; where both did, from the one with the higher mean,
    and by a draw where the means are equal; a text that neither changed stays.
    """
    old, one, two = members[ancestor], members[first], members[second]
    texts: dict[str, str] = {}
    sources: list[int] = []
    for module, text in old.candidate.texts.items():
        source = _source(module, text, one, two, rng)
        texts[module] = source.candidate.texts[module]
        sources.append(source.number)
    return Merge(Candidate(texts), first, second, ancestor, tuple(sources))


def _source(module: str, text: str, one: Member, two: Member, rng: random.Random) -> Member:
    """Which of two descendants gives a module's text; `text` is their ancestor's."""
    one_changed, two_changed = one.candidate.texts[module] != text, two.candidate.texts[module] != text
    if not (one_changed and two_changed):
        return two if two_changed else one
    if one.validation_score == two.validation_score:
        return rng.choice([one, two])
    return one if one.validation_score > two.validation_score else two


def gate_examples(first: Sequence[float], second: Sequence[float], size: int, rng: random.Random) -> list[int]:
    """Positions of `size` validation examples that a merged candidate is judged on first, from its parents' scores.

    Stratified: up to a third each (rounded up) where the first parent is better, where the second is, and where they
    tie; what is missing is drawn from the rest. `ValueError` where the validation set is smaller than `size`.
    """
    positions = range(len(first))
    strata = (
        [position for position in positions if first[position] > second[position]],
        [position for position in positions if second[position] > first[position]],
        [position for position in positions if first[position] == second[position]],
    )
    chosen: list[int] = []
    for stratum in strata:
        count = min(len(stratum), math.ceil(size / 3), size - len(chosen))
        if count:
            chosen += rng.sample(stratum, count)
    if len(chosen) < size:
        rest = [position for position in positions if position not in chosen]
        chosen += rng.sample(rest, size - len(chosen))
    return chosen


def survivors(pruned: Iterable[Iterable[int]]) -> list[int]:
    """The members that stand in any front after pruning: the only ones that are merged."""
    return list({number for front in pruned for number in front})
