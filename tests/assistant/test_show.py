"""`toishi show` looks closer: events, rollouts, one trace."""

import json
from pathlib import Path

from tests.assistant.conftest import RUN, Toishi, fill, story
from toishi.tools.workbench.events import parse_event


def test_the_events_from_the_start(toishi: Toishi, finished: Path) -> None:
    answer = toishi("show", "--events")

    assert (answer.exit_code, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert len(lines) == len(story())
    assert lines[0].startswith(f"00:00  run {RUN} started: gepa, seed 3")
    assert lines[-1] == "00:09  finished  The best prompt is better."


def test_the_events_as_one_document_can_be_replayed(toishi: Toishi, finished: Path) -> None:
    told = json.loads(toishi("show", RUN, "--events", "--json").stdout)

    assert [event["number"] for event in told] == list(range(1, len(story()) + 1))
    assert [event["decision"] for event in told[:6]] == [0, 1, 2, 3, 4, None]
    assert all(event["created"].startswith("20") for event in told)
    assert [parse_event(json.dumps(event["event"])) for event in told] == story()


def test_the_rollouts_in_pages(toishi: Toishi, finished: Path) -> None:
    whole = json.loads(toishi("show", "--rollouts", "--limit", "1000", "--json").stdout)
    assert whole["next"] is None

    first = json.loads(toishi("show", "--rollouts", "--limit", "3", "--json").stdout)
    rest = json.loads(toishi("show", "--rollouts", "--after", str(first["next"]), "--limit", "1000", "--json").stdout)

    assert first["rollouts"] + rest["rollouts"] == whole["rollouts"]
    assert whole["rollouts"][0]["feedback"].startswith(("correct", "expected"))
    answer = toishi("show", "--rollouts", "--limit", "3")
    assert answer.stdout.splitlines()[0].split() == [
        "rollout", "candidate", "split", "example", "score", "tokens", "output", "feedback",
    ]  # fmt: skip
    assert answer.stdout.splitlines()[-1] == f"There are more: --after {first['next']}"


def test_the_rollouts_of_one_candidate_and_split(toishi: Toishi, finished: Path) -> None:
    def shown(*options: str) -> list[dict[str, str]]:
        document = json.loads(toishi("show", "--rollouts", "--limit", "1000", "--json", *options).stdout)
        rollouts: list[dict[str, str]] = document["rollouts"]
        return rollouts

    seed = json.loads(toishi("show", "--json").stdout)["candidates"][0]["id"]
    assert shown("--candidate", "0") == [one for one in shown() if one["candidate"] == seed] != []
    assert shown("--candidate", seed[:6], "--split", "validation") == shown("--candidate", "0")
    assert toishi("show", "--rollouts", "--split", "test").stdout == "There are no such rollouts.\n"


def test_one_rollout_with_every_prompt_and_reply(toishi: Toishi, finished: Path) -> None:
    document = json.loads(toishi("show", "--rollout", "2", "--json").stdout)
    assert (document["run"], document["number"], document["split"]) == (RUN, 2, "validation")
    (call,) = document["calls"]

    lines = toishi("show", "--rollout", "2").stdout.splitlines()

    assert lines[0].startswith(f"rollout 2 of run {RUN}: candidate ")
    assert lines[2] == "1. prompt"
    assert f"user      {call['messages'][0]['content']}" in lines
    assert f"reply     {call['reply']['text']}" in lines
    assert f"feedback  {document['feedback']}" in lines
    assert lines[-1] == "took      1 rollout, 44 tokens, $0.00, 00:00"


def test_what_is_not_there_is_told_with_the_way_out(toishi: Toishi, folder: Path) -> None:
    fill(folder, story()[:3])

    answer = toishi("show", "--rollout", "999")
    assert (answer.exit_code, answer.stderr) == (
        2,
        f"Error: Run {RUN} has no rollout 999; `toishi show {RUN} --rollouts` lists them\n",
    )
    answer = toishi("show", "--rollouts", "--candidate", "77")
    assert (answer.exit_code, "has no candidate '77'" in answer.stderr) == (2, True)
    answer = toishi("show", "--rollouts", "--events")
    assert (answer.exit_code, "exclude one another" in answer.stderr) == (2, True)
