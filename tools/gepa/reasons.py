"""Why a candidate was taken or refused, in words for a person."""

from collections.abc import Mapping, Sequence

from toishi.tools.gepa.merge import Merge
from toishi.tools.gepa.pool import Member

SEED = "what the search started from"


def rewritten(module: str, parents: Sequence[int], before: Sequence[float], after: Sequence[float]) -> str:
    """A proposal that passed its gate."""
    return f"{_made(module, parents)}, and the score on {_examples(len(before))} {_change(sum(before), sum(after))}"


def worth(module: str, parents: Sequence[int], why: str) -> str:
    """A proposal that passed its gate for something else than its score."""
    return f"{_made(module, parents)}: {why}"


def not_better(before: Sequence[float], after: Sequence[float]) -> str:
    """A mutation that did not pass."""
    return f"the score on {_examples(len(before))} {_change(sum(before), sum(after))}"


def merged(merge: Merge, modules: Sequence[str], before: float, after: float, examples: int) -> str:
    """A merge that passed its gate."""
    parts = [f"{module} of candidate {number}" for module, number in zip(modules, merge.sources, strict=True)]
    return f"{' and '.join(parts)} together score {after:g} on {_examples(examples)}, the better parent {before:g}"


def worse_than_parents(merge: Merge, before: float, after: float, examples: int) -> str:
    """A merge that did not pass."""
    merged = f"candidates {merge.first} and {merge.second} merged"
    return f"{merged} score {after:g} on {_examples(examples)}, the better parent {before:g}"


def nothing_to_learn(parent: int, examples: int) -> str:
    """The parent is perfect on its minibatch."""
    return f"candidate {parent} is perfect on its {_examples(examples)} already"


def did_not_run(module: str, examples: int) -> str:
    """No rollout of the minibatch called the module."""
    return f"{module} ran in none of the {_examples(examples)}"


def known(number: int) -> str:
    """The proposal is a candidate of the pool again."""
    return f"the new text is that of candidate {number} again"


def outrun(known: Mapping[int, float], incumbent: Member) -> str:
    """A race that ended before all validation examples were run."""
    own, best = sum(known.values()), sum(incumbent.scores[row] for row in known)
    return (
        f"on {len(known)} of {_examples(len(incumbent.scores))} it scores {own:g}, and candidate {incumbent.number} "
        f"scores {best:g}; it could hardly become the best, and enters no front"
    )


def _made(module: str, parents: Sequence[int]) -> str:
    if len(parents) == 1:
        return f"{module} of candidate {parents[0]} was rewritten"
    return f"{module} of candidates {' and '.join(map(str, parents))} were joined"


def _examples(count: int) -> str:
    return f"{count} example{'' if count == 1 else 's'}"


def _change(before: float, after: float) -> str:
    if before == after:
        return f"stayed at {before:g}"
    return f"{'rose' if after > before else 'fell'} from {before:g} to {after:g}"
