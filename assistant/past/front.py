"""What a person chooses from: the candidates of a run that no other one beats on everything, and the suggested one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from toishi.assistant import console, wording
from toishi.assistant.following.outcome import status_word
from toishi.assistant.following.view import fold
from toishi.assistant.options import project_hint
from toishi.assistant.past.find_run import find_run
from toishi.assistant.past.lineage import best_of
from toishi.assistant.past.snapshot import chosen_by, task_of
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.events import CandidateAccepted, ChoiceJudged, Event, Judged
from toishi.tools.workbench.front import front_of, suggested
from toishi.tools.workbench.objectives import SCORE, Objective, Values, broken
from toishi.tools.workbench.runs import is_alive
from toishi.tools.workbench.statistics import ALPHA
from toishi.tools.workbench.task.objectives import ObjectiveSection, wanted

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal, RunRow

LENGTH = "length"


@dataclass(frozen=True)
class Standing:
    """A candidate of the run with its values, whether it is on the front, and which limits it breaks."""

    candidate: CandidateAccepted
    values: Values
    on_front: bool
    broken: tuple[str, ...]

    @property
    def number(self) -> int:
        """Its place in the pool."""
        return self.candidate.number

    @property
    def characters(self) -> int:
        """The length of its texts together."""
        return sum(map(len, self.candidate.texts.values()))


@dataclass(frozen=True)
class PastFront:
    """All candidates of a run by number, as far as it has come.

    `suggested` is the knee, None where no candidate keeps the limits; `chosen` is the one that the run itself chose,
    once it has; `judged` are ids of those that were judged on the locked test. `status` is the run's state as one word.
    """

    run: "RunRow"
    status: str
    objectives: tuple[Objective, ...]
    standings: tuple[Standing, ...]
    suggested: int | None
    chosen: int | None
    judged: frozenset[str]

    @property
    def front(self) -> list[Standing]:
        """Those on the front, the best score first."""
        return sorted(
            (one for one in self.standings if one.on_front),
            key=lambda one: (-one.candidate.validation_score, one.number),
        )

    @property
    def sentence(self) -> str:
        """What there is to choose from, in words."""
        pool = wording.plural(len(self.standings), "candidate")
        if len(self.objectives) == 1:
            best = best_of([one.candidate for one in self.standings if one.candidate.validated])
            return (
                f"There is only the score, since the task names no [[objectives]]; of {pool} the best is "
                f"{best.number}, with {wording.score(best.validation_score)} on the validation rows."
            )
        if not self.front:
            return f"No candidate of {len(self.standings)} keeps the limits: {'; '.join(map(_limit, self._limited))}."
        many = len(self.front)
        return (
            f"{many} of {pool} {'is' if many == 1 else 'are'} on the front: no other one is at least as good on "
            "everything and better on something."
        )

    @property
    def _limited(self) -> list[Objective]:
        return [one for one in self.objectives if one.limit is not None]


def past_front(journal: "Journal", project: Path, run_id: str) -> PastFront:
    """Of one run, which may still go on. `UsageError` where no run has the id, or it has not scored its seed yet."""
    run = find_run(journal, run_id)
    events = [event for _, event in journal.events(run.id)]
    pool = [event for event in events if isinstance(event, CandidateAccepted)]
    if not pool:
        raise UsageError(f"Run {run.id} has no scored prompt yet; follow it with `toishi resume {run.id}`")
    objectives = objectives_of(run)
    values = {one.number: values_in(one) for one in pool}
    front = front_of(objectives, {one.number: values[one.number] for one in pool if one.validated})
    best = chosen_by(run)
    view = fold(events)
    alive = run.status == "running" and is_alive(project, run.id)
    return PastFront(
        run=run,
        status=status_word(run.status, view.finished.outcome if view.finished else None, alive=alive),
        objectives=objectives,
        standings=tuple(
            Standing(
                one, values[one.number], one.number in front.numbers, tuple(broken(objectives, values[one.number]))
            )
            for one in pool
        ),
        suggested=suggested(front, values[pool[0].number]),
        chosen=next((one.number for one in pool if one.candidate == best), None),
        judged=frozenset(verdicts(events, run)),
    )


def objectives_of(run: "RunRow") -> tuple[Objective, ...]:
    """What the task of a run wants, the score first; `UsageError` where another version of toishi wrote it."""
    try:
        return wanted([ObjectiveSection.model_validate(one) for one in task_of(run).get("objectives", ())])
    except ValidationError:
        raise UsageError(f"Run {run.id} was made by another version of toishi; start it anew") from None


def values_in(candidate: CandidateAccepted) -> Values:
    """A candidate's values on the validation rows, as the run told them."""
    return {SCORE.name: candidate.validation_score, **candidate.objectives}


def verdicts(events: Sequence[Event], run: "RunRow") -> Mapping[str, Judged]:
    """What the locked test said, by candidate. One that is not named in the verdict is the one that the run chose."""
    judged = [event for event in events if isinstance(event, Judged)]
    found = {event.candidate or chosen_by(run): event for event in judged}
    for event in judged:
        found |= {choice.candidate: _verdict_on(choice, event) for choice in event.front}
    return found


def _verdict_on(choice: ChoiceJudged, judged: Judged) -> Judged:
    """The same as the verdict on the chosen one, for another candidate of the front that was tested beside it."""
    difference = choice.score - judged.seed_score
    improved = choice.interval[0] > 0 and choice.adjusted_p < ALPHA
    worse = choice.interval[1] < 0 and choice.adjusted_p < ALPHA
    verdict = "Improved" if improved else "Got worse" if worse else "No evidence of improvement"
    low, high = choice.interval
    return judged.model_copy(
        update={
            "candidate": choice.candidate,
            "best_score": choice.score,
            "difference": difference,
            "interval": choice.interval,
            "p_value": choice.adjusted_p,
            "improved": improved,
            "sentence": f"{verdict}: {judged.seed_score:.3f} before, {choice.score:.3f} after; difference "
            f"{difference:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}, p = {choice.adjusted_p:.3f} after correction "
            f"for the number of candidates tested, {judged.examples} examples.",
            "subgroups": (),
            "front": (),
            "objectives": tuple(
                one.model_copy(update={"best": choice.objectives.get(one.name)}) for one in judged.objectives
            ),
        }
    )


def document(found: PastFront) -> dict[str, Any]:
    """What `toishi front --json` gives."""
    return {
        "run": found.run.id,
        "status": found.status,
        "sentence": found.sentence,
        "objectives": [{"name": one.name, "direction": one.direction, "limit": one.limit} for one in found.objectives],
        "front": [one.number for one in found.front],
        "suggested": found.suggested,
        "chosen": found.chosen,
        "candidates": [
            {
                "number": one.number,
                "id": one.candidate.candidate,
                "parents": list(one.candidate.parents),
                "validated": one.candidate.validated,
                "values": {wish.name: one.values.get(wish.name) for wish in found.objectives},
                "characters": one.characters,
                "on_front": one.on_front,
                "breaks": list(one.broken),
                "judged_on_test": one.candidate.candidate in found.judged,
            }
            for one in found.standings
        ],
    }


def print_front(found: PastFront, project: Path, plot: str | None) -> None:
    """The same for a person: the table, the plot where there is one, and how to pick."""
    out = console.stdout()
    out.print(f"[bold]{found.run.id}[/bold]", markup=True, end="")
    console.say(f"  {found.run.name} · {found.status}")
    out.print(found.sentence, markup=False)
    if len(found.objectives) == 1:
        return
    console.say()
    _print_table(found)
    for note in _notes(found):
        out.print(note, markup=False)
    if plot is not None:
        console.say(f"\n{plot}")
        if len(found.objectives) > 2:
            console.say(f"Two of {len(found.objectives)} objectives are drawn; --x NAME and --y NAME choose which.")
    console.say()
    for line in _next_steps(found, project_hint(project)):
        console.say(line)


def figure(objective: Objective, value: float | None) -> str:
    """A value of an objective, as everywhere else."""
    if value is None:
        return wording.UNKNOWN
    match objective.measure:
        case "prompt_characters":
            return wording.count(round(value))
        case "prompt_tokens" | "tokens":
            return f"{value:,.1f}"
        case "seconds":
            return f"{value:.2f}" if value >= 0.1 else f"{value:.3g}"
        case "cost":
            return wording.money(value) if value == 0 or value >= 0.01 else f"${value:.{1 - floor(log10(value))}f}"
        case _:
            return wording.score(value)


def _print_table(found: PastFront) -> None:
    lengths = all(one.measure != "prompt_characters" for one in found.objectives)
    titles = [_title(one) for one in found.objectives] + ([LENGTH] if lengths else [])
    front = found.front
    beside = [one for one in found.standings if not one.on_front and one.number in (0, found.suggested, found.chosen)]
    rows = [
        [
            str(one.number),
            *(figure(wish, one.values.get(wish.name)) for wish in found.objectives),
            *([wording.count(one.characters)] if lengths else []),
            _mark(found, one),
        ]
        for one in [*front, *beside]
    ]
    console.table(["candidate", *titles, ""], rows, right=["candidate", *titles])


def _title(objective: Objective) -> str:
    """The objective's name, broken where it is long, above its direction."""
    measure = objective.measure.replace("_", "_\n", 1)
    rows = "" if objective.field is None else f"\n({objective.field}=\n{objective.value})"
    return f"{measure}{rows}\n{objective.direction}"


def _mark(found: PastFront, one: Standing) -> str:
    marks = [
        "seed" if one.number == 0 else "",
        "suggested" if one.number == found.suggested else "",
        "chosen" if one.number == found.chosen else "",
        "" if one.on_front else "breaks a limit" if one.broken else "not on the front",
    ]
    return ", ".join(mark for mark in marks if mark)


def _notes(found: PastFront) -> list[str]:
    """What to know about the figures."""
    notes = []
    beyond = sum(bool(one.broken) for one in found.standings)
    if beyond and found.front:
        limits = "; ".join(map(_limit, found._limited))
        notes.append(f"{wording.plural(beyond, 'candidate')} cannot be chosen, for a limit: {limits}.")
    partly = sum(not one.candidate.validated for one in found.standings)
    if partly:
        notes.append(
            f"{wording.plural(partly, 'candidate')} cannot be chosen, having run on some validation rows only."
        )
    judged = ", ".join(str(one.number) for one in found.standings if one.candidate.candidate in found.judged)
    notes.append(
        "All figures are those of the validation rows, which flatter whoever was chosen by them. The locked test "
        + (f"judged {judged}; `toishi diff` shows its verdict." if judged else "has judged none of them.")
    )
    return notes


def _limit(objective: Objective) -> str:
    return f"{objective.name} {objective.demand}"


def _next_steps(found: PastFront, hint: str) -> list[str]:
    number = next((one for one in (found.suggested, *(one.number for one in found.front)) if one), None)
    if number is None:
        return ["Nothing to pick: the seed stands."]
    run = found.run.id
    return [
        f"Read one:   toishi diff {run} --candidate {number}{hint}",
        f"Write it:   toishi apply {run} --candidate {number}{hint}",
    ]
