"""Events survive the journal, and decisions are told from telemetry."""

import pytest
from pydantic import ValidationError

from toishi.tools.workbench import events


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(events.PhaseStarted(phase="search"), id="decision"),
        pytest.param(events.Warned(message="one row was left out"), id="telemetry"),
        pytest.param(
            events.ProposalRejected(
                iteration=3,
                parents=(0,),
                module="prompt",
                cause="gate",
                reason="no better on its minibatch",
                texts={"prompt": "…"},
                before=1.0,
                after=1.0,
            ),
            id="with-tuples",
        ),
    ],
)
def test_an_event_survives_the_journal(event: events.Event) -> None:
    assert events.parse_event(event.model_dump_json()) == event


def test_an_unknown_kind_is_no_event() -> None:
    with pytest.raises(ValidationError, match="kind"):
        events.parse_event('{"kind": "party"}')


def test_what_only_tells_how_far_a_sitting_came_is_no_decision() -> None:
    assert not {events.Progress, events.Warned, events.RunStopped} & set(events.DECISIONS)
