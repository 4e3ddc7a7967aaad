"""The best answer to each row that any candidate of a run gave: on the screen, in a file, as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.assistant import wording
from toishi.assistant.console import log, say, table
from toishi.assistant.past.snapshot import task_of
from toishi.tools.workbench.answers import best_answers, documents
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.events import CandidateAccepted

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal, RunRow

TEXT_WIDTH = 40

Answers = Sequence[dict[str, Any]]


def answers_of(journal: "Journal", run: "RunRow") -> list[dict[str, Any]]:
    """One for each row, in the order of the rows; what `toishi show --answers --json` gives.

    `UsageError` for a run that was to find one candidate for all rows: its best answers to single rows were chosen by
    the right answers, and would tell nothing.
    """
    if task_of(run)["gepa"].get("mode") != "solve":
        raise UsageError(
            f'Run {run.id} looked for one program for all rows, not for answers to them; [gepa] mode = "solve" does'
        )
    pool = (event for event in journal.decisions(run.id) if isinstance(event, CandidateAccepted))
    seed = next((event.candidate for event in pool), "")
    return documents(best_answers(journal.rollouts(run.id), seed=seed), journal.examples(run.data, "validation"))


def write(answers: Answers, file: Path) -> None:
    """One JSON object a line."""
    try:
        file.write_text("".join(json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None
    log(f"Wrote {wording.plural(len(answers), 'answer')} to {file}")


def print_answers(answers: Answers) -> None:
    """The same for a person."""
    if not answers:
        say("No row has been run yet.")
        return
    rows = [
        [
            answer["id"],
            wording.score(answer["seed_score"]),
            wording.score(answer["score"]),
            wording.shorten(" · ".join(answer["inputs"].values()), TEXT_WIDTH),
            wording.ending(answer["answer"], TEXT_WIDTH),
        ]
        for answer in answers
    ]
    table(["row", "seed", "best", "task", "answer"], rows, right=["seed", "best"])
