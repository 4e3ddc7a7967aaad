"""`toishi apply` and `toishi undo`: only the approved change is written, nothing of a person's is lost."""

import json
from pathlib import Path

from tests.assistant.conftest import CHANGE, RUN, SECOND, SEED, Toishi, fill, story

BEFORE, AFTER = SEED + "\n", SECOND + "\n"


def prompt(folder: Path) -> str:
    return (folder / "prompt.txt").read_text()


def test_apply_writes_the_change_and_says_how_to_take_it_back(toishi: Toishi, finished: Path) -> None:
    answer = toishi("apply")

    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout == (
        f"Applied change {CHANGE.hash[:12]} of run {RUN} to prompt.txt.\nTake it back with: toishi undo {RUN}\n"
    )
    assert prompt(finished) == AFTER


def test_undo_brings_back_what_stood_there(toishi: Toishi, finished: Path) -> None:
    toishi("apply")

    answer = toishi("undo", "--json")

    assert json.loads(answer.stdout) == {
        "run": RUN,
        "change": CHANGE.hash,
        "status": "undone",
        "files": ["prompt.txt"],
    }
    assert prompt(finished) == BEFORE


def test_a_file_that_changed_meanwhile_is_not_overwritten(toishi: Toishi, finished: Path) -> None:
    (finished / "prompt.txt").write_text("My own words\n")

    answer = toishi("apply", "--json")

    sentence = "prompt.txt was changed since the run read it; nothing was written, so that no work is lost"
    assert answer.exit_code == 1
    assert json.loads(answer.stdout) == {"error": sentence}
    assert answer.stderr == f"Error: {sentence}\n"
    assert prompt(finished) == "My own words\n"


def test_another_hash_than_the_proposed_one_is_refused(toishi: Toishi, finished: Path) -> None:
    answer = toishi("apply", RUN, "--hash", "0" * 32)

    assert answer.exit_code == 2
    assert f"Run {RUN} proposes the change {CHANGE.hash}, not {'0' * 32}" in answer.stderr
    assert prompt(finished) == BEFORE


def test_the_proposed_hash_is_accepted(toishi: Toishi, finished: Path) -> None:
    answer = toishi("apply", RUN, "--hash", CHANGE.hash)

    assert answer.exit_code == 0
    assert prompt(finished) == AFTER


def test_a_change_without_evidence_can_be_applied_and_that_is_said(toishi: Toishi, without_evidence: Path) -> None:
    answer = toishi("apply")

    assert answer.exit_code == 0
    assert answer.stderr == "Note: There is no evidence of improvement.\n"
    assert prompt(without_evidence) == AFTER


def test_a_change_that_made_it_worse_needs_force(toishi: Toishi, got_worse: Path) -> None:
    shown = toishi("show").stdout
    refused = toishi("apply")

    assert "Bank messages · got worse\n" in shown
    assert f"change      {CHANGE.hash} is not offered, since it made it worse\n" in shown
    assert f"write it all the same with: toishi apply {RUN} --force\n" in shown
    assert "  got worse  " in toishi("runs").stdout
    assert refused.exit_code == 2
    assert refused.stderr == (
        f"Error: The change of run {RUN} made it worse on the locked test (0.800 before, 0.200 after), so it was not "
        "written; --force writes it all the same\n"
    )
    assert prompt(got_worse) == BEFORE

    forced = toishi("apply", "--force")

    assert (forced.exit_code, forced.stderr) == (0, "Note: Got worse.\n")
    assert prompt(got_worse) == AFTER


def test_a_run_that_got_worse_does_not_offer_its_change(toishi: Toishi, got_worse: Path) -> None:
    answer = toishi("resume", RUN, "--yes")

    assert answer.exit_code == 3
    assert "Nothing was applied, since the change made it worse; prompt.txt stays as it is.\n" in answer.stdout
    assert "apply" not in answer.stdout.replace("applied", "")
    assert prompt(got_worse) == BEFORE


def test_what_is_not_applied_cannot_be_undone(toishi: Toishi, finished: Path) -> None:
    answer = toishi("undo")

    assert answer.exit_code == 1
    assert "is not applied, so there is nothing to undo" in answer.stderr


def test_a_run_without_a_change_says_so(toishi: Toishi, folder: Path) -> None:
    fill(folder, [event for event in story() if event.kind != "change_proposed"])

    answer = toishi("apply")

    assert answer.exit_code == 2
    assert answer.stderr == f"Error: Run {RUN} proposes no change; `toishi show {RUN}` says how it ended\n"


def test_show_says_where_the_change_stands(toishi: Toishi, finished: Path) -> None:
    toishi("apply")
    applied = toishi("show").stdout
    toishi("undo")
    undone = toishi("show").stdout

    assert f"change      {CHANGE.hash} is applied\n            take it back with: toishi undo {RUN}\n" in applied
    assert f"change      {CHANGE.hash} was taken back\n            apply it again with: toishi apply {RUN}\n" in undone
