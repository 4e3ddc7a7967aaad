"""Random streams by name."""

from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.seeds import derive_seed, streams

seeds = st.integers(0, 2**63)
purposes = st.text(max_size=20)
counters = st.integers(0, 10**9)


@given(seeds, purposes, counters)
def test_a_stream_depends_on_its_name_alone(seed: int, purpose: str, counter: int) -> None:
    first = streams(seed)
    first("something else", 1).random()
    assert first(purpose, counter).random() == streams(seed)(purpose, counter).random()


@given(seeds, purposes, counters)
def test_seed_purpose_and_counter_each_change_the_stream(seed: int, purpose: str, counter: int) -> None:
    here = derive_seed(seed, purpose, counter)
    assert here != derive_seed(seed + 1, purpose, counter)
    assert here != derive_seed(seed, purpose + "x", counter)
    assert here != derive_seed(seed, purpose, counter + 1)
    assert 0 <= here < 2**64
