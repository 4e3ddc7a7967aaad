"""Why a candidate was taken or refused, in words for a person."""

from collections.abc import Sequence

from toishi.tools.gepa.merge import Merge

SEED = "what the search started from"


def rewritten(module: str, parent: int, before: Sequence[float], after: Sequence[float]) -> str:
    """A mutation that passed its gate."""
    return (
        f"{module} of candidate {parent} was rewritten, and the score on {_examples(len(before))} "
        f"{_change(sum(before), sum(after))}"
    )


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


def _examples(count: int) -> str:
    return f"{count} example{'' if count == 1 else 's'}"


def _change(before: float, after: float) -> str:
    if before == after:
        return f"stayed at {before:g}"
    return f"{'rose' if after > before else 'fell'} from {before:g} to {after:g}"
