"""`toishi diff --candidate` and `toishi apply --candidate`: a person's own choice among a run's candidates."""

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.assistant.conftest import CHANGE, FIRST, RUN, SECOND, SEED, Toishi, accepted, fill, story
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.events import CandidateAccepted
from toishi.tools.workbench.journal import Journal

ONE = Candidate({"prompt": FIRST}).id

UNJUDGED = (
    "Candidate 1 was not judged on the locked test; on the validation rows it scores 0.500 (the seed 0.500), which "
    "flatters it, since they chose it among 3."
)


def prompt(folder: Path) -> str:
    return (folder / "prompt.txt").read_text()


def chose(folder: Path, text: str) -> None:
    with closing(Journal.open(folder)) as journal:
        journal.set_result(RUN, {"best": Candidate({"prompt": text}).id})


def evidence(folder: Path, change: str) -> Mapping[str, Any]:
    with closing(Journal.open(folder)) as journal:
        (row,) = journal.read("SELECT evidence FROM changes WHERE hash = ?", (change,))
    told: Mapping[str, Any] = json.loads(row["evidence"])
    return told


def test_diff_shows_what_the_candidate_changes_and_what_is_known_of_it(toishi: Toishi, finished: Path) -> None:
    answer = toishi("diff", "--candidate", 1)

    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout.startswith("prompt.txt: seed → candidate 1\n")
    assert "Locked test" not in answer.stdout
    assert UNJUDGED in " ".join(answer.stdout.split())
    told = json.loads(toishi("diff", "--candidate", ONE[:6], "--json").stdout)
    assert (told["best"], told["candidate"], told["judged_on"], told["test"]) == (1, 1, "validation", None)
    assert answer.stdout.endswith(
        f"This is the change {told['change']}.\nWrite it:  toishi apply {RUN} --candidate 1\n"
    )


def test_apply_writes_the_candidate_and_undo_takes_it_back(toishi: Toishi, finished: Path) -> None:
    shown = json.loads(toishi("diff", "--candidate", 1, "--json").stdout)["change"]
    answer = toishi("apply", "--candidate", 1, "--hash", shown)

    assert answer.exit_code == 0
    assert answer.stderr == f"Note: {UNJUDGED}\n"
    assert answer.stdout == (
        f"Applied candidate 1 (change {shown[:12]}) of run {RUN} to prompt.txt.\nTake it back with: toishi undo {RUN}\n"
    )
    assert prompt(finished) == FIRST + "\n"
    assert f"change      {shown} is applied\n" in toishi("show").stdout

    told = json.loads(toishi("undo", "--json").stdout)
    assert told == {"run": RUN, "change": shown, "status": "undone", "files": ["prompt.txt"], "candidate": 1}
    assert prompt(finished) == SEED + "\n"
    assert f"change      {CHANGE.hash} waits for a person\n" in toishi("show").stdout


def test_the_evidence_says_what_the_choice_rests_on(toishi: Toishi, finished: Path) -> None:
    written = json.loads(toishi("apply", "--candidate", 1, "--json").stdout)

    told = evidence(finished, written["change"])
    assert (told["judged_on"], told["test"], told["sentence"]) == ("validation", None, UNJUDGED)
    assert (told["run"], told["candidate"]) == (RUN, 1)
    assert told["validation"] == {"before": 0.5, "after": 0.5}


def test_the_candidate_that_the_run_proposed_is_the_change_that_it_proposed(toishi: Toishi, finished: Path) -> None:
    chose(finished, SECOND)
    answer = toishi("apply", "--candidate", 2, "--json")

    told = json.loads(answer.stdout)
    assert answer.stderr == ""
    assert (told["change"], told["judged_on"], told["sentence"]) == (CHANGE.hash, "test", "The best prompt is better.")
    assert "Locked test, 5 examples: improved\n" in toishi("diff", "--candidate", 2).stdout


def test_one_change_of_a_run_at_a_time(toishi: Toishi, finished: Path) -> None:
    first = json.loads(toishi("apply", "--candidate", 1, "--json").stdout)["change"]
    refusal = (
        f"Error: Another change of run {RUN} is written already ({first[:12]}); take it back first with: toishi undo "
        f"{RUN}\n"
    )

    for answer in (toishi("apply"), toishi("apply", "--candidate", 2)):
        assert (answer.exit_code, answer.stderr) == (1, refusal)
    assert prompt(finished) == FIRST + "\n"
    toishi("undo")
    assert toishi("apply").exit_code == 0
    assert prompt(finished) == SECOND + "\n"


def test_a_file_that_changed_meanwhile_is_not_overwritten(toishi: Toishi, finished: Path) -> None:
    (finished / "prompt.txt").write_text("My own words\n")

    answer = toishi("apply", "--candidate", 1)

    assert answer.exit_code == 1
    assert "prompt.txt was changed since the run read it; nothing was written" in answer.stderr
    assert prompt(finished) == "My own words\n"


def test_another_hash_than_the_shown_one_is_refused(toishi: Toishi, finished: Path) -> None:
    answer = toishi("apply", "--candidate", 1, "--hash", "0" * 32)

    assert answer.exit_code == 2
    assert f"not {'0' * 32}; look at it with: toishi diff {RUN} --candidate 1\n" in answer.stderr
    assert prompt(finished) == SEED + "\n"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("9", f"Run {RUN} has no candidate '9'; `toishi front {RUN}` lists them"),
        ("ffff", f"Run {RUN} has no candidate 'ffff'; `toishi front {RUN}` lists them"),
        ("0", f"Candidate 0 of run {RUN} is the seed, which prompt.txt held when it began; pick another"),
    ],
)
def test_who_cannot_be_picked(toishi: Toishi, finished: Path, name: str, sentence: str) -> None:
    for verb in ("apply", "diff"):
        answer = toishi(verb, "--candidate", name)
        assert (answer.exit_code, answer.stderr) == (2, f"Error: {sentence}\n")


def test_a_candidate_that_ran_on_some_validation_rows_only_cannot_be_picked(toishi: Toishi, folder: Path) -> None:
    events = [
        event.model_copy(update={"rows": 2}) if isinstance(event, CandidateAccepted) and event.number == 1 else event
        for event in story()
    ]
    fill(folder, events)

    answer = toishi("apply", "--candidate", 1)

    assert (answer.exit_code, answer.stderr) == (
        2,
        f"Error: Candidate 1 of run {RUN} was run on 2 validation rows only, so it cannot be picked; `toishi front "
        f"{RUN}` lists them\n",
    )


def test_a_candidate_that_was_rejected_cannot_be_picked(toishi: Toishi, folder: Path) -> None:
    fill(folder, [event for event in story() if not isinstance(event, CandidateAccepted) or event.number != 1])

    answer = toishi("apply", "--candidate", ONE)

    assert answer.stderr == (
        f"Error: Candidate {ONE} of run {RUN} was rejected before its validation; `toishi front {RUN}` lists them\n"
    )


def test_a_candidate_that_a_purge_took_texts_from_cannot_be_picked(toishi: Toishi, folder: Path) -> None:
    events = [
        event.model_copy(update={"texts": {"prompt": "Answer with ▇▇▇"}})
        if isinstance(event, CandidateAccepted) and event.number == 1
        else event
        for event in story()
    ]
    fill(folder, events)

    answer = toishi("apply", "--candidate", 1)

    assert answer.stderr == f"Error: A purge deleted texts of candidate 1 of run {RUN}, so it cannot be picked\n"


def test_a_candidate_beyond_a_limit_needs_force(toishi: Toishi, folder: Path) -> None:
    task = folder / "task.toml"
    wish = '[[objectives]]\nname = "prompt_characters"\nlimit = 80\n'
    task.write_text(task.read_text().replace("[models]", f"{wish}\n[models]"))
    events = [
        event.model_copy(update={"objectives": {"prompt_characters": float(len(event.texts["prompt"]))}})
        if isinstance(event, CandidateAccepted)
        else event
        for event in story()
    ]
    fill(folder, events)
    broken = f"prompt_characters is {len(FIRST)}, and should be at most 80"

    refused = toishi("apply", "--candidate", 1)

    assert f"It breaks a limit of the task: {broken}.\n" in toishi("diff", "--candidate", 1).stdout
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"Error: Candidate 1 of run {RUN} breaks a limit of the task ({broken}), so it was not written; --force writes "
        "it all the same\n",
    )
    assert prompt(folder) == SEED + "\n"
    assert toishi("apply", "--candidate", 1, "--force").exit_code == 0
    assert prompt(folder) == FIRST + "\n"


def test_a_candidate_that_the_locked_test_showed_to_be_worse_needs_force(toishi: Toishi, got_worse: Path) -> None:
    chose(got_worse, SECOND)

    refused = toishi("apply", "--candidate", 2)

    assert refused.exit_code == 2
    assert refused.stderr.startswith(f"Error: Candidate 2 of run {RUN} made it worse on the locked test (0.800 before")
    assert toishi("apply", "--candidate", 2, "--force").stderr == "Note: Got worse.\n"
    assert prompt(got_worse) == SECOND + "\n"


def test_a_run_that_goes_on_can_be_picked_from(toishi: Toishi, folder: Path) -> None:
    fill(folder, [*story()[:3], accepted(1, FIRST, 0.75, (0,), "better")])

    assert toishi("apply").exit_code == 2
    assert toishi("apply", "--candidate", 1).exit_code == 0
    assert prompt(folder) == FIRST + "\n"


def test_the_edits_on_the_way_to_a_candidate_are_its_own(toishi: Toishi, folder: Path) -> None:
    fill(folder, [*story()[:3], accepted(1, FIRST, 0.75, (0,)), accepted(2, SECOND, 0.5, (0,))])

    told = json.loads(toishi("diff", "--candidate", 2, "--json").stdout)
    assert [(edit["from"], edit["to"], len(edit["fixed"])) for edit in told["edits"]] == [(0, 2, 2)]
