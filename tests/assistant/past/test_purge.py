"""`toishi purge`: what goes is shown first, and goes only when a person says so."""

import json
from pathlib import Path

import pytest

from tests.assistant.conftest import CHANGE, RUN, Toishi
from tests.assistant.terminal import converse


def kept(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in (folder / ".toishi").rglob("*") if file.is_file())


def test_a_run_is_shown_and_kept_until_somebody_says_yes(toishi: Toishi, finished: Path) -> None:
    shown = toishi("purge", RUN)
    assert shown.exit_code == 5
    assert shown.stdout == (
        f"To be deleted: run {RUN}\n"
        "  12 rollouts\n  3 candidates\n  13 events\n  1 change\n  1 run\n  4 messages\n"
        "Nothing was deleted; say --yes to delete it.\n"
    )
    assert json.loads(toishi("runs", "--json").stdout)["runs"]

    gone = toishi("purge", RUN, "--yes", "--json")
    assert gone.exit_code == 0
    told = json.loads(gone.stdout)
    assert (told["what"], told["purged"], told["deleted"]["rollouts"]) == (f"run {RUN}", True, 12)
    assert json.loads(toishi("runs", "--json").stdout)["runs"] == []
    assert RUN.encode() not in kept(finished).replace(f"run {RUN}".encode(), b"")
    assert b"Somebody took my phone" not in kept(finished)


def test_an_applied_change_stays_and_that_is_said(toishi: Toishi, finished: Path) -> None:
    toishi("apply", RUN)
    before = (finished / "prompt.txt").read_text()
    told = toishi("purge", RUN, "--yes").stdout
    assert "Not deleted: its change stays in your files, and can no longer be undone.\n" in told
    assert (finished / "prompt.txt").read_text() == before


@pytest.mark.parametrize("applied", [False, True])
def test_a_purged_change_is_shown_and_never_written(toishi: Toishi, finished: Path, applied: bool) -> None:
    if applied:
        toishi("apply", RUN)
    verb = "undone" if applied else "applied"
    before = (finished / "prompt.txt").read_text()
    preview = toishi("purge", "--containing", "lost_phone")
    assert f"Afterwards the change of run {RUN} can no longer be {verb}.\n" in preview.stdout
    assert toishi("purge", "--containing", "lost_phone", "--yes").exit_code == 0

    shown = toishi("show", RUN)
    assert shown.exit_code == 0, shown.stderr
    assert f"{CHANGE.hash} {'is applied, and was purged' if applied else 'was purged'}\n" in shown.stdout
    assert f"its texts are no longer whole, so it cannot be {verb}\n" in shown.stdout
    change = json.loads(toishi("show", RUN, "--json").stdout)["change"]
    assert change == {"hash": CHANGE.hash, "status": "applied" if applied else "proposed", "purged": True}
    refused = toishi("undo" if applied else "apply", RUN)
    why = "the backup of prompt.txt was deleted by a purge" if applied else "a purge deleted texts of it"
    assert refused.exit_code == 1
    assert f"The change {CHANGE.hash} can no longer be {verb}, since {why}; " in refused.stderr
    assert (finished / "prompt.txt").read_text() == before


def test_a_text_is_purged_after_a_yes_in_a_terminal(toishi: Toishi, finished: Path) -> None:
    code, shown = converse(["purge", "--containing", "took my phone"], [("Delete it for good? [y/N]", "n\n")])
    assert code == 5, shown
    assert b"took my phone" in kept(finished)
    code, shown = converse(["purge", "--containing", "took my phone"], [("Delete it for good? [y/N]", "y\n")])
    assert code == 0, shown
    assert shown.endswith("Deleted for good.\n")
    assert b"took my phone" not in kept(finished)
    again = toishi("purge", "--containing", "took my phone")
    assert again.exit_code == 0
    assert again.stdout == (
        "Nothing is kept of rows with “took my phone” in them.\n"
        "Not deleted: messages.csv: yours, and still holds what is purged; take it out there too.\n"
    )


@pytest.mark.parametrize("word", ["test", "Best", "reason", "prompt", "candidate", "text", "model", "metric", "after"])
def test_a_name_that_is_also_a_word_of_toishis_own_leaves_a_run_that_can_be_shown(
    toishi: Toishi, finished: Path, word: str
) -> None:
    assert toishi("purge", "--containing", word, "--yes").exit_code == 0
    for command in (["show", RUN], ["show", RUN, "--json"], ["diff", RUN], ["runs"]):
        assert toishi(*command).exit_code == 0, command


def test_everything_goes_with_the_folder(toishi: Toishi, finished: Path) -> None:
    assert toishi("purge", "--all", "--yes").exit_code == 0
    assert not (finished / ".toishi").exists()
    assert (finished / "messages.csv").exists()
    assert toishi("runs").exit_code == 2


@pytest.mark.parametrize("start", [0, 4096])
def test_everything_goes_also_where_the_journal_is_damaged(toishi: Toishi, finished: Path, start: int) -> None:
    journal = finished / ".toishi" / "toishi.db"
    content = bytearray(journal.read_bytes())
    content[start:] = b"\xff" * (len(content) - start)
    journal.write_bytes(content)
    refused = toishi("purge", RUN, "--yes")
    assert (refused.exit_code, "delete all of it with: toishi purge --all" in refused.stderr) == (1, True)

    assert toishi("purge", "--all").exit_code == 5
    gone = toishi("purge", "--all", "--yes")

    assert gone.exit_code == 0, gone.stderr
    assert "Not deleted: its journal is damaged, so that it cannot tell" in gone.stdout
    assert not (finished / ".toishi").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "nothing is named to delete; name a run, or rows by --where, --containing or --example, or --all"),
        ([RUN, "--all"], "several things are named to delete"),
        (["--where", "email"], "--where email is not in the form FIELD=VALUE"),
        (["--containing", "a"], "--containing 'a' stands in nearly every row; give at least 3 characters"),
        (["r-nothing"], "There is no run 'r-nothing'; did you mean"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    toishi: Toishi, finished: Path, options: list[str], sentence: str
) -> None:
    answer = toishi("purge", *options, "--yes")
    assert answer.exit_code == 2
    assert sentence in answer.stderr
