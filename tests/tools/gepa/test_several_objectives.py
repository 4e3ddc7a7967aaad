"""A search in which several things are wanted of a candidate: its gate, its front, its limits and what it suggests."""

from dataclasses import replace

import pytest

from tests.tools.gepa.searching import MODULE, Judge, Search, in_drafts, is_validation, number_of, place_of, proposing
from toishi.tools.gepa import GepaSettings
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.front import front_of, suggested
from toishi.tools.workbench.objectives import SCORE, Objective, distance

LENGTH = Objective("prompt_characters", "lower")
LONG = "draft 0 " + "x" * 192


def one(**others: object) -> GepaSettings:
    """A search one proposal at a time."""
    return GepaSettings.model_validate({"lookahead": 1, "max_iterations": 1, **others})


def wanting(judge: Judge, how: GepaSettings, *others: Objective, validation: int = 20) -> Search:
    """A search from a long draft that wants other things beside the score."""
    search = in_drafts(judge, how, validation=validation)
    return replace(search, bench=replace(search.bench, seed={MODULE: LONG}), objectives=(SCORE, *others))


def even(text: str, row: Example, replicate: int) -> float:
    """Every text is worth the same."""
    return 0.5


def test_a_shorter_text_with_the_same_score_passes_and_stands_on_the_front() -> None:
    search = wanting(even, one(), LENGTH)
    result = search.run()
    event = search.accepted[1]
    assert event.reason == (
        "answer of candidate 0 was rewritten: prompt_characters better by 193, and its score is not lower (+0.000 on "
        "16 rows)"
    )
    assert event.rows is None
    assert event.objectives == {"prompt_characters": 7.0}
    assert result.front == (1,)
    assert result.best.number == 1


def test_for_the_score_alone_it_is_no_better() -> None:
    search = wanting(even, one())
    search.run()
    assert [event.cause for event in search.rejected] == ["gate"]


def test_a_longer_text_with_a_higher_score_stands_beside_the_shorter_one() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        return 0.9 if len(text) > 300 else 0.5

    search = wanting(judge, one(max_iterations=2), LENGTH)
    search.reflect = proposing(lambda request, iteration: ["draft 1", "draft 2 " + "y" * 300][iteration])
    result = search.run()
    assert result.front == (1, 2)
    assert [event.objectives for event in search.accepted] == [
        {"prompt_characters": 200.0},
        {"prompt_characters": 7.0},
        {"prompt_characters": 308.0},
    ]
    assert [event.validation_score for event in search.accepted] == [0.5, 0.5, pytest.approx(0.9)]


def test_a_shorter_text_that_answers_worse_is_refused_by_the_gate() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        return 0.2 if number_of(text) else 0.8

    search = wanting(judge, one(), LENGTH)
    search.run()
    assert search.rejected[0].cause == "gate"
    assert search.rejected[0].reason.startswith("not better, and its score is lower")
    assert not search.asked_of("draft 1", "validation")


def test_a_text_beyond_a_limit_is_refused_before_any_rollout() -> None:
    search = wanting(lambda text, row, replicate: 0.1 * number_of(text), one(), replace(LENGTH, limit=250.0))
    search.reflect = proposing(lambda request, iteration: "draft 1 " + "y" * 300)
    search.run()
    event = search.rejected[0]
    assert (event.cause, event.texts) == ("form", None)
    assert event.reason == "prompt_characters is 308, and should be at most 250"
    assert not search.asked_of("draft 1 " + "y" * 300, "feedback")


def test_a_seed_beyond_a_limit_may_come_closer_to_it_and_is_not_chosen() -> None:
    search = wanting(even, one(max_iterations=3, selection="best"), replace(LENGTH, limit=100.0))
    texts = ["draft 1 " + "y" * 142, "draft 2 " + "y" * 222, "draft 3"]
    search.reflect = proposing(lambda request, iteration: texts[iteration])
    result = search.run()
    # The way back may take several steps; one away from the limit is refused.
    assert [event.texts[MODULE] for event in search.accepted] == [LONG, texts[0], texts[2]]
    assert search.rejected[0].reason == "prompt_characters is 230, and should be at most 100"
    assert result.front == (2,)
    assert result.best.candidate.texts == {MODULE: "draft 3"}


def growing(text: str, row: Example, replicate: int) -> float:
    """Longer texts are better, each on rows of its own."""
    return float((place_of(row) * 7 + number_of(text)) % 30 < len(text) // 8)


def from_short_to_long(seed: int, how: GepaSettings) -> Search:
    """Drafts that grow more often than they shrink."""
    search = wanting(growing, how, LENGTH, validation=30)
    search.seed = seed
    search.bench = replace(search.bench, seed={MODULE: "draft 0"})
    search.reflect = proposing(
        lambda request, iteration: f"draft {iteration + 1} ".ljust(
            20 + 4 * iteration + 37 * (iteration + seed) % 50, "z"
        )
    )
    return search


@pytest.mark.parametrize("seed", range(4))
def test_the_front_is_that_of_all_validated_members_and_the_best_is_what_it_suggests(seed: int) -> None:
    search = from_short_to_long(seed, one(max_iterations=40, lookahead=4))
    result = search.run()
    validated = {member.number: member.objectives for member in result.members if member.validated}
    front = front_of(search.objectives, validated)
    assert len(front.numbers) > 3
    assert result.front == front.numbers
    assert result.best.number == result.chosen == suggested(front, result.seed.objectives)
    assert result.best.validation_score >= result.seed.validation_score - 0.02


def test_parents_are_drawn_from_the_front_of_all_objectives_too() -> None:
    search = from_short_to_long(0, one(max_iterations=60, selection="best"))
    search.run()
    parents = {event.parents[0] for event in search.decided[1:]}
    validated = [event for event in search.accepted if event.validated]
    best = [max(validated[: place + 1], key=lambda event: event.validation_score) for place in range(len(validated))]
    leaders = {event.number for event in best}
    assert parents - leaders


def test_a_perfect_score_does_not_end_a_search_that_wants_more() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        return float(is_validation(row) or number_of(text) > 0)

    for others, iterations in (((LENGTH,), 4), ((), 0)):
        search = wanting(judge, one(max_iterations=4), *others)
        assert search.run().iterations == iterations


def test_nothing_is_kept_for_finals_that_do_not_come() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        return 0.5 + 0.1 * replicate

    left = []
    for others in ((LENGTH,), ()):
        search = wanting(judge, GepaSettings(lookahead=1, gate_rows=16), *others)
        search.rollouts = 600
        result = search.run()
        assert result.noisy
        left.append(600 - len(search.asked))
    assert left[0] < left[1]


def test_how_different_a_text_is_from_those_before_it_is_measured_as_it_enters() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        return min(0.9, 0.1 + 0.2 * number_of(text))

    texts = ["draft 1 walks by the river", "draft 2 walks by the rivers", "draft 3 counts all its money"]
    search = wanting(judge, one(max_iterations=3), Objective("diversity", "higher"))
    search.reflect = proposing(lambda request, iteration: texts[iteration])
    search.run()
    assert search.accepted[0].objectives["diversity"] == 0.0
    before = [Candidate({MODULE: LONG})]
    for event, text in zip(search.accepted[1:], texts, strict=True):
        candidate = Candidate({MODULE: text})
        assert event.objectives["diversity"] == min(distance(candidate, other) for other in before)
        before.append(candidate)


def test_the_score_of_a_subgroup_is_that_of_its_rows() -> None:
    def judge(text: str, row: Example, replicate: int) -> float:
        return 0.9 if place_of(row) % 2 and number_of(text) else 0.3

    odd = Objective("score", "higher", field="kind", value="odd")
    search = wanting(judge, one(), odd)
    groups = {odd.name: {row.id for row in (*search.bench.feedback, *search.bench.validation) if place_of(row) % 2}}
    search.groups = groups
    result = search.run()
    assert result.seed.objectives == {"score": pytest.approx(0.3), odd.name: pytest.approx(0.3)}
    assert result.members[1].objectives == {"score": pytest.approx(0.6), odd.name: pytest.approx(0.9)}


def test_what_cannot_be_measured_is_said_before_anything_is_searched() -> None:
    search = wanting(even, one(), Objective("politeness", "higher"))
    with pytest.raises(TaskError, match="'politeness' cannot be an objective, since the metric gives no score"):
        search.run()
    assert search.events == []


def test_what_more_than_the_score_chose_has_no_corrected_score() -> None:
    result = wanting(even, one(), LENGTH).run()
    assert result.best.number == 1
    assert result.corrected is None
    assert result.adjusted_p == 1.0
