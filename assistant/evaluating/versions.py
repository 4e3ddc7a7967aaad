"""Which versions of a program an evaluation compares: the task's own, and the one that a person names beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toishi.assistant.evaluating.prompt_text import read_prompt
from toishi.assistant.past.find_run import EVALUATION
from toishi.assistant.past.lineage import best_of
from toishi.assistant.past.snapshot import chosen_by
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.events import CandidateAccepted
from toishi.tools.workbench.settings import TASK_FILE, find_project

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal, RunRow
    from toishi.tools.workbench.task import Task


@dataclass(frozen=True)
class Version:
    """Texts by module, the task whose program and models run them, and the folder from which its paths count."""

    name: str
    task: "Task"
    project: Path
    texts: Mapping[str, str]


def own_version(task: "Task", project: Path, *, name: str) -> Version:
    """The version that stands in the task's files."""
    return Version(name, task, project, task.seed_texts())


def other_version(said: str, task: "Task", project: Path, journal: "Journal") -> Version:
    """What `--against` names, for comparison with `task`.

    A `task.toml` (its program and its models), a text file (the prompt of a program that is one prompt), or a run of
    this project: `RUN` for its best candidate, `RUN:0` for its seed, `RUN:3` or `RUN:HASH` for another. Raises
    `UsageError` with the way out where it is none of these, or does not fit the task.
    """
    path = Path(said)
    if path.suffix == ".toml" or (path.is_dir() and (path / TASK_FILE).is_file()):
        from toishi.tools.workbench.task import load_task

        folder = find_project(path)
        return own_version(load_task(path, project=folder), folder, name=said)
    # What looks like a file is one that is missing, rather than a run.
    if path.exists() or path.suffix or "/" in said:
        return Version(said, task, project, _one_prompt(said, task))
    run, _, wanted = said.partition(":")
    try:
        row = journal.run(run)
    except UsageError as error:
        raise UsageError(f"--against '{said}' is no file, and as a run: {error}") from None
    name, texts = _of_run(journal, row, wanted)
    if set(texts) != set(task.texts):
        raise UsageError(
            f"Run {row.id} has the modules {', '.join(texts)}, and the task has {', '.join(task.texts)}; name a run of "
            "this task"
        )
    return Version(name, task, project, texts)


def _one_prompt(said: str, task: "Task") -> dict[str, str]:
    if len(task.texts) > 1:
        raise UsageError(
            f"--against {said} is one prompt, and the task has the modules {', '.join(task.texts)}; name another "
            "task.toml or a run"
        )
    (module,) = task.texts
    return {module: read_prompt(Path(said), task.program.max_characters)}


def _of_run(journal: "Journal", row: "RunRow", wanted: str) -> tuple[str, dict[str, str]]:
    """The name and the texts of a candidate of a run; of an evaluation, what it evaluated."""
    pool = [event for event in journal.decisions(row.id) if isinstance(event, CandidateAccepted)]
    if not pool and row.method == EVALUATION and wanted in ("", "0"):
        texts = json.loads(row.task)["texts"]
        return row.id, {module: file["content"].rstrip("\r\n") for module, file in texts.items()}
    if row.method == EVALUATION:
        raise UsageError(f"Run {row.id} is an evaluation, whose one version is {row.id}:0; there is no '{wanted}'")
    if not pool:
        raise UsageError(f"Run {row.id} has no candidate to compare with; name another run")
    found = _candidate(pool, wanted, chosen_by(row))
    if found is None:
        numbers = f"0 to {pool[-1].number}" if len(pool) > 1 else "0"
        raise UsageError(f"Run {row.id} has no candidate '{wanted}'; it has {numbers}, see: toishi show {row.id}")
    return f"{row.id}, " + (f"candidate {found.number}" if found.number else "seed"), dict(found.texts)


def _candidate(pool: list[CandidateAccepted], wanted: str, chosen: str) -> CandidateAccepted | None:
    if not wanted:
        return best_of(pool, chosen)
    by_number = {str(one.number): one for one in pool}
    by_hash = [one for one in pool if len(wanted) > 3 and one.candidate.startswith(wanted)]
    return by_number.get(wanted) or (by_hash[0] if len(by_hash) == 1 else None)
