"""Splits: what the data says wins, the rest follows seed and shares, and no inputs stand on two sides."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.data.splits import SPLITS, Group, Row, Splits, deal, divide
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example

SHARES = (0.4, 0.3, 0.3)

shares = st.tuples(*[st.floats(0.05, 1)] * 3).map(lambda weights: tuple(weight / sum(weights) for weight in weights))


def row(number: int, text: str, label: str = "a", said: str = "") -> Row:
    return Row(f"m.csv, line {number + 2}", Example(str(number), {"text": text}, label), said)


def rows(count: int, labels: int = 1, said: str = "") -> list[Row]:
    return [row(number, f"text {number}", f"label {number % labels}", said) for number in range(count)]


def sizes(splits: Splits) -> tuple[int, int, int]:
    return len(splits.feedback), len(splits.validation), len(splits.test)


drawn = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), min_size=3, max_size=60).map(
    lambda pairs: [row(number, f"text {text}", label) for number, (text, label) in enumerate(pairs)]
)


@given(data=drawn, seed=st.integers(0, 1000), wanted=shares)
def test_every_row_has_one_place_and_same_inputs_stand_together(
    data: list[Row], seed: int, wanted: tuple[float, ...]
) -> None:
    try:
        splits = divide(data, seed=seed, shares=wanted)
    except DataError:
        # Too few rows for these shares; what is said then has a test of its own.
        return
    placed = {example.id: split for split in SPLITS for example in getattr(splits, split)}
    assert sorted(placed) == sorted(one.example.id for one in data)
    assert len(splits.all) == len(data)
    sides: dict[str, set[str]] = {}
    for one in data:
        sides.setdefault(one.example.inputs["text"], set()).add(placed[one.example.id])
    assert all(len(side) == 1 for side in sides.values())
    for split in SPLITS:
        numbers = [int(example.id) for example in getattr(splits, split)]
        assert numbers == sorted(numbers)


@given(count=st.integers(0, 200), labels=st.integers(1, 20), wanted=shares, seed=st.integers(0, 1000))
def test_shares_are_kept_overall_and_within_each_label(
    count: int, labels: int, wanted: tuple[float, ...], seed: int
) -> None:
    groups = [Group((number,), str(number % labels), "") for number in range(count)]
    choices = deal(groups, wanted, random.Random(seed))
    for part, weight in enumerate(wanted):
        assert abs(choices.count(part) - weight * count) <= 1
    if 3 * labels <= count:
        for label in {group.label for group in groups}:
            own = [choice for choice, group in zip(choices, groups, strict=True) if group.label == label]
            assert all(abs(own.count(part) - weight * len(own)) <= 2 for part, weight in enumerate(wanted))


def test_the_seed_decides_and_nothing_else_does() -> None:
    data = rows(60, labels=3)
    assert divide(data, seed=1, shares=SHARES) == divide(data, seed=1, shares=SHARES)
    assert divide(data, seed=1, shares=SHARES) != divide(data, seed=2, shares=SHARES)


def test_what_the_data_says_wins() -> None:
    data = [*rows(4, said="feedback"), row(10, "v", said="validation"), row(11, "t", said="test")]
    splits = divide(data, seed=0, shares=SHARES)
    assert [example.id for example in (*splits.validation, *splits.test)] == ["10", "11"]
    assert sizes(splits) == (4, 1, 1)


def test_train_is_divided_by_the_shares_of_feedback_and_validation() -> None:
    splits = divide([*rows(70, said="train"), row(100, "t", said="test")], seed=0, shares=SHARES)
    assert sizes(splits) == (40, 30, 1)


def test_train_beside_named_validation_is_feedback() -> None:
    named = [row(100, "v", said="validation"), row(101, "t", said="test")]
    assert sizes(divide([*rows(10, said="train"), *named], seed=0, shares=SHARES)) == (10, 1, 1)


def test_rows_that_say_nothing_fill_the_parts_that_no_row_names() -> None:
    splits = divide([*rows(70), row(100, "t", said="test")], seed=0, shares=SHARES)
    assert sizes(splits) == (40, 30, 1)
    every = [row(100, "f", said="feedback"), row(101, "v", said="validation"), row(102, "t", said="test")]
    assert sizes(divide([*rows(10), *every], seed=0, shares=SHARES)) == (5, 4, 4)


def test_a_row_that_says_nothing_follows_the_one_with_its_inputs() -> None:
    data = [*rows(20), row(50, "same", said="test"), row(51, "same")]
    splits = divide(data, seed=0, shares=SHARES)
    assert {example.id for example in splits.test} == {"50", "51"}


@pytest.mark.parametrize(
    ("one", "other"), [("train", "test"), ("feedback", "validation"), ("validation", "test"), ("test", "feedback")]
)
def test_the_same_inputs_on_two_named_sides_are_refused(one: str, other: str) -> None:
    data = [*rows(9, said="feedback"), row(20, "same", said=one), row(21, "same", "b", said=other)]
    with pytest.raises(DataError) as raised:
        divide(data, seed=0, shares=SHARES)
    assert str(raised.value) == (
        f"m.csv, line 23 is for {other} and has the same inputs as m.csv, line 22, which is for {one}; "
        "take one of them out"
    )


def test_train_and_feedback_together_are_feedback() -> None:
    data = [*rows(9, said="train"), row(20, "same", said="feedback"), row(21, "same", said="train")]
    splits = divide([*data, row(30, "t", said="test")], seed=0, shares=SHARES)
    assert {"20", "21"} <= {example.id for example in splits.feedback}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(
            rows(2),
            "no row is left for test (2 rows with different inputs); add rows or change data.shares",
            id="few rows",
        ),
        pytest.param(
            rows(20, said="train"),
            "no row is left for test (20 rows with different inputs); add rows or change data.shares",
            id="no test",
        ),
        pytest.param(
            [row(number, "same") for number in range(9)],
            "no row is left for validation (1 rows with different inputs); add rows or change data.shares",
            id="all the same",
        ),
    ],
)
def test_a_part_without_rows_is_refused(data: list[Row], sentence: str) -> None:
    with pytest.raises(DataError) as raised:
        divide(data, seed=0, shares=SHARES)
    assert str(raised.value) == sentence


def test_the_hash_is_that_of_rows_and_their_parts() -> None:
    one, two, three = (Example(name, {"text": name}, "a") for name in "abc")
    first = Splits((one,), (two,), (three,))
    assert first.content_hash == Splits((one,), (two,), (three,)).content_hash
    others = [
        Splits((two,), (one,), (three,)),
        Splits((one, two), (), (three,)),
        Splits((one,), (two,), (Example("c", {"text": "c"}, "b"),)),
        Splits((one,), (two,), (Example("c", {"text": "d"}, "a"),)),
    ]
    assert Counter(splits.content_hash for splits in (first, *others)).most_common(1)[0][1] == 1
