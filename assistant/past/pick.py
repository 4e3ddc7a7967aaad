"""A candidate that a person picks from a run: what would change, and what is known about it.

Any candidate that ran on the whole validation set can be picked, also while the run goes on. Whether the locked test
judged it stands in the change's evidence, which the hash covers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from toishi.assistant import wording
from toishi.assistant.past.difference import Difference
from toishi.assistant.past.find_run import find_run
from toishi.assistant.past.front import objectives_of, values_in, verdicts
from toishi.assistant.past.lineage import edits, path_to
from toishi.assistant.past.snapshot import prompt_files
from toishi.tools.workbench import changes
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.changes import Change
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.events import CandidateAccepted, ChangeProposed, Judged
from toishi.tools.workbench.judging import change_to
from toishi.tools.workbench.objectives import broken
from toishi.tools.workbench.task import Task

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal, RunRow

SHORTEST_ID = 4
"""Characters; a number that no candidate has is not taken for the beginning of an id."""


@dataclass(frozen=True)
class Pick:
    """The candidate, the change that writes it, the locked test's verdict on it if any, and the limits it breaks.

    `sentence` says what the choice rests on.
    """

    run: "RunRow"
    pool: tuple[CandidateAccepted, ...]
    candidate: CandidateAccepted
    change: Change
    judged: Judged | None
    broken: tuple[str, ...]
    sentence: str

    @property
    def judged_on(self) -> str:
        """The rows that the evidence comes from: `test`, or `validation`, which chose it."""
        return "validation" if self.judged is None else "test"


def pick(journal: "Journal", run_id: str, name: str) -> Pick:
    """The candidate of a run that has this number, or whose id begins so.

    Its change is the one that the run proposed, where that writes the same. Raises `UsageError` for a candidate that is
    not in the run, is the seed, was not run on all validation rows, or of which a purge deleted texts.
    """
    run = find_run(journal, run_id)
    events = journal.decisions(run.id)
    pool = tuple(event for event in events if isinstance(event, CandidateAccepted))
    found = _find(journal, run, pool, name)
    judged = verdicts(events, run).get(found.candidate)
    sentence = _sentence(pool, found, judged)
    change = _change(run, pool[0], found, judged, sentence)
    for event in events:
        if isinstance(event, ChangeProposed):
            proposed = changes.find(journal, event.change)
            change = proposed.change if proposed.change.files == change.files and not proposed.purged else change
    limits = tuple(broken(objectives_of(run), values_in(found)))
    return Pick(run, pool, found, change, judged, limits, sentence)


def difference_to(journal: "Journal", picked: Pick) -> Difference:
    """From the seed to the candidate, as `toishi diff` shows it."""
    path = path_to(picked.pool, picked.candidate.number)
    rollouts = {
        step.candidate: journal.rollouts(picked.run.id, candidate=step.candidate, split="validation") for step in path
    }
    return Difference(picked.run, path[0], picked.candidate, tuple(edits(path, rollouts)), picked.judged)


def facts(picked: Pick) -> dict[str, Any]:
    """What the JSON documents of `toishi diff` and `toishi apply` say about a pick."""
    return {
        "candidate": picked.candidate.number,
        "judged_on": picked.judged_on,
        "breaks": list(picked.broken),
        "sentence": picked.sentence,
    }


def _find(journal: "Journal", run: "RunRow", pool: Sequence[CandidateAccepted], name: str) -> CandidateAccepted:
    by_id = [one for one in pool if len(name) >= SHORTEST_ID and one.candidate.startswith(name)]
    found = next((one for one in pool if str(one.number) == name), by_id[0] if len(by_id) == 1 else None)
    see = f"`toishi front {run.id}` lists them"
    if found is None:
        if len(name) >= SHORTEST_ID and not by_id and _was_tried(journal, run, name):
            raise UsageError(f"Candidate {name} of run {run.id} was rejected before its validation; {see}")
        raise UsageError(f"Run {run.id} has {'more than one' if by_id else 'no'} candidate '{name}'; {see}")
    if found.number == 0:
        files = ", ".join(prompt_files(run).values())
        raise UsageError(f"Candidate 0 of run {run.id} is the seed, which {files} held when it began; pick another")
    if not found.validated:
        raise UsageError(
            f"Candidate {found.number} of run {run.id} was run on {found.rows} validation rows only, so it cannot be "
            f"picked; {see}"
        )
    if Candidate(found.texts).id != found.candidate:
        raise UsageError(f"A purge deleted texts of candidate {found.number} of run {run.id}, so it cannot be picked")
    return found


def _was_tried(journal: "Journal", run: "RunRow", name: str) -> bool:
    try:
        journal.candidate_id(run.id, name)
    except UsageError:
        return False
    return True


def _change(
    run: "RunRow", seed: CandidateAccepted, found: CandidateAccepted, judged: Judged | None, sentence: str
) -> Change:
    try:
        task = Task.model_validate_json(run.task)
    except ValidationError:
        raise UsageError(f"Run {run.id} was made by another version of toishi; start it anew") from None
    scores = (seed.validation_score, found.validation_score)
    change = change_to(task, Candidate(found.texts), validation=scores, test=judged)
    about = {
        "run": run.id,
        "candidate": found.number,
        "objectives": dict(found.objectives),
        "judged_on": "validation" if judged is None else "test",
        "sentence": sentence,
    }
    return Change(change.files, {**change.evidence, **about})


def _sentence(pool: Sequence[CandidateAccepted], found: CandidateAccepted, judged: Judged | None) -> str:
    if judged is not None:
        return judged.sentence
    before, after = wording.score(pool[0].validation_score), wording.score(found.validation_score)
    return (
        f"Candidate {found.number} was not judged on the locked test; on the validation rows it scores {after} (the "
        f"seed {before}), which flatters it, since they chose it among {len(pool)}."
    )
