"""What goes into the journal comes out again, found by what a person or a resumed run knows of it."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toishi.tools.workbench.errors import JournalError, UsageError
from toishi.tools.workbench.events import (
    CandidateAccepted,
    Event,
    PhaseStarted,
    Progress,
    ProposalRejected,
    RunFinished,
    RunStopped,
    Unknown,
)
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal, RunRow
from toishi.tools.workbench.journal.records import message_id
from toishi.tools.workbench.models.protocol import Message, Reply, Request, Sampling, ToolCall, ToolSpec
from toishi.tools.workbench.rollout import ModuleCall, Rollout

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
amounts = st.floats(0, 1e6)
tool_calls = st.lists(st.builds(ToolCall, texts, texts, texts), max_size=2).map(tuple)
messages = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant", "tool"]), texts, tool_calls, st.none() | texts),
    min_size=1,
    max_size=4,
).map(tuple)
replies = st.builds(
    Reply,
    texts,
    st.sampled_from(["stop", "length", "other"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.none() | amounts,
    amounts,
    st.none() | st.lists(st.integers(0, 10**5), max_size=4).map(tuple),
    st.none() | st.lists(st.floats(-50, 0), max_size=4).map(tuple),
    tool_calls,
)
fields = st.dictionaries(texts, texts, max_size=3)
calls = st.builds(ModuleCall, texts, fields, messages, st.none() | replies, st.none() | texts, st.none() | texts)
rollouts = st.builds(
    Rollout,
    texts,
    texts,
    st.integers(0, 9),
    texts,
    st.floats(0, 1),
    texts,
    st.lists(calls, max_size=3).map(tuple),
    st.integers(0, 10**6),
    st.none() | amounts,
    amounts,
    st.dictionaries(texts, st.floats(-1, 1), max_size=2),
    st.none() | texts,
)
once_more = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

REPLY = Reply("yes", "stop", 10, 1, 0.25, 0.5)
SEED = CandidateAccepted(
    number=0,
    candidate="c0",
    parents=(),
    texts={"prompt": "Answer."},
    reason="the seed",
    module=None,
    before=None,
    after=None,
    validation_score=0.5,
)
REJECTED = ProposalRejected(
    iteration=1,
    parents=(0,),
    module="prompt",
    cause="gate",
    reason="not better",
    texts={"prompt": "Answer!"},
    before=1.0,
    after=0.1 + 0.2,
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


def row(run: str, created: str = "") -> RunRow:
    return RunRow(run, "Bank messages", "gepa", "queued", 7, "{}", created=created)


@once_more
@given(request_messages=messages, reply=replies, sampling=st.builds(Sampling, st.floats(0, 2), st.floats(0.1, 1)))
def test_a_reply_comes_back_as_it_was(
    journal: Journal, request_messages: tuple[Message, ...], reply: Reply, sampling: Sampling
) -> None:
    replicate = len(journal.read("SELECT 1 FROM replies"))
    request = Request("some/model", request_messages, sampling, seed=3, replicate=replicate)
    asyncio.run(journal.add_reply("r-1", "task", request, reply))
    found = journal.find_reply(request.key)
    assert found is not None
    assert (found.reply, found.run) == (reply, "r-1")


@once_more
@given(rollout=rollouts)
def test_a_rollout_comes_back_with_its_whole_trace(journal: Journal, rollout: Rollout) -> None:
    run = f"r-{len(journal.read('SELECT 1 FROM rollouts'))}"
    asyncio.run(journal.add_rollout(run, "validation", rollout))
    assert journal.find_rollout(run, rollout.candidate, rollout.example, rollout.replicate) == rollout
    assert journal.rollouts(run) == [rollout]


async def test_a_run_finds_its_own_reply_before_that_of_another(journal: Journal) -> None:
    request = Request("some/model", (Message("user", "hello"),))
    await journal.add_reply("r-1", "task", request, REPLY)
    other = Reply("no", "stop", 10, 1, None, 0.5)
    await journal.add_reply("r-2", "task", request, other)
    assert [journal.find_reply(request.key, run) for run in ("r-1", "r-2", "r-3")] == [
        journal.find_reply(request.key, "r-1"),
        journal.find_reply(request.key, "r-2"),
        journal.find_reply(request.key),
    ]
    assert journal.find_reply(request.key, "r-2") != journal.find_reply(request.key, "r-1")
    assert journal.find_reply("0" * 64) is None


async def test_rollouts_are_found_by_candidate_and_split(journal: Journal) -> None:
    for candidate, example, split in (("a", "1", "feedback"), ("a", "2", "validation"), ("b", "2", "validation")):
        rollout = Rollout(candidate, example, 0, "yes", 1.0, "correct", (), 11, None, 0.5)
        await journal.add_rollout("r-1", split, rollout)
    assert [one.example for one in journal.rollouts("r-1", candidate="a")] == ["1", "2"]
    assert [one.candidate for one in journal.rollouts("r-1", split="validation")] == ["a", "b"]
    assert [one.example for one in journal.rollouts("r-1", candidate="a", split="validation")] == ["2"]
    assert journal.find_rollout("r-1", "a", "1", 1) is None
    assert journal.find_rollout("r-2", "a", "1", 0) is None


async def test_what_a_candidate_costs_is_known_from_its_rollouts(journal: Journal) -> None:
    for example, tokens, cost in (("1", 10, 0.5), ("2", 20, None)):
        await journal.add_rollout("r-1", "validation", Rollout("a", example, 0, "", 0.0, "", (), tokens, cost, 0.1))
    assert journal.mean_spent("r-1", "a", "validation") == (15.0, 0.25)
    assert journal.mean_spent("r-1", "a", "test") == (0.0, 0.0)


async def test_what_a_model_was_allowed_to_use_stands_beside_its_reply(journal: Journal) -> None:
    tool = ToolSpec("search", "Looks it up.", '{"type": "object"}')
    request = Request("some/model", (Message("user", "hello"),), tools=(tool,), schema='{"type": "string"}')
    await journal.add_reply("r-1", "task", request, REPLY)
    (row,) = journal.read("SELECT tools, schema, tool_calls FROM replies")
    assert json.loads(row["tools"]) == [
        {"name": "search", "description": "Looks it up.", "parameters": '{"type": "object"}'}
    ]
    assert (row["schema"], row["tool_calls"]) == ('{"type": "string"}', None)


def test_messages_with_the_same_text_are_told_apart_by_their_tool_calls() -> None:
    plain = Message("assistant", "")
    calls = [Message("assistant", "", (ToolCall("1", "search", query),)) for query in ('{"q": 1}', '{"q": 2}')]
    answers = [Message("tool", "", (), number) for number in ("", "1", "2")]
    assert len({message_id(one) for one in (plain, *calls, *answers)}) == 6


def test_a_plain_message_has_the_id_that_it_always_had() -> None:
    assert message_id(Message("user", "hello")) == hashlib.sha256(b"user\nhello").hexdigest()[:32]


async def test_the_same_message_is_stored_once(journal: Journal) -> None:
    system = Message("system", "a long instruction")
    for number in range(5):
        request = Request("some/model", (system, Message("user", str(number))))
        await journal.add_reply("r-1", "task", request, REPLY)
        call = ModuleCall("prompt", {"text": str(number)}, request.messages, REPLY)
        await journal.add_rollout("r-1", "test", Rollout("c", str(number), 0, "", 0.0, "", (call,), 1, 0.0, 0.1))
    assert len(journal.read("SELECT 1 FROM messages")) == 6


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("r-20261122-1a2b", "r-20261122-1a2b", id="whole"),
        pytest.param("r-20261122-1", "r-20261122-1a2b", id="a beginning that only one has"),
        pytest.param("c0de", "r-20261122-c0de", id="an ending that only one has"),
        pytest.param("last", "r-20261121-ffff", id="the newest, whatever its id"),
    ],
)
def test_a_run_is_found(journal: Journal, asked: str, found: str) -> None:
    journal.add_run(row("r-20261122-1a2b", "2026-11-22T10"))
    journal.add_run(row("r-20261122-c0de", "2026-11-22T11"))
    journal.add_run(row("r-20261121-ffff", "2026-11-22T12"))
    assert journal.run(asked).id == found
    assert [run.id for run in journal.runs()] == ["r-20261122-1a2b", "r-20261122-c0de", "r-20261121-ffff"]


def test_an_unknown_run_is_answered_with_the_nearest_ones(journal: Journal) -> None:
    with pytest.raises(UsageError, match=r"There is no run in this project yet; start one with: toishi run TASK\.toml"):
        journal.run("last")
    journal.add_run(row("r-20261122-1a2b"))
    journal.add_run(row("r-20261122-c0de"))
    with pytest.raises(UsageError, match="There is no run 'r-20261122-1a2c'; did you mean r-20261122-1a2b or"):
        journal.run("r-20261122-1a2c")
    with pytest.raises(UsageError, match="'r-2026' may be any of the runs r-20261122-1a2b, r-20261122-c0de; give more"):
        journal.run("r-2026")


def test_a_run_keeps_what_is_told_of_it(journal: Journal) -> None:
    journal.add_run(row("r-1"))
    journal.set_status("r-1", "running", pid=42)
    journal.set_wanted("r-1", "cancel")
    journal.set_seconds("r-1", 12.5)
    journal.set_result("r-1", {"best": 1})
    run = journal.run("r-1")
    assert (run.status, run.pid, run.wanted, run.seconds, run.result) == ("running", 42, "cancel", 12.5, '{"best":1}')
    assert journal.wanted("r-1") == "cancel"
    assert run.created.startswith("20")


def test_a_replay_writes_no_decision_twice(journal: Journal) -> None:
    first = journal.recorder("r-1")
    for event in (PhaseStarted(phase="search"), SEED, progress(3)):
        first(event)
    again = journal.recorder("r-1")
    for event in (PhaseStarted(phase="search"), progress(1), SEED, REJECTED):
        again(event)
    assert journal.decisions("r-1") == [PhaseStarted(phase="search"), SEED, REJECTED]
    assert [event for _, event in journal.events("r-1")] == [
        PhaseStarted(phase="search"),
        SEED,
        progress(3),
        progress(1),
        REJECTED,
    ]


def test_a_replay_that_decides_otherwise_is_refused(journal: Journal) -> None:
    journal.recorder("r-1")(REJECTED)
    again = journal.recorder("r-1")
    with pytest.raises(JournalError, match="The replay of run r-1 diverged at decision 0: proposal_rejected is stored"):
        again(REJECTED.model_copy(update={"after": 0.3}))
    assert journal.decisions("r-1") == [REJECTED]


def test_a_replay_of_what_a_newer_toishi_decided_is_refused(journal: Journal) -> None:
    journal.recorder("r-1")(REJECTED)
    journal.write([("UPDATE events SET version = 9, body = json_set(body, '$.version', 9)", ())])
    assert isinstance(journal.decisions("r-1")[0], Unknown)
    again = journal.recorder("r-1")
    with pytest.raises(
        JournalError, match=r"was continued by a newer toishi \(proposal_rejected, version 9\); upgrade"
    ):
        again(REJECTED)


def test_an_event_that_cannot_be_read_is_told(journal: Journal) -> None:
    journal.recorder("r-1")(REJECTED)
    journal.write([("UPDATE events SET body = json_remove(body, '$.reason')", ())])
    with pytest.raises(JournalError, match=r"Event 1 of the journal cannot be read \(.*\); look at it with: sqlite3"):
        journal.events("r-1")


def test_events_are_read_on_from_a_number(journal: Journal) -> None:
    emit = journal.recorder("r-1")
    emit(PhaseStarted(phase="baseline"))
    journal.recorder("r-2")(PhaseStarted(phase="loading"))
    seen = journal.events("r-1")
    emit(RunFinished(outcome="no_evidence", sentence="Nothing better was found."))
    assert [event.kind for _, event in seen] == ["phase_started"]
    assert [event.kind for _, event in journal.events("r-1", after=seen[-1][0])] == ["run_finished"]


def test_how_a_run_ended_stands_in_its_row(journal: Journal) -> None:
    journal.add_run(row("r-1"))
    emit = journal.recorder("r-1")
    emit(RunStopped(status="cancelled", sentence="The run was cancelled."))
    emit(PhaseStarted(phase="change"))
    assert journal.run("r-1").status == "cancelled"
    emit(RunFinished(outcome="no_evidence", sentence="Nothing better was found."))
    assert journal.run("r-1").status == "finished"


def test_an_accepted_candidate_is_a_row_for_people(journal: Journal) -> None:
    journal.recorder("r-1")(SEED)
    (found,) = journal.read("SELECT * FROM candidates")
    assert (found["id"], found["texts"], found["validation_score"]) == ("c0", '{"prompt":"Answer."}', 0.5)


def test_equal_data_is_stored_once_and_other_data_beside_it(journal: Journal) -> None:
    one, two = Example("1", {"text": "hé"}, "a", {"country": "DE"}), Example("2", {"text": "hi"}, "b")
    for data, splits in (
        ("x", {"feedback": [one], "test": [two]}),
        ("x", {"feedback": [one], "test": [two]}),
        ("y", {"feedback": [two, one]}),
    ):
        journal.add_examples(data, splits)
    assert (journal.examples("x", "feedback"), journal.examples("y", "feedback")) == ((one,), (two, one))
    assert list(journal.examples("y", "test")) == []
    assert len(journal.read("SELECT 1 FROM examples")) == 4


async def test_one_append_that_cannot_be_stored_does_not_take_the_others_with_it(journal: Journal) -> None:
    good = [Rollout("c", str(number), 0, "yes", 1.0, "", (), 1, 0.0, 0.1) for number in range(20)]
    bad = Rollout("c", "bad", 0, "a lone surrogate \ud800", 1.0, "", (), 1, 0.0, 0.1)
    ends = await asyncio.gather(
        *(journal.add_rollout("r-1", "test", one) for one in (*good, bad)), return_exceptions=True
    )
    assert ends[:-1] == [None] * 20
    assert isinstance(ends[-1], JournalError)
    assert journal.rollouts("r-1") == good


async def test_what_was_paid_is_stored_although_its_reader_is_cancelled(journal: Journal) -> None:
    rollout = Rollout("c", "1", 0, "yes", 1.0, "", (), 1, 0.0, 0.1)
    task = asyncio.create_task(journal.add_rollout("r-1", "test", rollout))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    journal.close()
    reopened = Journal.open(journal.project)
    assert reopened.rollouts("r-1") == [rollout]
    reopened.close()


def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="was closed before the last append"):
        journal.set_wanted("r-1", "cancel")
    with pytest.raises(JournalError, match="cannot be used"):
        journal.runs()


def test_the_folder_keeps_itself_out_of_version_control(journal: Journal) -> None:
    assert (journal.path.parent / ".gitignore").read_text() == "*\n"


def test_plain_sqlite_reads_the_database(journal: Journal) -> None:
    journal.add_run(row("r-1"))
    connection = sqlite3.connect(journal.path)
    assert connection.execute("SELECT name, method, status, seed FROM runs").fetchall() == [
        ("Bank messages", "gepa", "queued", 7)
    ]
    connection.close()


def progress(rollouts: int) -> Event:
    return Progress(rollouts=rollouts, tokens=0, cost=None, seconds=1.0, candidates=1, best_validation_score=None)
