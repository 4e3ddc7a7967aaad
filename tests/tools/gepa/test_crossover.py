"""Two texts joined into one by the reflector: whose, what it is shown of them, and what becomes of it."""

import random
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from benchmarks.gepa_benches import plain_reply
from tests.tools.gepa.searching import MODULE, Search, drafts, judged_by, place_of, tagged
from toishi.tools.gepa import GepaSettings, Member
from toishi.tools.gepa.crossover import MOST_SHOWN, partner, where_better
from toishi.tools.gepa.ticket import Seen
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.models.protocol import Reply
from toishi.tools.workbench.textgrad.reflection import CrossoverRequest, ReflectionRequest, Request

SEEN = st.lists(
    st.builds(Seen, st.integers(0, 12), st.sampled_from([0.0, 0.5, 1.0]), st.just("")),
    unique_by=lambda one: one.position,
)


def members(*texts: str) -> list[Member]:
    return [Member(number, Candidate({MODULE: text}), (), [0.5]) for number, text in enumerate(texts)]


@given(SEEN, SEEN)
def test_rows_are_shown_on_which_one_was_seen_to_be_better_the_largest_difference_first(
    ours: list[Seen], theirs: list[Seen]
) -> None:
    rows = where_better(ours, theirs)
    mine, others = ({one.position: one.score for one in seen} for seen in (ours, theirs))
    gains = [mine[row] - others[row] for row in rows]
    assert all(gain > 0 for gain in gains)
    assert gains == sorted(gains, reverse=True)
    better = [row for row in mine if row in others and mine[row] > others[row]]
    assert len(rows) == min(MOST_SHOWN, len(better))
    assert not set(rows) & set(where_better(theirs, ours))


@given(st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=8), st.integers(0, 5), st.integers())
def test_a_partner_stands_at_a_front_where_the_parent_does_not(fronts: list[set[int]], parent: int, luck: int) -> None:
    pool = members(*"abcdef")
    found = partner(pool[parent], MODULE, pool, fronts, random.Random(luck))
    elsewhere = set[int]().union(*(front for front in fronts if parent not in front))
    assert (found is None) == (not elsewhere)
    if found is not None:
        assert found.number in elsewhere


def test_a_partner_has_another_text() -> None:
    pool = members("same", "same", "other")
    fronts = [{0}, {1}, {1}, {2}]
    found = [partner(pool[0], MODULE, pool, fronts, random.Random(luck)) for luck in range(30)]
    assert found == [pool[2]] * 30
    assert partner(pool[0], MODULE, pool, [{0}, {1}], random.Random(0)) is None


def test_who_holds_more_fronts_alone_is_a_partner_more_often() -> None:
    pool = members(*"abc")
    found = [partner(pool[0], MODULE, pool, [{0, 2}, {1}, {1}, {1}, {2}], random.Random(luck)) for luck in range(400)]
    assert found.count(pool[1]) / 400 == pytest.approx(0.75, abs=0.1)


def knows(text: str, row: Example, replicate: int) -> float:
    """Rows are of five kinds, and a text solves those whose letters it holds."""
    return 0.9 if "abcde"[place_of(row) % 5] in text.split() else 0.1


def letters(*texts: str) -> str:
    """What all of them know."""
    return " ".join(sorted({letter for text in texts for letter in text.split()}))


def complementary(**others: object) -> Search:
    """The seed knows one kind of rows; the first two children two others each, and joined they know all."""
    how = {"lookahead": 2, "max_iterations": 20, "validation": "full", "crossover": 1.0, **others}

    async def reflect(request: Request, iteration: int) -> Reply:
        if isinstance(request, CrossoverRequest):
            return plain_reply(tagged(" ".join(sorted({*request.first.text.split(), *request.second.text.split()}))))
        assert isinstance(request, ReflectionRequest)
        return plain_reply(
            tagged(["a b", "c d"][iteration] if iteration < 2 else request.instruction + f" {iteration}")
        )

    bench = replace(drafts(feedback=20, validation=20), seed={MODULE: "e"})
    return Search(bench, GepaSettings.model_validate(how), evaluate=judged_by(knows), reflect=reflect)


def test_a_joined_text_has_two_parents_and_what_is_good_in_both() -> None:
    search = complementary()
    result = search.run()
    assert [event.texts[MODULE] for event in search.accepted[:3]] == ["e", "a b", "c d"]
    assert result.best.candidate.texts[MODULE] == "a b c d e"
    joined = [event for event in search.accepted if len(event.parents) == 2]
    assert joined
    for event in joined:
        texts = {search.accepted[number].texts[MODULE] for number in event.parents}
        assert set(event.texts[MODULE].split()) == {letter for text in texts for letter in text.split()}
        assert event.module == MODULE
        assert event.reason.startswith(
            f"answer of candidates {event.parents[0]} and {event.parents[1]} were joined, and"
        )


def waiting_for_rows(search: Search) -> Search:
    """The same search with a reflector that joins nothing before it sees rows of both, and learns nothing new."""
    begin = search.reflect
    assert begin is not None

    async def reflect(request: Request, iteration: int) -> Reply:
        if isinstance(request, CrossoverRequest):
            joined = request.first.better_on and request.second.better_on
            return plain_reply(tagged(letters(request.first.text, request.second.text) if joined else "useless"))
        return await begin(request, iteration)

    search.reflect = reflect
    return search


def test_the_reflector_is_shown_both_texts_and_where_each_is_better() -> None:
    search = waiting_for_rows(complementary(crossover=0.5, max_iterations=60))
    search.run()
    scores = {event.texts[MODULE]: event.validation_score for event in search.accepted}
    for request in search.crossovers:
        first, second = request.first, request.second
        assert first.text != second.text
        assert (first.score, second.score) == (scores[first.text], scores[second.text])
        assert (request.module, request.modules, request.max_characters) == (MODULE, (MODULE,), 10_000)
        for parent, other in ((first, second), (second, first)):
            for record in parent.better_on:
                kind = "abcde"[int(record.inputs["message"].split()[1]) % 5]
                assert kind in parent.text.split()
                assert kind not in other.text.split()
    assert any(request.first.better_on and request.second.better_on for request in search.crossovers)


def test_rows_that_show_the_difference_are_run_already() -> None:
    search = waiting_for_rows(complementary(crossover=0.5, max_iterations=60))
    search.run()
    for request in search.crossovers:
        for parent in (request.first, request.second):
            ran = search.asked_of(parent.text, "feedback")
            assert {f"feedback-{record.inputs['message'].split()[1]}" for record in parent.better_on} <= ran


def test_a_joined_text_that_is_one_of_both_is_refused() -> None:
    search = complementary()
    reflect = search.reflect
    assert reflect is not None

    async def lazy(request: Request, iteration: int) -> Reply:
        if isinstance(request, CrossoverRequest):
            return plain_reply(tagged(request.second.text))
        return await reflect(request, iteration)

    search.reflect = lazy
    search.run()
    refused = [event for event in search.rejected if len(event.parents) == 2]
    assert refused
    assert {(event.cause, event.reason) for event in refused} == {
        ("form", "the new instruction is the same as the old one")
    }


def test_nothing_is_joined_unless_it_is_wanted() -> None:
    search = complementary(crossover=0.0)
    search.run()
    assert search.crossovers == []
