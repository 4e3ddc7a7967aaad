"""What was purged stands in no byte of the database's files, and everything else stays."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from toishi.tools.workbench import changes
from toishi.tools.workbench.changes import Change, FileEdit
from toishi.tools.workbench.errors import ChangeConflict, JournalError
from toishi.tools.workbench.events import CandidateAccepted, ChangeProposed
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal, RunRow
from toishi.tools.workbench.journal.purge import PURGED, purge_run
from toishi.tools.workbench.models.protocol import Message, Reply, Request, ToolCall
from toishi.tools.workbench.rollout import ModuleCall, Rollout

SYSTEM = Message("system", "Name the topic.")
JANE = Example(
    "jane-1", {"text": 'Hello, this is Jane Doe. My card "gold" was stolen in Lyon!'}, "card", {"by": "Jane Doe"}
)
JOHN = Example("john-1", {"text": "John Roe here: where is my parcel?"}, "parcel", {"by": "John Roe"})
ZOE = Example("zoe-01", {"text": "Zoë Poe asks about fees."}, "fees", {"by": "Zoë Poe"})
ROWS = [JOHN, JANE, ZOE]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


async def add_run(journal: Journal, run: str, data: str = "d", rows: list[Example] = ROWS, prompt: str = "") -> None:
    """A run with a reply and a rollout for each row, of which each says the run's name."""
    journal.add_run(RunRow(run, f"Task of {run}", "gepa", "finished", 0, "{}", data))
    journal.add_examples(data, {"test": rows})
    for row in rows:
        messages = (Message("system", prompt) if prompt else SYSTEM, Message("user", row.inputs["text"]))
        reply = Reply(f"the topic is {row.expected}, says {run}", "stop", 9, 1, 0.5, 0.1, (1, 2), (-0.1, -0.2))
        await journal.add_reply(run, "rollout", Request("some/model", messages), reply)
        call = ModuleCall("prompt", dict(row.inputs), messages, reply)
        await journal.add_rollout(run, "test", Rollout("c0", row.id, 0, reply.text, 1.0, "", (call,), 10, 0.5, 0.1))


def accepted(text: str) -> CandidateAccepted:
    return CandidateAccepted(
        number=0,
        candidate="c0",
        parents=(),
        texts={"prompt": text},
        reason="the seed",
        module=None,
        before=None,
        after=None,
        validation_score=0.5,
    )


def bytes_of(journal: Journal) -> bytes:
    """Everything that the database's files hold."""
    return b"".join(file.read_bytes() for file in journal.path.parent.glob("toishi.db*"))


def holds(journal: Journal, text: str) -> bool:
    return text.lower().encode() in bytes_of(journal).lower()


def count(journal: Journal, table: str) -> int:
    return int(journal.read(f"SELECT count(*) FROM {table}")[0][0])


async def test_a_purged_run_leaves_no_byte(journal: Journal) -> None:
    await add_run(journal, "r-gone", "d1", [JANE], prompt="A prompt of its own.")
    await add_run(journal, "r-kept", "d2", [JOHN])
    journal.recorder("r-gone")(accepted("Name the topic of a card."))
    changes.propose(journal, "r-gone", Change((FileEdit("prompt.txt", "old text", "new text"),), {}))
    assert all(
        holds(journal, text) for text in ("r-gone", "Lyon", "A prompt of its own", "topic of a card", "new text")
    )

    purged = journal.purge_run("r-gone")

    for text in ("says r-gone", "Task of r-gone", "Lyon", "A prompt of its own", "topic of a card", "new text"):
        assert not holds(journal, text)
    counts = {"replies": 1, "rollouts": 1, "candidates": 1, "events": 1, "changes": 1, "examples": 1, "runs": 1}
    assert purged.deleted == {**counts, "messages": 2}
    assert [run.id for run in journal.runs()] == ["r-kept"]
    assert journal.examples("d2", "test") == [JOHN]
    assert [rollout.calls[0].messages[0] for rollout in journal.rollouts("r-kept")] == [SYSTEM]


async def test_what_another_run_uses_stays_with_it(journal: Journal) -> None:
    await add_run(journal, "r-1")
    await add_run(journal, "r-2")
    change = Change((FileEdit("prompt.txt", "old text", "new text"),), {})
    for run in ("r-1", "r-2"):
        journal.recorder(run)(ChangeProposed(change=changes.propose(journal, run, change)))
    before = journal.rollouts("r-2")

    journal.purge_run("r-1")

    assert journal.examples("d", "test") == ROWS
    assert journal.rollouts("r-2") == before
    assert changes.find(journal, change.hash).run == "r-2"
    journal.purge_run("r-2")
    assert [count(journal, table) for table in ("examples", "messages", "replies", "changes")] == [0, 0, 0, 0]


async def test_a_purged_example_leaves_no_byte_wherever_it_was_quoted(journal: Journal) -> None:
    await add_run(journal, "r-1")
    quoting = Message("user", f"Improve.\nExample:\ntext: {JANE.inputs['text']}\nfeedback: wrong")
    await journal.add_reply(
        "r-1", "reflection", Request("some/model", (quoting,)), Reply("Hm, Lyon", "stop", 1, 1, None, 1)
    )
    call = ToolCall("1", "search", json.dumps({"query": JANE.inputs["text"]}))
    acting = Request("some/model", (Message("assistant", "", (call,)),))
    await journal.add_reply("r-1", "agent", acting, Reply("", "tool_calls", 1, 1, None, 1, tool_calls=(call,)))
    prompt = 'Name the topic. For example: my card "gold" was stolen in Lyon!'
    journal.recorder("r-1")(accepted(prompt))
    shown = (Message("system", prompt), Message("user", JOHN.inputs["text"]))
    reply = Reply("as in: Hello, this is Jane Doe.", "stop", 9, 1, 0.5, 0.1, (1, 2), (-0.1, -0.2))
    trace = (ModuleCall("prompt", dict(JOHN.inputs), shown, reply),)
    await journal.add_rollout("r-1", "test", Rollout("c1", JOHN.id, 0, reply.text, 1.0, "", trace, 10, 0.5, 0.1))
    hash = changes.propose(journal, "r-1", Change((FileEdit("prompt.txt", "Name the topic.", prompt),), {}))
    assert holds(journal, "Lyon")
    assert holds(journal, "Jane Doe")

    purged = journal.purge_examples(lambda example: example.id == "jane-1")

    for text in ("Lyon", "Jane Doe", "jane-1", "gold"):
        assert not holds(journal, text)
    assert purged.deleted == {"examples": 1, "rollouts": 1, "replies": 3, "messages": 3}
    assert purged.blotted == {"messages": 1, "rollouts": 1, "candidates": 1, "events": 1, "changes": 1}
    (kept,) = [rollout for rollout in journal.rollouts("r-1") if rollout.candidate == "c1"]
    assert kept.calls[0].messages[0].content == "Name the topic. For example: [purged]"
    assert kept.calls[0].reply is not None
    assert (kept.calls[0].reply.text, kept.calls[0].reply.token_ids) == ("as in: [purged]", None)
    assert [rollout.example for rollout in journal.rollouts("r-1", candidate="c0")] == ["john-1", "zoe-01"]
    stored = changes.find(journal, hash)
    assert (stored.hash, stored.purged, stored.status) == (hash, True, "proposed")
    with pytest.raises(ChangeConflict, match="can no longer be applied, since a purge deleted texts of it"):
        changes.apply(journal, journal.project, hash)


async def test_a_judges_words_about_an_example_go_with_it(journal: Journal) -> None:
    journal.add_run(RunRow("r-1", "Task", "gepa", "finished", 0, "{}", "d"))
    journal.add_examples("d", {"test": [JANE, JOHN]})
    requests = [Request("some/judge", (Message("user", f"Is answer {number} kind?"),)) for number in range(3)]
    for number, request in enumerate(requests):
        reply = Reply(f"verdict {number}: a lady from France", "stop", 9, 1, 0.5, 0.1)
        await journal.add_reply("r-1", "judge", request, reply)
    shared = requests[2].key
    for number, row in enumerate([JANE, JOHN]):
        replies = (requests[number].key, shared)
        rollout = Rollout("c0", row.id, 0, "", 1.0, "", (), 10, 0.5, 0.1, replies=replies)
        await journal.add_rollout("r-1", "test", rollout)
    purged = journal.purge_examples(lambda example: example.id == "jane-1")
    assert purged.deleted == {"examples": 1, "rollouts": 1, "replies": 1, "messages": 1}
    assert [holds(journal, f"verdict {number}") for number in range(3)] == [False, True, True]


async def test_the_rows_that_stay_close_up_under_a_name_of_their_own(journal: Journal) -> None:
    await add_run(journal, "r-1")
    journal.purge_examples(lambda example: example.id == "jane-1")
    data = journal.run("r-1").data
    assert data.startswith(PURGED)
    assert journal.examples(data, "test") == [JOHN, ZOE]
    assert journal.examples(data, "test")[1] == ZOE
    # The same rows once more are the same data once more.
    journal.add_examples("d", {"test": ROWS})
    assert journal.examples("d", "test") == ROWS


async def test_a_persons_name_is_enough(journal: Journal) -> None:
    await add_run(journal, "r-1")
    journal.recorder("r-1")(accepted("ZOË POE is a customer, Zoe is not."))
    purged = journal.purge_examples(lambda example: False, ["Zoë Poe"])
    assert purged.deleted == {"examples": 1, "rollouts": 1, "replies": 1, "messages": 1}
    for text in ("zoë poe", "ZOË POE", "asks about fees"):
        assert text.encode() not in bytes_of(journal)
    (event,) = journal.decisions("r-1")
    assert isinstance(event, CandidateAccepted)
    assert event.texts == {"prompt": "[purged] is a customer, Zoe is not."}


async def test_what_an_example_that_stays_says_too_is_not_blotted_out(journal: Journal) -> None:
    twin = Example("other", JANE.inputs, JANE.expected)
    await add_run(journal, "r-1", rows=[JANE, twin, JOHN])
    before = [rollout for rollout in journal.rollouts("r-1") if rollout.example != "jane-1"]
    purged = journal.purge_examples(lambda example: example.id == "jane-1")
    assert purged.deleted == {"examples": 1, "rollouts": 1}
    assert journal.rollouts("r-1") == before
    assert journal.find_reply(Request("some/model", before[0].calls[0].messages).key) is not None


async def test_rows_of_other_data_with_the_same_id_stay(journal: Journal) -> None:
    await add_run(journal, "r-1", "d1", [JANE])
    other = Example("jane-1", {"text": "quite another row"}, "other")
    await add_run(journal, "r-2", "d2", [other])
    journal.purge_examples(lambda example: example == JANE)
    assert [len(journal.rollouts(run)) for run in ("r-1", "r-2")] == [0, 1]
    assert journal.examples("d2", "test") == [other]


async def test_a_purge_that_another_program_hinders_is_finished_later(journal: Journal) -> None:
    await add_run(journal, "r-1")
    reader = sqlite3.connect(journal.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM runs").fetchone()
    hindered = r"another program holds .* open, so that their bytes still stand in its files"
    with pytest.raises(JournalError, match=hindered):
        purge_run(journal.path, "r-1", patience=0.0)
    assert journal.read("SELECT finished FROM purges")[0]["finished"] is None
    assert holds(journal, "Lyon")
    reader.execute("ROLLBACK")
    reader.close()
    Journal.open(journal.project).close()
    assert not holds(journal, "Lyon")
    assert journal.read("SELECT what, finished FROM purges WHERE finished IS NOT NULL")


async def test_a_purge_that_fails_deletes_nothing(journal: Journal) -> None:
    await add_run(journal, "r-1")

    def fails(example: Example) -> bool:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        journal.purge_examples(fails)
    assert journal.examples("d", "test") == ROWS
    assert count(journal, "purges") == 0
