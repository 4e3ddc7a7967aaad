"""Which feedback examples an iteration looks at."""

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import hypothesis.strategies as st
from gepa.core.data_loader import ListDataLoader
from gepa.core.state import GEPAState
from gepa.strategies.batch_sampler import EpochShuffledBatchSampler
from hypothesis import given, settings

from toishi.tools.gepa.minibatch import Minibatches, epoch_order
from toishi.tools.workbench.seeds import streams

SIZES = st.integers(1, 30)
MINIBATCHES = st.integers(1, 8)


@settings(deadline=None)
@given(SIZES, MINIBATCHES, st.integers())
def test_an_epoch_holds_every_example_and_pads_with_the_least_used(examples: int, minibatch: int, seed: int) -> None:
    order = epoch_order(examples, minibatch, random.Random(seed))
    assert set(order[:examples]) == set(range(examples))
    assert len(order) % minibatch == 0
    assert len(order) - examples < minibatch
    uses = Counter(order).values()
    assert max(uses) - min(uses) <= 1


@settings(deadline=None)
@given(SIZES, MINIBATCHES, st.integers(0, 1000))
def test_every_epoch_shows_every_example(examples: int, minibatch: int, seed: int) -> None:
    minibatches = Minibatches(examples, minibatch, streams(seed))
    slices = -(-examples // minibatch)
    for epoch in range(3):
        seen = [minibatches.at(epoch * slices + part) for part in range(slices)]
        assert all(len(batch) == minibatch for batch in seen)
        assert {position for batch in seen for position in batch} == set(range(examples))


@settings(deadline=None)
@given(SIZES, MINIBATCHES, st.lists(st.integers(0, 50), min_size=1))
def test_a_minibatch_depends_on_its_iteration_only(examples: int, minibatch: int, iterations: list[int]) -> None:
    in_turn = Minibatches(examples, minibatch, streams(1))
    expected = [in_turn.at(iteration) for iteration in range(51)]
    at_random = Minibatches(examples, minibatch, streams(1))
    assert [at_random.at(iteration) for iteration in iterations] == [expected[iteration] for iteration in iterations]


@settings(deadline=None)
@given(SIZES, MINIBATCHES, st.integers(), st.sets(st.integers(1, 60)))
def test_minibatches_are_the_library_s(examples: int, minibatch: int, seed: int, merged: set[int]) -> None:
    """Also where some iterations merge and leave their slice unused."""
    ours, theirs = random.Random(seed), random.Random(seed)
    minibatches = Minibatches(examples, minibatch, lambda purpose, counter: ours)
    sampler: EpochShuffledBatchSampler[int, int] = EpochShuffledBatchSampler(minibatch, theirs)
    loader = ListDataLoader(list(range(examples)))
    for iteration in range(60):
        if iteration not in merged:
            state = cast("GEPAState[Any, int]", SimpleNamespace(i=iteration))
            expected = sampler.next_minibatch_ids(loader, state)
            assert list(minibatches.at(iteration)) == expected
    assert ours.getstate() == theirs.getstate()


def test_epochs_differ() -> None:
    minibatches = Minibatches(30, 30, streams(0))
    assert minibatches.at(0) != minibatches.at(1)
