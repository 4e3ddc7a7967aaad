"""Events survive the journal, and decisions are told from telemetry."""

import json

import pytest

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


@pytest.mark.parametrize(
    ("text", "kind", "version"),
    [
        pytest.param('{"kind": "party", "version": 1, "guests": 3}', "party", 1, id="an unknown kind"),
        pytest.param('{"kind": "warned", "version": 2, "guests": 3}', "warned", 2, id="a newer version"),
    ],
)
def test_what_a_newer_toishi_wrote_is_read_as_unknown(text: str, kind: str, version: int) -> None:
    unknown = events.Unknown(stored_kind=kind, stored_version=version, body=json.loads(text))
    assert events.parse_event(text) == unknown


@pytest.mark.parametrize("text", ["", "[]", '{"kind": "warned"}', '{"kind": "warned", "message": "", "guests": 3}'])
def test_what_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        events.parse_event(text)


def test_an_event_from_before_there_were_versions_is_of_the_first() -> None:
    assert events.parse_event('{"kind": "warned", "message": "slow"}') == events.Warned(message="slow")


def test_an_older_event_goes_through_every_upgrade() -> None:
    upgrades: dict[tuple[str, int], events.Upgrade] = {
        ("warned", 1): lambda body: {"kind": "warned", "text": body["message"]},
        ("warned", 2): lambda body: {**body, "text": body["text"] + "!"},
        ("judged", 1): lambda body: {},
    }
    first = {"kind": "warned", "version": 1, "message": "slow"}
    assert events.upgraded(first, 3, upgrades) == {"kind": "warned", "version": 3, "text": "slow!"}
    assert events.upgraded(first, 1, upgrades) == first


def test_there_is_an_upgrade_from_every_older_version() -> None:
    for described in events.describe():
        assert {(described.kind, version) for version in range(1, described.version)} <= set(events.UPGRADES)


def test_every_kind_and_field_is_described() -> None:
    described = events.describe()
    assert len({one.kind for one in described}) == len(described) == 12
    for one in described:
        assert one.sentence
        assert "kind" in one.schema["properties"]
        for name, kind, sentence in one.fields:
            assert kind
            assert sentence, f"{one.kind}.{name}"
    accepted = next(one for one in described if one.kind == "candidate_accepted")
    assert ("before", "number or null") in {field[:2] for field in accepted.fields}
    assert accepted.decision


def test_what_only_tells_how_far_a_sitting_came_is_no_decision() -> None:
    assert not {events.Progress, events.Warned, events.RunStopped} & set(events.DECISIONS)
