"""A project with one finished run, made through the journal's own interface, and a way to call `toishi` in it."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from toishi.assistant.cli import cli
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.changes import Change, FileEdit, propose
from toishi.tools.workbench.events import (
    CandidateAccepted,
    ChangeProposed,
    Event,
    Judged,
    PhaseStarted,
    Progress,
    ProposalRejected,
    RunFinished,
    RunStarted,
)
from toishi.tools.workbench.journal import Journal, RunRow
from toishi.tools.workbench.models.protocol import Message, Reply
from toishi.tools.workbench.rollout import ModuleCall, Rollout
from toishi.tools.workbench.task import load_task

RUN = "r-20260102-0a0b"

SEED = "Answer with the intent.\n\n- card: card_arrival\nOtherwise: card_arrival"
FIRST = "Answer with the intent.\n\n- pin: change_pin\n- card: card_arrival\nOtherwise: card_arrival"
SECOND = (
    "Answer with the intent.\n\n- pin: change_pin\n- phone: lost_phone\n- card: card_arrival\nOtherwise: change_pin"
)

MESSAGES = {
    "m1": ("Where is my card?", "card_arrival"),
    "m2": ("I want another PIN", "change_pin"),
    "m3": ("Somebody took my phone in the market yesterday evening", "lost_phone"),
    "m4": ("The pin on my new card?", "card_arrival"),
}

TASK = """\
name = "Bank messages"

[program]
prompt = "prompt.txt"

[data]
file = "messages.csv"
inputs = ["text"]
expected = "label"

[metric]
kind = "choice"

[models]
task = "scripted/nobody"
"""

ANSWERS = {
    SEED: dict.fromkeys(MESSAGES, "card_arrival"),
    FIRST: {"m1": "card_arrival", "m2": "pin: change_pin", "m3": "card_arrival", "m4": "pin: change_pin"},
    SECOND: {"m1": "card_arrival", "m2": "pin: change_pin", "m3": "phone: lost_phone", "m4": "pin: change_pin"},
}

CHANGE = Change((FileEdit("prompt.txt", SEED + "\n", SECOND + "\n"),), {"seed_score": 0.2, "best_score": 0.8})

Toishi = Callable[..., Result]


@pytest.fixture
def toishi(monkeypatch: pytest.MonkeyPatch) -> Toishi:
    """Calls the command line; `stdout` and `stderr` of the result are apart."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments: str | Path) -> Result:
        return CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="toishi")

    return call


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder, which is also the current one: a task, its prompt, its data; no run yet."""
    (tmp_path / "task.toml").write_text(TASK)
    (tmp_path / "prompt.txt").write_text(SEED + "\n")
    rows = [f"{key},{text},{label}" for key, (text, label) in MESSAGES.items()]
    (tmp_path / "messages.csv").write_text("\n".join(["id,text,label", *rows]) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rollout(text: str, example: str) -> Rollout:
    """What a candidate answered to one message."""
    message, expected = MESSAGES[example]
    answer = ANSWERS[text][example]
    right = answer.endswith(expected)
    reply = Reply(answer, "stop", 40, 4, 0.0, 0.01)
    call = ModuleCall("prompt", {"text": message}, (Message("user", message),), reply)
    feedback = "correct" if right else f"expected {expected}, got {answer}"
    return Rollout(Candidate({"prompt": text}).id, example, 0, answer, float(right), feedback, (call,), 44, 0.0, 0.01)


def accepted(
    number: int, text: str, score: float, parents: tuple[int, ...] = (), reason: str = ""
) -> CandidateAccepted:
    return CandidateAccepted(
        number=number,
        candidate=Candidate({"prompt": text}).id,
        parents=parents,
        texts={"prompt": text},
        reason=reason,
        module="prompt" if parents else None,
        before=1.0 if parents else None,
        after=2.0 if parents else None,
        validation_score=score,
    )


def story(*, improved: bool = True) -> list[Event]:
    """Everything that a run of two accepted edits and one rejected told."""
    sentence = "The best prompt is better." if improved else "There is no evidence of improvement."
    return [
        RunStarted(
            run=RUN,
            method="gepa",
            seed=3,
            feedback_examples=6,
            validation_examples=4,
            test_examples=5,
            max_rollouts=100,
            max_tokens=None,
            max_cost=None,
            max_seconds=None,
        ),
        PhaseStarted(phase="baseline"),
        accepted(0, SEED, 0.5, reason="the seed"),
        PhaseStarted(phase="search"),
        ProposalRejected(
            iteration=1,
            parents=(0,),
            module="prompt",
            cause="gate",
            reason="not better on its minibatch (1 before, 1 after)",
            texts=None,
            before=1.0,
            after=1.0,
        ),
        Progress(rollouts=20, tokens=880, cost=0.0, seconds=4.5, candidates=1, best_validation_score=0.5),
        accepted(1, FIRST, 0.5, (0,), "better on its minibatch (1 before, 2 after)"),
        accepted(2, SECOND, 0.75, (1,), "better on its minibatch (1 before, 2 after)"),
        PhaseStarted(phase="test"),
        Judged(
            seed_score=0.2,
            best_score=0.8,
            difference=0.6,
            interval=(0.2, 1.0),
            p_value=0.03 if improved else 0.3,
            examples=5,
            improved=improved,
            sentence=sentence,
        ),
        Progress(rollouts=60, tokens=2640, cost=0.0, seconds=9.0, candidates=3, best_validation_score=0.75),
        ChangeProposed(change=CHANGE.hash),
        RunFinished(outcome="improved" if improved else "no_evidence", sentence=sentence),
    ]


def fill(folder: Path, events: Sequence[Event]) -> None:
    """Writes the run as its worker would have."""
    journal = Journal.open(folder)
    task = load_task(folder / "task.toml", project=folder)
    journal.add_run(
        RunRow(RUN, task.name, "gepa", "running", 3, task.model_dump_json(), created="2026-01-02T10:00:00+00:00")
    )
    propose(journal, RUN, CHANGE)
    emit = journal.recorder(RUN)
    for event in events:
        emit(event)

    async def score() -> None:
        for text in ANSWERS:
            for example in MESSAGES:
                await journal.add_rollout(RUN, "validation", rollout(text, example))

    asyncio.run(score())
    journal.set_seconds(RUN, 9.0)
    ended = any(isinstance(event, RunFinished) for event in events)
    journal.set_status(RUN, "finished" if ended else "running")
    journal.close()


@pytest.fixture
def finished(folder: Path) -> Path:
    """The folder after a run that improved the prompt."""
    fill(folder, story())
    return folder


@pytest.fixture
def got_worse(folder: Path) -> Path:
    """The folder after a run whose best prompt was shown to be worse."""
    events = [
        event.model_copy(
            update={"difference": -0.6, "interval": (-1.0, -0.2), "p_value": 0.01, "sentence": "Got worse."}
            | {"seed_score": 0.8, "best_score": 0.2}
        )
        if isinstance(event, Judged)
        else event
        for event in story(improved=False)[:-1]
    ]
    fill(folder, [*events, RunFinished(outcome="worse", sentence="Got worse.")])
    return folder


@pytest.fixture
def without_evidence(folder: Path) -> Path:
    """The folder after a run whose best prompt was not shown to be better."""
    fill(folder, story(improved=False))
    return folder
