"""Splits: what the data says wins, the rest follows seed and shares, and no inputs stand on two sides."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.data.dividing import Divided, Group, Row, deal, divide
from toishi.tools.workbench.data.splits import SPLITS, Split, Splits
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example

SHARES = (0.4, 0.3, 0.3)

shares = st.tuples(*[st.floats(0.05, 1)] * 3).map(lambda weights: tuple(weight / sum(weights) for weight in weights))


@dataclass(frozen=True)
class Line:
    """One row of the file that the tests speak of."""

    number: int
    text: str
    label: str = "a"
    said: str = ""
    group: str = ""


def rows(count: int, labels: int = 1, said: str = "") -> list[Line]:
    return [Line(number, f"text {number}", f"label {number % labels}", said) for number in range(count)]


def divided(
    data: Sequence[Line],
    *,
    seed: int = 0,
    shares: Sequence[float] = SHARES,
    near: Sequence[tuple[int, int]] = (),
    most: Sequence[int] | None = None,
) -> Divided:
    return divide(
        [Row(line.text.encode(), line.label, line.said, line.group) for line in data],
        seed=seed,
        shares=shares,
        place=lambda index: f"m.csv, line {data[index].number + 2}",
        near=near,
        most=most,
    )


def numbers(data: Sequence[Line], found: Divided, split: Split) -> list[int]:
    return [line.number for line, part in zip(data, found.parts, strict=True) if part == split]


def sizes(found: Divided) -> tuple[int, ...]:
    return tuple(found.parts.count(split) for split in SPLITS)


drawn = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), min_size=3, max_size=60).map(
    lambda pairs: [Line(number, f"text {text}", label) for number, (text, label) in enumerate(pairs)]
)


@given(data=drawn, seed=st.integers(0, 1000), wanted=shares)
def test_every_row_has_one_place_and_same_inputs_stand_together(
    data: list[Line], seed: int, wanted: tuple[float, ...]
) -> None:
    try:
        found = divided(data, seed=seed, shares=wanted)
    except DataError:
        # Too few rows for these shares; what is said then has a test of its own.
        return
    assert None not in found.parts
    sides: dict[str, set[Split | None]] = {}
    for line, part in zip(data, found.parts, strict=True):
        sides.setdefault(line.text, set()).add(part)
    assert all(len(side) == 1 for side in sides.values())
    assert found.duplicates == len(data) - len(sides)


@given(data=drawn, seed=st.integers(0, 1000), pairs=st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59))))
def test_near_duplicates_stand_together_unless_they_are_a_template(
    data: list[Line], seed: int, pairs: list[tuple[int, int]]
) -> None:
    near = [(one, other) for one, other in pairs if max(one, other) < len(data)]
    try:
        found = divided(data, seed=seed, near=near)
    except DataError:
        return
    if not any("template" in note or "too few" in note for note in found.notes):
        assert all(found.parts[one] == found.parts[other] for one, other in near)


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
    assert divided(data, seed=1) == divided(data, seed=1)
    assert divided(data, seed=1) != divided(data, seed=2)


def test_what_a_seed_draws_stays_the_same_for_good() -> None:
    # A task's figures rest on its splits: whoever changes these lines changes the results that people published.
    found = divided(rows(12, labels=2), seed=3)
    assert [SPLITS.index(part) for part in found.parts if part] == [0, 2, 0, 0, 2, 2, 1, 1, 0, 0, 1, 1]


def test_what_the_data_says_wins() -> None:
    data = [*rows(4, said="feedback"), Line(10, "v", said="validation"), Line(11, "t", said="test")]
    found = divided(data)
    assert [*numbers(data, found, "validation"), *numbers(data, found, "test")] == [10, 11]
    assert sizes(found) == (4, 1, 1)


def test_train_is_divided_by_the_shares_of_feedback_and_validation() -> None:
    assert sizes(divided([*rows(70, said="train"), Line(100, "t", said="test")])) == (40, 30, 1)


def test_train_beside_named_validation_is_feedback() -> None:
    named = [Line(100, "v", said="validation"), Line(101, "t", said="test")]
    assert sizes(divided([*rows(10, said="train"), *named])) == (10, 1, 1)


def test_rows_that_say_nothing_fill_the_parts_that_no_row_names() -> None:
    assert sizes(divided([*rows(70), Line(100, "t", said="test")])) == (40, 30, 1)
    every = [Line(100, "f", said="feedback"), Line(101, "v", said="validation"), Line(102, "t", said="test")]
    assert sizes(divided([*rows(10), *every])) == (5, 4, 4)


def test_a_row_that_says_nothing_follows_the_one_with_its_inputs() -> None:
    data = [*rows(20), Line(50, "same", said="test"), Line(51, "same")]
    assert {50, 51} <= set(numbers(data, divided(data), "test"))


@pytest.mark.parametrize(
    ("one", "other"), [("train", "test"), ("feedback", "validation"), ("validation", "test"), ("test", "feedback")]
)
def test_the_same_inputs_on_two_named_sides_are_refused(one: str, other: str) -> None:
    data = [*rows(9, said="feedback"), Line(20, "same", said=one), Line(21, "same", "b", said=other)]
    with pytest.raises(DataError) as raised:
        divided(data)
    assert str(raised.value) == (
        f"m.csv, line 23 is for {other} and has the same inputs as m.csv, line 22, which is for {one}; "
        "take one of them out"
    )


def test_train_and_feedback_together_are_feedback() -> None:
    data = [*rows(9, said="train"), Line(20, "same", said="feedback"), Line(21, "same", said="train")]
    data.append(Line(30, "t", said="test"))
    assert {20, 21} <= set(numbers(data, divided(data), "feedback"))


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
            [Line(number, "same") for number in range(9)],
            "no row is left for validation (1 row with different inputs); add rows or change data.shares",
            id="all the same",
        ),
    ],
)
def test_a_part_without_rows_is_refused(data: list[Line], sentence: str) -> None:
    with pytest.raises(DataError) as raised:
        divided(data)
    assert str(raised.value) == sentence


def test_near_duplicates_in_two_parts_that_the_data_names_are_told_and_stay() -> None:
    data = [*rows(40, said="train"), Line(50, "t", said="test"), Line(51, "u", said="test")]
    found = divided(data, near=[(3, 40), (4, 41)])
    assert found.parts[40:] == ("test", "test")
    assert found.notes == (
        "m.csv, line 52 is for test and almost repeats m.csv, line 5, which is for train (1 more such pairs); "
        "scores may flatter",
    )


def test_a_row_that_says_nothing_goes_with_its_near_duplicate() -> None:
    data = [*rows(40), Line(50, "t", said="test")]
    assert divided(data, near=[(3, 40)]).parts[3] == "test"


def test_what_most_rows_have_in_common_is_a_template_and_keeps_nobody_together() -> None:
    data = rows(40)
    found = divided(data, near=[(0, number) for number in range(1, 30)])
    assert found.parts == divided(data).parts
    assert found.notes == (
        "30 rows are alike but for a few words (m.csv, line 2 is the first), as if made from one template; they are "
        "divided as different rows",
    )


def test_near_duplicates_give_way_where_a_part_would_be_empty() -> None:
    data = rows(5)
    found = divided(data, near=[(0, 1), (1, 2), (3, 4)])
    assert found.parts == divided(data).parts
    assert found.notes == ("too few rows would be left if near-duplicates stood on one side, so only equal inputs do",)


@given(owners=st.lists(st.integers(0, 12), min_size=40, max_size=80), seed=st.integers(0, 100))
def test_rows_of_a_group_stand_together(owners: list[int], seed: int) -> None:
    data = [Line(number, f"text {number}", group=f"customer {owner}") for number, owner in enumerate(owners)]
    try:
        found = divided(data, seed=seed)
    except DataError:
        assert len(set(owners)) < 9
        return
    sides: dict[str, set[Split | None]] = {}
    for line, part in zip(data, found.parts, strict=True):
        sides.setdefault(line.group, set()).add(part)
    assert all(len(side) == 1 for side in sides.values())


def test_a_group_that_the_data_names_for_two_parts_is_told() -> None:
    data = [*rows(9, said="train"), Line(20, "x", said="train", group="c7"), Line(21, "y", said="test", group="c7")]
    found = divided(data)
    assert found.parts[-1] == "test"
    assert found.notes == (
        "m.csv, line 23 is for test and is of the group 'c7' like m.csv, line 22, which is for train; "
        "what the data says wins",
    )


def test_the_same_inputs_with_two_answers_are_told() -> None:
    data = [*rows(20), Line(30, "same", "x"), Line(31, "same", "y")]
    assert divided(data).notes == ("m.csv, line 33 has the same inputs as m.csv, line 32 and expects another answer",)


@given(count=st.integers(30, 120), caps=st.tuples(*[st.integers(1, 40)] * 3), seed=st.integers(0, 100))
def test_caps_hold_and_take_from_each_label_alike(count: int, caps: tuple[int, ...], seed: int) -> None:
    data = rows(count, labels=3)
    whole, found = divided(data, seed=seed), divided(data, seed=seed, most=caps)
    for split, cap in zip(SPLITS, caps, strict=True):
        kept = numbers(data, found, split)
        assert len(kept) == min(cap, whole.parts.count(split))
        assert set(kept) <= set(numbers(data, whole, split))
        if cap >= 9:
            labels = Counter(number % 3 for number in kept)
            assert max(labels.values()) - min(labels.values()) <= 4


def test_the_hash_is_that_of_rows_and_their_parts() -> None:
    one, two, three = (Example(name, {"text": name}, "a") for name in "abc")
    first = Splits((one,), (two,), (three,))
    assert first.content_hash == Splits((one,), (two,), (three,), ("a warning",)).content_hash
    others = [
        Splits((two,), (one,), (three,)),
        Splits((one, two), (), (three,)),
        Splits((one,), (two,), (Example("c", {"text": "c"}, "b"),)),
        Splits((one,), (two,), (Example("c", {"text": "d"}, "a"),)),
        Splits((one,), (two,), (Example("d", {"text": "c"}, "a"),)),
        Splits((one,), (two,), (Example("c", {"text": "c"}, "a", {"country": "DE"}),)),
    ]
    assert Counter(splits.content_hash for splits in (first, *others)).most_common(1)[0][1] == 1


def test_all_parts_are_one_sequence() -> None:
    one, two, three = (Example(name, {"text": name}, "a") for name in "abc")
    every = Splits((one,), (two, three), ()).all
    assert (len(every), list(every), every[-1], every[1:]) == (3, [one, two, three], three, (two, three))
    with pytest.raises(IndexError):
        every[3]
