"""What a sitting makes of a run: its decisions, its end, its errors."""

import json

import pytest

from tests.tools.sittings import RULES, TEST, Begin, ScriptedRules
from toishi.tools import worker
from toishi.tools.workbench import changes
from toishi.tools.workbench.errors import RequestRefused
from toishi.tools.workbench.events import (
    CandidateAccepted,
    ChangeProposed,
    Judged,
    Progress,
    ProposalRejected,
    RunFinished,
    RunStarted,
)
from toishi.tools.workbench.models import registry


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
    # The seed's 12 validation rows and a minibatch of 5 feedback rows come first, 2 more than in the paper's search.
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
