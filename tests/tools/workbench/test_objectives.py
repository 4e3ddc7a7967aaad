"""What is wanted of a candidate, and what one is worth on each."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.models.protocol import Message, Reply
from toishi.tools.workbench.objectives import (
    MEASURES,
    SCORE,
    Objective,
    broken,
    distance,
    groups_of,
    holds,
    of_texts,
    row_values,
    shown,
    unmeasured,
    values_of,
)
from toishi.tools.workbench.rollout import ModuleCall, Rollout

LENGTH = Objective("prompt_characters", "lower", limit=20)
FRENCH = Objective("score", "higher", field="country", value="fr")
POLITE = Objective("polite", "higher")
RUDE = Objective("rude", "lower")
TEXTS = st.text(st.sampled_from("abcde 日本\n"), max_size=40)


def rollout(
    example: str,
    score: float = 1.0,
    *,
    seconds: float = 0.1,
    cost: float | None = 0.01,
    objectives: dict[str, float] | None = None,
) -> Rollout:
    reply = Reply("yes", "stop", 40, 4, cost, seconds)
    calls = (ModuleCall("prompt", {"text": example}, (Message("user", example),), reply),)
    return Rollout("c", example, 0, "yes", score, "", calls, 44, cost, seconds, objectives or {})


def test_every_measure_is_taken_as_the_mean_of_the_rows() -> None:
    rows = [rollout("a", 1.0, seconds=0.1, cost=0.01), rollout("b", 0.0, seconds=0.3, cost=0.03)]
    objectives = [Objective(name, measure.direction) for name, measure in MEASURES.items()]

    found = values_of(objectives, Candidate({"prompt": "four", "other": "five5"}), rows)

    assert found == pytest.approx(
        {
            "score": 0.5,
            "prompt_characters": 9.0,
            "prompt_tokens": 40.0,
            "tokens": 44.0,
            "seconds": 0.2,
            "cost": 0.02,
            "diversity": 0.0,
        }
    )


def test_a_cost_of_which_a_part_is_unknown_is_unknown_and_says_what_to_do() -> None:
    cost = Objective("cost", "lower", limit=1.0)
    rows = [rollout("a"), rollout("b", cost=None)]

    found = values_of([SCORE, cost], Candidate({"prompt": "x"}), rows)

    assert found["cost"] is None
    assert unmeasured([SCORE, cost], found, rows) == [
        "cost cannot be an objective, since the price of the model is unknown; give models.price, or take cost out of "
        "[[objectives]]"
    ]
    assert not holds([cost], found)
    assert broken([cost], found) == ["cost is unknown, and should be at most 1"]


def test_a_score_of_the_metric_s_own_counts_as_the_worst_where_the_program_failed() -> None:
    rows = [rollout("a", objectives={"polite": 1.0, "rude": 3.0}), rollout("b", objectives={})]

    assert row_values(POLITE, rows) == [1.0, 0.0]
    assert row_values(RUDE, rows) == [3.0, 3.0]


def test_a_score_that_the_metric_never_gives_is_unknown_and_the_nearest_is_named() -> None:
    rows = [rollout("a", objectives={"politeness": 1.0})]
    found = values_of([SCORE, POLITE], Candidate({"prompt": "x"}), rows)

    assert found["polite"] is None
    assert unmeasured([SCORE, POLITE], found, rows) == [
        "'polite' cannot be an objective, since the metric gives no score of that name; did you mean 'politeness'?"
    ]


def test_an_objective_of_a_subgroup_looks_at_its_rows_only() -> None:
    examples = [
        Example("a", {"text": "?"}, "yes", {"country": "fr"}),
        Example("b", {"text": "?"}, "yes", {"country": " fr "}),
        Example("c", {"text": "?"}, "yes", {"country": "de"}),
    ]
    groups = groups_of([SCORE, FRENCH], examples)
    rows = [rollout("a", 1.0), rollout("b", 0.0), rollout("c", 1.0)]

    assert groups == {"score (country=fr)": {"a", "b"}}
    found = values_of([SCORE, FRENCH], Candidate({"prompt": "x"}), rows, groups=groups)
    assert found == pytest.approx({"score": 2 / 3, "score (country=fr)": 0.5})

    elsewhere = values_of([FRENCH], Candidate({"prompt": "x"}), rows[2:], groups=groups)
    assert elsewhere == {"score (country=fr)": None}
    assert unmeasured([FRENCH], elsewhere, rows) == [
        "score (country=fr) cannot be an objective, since no validation row is of that subgroup"
    ]


def test_the_right_answers_make_subgroups_too() -> None:
    refunds = Objective("score", "higher", field="label", value="refund")
    examples = [Example("a", {"text": "?"}, "refund"), Example("b", {"text": "?"}, "card")]
    assert groups_of([refunds], examples, "label") == {"score (label=refund)": {"a"}}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("contry", "fr", "no example has a field 'contry' to make subgroups by; did you mean 'country'?"),
        ("country", "fra", "no row has country = 'fra', which [[objectives]] names; did you mean 'fr'?"),
    ],
)
def test_a_subgroup_without_rows_is_named_with_the_nearest_one(field: str, value: str, sentence: str) -> None:
    examples = [Example("a", {"text": "?"}, "yes", {"country": "fr"})]
    with pytest.raises(DataError) as raised:
        groups_of([Objective("score", "higher", field=field, value=value)], examples)
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("objective", "value", "kept"),
    [
        (LENGTH, 20.0, True),
        (LENGTH, 21.0, False),
        (Objective("score", "higher", limit=0.5), 0.5, True),
        (Objective("score", "higher", limit=0.5), 0.4, False),
        (Objective("score", "higher"), None, True),
    ],
)
def test_a_limit_is_the_worst_value_that_is_still_accepted(
    objective: Objective, value: float | None, kept: bool
) -> None:
    assert holds([objective], {objective.name: value}) is kept


def test_a_broken_limit_is_told_with_the_value() -> None:
    assert broken([SCORE, LENGTH], {"score": 1.0, "prompt_characters": 2310.0}) == [
        "prompt_characters is 2,310, and should be at most 20"
    ]


def test_a_margin_is_absolute_for_scores_and_a_share_for_amounts() -> None:
    assert SCORE.margin(0.5) == 0.02
    assert LENGTH.margin(1000.0) == 50.0
    assert Objective("seconds", "lower", tolerance=0.5).margin(10.0) == 0.5


def test_diversity_is_the_distance_to_the_nearest_of_those_that_were_there() -> None:
    diverse = Objective("diversity", "higher")
    seed, near = Candidate({"prompt": "Answer in one word."}), Candidate({"prompt": "Answer in one  word!"})
    far = Candidate({"prompt": "日本語で答えてください。"})

    assert of_texts([diverse], seed, []) == {"diversity": 0.0}
    assert of_texts([diverse], seed) == {}
    assert of_texts([diverse], near, [seed, far])["diversity"] == distance(near, seed) < 0.3
    assert of_texts([diverse], far, [seed, near]) == {"diversity": 1.0}


@given(TEXTS, TEXTS)
def test_a_distance_is_symmetric_from_0_to_1_and_0_for_the_same_texts(one: str, other: str) -> None:
    first, second = Candidate({"a": one, "b": other}), Candidate({"a": other, "b": one})
    assert 0.0 <= distance(first, second) <= 1.0
    assert distance(first, second) == distance(second, first)
    assert distance(first, first) == 0.0


@given(st.sampled_from([SCORE, LENGTH, POLITE, RUDE]), st.floats(0, 1e6), st.floats(0, 1e6))
def test_what_is_gained_one_way_is_lost_the_other(objective: Objective, before: float, after: float) -> None:
    assert objective.gain(before, after) == -objective.gain(after, before)


@given(st.floats(0, 1e6))
def test_a_value_in_a_sentence_is_near_the_value(value: float) -> None:
    assert math.isclose(float(shown(value).replace(",", "")), value, rel_tol=5e-3, abs_tol=1e-9)
