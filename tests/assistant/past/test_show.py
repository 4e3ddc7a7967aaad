"""`toishi show` looks closer: events, rollouts, one trace."""

import asyncio
import json
from contextlib import closing
from pathlib import Path

from tests.assistant.conftest import RUN, Toishi, fill, story
from toishi.tools.workbench.events import parse_event
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.models.protocol import Message, Reply, Request


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


def test_the_newest_rollouts_come_first(toishi: Toishi, finished: Path) -> None:
    whole = json.loads(toishi("show", "--rollouts", "--limit", "1000", "--json").stdout)["rollouts"]
    newest = json.loads(toishi("show", "--rollouts", "--newest", "--limit", "3", "--json").stdout)

    assert (newest["rollouts"], newest["next"]) == (whole[:-4:-1], None)


def test_what_was_paid_for_and_the_means_of_each_candidate(toishi: Toishi, finished: Path) -> None:
    async def pay() -> None:
        for number, purpose in enumerate(["rollout", "rollout", "reflection"]):
            request = Request("some/model", (Message("user", str(number)),))
            await journal.add_reply(RUN, purpose, request, Reply("yes", "stop", 1000, 20, 0.25, 0.1))

    with closing(Journal.open(finished)) as journal:
        asyncio.run(pay())

    told = json.loads(toishi("show", "--json").stdout)
    assert [(one["purpose"], one["replies"], one["cost"]) for one in told["paid"]] == [
        ("reflection", 1, 0.25),
        ("rollout", 2, 0.5),
    ]
    assert {mean["split"] for mean in told["means"]} == {"validation"}
    assert sum(mean["rollouts"] for mean in told["means"]) == len(
        json.loads(toishi("show", "--rollouts", "--limit", "1000", "--json").stdout)["rollouts"]
    )
    assert "paid for    reflection: 1 call of some/model, 1,020 tokens, $0.25\n" in toishi("show").stdout


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
