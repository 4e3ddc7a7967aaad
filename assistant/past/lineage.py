"""How a run got from its seed to its best candidate: the edits in order, and which examples each fixed and broke.

It knows accepted candidates and rollouts; where they are stored and how they are drawn is not its business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from toishi.tools.workbench.events import CandidateAccepted
from toishi.tools.workbench.rollout import Rollout


@dataclass(frozen=True)
class Case:
    """One validation example on which an edit changed the score: its inputs, and the rollouts before and after."""

    example: str
    text: str
    before: Rollout
    after: Rollout


@dataclass(frozen=True)
class Edit:
    """One step of the lineage: the parent it was made from, the child, and the validation examples that changed."""

    parent: CandidateAccepted
    child: CandidateAccepted
    fixed: tuple[Case, ...]
    broke: tuple[Case, ...]


def best_of(candidates: Sequence[CandidateAccepted], chosen: str = "") -> CandidateAccepted:
    """The candidate with the id that its run chose, else the one with the highest score on all validation rows.

    Among equals the oldest; `ValueError` for an empty pool.
    """
    named = next((candidate for candidate in candidates if candidate.candidate == chosen), None)
    validated = [candidate for candidate in candidates if candidate.validated]
    return named or max(validated, key=lambda candidate: (candidate.validation_score, -candidate.number))


def path_to(candidates: Sequence[CandidateAccepted], number: int) -> list[CandidateAccepted]:
    """From the seed to this candidate, each the first parent of the next; `KeyError` for a number not in the pool."""
    by_number = {candidate.number: candidate for candidate in candidates}
    path = [by_number[number]]
    while path[-1].parents:
        path.append(by_number[path[-1].parents[0]])
    return path[::-1]


def edits(path: Sequence[CandidateAccepted], rollouts: Mapping[str, Sequence[Rollout]]) -> list[Edit]:
    """The steps of a path; `rollouts` holds the validation rollouts by candidate id."""
    steps = []
    for parent, child in pairwise(path):
        before = {rollout.example: rollout for rollout in rollouts.get(parent.candidate, ())}
        after = {rollout.example: rollout for rollout in rollouts.get(child.candidate, ())}
        cases = [
            Case(example, _inputs(after[example]), before[example], after[example])
            for example in before
            if example in after
        ]
        fixed = tuple(case for case in cases if case.after.score > case.before.score)
        broke = tuple(case for case in cases if case.after.score < case.before.score)
        steps.append(Edit(parent, child, fixed, broke))
    return steps


def _inputs(rollout: Rollout) -> str:
    """What the program's first module was given, as one text."""
    if not rollout.calls:
        return rollout.example
    return " · ".join(rollout.calls[0].inputs.values())
