"""Near-duplicates: the same words in other clothes, or nearly the same; short texts are told apart by each word."""

from collections.abc import Sequence
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.data.duplicates import BATCH, Clusters, NearDuplicates, plain

LONG = (
    "I have done a transfer within the country the day before yesterday but it is still not there yet can you please "
    "check what is going on with that since the account number is the right one"
)


def together(texts: Sequence[str]) -> list[list[int]]:
    """The positions of texts that are near-duplicates of one another."""
    near = NearDuplicates()
    for position, text in enumerate(texts):
        near.add(position, text)
    clusters = Clusters(len(texts))
    clusters.join(near.pairs())
    return [members for members in clusters.members().values() if len(members) > 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Where is my card?", "where is  my CARD", id="case, blanks and marks"),
        pytest.param("Where's the ｃａｒｄ", "where s the card", id="full width"),
        pytest.param("«Straße»", "strasse", id="folded letters"),
        pytest.param(
            "My order 1234 of 3 May did not arrive yet", "My order 99 of 12 May did not arrive yet", id="digits"
        ),
        pytest.param(LONG, LONG.replace("the right one", "the right one indeed"), id="a word more"),
        pytest.param(LONG, LONG.replace("yesterday", "last Monday"), id="another word"),
    ],
)
def test_the_same_in_other_clothes_is_found(one: str, other: str) -> None:
    assert together([one, "something else", other]) == [[0, 2]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("text 17", "text 18", id="digits of a short text"),
        pytest.param("3 + 4", "3 - 4", id="signs of a sum"),
        pytest.param("()", "(())", id="nothing but marks"),
        pytest.param("Where is my card?", "Where is my phone?", id="a word of a short text"),
        pytest.param(LONG, " ".join(reversed(LONG.split())), id="the same words in another order"),
    ],
)
def test_what_says_something_else_is_not(one: str, other: str) -> None:
    assert together([one, other]) == []


def test_long_texts_are_compared_over_all_batches() -> None:
    names = ["".join("abcdefghij"[int(digit)] for digit in str(number)) for number in range(BATCH)]
    texts = [f"{LONG} {' '.join(f'{letter}x{name}' for letter in 'abcdefghijklmnopqrstuvwxyz')}" for name in names]
    assert together([*texts, texts[7] + " and so on"]) == [[7, BATCH]]


@given(text=st.text(max_size=60))
def test_what_does_not_count_is_taken_away_at_once(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=30))
def test_clusters_are_what_is_connected(pairs: list[tuple[int, int]]) -> None:
    clusters = Clusters(21)
    clusters.join(pairs)
    connected = [{position} for position in range(21)]
    for one, other in pairs:
        joined = connected[one] | connected[other]
        for position in joined:
            connected[position] = joined
    assert [clusters.of(position) for position in range(21)] == [min(one) for one in connected]
    assert sorted(chain.from_iterable(clusters.members().values())) == list(range(21))
