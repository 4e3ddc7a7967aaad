"""How prompts of different lengths are read together."""

from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.models.local.engine import PASS_TOKENS, PREFILL_TOKENS, batches

lengths = st.lists(st.integers(0, 3000), max_size=40).map(sorted)


def padded(lengths: list[int]) -> list[int]:
    """Tokens of each pass, padding included."""
    counts = batches(lengths)
    ends = [sum(counts[: index + 1]) for index in range(len(counts))]
    return [count * lengths[end - 1] for count, end in zip(counts, ends, strict=True)]


@given(lengths)
def test_every_suffix_is_read_once_and_empty_ones_stay_among_themselves(lengths: list[int]) -> None:
    counts = batches(lengths)

    assert sum(counts) == len(lengths)
    assert all(count > 0 for count in counts)
    assert 0 not in lengths or counts[0] == lengths.count(0)


@given(lengths)
def test_no_pass_is_larger_than_allowed_unless_it_is_one_prompt(lengths: list[int]) -> None:
    assert all(size <= PREFILL_TOKENS or size in lengths for size in padded(lengths))


@given(lengths)
def test_reading_apart_what_differs_never_costs_more_than_reading_all_together(lengths: list[int]) -> None:
    real = [length for length in lengths if length]
    if len(real) * max(real, default=0) <= PREFILL_TOKENS:
        passes = [size for size in padded(lengths) if size]
        assert sum(passes) + PASS_TOKENS * (len(passes) - 1) <= len(real) * max(real, default=0)
