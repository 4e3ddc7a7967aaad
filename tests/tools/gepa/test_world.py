"""What all proposals of a search share."""

from dataclasses import replace

import pytest

from benchmarks.gepa_benches import discovery, evaluate_on, reflect_on
from tests.tools.gepa.searching import rows
from toishi.tools.gepa import Brief, GepaSettings
from toishi.tools.gepa.ledger import Used
from toishi.tools.gepa.wall import Wall
from toishi.tools.gepa.world import World
from toishi.tools.workbench.objectives import SCORE, Objective
from toishi.tools.workbench.seeds import streams

LIMITED = Objective("score", "higher", limit=0.5)
BRIEF = Brief(500, {"topic": ("message",)}, {"topic": "regex", "other": "sql"}, "Routes messages.", ("kind",))


def world() -> World:
    bench = discovery()
    return World(
        rows("feedback", 3),
        rows("validation", 3),
        evaluate_on(bench),
        reflect_on(bench),
        GepaSettings(),
        streams(0),
        BRIEF,
        Wall(None, Used()),
    )


def test_a_request_says_what_its_text_is_and_what_it_must_keep() -> None:
    assert BRIEF.of("topic", ["topic", "answer"]) == {
        "module": "topic",
        "max_characters": 500,
        "placeholders": ("message",),
        "kind": "regex",
        "modules": ("topic", "answer"),
        "summary": "Routes messages.",
    }


def test_a_text_of_which_nothing_is_said_is_an_instruction() -> None:
    said = BRIEF.of("answer", ["answer"])
    assert (said["kind"], said["placeholders"]) == ("instruction", ())


@pytest.mark.parametrize(
    ("objectives", "several"),
    [
        pytest.param((SCORE,), False, id="the score"),
        pytest.param([SCORE], False, id="the score, in a list"),
        pytest.param((LIMITED,), True, id="a limit for the score"),
        pytest.param((SCORE, Objective("tokens", "lower")), True, id="tokens too"),
    ],
)
def test_several_things_are_wanted_where_anything_but_the_score_is(
    objectives: tuple[Objective, ...], several: bool
) -> None:
    assert replace(world(), objectives=objectives).several is several


def test_rollouts_on_the_same_rows_count_for_both_splits_once() -> None:
    apart = world()
    assert (apart.counted("feedback"), apart.counted("validation")) == ("feedback", "validation")
    together = replace(apart, feedback=apart.validation)
    assert (together.counted("feedback"), together.counted("validation")) == ("validation", "validation")


def test_the_rows_that_no_text_may_copy_are_those_of_the_feedback() -> None:
    told = replace(rows("feedback", 1)[0], inputs={"message": "one two three four five six"})
    shared = replace(world(), feedback=(told,), settings=GepaSettings(copied_words=5))
    assert shared.rows.copied("it says: one two three four five") is not None
    assert shared.rows.copied("it says: one two three four") is None
