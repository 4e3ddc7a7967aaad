"""What comes back from the sandbox is read where nothing is confined, so it can be no burden there."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.sandbox.driving import MOST_ALIKE, decoded, told_lines
from toishi.tools.workbench.sandbox.inside import encoded

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
HASHABLE = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)
VALUES = st.recursive(
    PLAIN | st.sets(HASHABLE, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HASHABLE, inner, max_size=3),
    max_leaves=8,
)

# The numbers that Python gives the hash 0.
SAME_HASH = [["int", format(number * (2**61 - 1), "x")] for number in range(MOST_ALIKE + 1)]


def nested(depth: int) -> Any:
    """A list in a list in a list…"""
    tagged: Any = ["list"]
    for _ in range(depth):
        tagged = ["list", tagged]
    return tagged


@given(st.lists(st.sampled_from([b"", b"x", b"{}", b'{"token": "t", "number": "1"}', b"t", b"\xff"]), max_size=9))
def test_only_lines_that_know_the_token_are_read(others: list[bytes]) -> None:
    known = [b'{"token": "t", "number": %d, "passed": true}' % number for number in range(3)]
    value = b"\n".join([*others, known[0], *others, known[1], known[1], *reversed(others), known[2]])

    assert told_lines(value, "t") == {number: json.loads(line) for number, line in enumerate(known)}


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert decoded(encoded(value)) == value


@pytest.mark.parametrize(
    "tagged",
    [
        pytest.param(["set", *SAME_HASH], id="set of one hash"),
        pytest.param(["dict", *([key, None] for key in SAME_HASH)], id="dict of one hash"),
        pytest.param(["set", *(["tuple", key] for key in SAME_HASH)], id="tuples of one hash"),
        pytest.param(nested(500), id="depth"),
        pytest.param(["bytes", "no digits"], id="no digits"),
        pytest.param(["pickle", "gASVKQ=="], id="another tag"),
        pytest.param({"int": "1"}, id="another form"),
    ],
)
def test_what_is_made_to_be_a_burden_is_no_value(tagged: Any) -> None:
    with pytest.raises(ValueError, match=r"hash|nested|hexadecimal|no value"):
        decoded(tagged)


@pytest.mark.parametrize(
    ("tagged", "text"),
    [
        pytest.param(["int", "f" * 5000], "<int of 20000 bits>", id="int"),
        pytest.param(["ratio", "1", "f" * 5000], "<Fraction of 20000 bits>", id="fraction"),
        pytest.param(["list", ["int", "f" * 5000]], "[<int of 20000 bits>]", id="inside"),
    ],
)
def test_a_number_that_cannot_be_written_is_told_by_its_length(tagged: Any, text: str) -> None:
    assert repr(decoded(tagged)) == text
