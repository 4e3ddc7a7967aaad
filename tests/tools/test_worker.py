"""What a sitting makes of a run: its decisions, its end, and the same again after an interruption at any call."""

import asyncio
import json
import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.openai_compatible import answer
from toishi.tools import worker
from toishi.tools.workbench import changes
from toishi.tools.workbench.errors import RequestRefused
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
    RunStopped,
    Warned,
)
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.models import registry
from toishi.tools.workbench.models.protocol import Listener, Reply, Request
from toishi.tools.workbench.runs import create_run
from toishi.tools.workbench.task import Task, load_task

LABELS = {"delivery": "card_arrival", "exchange": "exchange_rate", "passcode": "change_pin", "statement": "fees"}
RULES = "".join(f"If the message mentions {word}, answer {label}.\n" for word, label in LABELS.items())
TEST = 24
PRICE = 0.001
CONCURRENCY = 16
"""Calls in flight, unless a task says otherwise."""

STEADY = "lookahead = 8\nminibatch = 1\nlook_again = 0"
"""A search of some twenty proposals, up to eight of them side by side."""


NOISY = "temperature = 1.0"


class ScriptedRules:
    """Answers by the rules of the tests' model server, and does something else at the calls that `at` names.

    Its answers come in an order that `pace` draws, without it at once. With `luck`, what no rule
    answers is answered rightly now and then, drawn anew for every replicate. Calls from number `silent_from` on get no
    answer at all.
    """

    name = "scripted/rules"

    def __init__(
        self,
        at: dict[int, Callable[[], None]] | None = None,
        *,
        pace: int | None = None,
        luck: bool = False,
        price: float = 0.0,
        silent_from: int | None = None,
    ) -> None:
        self.at = at or {}
        self._silent_from = silent_from
        self.asked: list[Request] = []
        self._pace = None if pace is None else random.Random(pace)
        self._luck = luck
        self._price = price

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        self.asked.append(request)
        self.at.get(len(self.asked), lambda: None)()
        if self._silent_from is not None and len(self.asked) >= self._silent_from:
            await asyncio.Event().wait()
        for _ in range(0 if self._pace is None else self._pace.randrange(20)):
            await asyncio.sleep(0)
        text = answer([{"role": one.role, "content": one.content} for one in request.messages])
        if self._luck and text == "unknown" and random.Random(request.key).random() < 0.2:
            text = next(label for word, label in LABELS.items() if word in request.messages[-1].content)
        tokens = self.count_tokens(request), len(text.split())
        return Reply(text, "stop", *tokens, sum(tokens) * self._price, 0.0)

    def count_tokens(self, request: Request) -> int:
        return sum(len(message.content.split()) for message in request.messages)

    def price(self) -> tuple[float, float]:
        return self._price, self._price

    async def close(self) -> None:
        pass


Begin = Callable[..., "Project"]


class Project:
    """A project with one run, and the model that the next sitting meets."""

    def __init__(self, folder: Path, task: Task) -> None:
        self.folder = folder
        self.journal = Journal.open(folder)
        self.run = create_run(folder, self.journal, task, method="auto")

    def sit(self, model: ScriptedRules | None = None) -> ScriptedRules:
        """One sitting; gives the model that it met."""
        model = model or ScriptedRules()
        registry.register("scripted", lambda name, **_: model)
        self.exit_code = worker.sit(self.journal, self.folder, self.journal.run(self.run))
        # What is not waited for is written once something is that was.
        self.journal.set_wanted(self.run, "")
        return model

    def done(self) -> set[tuple[object, ...]]:
        """Every rollout with its score."""
        rows = self.journal.read("SELECT candidate, example, replicate, split, score FROM rollouts")
        return {tuple(row) for row in rows}

    def spent(self) -> tuple[int, float]:
        """Tokens and dollars of all replies that the journal holds."""
        (row,) = self.journal.read(
            "SELECT coalesce(sum(prompt_tokens + completion_tokens), 0), coalesce(sum(cost), 0) FROM replies"
        )
        return row[0], row[1]

    def paid(self) -> set[str]:
        """The keys of the replies that the journal holds."""
        return {row["key"] for row in self.journal.read("SELECT key FROM replies")}

    def splits_of(self, model: ScriptedRules) -> set[str]:
        """The splits of the rows that a model was asked about, and `reflection` where it was asked to rewrite."""
        rows = self.journal.read("SELECT inputs, split FROM examples")
        splits = {json.loads(row["inputs"])["text"]: row["split"] for row in rows}
        return {splits.get(request.messages[-1].content, "reflection") for request in model.asked}

    def result(self) -> dict[str, Any]:
        """What came of the run."""
        found: dict[str, Any] = json.loads(self.journal.run(self.run).result)
        return found

    def kinds(self) -> list[str]:
        """The kinds of the run's decisions, phases by name."""
        return [
            event.phase if isinstance(event, PhaseStarted) else event.kind for event in self.journal.decisions(self.run)
        ]

    def end(self) -> RunFinished:
        """The run's last event."""
        event = self.journal.events(self.run)[-1][1]
        assert isinstance(event, RunFinished)
        return event

    def stopped(self) -> RunStopped:
        """The last event of a sitting that did not come to the run's end."""
        event = self.journal.events(self.run)[-1][1]
        assert isinstance(event, RunStopped)
        return event


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Makes projects with a run that waits for its first sitting."""
    # What a test registers ends with it.
    monkeypatch.setattr(registry, "_factories", {})
    projects: list[Project] = []

    def begin(prompt: str = "Name the topic.", *, budget: str = "", gepa: str = "", models: str = "") -> Project:
        folder = tmp_path / str(len(projects))
        folder.mkdir()
        splits = ["feedback"] * 2 + ["validation"] * 3 + ["test"] * (TEST // len(LABELS))
        rows = [
            {"id": f"{label}-{number}", "text": f"No. {number}, my {word}", "label": label, "split": split}
            for word, label in LABELS.items()
            for number, split in enumerate(splits)
        ]
        (folder / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
        (folder / "prompt.txt").write_text(prompt)
        (folder / "task.toml").write_text(f"""
name = "Bank messages"
[program]
prompt = "prompt.txt"
[data]
file = "rows.jsonl"
inputs = ["text"]
expected = "label"
split = "split"
[metric]
kind = "choice"
[models]
task = "scripted/rules"
max_tokens = 8
reflection_max_tokens = 100
{models}
[budget]
{budget}
[gepa]
{gepa}
""")
        projects.append(Project(folder, load_task(folder / "task.toml", project=folder)))
        return projects[-1]

    yield begin
    for project in projects:
        project.journal.close()


def test_a_run_goes_from_its_plan_to_a_change_with_evidence(begin: Begin) -> None:
    project = begin(budget="max_rollouts = 200")
    project.sit()
    decisions = project.journal.decisions(project.run)
    pool = [event for event in decisions if isinstance(event, CandidateAccepted)]
    assert project.kinds()[:5] == ["run_started", "loading", "baseline", "candidate_accepted", "search"]
    assert project.kinds()[-5:] == ["test", "judged", "change", "change_proposed", "run_finished"]
    assert isinstance(decisions[0], RunStarted)
    assert (decisions[0].validation_examples, decisions[0].test_examples, decisions[0].max_rollouts) == (12, TEST, 200)

    judged, proposed = decisions[-4], decisions[-2]
    assert isinstance(judged, Judged)
    assert isinstance(proposed, ChangeProposed)
    assert (judged.seed_score, judged.best_score, judged.examples, judged.improved) == (0.0, 1.0, TEST, True)
    assert (project.exit_code, project.end().outcome) == (worker.FINISHED, "improved")
    stored = changes.find(project.journal, proposed.change)
    assert stored.change.files[0].before == "Name the topic."
    assert stored.change.files[0].after == pool[-1].texts["prompt"]
    assert stored.change.evidence["validation"] == {"before": 0.0, "after": 1.0}
    assert stored.change.evidence["test"]["difference"] == 1.0

    row = project.journal.run(project.run)
    result = json.loads(row.result)
    assert (row.status, result["outcome"], result["best_score"]) == ("finished", "improved", 1.0)
    progress = [event for _, event in project.journal.events(project.run) if isinstance(event, Progress)][-1]
    assert progress.rollouts == result["rollouts"] == len(project.journal.rollouts(project.run)) <= 200
    assert (progress.candidates, progress.best_validation_score) == (len(pool), 1.0)


def test_where_the_seed_is_best_it_is_tested_once_and_nothing_is_proposed(begin: Begin) -> None:
    project = begin(RULES)
    model = project.sit()
    judged = next(event for event in project.journal.decisions(project.run) if isinstance(event, Judged))
    assert (judged.seed_score, judged.difference, judged.interval, judged.p_value) == (1.0, 0.0, (0.0, 0.0), 1.0)
    assert project.end() == RunFinished(outcome="no_evidence", sentence="No better prompt than the seed was found")
    assert "change" not in project.kinds()
    assert len(project.journal.rollouts(project.run, split="test")) == TEST
    assert len(model.asked) == 12 + TEST


@pytest.mark.parametrize(
    ("interval", "p_value", "outcome"),
    [((0.1, 0.3), 0.01, "improved"), ((-0.3, -0.1), 0.01, "worse"), ((-0.3, -0.1), 0.2, "no_evidence")],
)
def test_the_locked_test_decides_the_outcome(interval: tuple[float, float], p_value: float, outcome: str) -> None:
    judged = Judged(
        seed_score=0.5,
        best_score=0.5 + sum(interval) / 2,
        difference=sum(interval) / 2,
        interval=interval,
        p_value=p_value,
        examples=30,
        improved=outcome == "improved",
        sentence="So it is.",
    )
    assert worker.outcome_of(judged) == outcome
    assert worker.outcome_of(None) == "no_evidence"


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        pytest.param(
            "max_rollouts = 59",
            "of the rollouts 11 are left after those of the locked test, and one look at the validation rows needs 12",
            id="rollouts",
        ),
        pytest.param("max_tokens = 100", "max_tokens = 100 leaves", id="tokens"),
    ],
)
def test_a_budget_that_does_not_carry_the_baseline_is_told(begin: Begin, budget: str, sentence: str) -> None:
    project = begin(budget=budget)
    project.sit()
    assert project.end().outcome == "budget_spent_before_baseline"
    assert sentence in project.end().sentence
    assert project.exit_code == worker.FINISHED
    assert "test" not in project.kinds()


def test_a_budget_of_rollouts_that_just_carries_the_baseline_is_kept_to_the_last(begin: Begin) -> None:
    project = begin(budget="max_rollouts = 60")
    project.sit()
    assert "judged" in project.kinds()
    assert len(project.journal.rollouts(project.run)) == 12 + TEST


@pytest.mark.parametrize("gepa", ["", STEADY], ids=["usual", "steady"])
@pytest.mark.parametrize("max_tokens", range(300, 2700, 400))
def test_tokens_are_never_overspent(begin: Begin, max_tokens: int, gepa: str) -> None:
    project = begin(budget=f"max_tokens = {max_tokens}", gepa=gepa)
    project.sit()
    assert project.spent()[0] <= max_tokens
    assert (project.exit_code, project.end().kind) == (worker.FINISHED, "run_finished")


@pytest.mark.parametrize("gepa", ["", STEADY], ids=["usual", "steady"])
@pytest.mark.parametrize("max_tokens", range(300, 2700, 400))
def test_dollars_are_never_overspent(begin: Begin, max_tokens: int, gepa: str) -> None:
    project = begin(budget=f"max_cost = {max_tokens * PRICE}", gepa=gepa)
    project.sit(ScriptedRules(price=PRICE))
    assert project.spent()[1] <= max_tokens * PRICE
    assert project.end().kind == "run_finished"


def test_seconds_cut_off_what_is_in_flight(begin: Begin) -> None:
    project = begin(budget="max_seconds = 1", gepa=STEADY)
    model = project.sit(ScriptedRules(silent_from=30))
    # As many calls as are let in at once, and none after these.
    assert len(model.asked) == 29 + CONCURRENCY
    assert (project.exit_code, project.kinds()[-2:]) == (worker.FINISHED, ["test", "run_finished"])
    assert "the 1 seconds of max_seconds" in project.end().sentence


def test_a_search_ends_while_the_locked_test_is_affordable(begin: Begin) -> None:
    # One proposal might take what the locked test needs, so none is begun.
    project = begin(budget="max_tokens = 700")
    project.sit()
    assert project.kinds()[3:] == ["candidate_accepted", "search", "test", "judged", "run_finished"]
    assert project.result()["search_ended"] == "the rest of the budget is too small for another whole iteration"

    # What is begun is stopped where it would take it after all.
    project = begin(budget="max_tokens = 3000", gepa=STEADY)
    project.sit()
    assert "judged" in project.kinds()
    assert project.result()["search_ended"].endswith("and 399 are kept for the locked test")


def test_a_budget_too_small_to_learn_anything_is_told_before_it_is_spent(begin: Begin) -> None:
    project = begin(budget="max_rollouts = 100")
    project.sit()
    events = [event for _, event in project.journal.events(project.run)]
    warning = next(event for event in events if isinstance(event, Warned))
    assert warning.message.startswith("max_rollouts = 100 is too little to learn much: the locked test takes 48")
    assert events.index(warning) < events.index(PhaseStarted(phase="baseline"))

    project = begin(budget="max_rollouts = 400")
    project.sit()
    assert not [event for _, event in project.journal.events(project.run) if isinstance(event, Warned)]


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    "budget",
    [
        pytest.param("max_rollouts = 200", id="rollouts"),
        # Ends the search, by what is in flight, in the midst of an iteration.
        pytest.param("max_tokens = 1500", id="tokens"),
    ],
)
def test_a_run_that_was_interrupted_at_some_call_ends_like_an_undisturbed_one(begin: Begin, budget: str) -> None:
    undisturbed = begin(budget=budget, models="concurrency = 1")
    calls = len(undisturbed.sit().asked)
    expected = undisturbed.journal.decisions(undisturbed.run)[1:]
    for moment in range(1, calls + 1, calls // 7):
        project = begin(budget=budget, models="concurrency = 1")
        first = project.sit(ScriptedRules({moment: interrupt}))
        assert (project.exit_code, project.stopped().status) == (worker.CANCELLED, "cancelled")
        second = project.sit()
        assert project.exit_code == worker.FINISHED
        assert project.journal.decisions(project.run)[1:] == expected
        # The call that was cut off is paid again, and no other.
        assert len(first.asked) + len(second.asked) <= calls + 1


def test_with_proposals_side_by_side_an_interrupted_run_ends_like_an_undisturbed_one(begin: Begin) -> None:
    project = begin(budget="max_rollouts = 300", gepa=STEADY, models=f"concurrency = 1\n{NOISY}")
    calls = len(project.sit(ScriptedRules(luck=True)).asked)
    expected, done = project.journal.decisions(project.run)[1:], project.done()
    for moment in range(1, calls + 1, calls // 20):
        project = begin(budget="max_rollouts = 300", gepa=STEADY, models=f"concurrency = 8\n{NOISY}")
        project.sit(ScriptedRules({moment: interrupt}, pace=moment, luck=True))
        assert project.exit_code == worker.CANCELLED
        paid = project.paid()
        second = project.sit(ScriptedRules(pace=-moment, luck=True))
        assert project.exit_code == worker.FINISHED
        assert project.journal.decisions(project.run)[1:] == expected
        assert project.done() == done
        assert not paid & {request.key for request in second.asked}


@pytest.mark.parametrize("budget", ["max_tokens = 6000", f"max_cost = {6000 * PRICE}"], ids=["tokens", "dollars"])
def test_a_limit_holds_over_all_sittings_together(begin: Begin, budget: str) -> None:
    for moment in range(10, 190, 20):
        project = begin(budget=budget, gepa=STEADY, models="concurrency = 8")
        decided: list[Event] = []
        for sitting in range(3):
            interruption = {moment: interrupt} if sitting < 2 else {}
            project.sit(ScriptedRules(interruption, pace=moment + sitting, price=PRICE))
            assert project.journal.decisions(project.run)[: len(decided)] == decided
            if project.exit_code == worker.FINISHED:
                break
            assert project.exit_code == worker.CANCELLED
            decided = project.journal.decisions(project.run)
        tokens, cost = project.spent()
        assert tokens <= 6000
        assert (project.result()["tokens"], project.result()["cost"]) == (tokens, pytest.approx(cost))


def test_what_was_paid_in_vain_counts_in_later_sittings_too(begin: Begin) -> None:
    # The search ends while proposals are in flight, as nothing can be better than what was found.
    project = begin(gepa=STEADY, models="concurrency = 8")
    calls = len(project.sit(ScriptedRules(pace=1)).asked)
    assert project.result()["search_ended"] == "the best candidate is perfect on the whole validation set"
    expected = project.journal.decisions(project.run)[1:]

    project = begin(gepa=STEADY, models="concurrency = 8")
    project.sit(ScriptedRules({calls - TEST: interrupt}, pace=1))
    assert project.kinds()[-1] == "test"
    project.sit(ScriptedRules(pace=2))
    assert project.journal.decisions(project.run)[1:] == expected
    assert project.result()["rollouts"] == len(project.done())
    assert project.result()["tokens"] == project.spent()[0]


@pytest.mark.parametrize("phase", ["finals", "test"])
def test_a_search_that_ended_before_an_interruption_is_not_taken_up_again(begin: Begin, phase: str) -> None:
    project = begin(budget="max_rollouts = 400", gepa=STEADY, models=NOISY)

    def interrupt_in_phase() -> None:
        if project.kinds()[-1] == phase:
            interrupt()

    first = project.sit(ScriptedRules(dict.fromkeys(range(1, 1000), interrupt_in_phase), pace=1, luck=True))
    assert (project.exit_code, project.kinds()[-1]) == (worker.CANCELLED, phase)
    assert project.splits_of(first) >= {"reflection", "feedback", "validation"}
    second = project.sit(ScriptedRules(luck=True))
    assert project.exit_code == worker.FINISHED
    assert project.splits_of(second) == ({"validation", "test"} if phase == "finals" else {"test"})


def test_a_search_that_ended_in_an_earlier_sitting_does_not_go_on_in_the_next(begin: Begin) -> None:
    # Stands for one that the clock ended: the next sitting could afford more.
    shorter = begin(gepa="max_iterations = 2")
    shorter.sit()
    project = begin()
    emit = project.journal.recorder(project.run)
    for event in shorter.journal.decisions(shorter.run):
        emit(event.model_copy(update={"run": project.run}) if isinstance(event, RunStarted) else event)
        if event == PhaseStarted(phase="test"):
            break
    project.sit()
    assert project.exit_code == worker.FINISHED
    assert project.journal.decisions(project.run)[1:] == shorter.journal.decisions(shorter.run)[1:]


def test_a_replay_takes_what_is_recorded_although_the_time_is_over(begin: Begin) -> None:
    project = begin(budget="max_seconds = 1000", models="concurrency = 1")
    project.sit(ScriptedRules({30: interrupt}))
    before = project.kinds()
    project.journal.set_seconds(project.run, 1001.0)
    project.journal.set_wanted(project.run, "")
    assert project.sit().asked == []
    assert project.kinds()[: len(before)] == before
    assert project.end().sentence.startswith("The budget ended before the locked test did, so nothing is proved: the ")


def test_a_mistake_in_the_settings_of_the_method_is_one_sentence(begin: Begin) -> None:
    project = begin(gepa="minibatches = 4")
    project.sit()
    assert project.exit_code == worker.FAILED
    assert project.stopped().sentence == "unknown key 'minibatches' in [gepa]; did you mean 'minibatch'?"
    assert project.journal.run(project.run).status == "failed"


def test_an_error_of_our_own_is_a_sentence_and_a_traceback_without_secrets(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-0123456789")

    def break_down() -> None:
        raise RuntimeError("the key sk-0123456789 broke")

    project = begin()
    project.sit(ScriptedRules({3: break_down}))
    assert project.exit_code == worker.FAILED
    assert project.stopped().sentence.startswith("RuntimeError: the key [SOME_API_KEY] broke (traceback: ")
    assert "Traceback" in capsys.readouterr().err


def test_a_refused_reflection_is_a_proposal_that_came_to_nothing(begin: Begin) -> None:
    def refuse() -> None:
        raise RequestRefused("the prompt has 5000 tokens, and scripted/rules has a window of 4096")

    project = begin(gepa="max_iterations = 2", models="concurrency = 1")
    # The seed's 12 validation rows and a minibatch of 5 feedback rows come first, 3 more than in the paper's search.
    project.sit(ScriptedRules({18: refuse}))
    rejected = next(event for event in project.journal.decisions(project.run) if isinstance(event, ProposalRejected))
    assert (rejected.cause, rejected.iteration) == ("form", 0)
    assert "a window of 4096" in rejected.reason
    assert project.exit_code == worker.FINISHED


def test_a_run_is_worked_on_by_its_command_line(begin: Begin, capsys: pytest.CaptureFixture[str]) -> None:
    project = begin(RULES)
    registry.register("scripted", lambda name, **_: ScriptedRules())
    command = [project.run, "--project", str(project.folder)]
    assert worker.main(command) == worker.FINISHED
    assert worker.main(command) == 2
    assert f"Run {project.run} has finished, so there is nothing to resume" in capsys.readouterr().err
