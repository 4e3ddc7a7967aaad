"""Scores by subgroup: everybody is in one group, small ones are pooled, and a loss is told with the evidence it has."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.subgroups import EMPTY, MOST, Subgroup, by_subgroup, warnings


def examples(field: str, values: list[str]) -> list[Example]:
    return [Example(str(place), {"text": "hello"}, "yes", {field: value}) for place, value in enumerate(values)]


def sizes(groups: tuple[Subgroup, ...]) -> dict[str, int]:
    return {one.value: one.score.examples for one in groups}


@settings(max_examples=20)
@given(values=st.lists(st.sampled_from(["a", "b", "", "3", "x y"]) | st.integers(0, 99).map(str), min_size=1))
def test_every_example_is_in_exactly_one_group(values: list[str]) -> None:
    rows = examples("field", values)
    groups = by_subgroup(rows, None, [1.0] * len(rows), ["field"], 0)
    assert sum(sizes(groups).values()) == len(rows)
    assert len({one.value for one in groups}) == len(groups)


def test_values_with_few_examples_are_pooled() -> None:
    rows = examples("country", ["fr"] * 9 + ["de"] * 12 + ["at"] * 3 + ["ch"] * 2 + [""])
    groups = by_subgroup(rows, None, [0.0] * 9 + [1.0] * 18, ["country"], 0)
    assert sizes(groups) == {"de": 12, "fr": 9, "others (3 values)": 6}
    assert [one.score.score for one in groups] == [1.0, 0.0, 1.0]
    assert groups[0].score.interval == pytest.approx((0.7575, 1.0), abs=1e-4)
    assert groups[0].verdict is None


def test_one_small_value_keeps_its_name() -> None:
    rows = examples("country", ["fr"] * 9 + [" "] * 2)
    assert sizes(by_subgroup(rows, None, [0.5] * 11, ["country"], 0)) == {"fr": 9, EMPTY: 2}


def test_the_rarest_of_very_many_values_are_pooled() -> None:
    rows = examples("shop", [f"shop {number}" for number in range(30) for _ in range(8)])
    groups = by_subgroup(rows, None, [1.0] * 240, ["shop"], 0)
    assert len(groups) == MOST + 1
    assert sizes(groups)["others (10 values)"] == 80


def test_numbers_are_divided_by_quantiles_in_their_order() -> None:
    ages = [str(age) for age in range(20, 60)]
    random.Random(1).shuffle(ages)
    groups = by_subgroup(examples("age", [*ages, "", "1e3"]), None, [1.0] * 42, ["age"], 0)
    assert sizes(groups) == {"20 to 30": 11, "31 to 40": 10, "41 to 50": 10, "51 to 1000": 10, EMPTY: 1}


def test_few_different_numbers_stay_as_they_are() -> None:
    assert sizes(by_subgroup(examples("stars", ["1", "2"] * 10), None, [1.0] * 20, ["stars"], 0)) == {"1": 10, "2": 10}


def test_inputs_and_the_right_answers_make_groups_too() -> None:
    rows = [Example(str(number), {"language": "en"}, "yes" if number % 2 else "no") for number in range(20)]
    groups = by_subgroup(rows, None, [1.0] * 20, ["language", "label", "language"], 0, expected="label")
    assert [(one.field, one.value) for one in groups] == [("language", "en"), ("label", "no"), ("label", "yes")]


def test_an_unknown_field_is_named_with_the_nearest_one() -> None:
    with pytest.raises(DataError, match=r"no example has a field 'contry' .*did you mean 'country'"):
        by_subgroup(examples("country", ["fr"]), None, [1.0], ["contry"], 0)


def test_a_loss_in_one_group_is_told_although_the_mean_rose() -> None:
    rows = examples("country", ["fr"] * 20 + ["de"] * 60)
    before, after = [1.0] * 20 + [0.0] * 60, [0.0] * 15 + [1.0] * 65
    groups = by_subgroup(rows, before, after, ["country"], 0)
    assert {one.value: one.verdict for one in groups} == {"de": "better", "fr": "worse"}
    assert warnings(groups) == [
        "It got worse where country = fr: 1.000 before, 0.250 after, 20 examples, and that is more than chance among 2 "
        "groups"
    ]


def test_a_loss_on_thin_evidence_is_told_in_other_words() -> None:
    rows = examples("country", ["fr"] * 8 + ["de"] * 60)
    groups = by_subgroup(rows, [1.0] * 68, [0.0] * 2 + [1.0] * 66, ["country"], 0)
    assert {one.value: one.verdict for one in groups} == {"de": "no evidence", "fr": "lower"}
    assert warnings(groups) == [
        "Lower, but on thin evidence, where country = fr (1.000 before, 0.750 after, 8 examples): look at more such "
        "rows before you rely on it"
    ]


def test_among_many_groups_a_loss_must_be_clearer() -> None:
    def verdict(others: int) -> str | None:
        rows = examples("shop", ["bad"] * 8 + [f"shop {number}" for number in range(others) for _ in range(8)])
        after = [0.0] * 6 + [1.0] * (len(rows) - 6)
        (found,) = (one for one in by_subgroup(rows, [1.0] * len(rows), after, ["shop"], 0) if one.value == "bad")
        return found.verdict

    assert (verdict(others=0), verdict(others=19)) == ("worse", "lower")


def test_two_equal_versions_seldom_look_worse_for_anybody() -> None:
    generator = random.Random(5)
    rows = examples("group", [f"group {number % 8}" for number in range(120)])
    found = 0
    for trial in range(25):
        before, after = ([float(generator.random() < 0.7) for _ in rows] for _ in range(2))
        found += any(one.verdict in ("worse", "better") for one in by_subgroup(rows, before, after, ["group"], trial))
    assert found <= 4
