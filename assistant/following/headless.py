"""A run from its start to its exit code, without anybody to ask: what `run`, `resume` and `demo` share."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.assistant import console, exit_codes, wording
from toishi.assistant.following.follow import watch
from toishi.assistant.following.outcome import exit_code
from toishi.assistant.following.view import RunView
from toishi.assistant.options import project_hint
from toishi.assistant.past.approval import apply_change, change_of
from toishi.assistant.rows.reading import reading
from toishi.tools.workbench.runs import create_run, start_worker

if TYPE_CHECKING:
    from toishi.tools.workbench.data import Splits
    from toishi.tools.workbench.journal import Journal
    from toishi.tools.workbench.runs import Consent
    from toishi.tools.workbench.task import Task


@dataclass(frozen=True)
class Ending:
    """How a sitting of a run ended: its view, and the approved change that was written, if any."""

    run: str
    view: RunView
    applied: bool

    @property
    def exit_code(self) -> int:
        """What the command ends with."""
        return exit_code(self.view, applied=self.applied)


def begin(journal: "Journal", project: Path, task: "Task", method: str, *, consent: "Consent | None" = None) -> str:
    """Says what the budget buys, creates a run and starts its worker; gives the run's id.

    `auto` is the method that suits a prompt program: GEPA.
    """
    from toishi.tools.worker import method_named

    found = "gepa" if method == "auto" else method
    chosen = method_named(found)
    chosen.check(task)

    def tell_and_ask(task: "Task", splits: "Splits") -> None:
        if consent is not None:
            consent(task, splits)
        forecast = chosen.forecast_of(task, splits)
        if forecast is not None:
            console.log(f"{forecast.sentence}.")

    with reading() as progress:
        run = create_run(project, journal, task, method=found, consent=tell_and_ask, progress=progress)
    start_worker(project, run)
    return run


def attend(journal: "Journal", project: Path, run: str, *, yes: bool, after: int = 0) -> Ending:
    """Follows the run to its end. With `yes` a change is applied where the evidence is there, and only there."""
    view = watch(journal, project, run, after=after)
    change = change_of(journal, run)
    applied = change is not None and change.status == "applied"
    if yes and not applied and view.finished is not None and view.finished.outcome == "improved":
        apply_change(journal, project, run)
        applied = True
    return Ending(run, view, applied)


def document(journal: "Journal", ending: Ending) -> dict[str, Any]:
    """The ending as the JSON document of `toishi run`; what is not known is null."""
    view, judged = ending.view, ending.view.judged
    finished, stopped = view.finished, view.stopped
    last = finished or stopped
    change = change_of(journal, ending.run)
    return {
        "run": ending.run,
        "status": "finished" if finished else stopped.status if stopped else "stopping",
        "outcome": finished.outcome if finished else None,
        "sentence": last.sentence if last else None,
        "seed_score": judged.seed_score if judged else None,
        "best_score": judged.best_score if judged else None,
        "difference": judged.difference if judged else None,
        "interval": list(judged.interval) if judged else None,
        "p_value": judged.p_value if judged else None,
        "test_examples": judged.examples if judged else None,
        "validation_seed": view.seed_score,
        "validation_best": view.best_score,
        "candidates": view.pool,
        "rollouts": view.rollouts,
        "tokens": view.tokens,
        "cost": view.cost,
        "seconds": round(view.seconds, 3),
        "sandbox": view.sandbox,
        "change": change.hash if change else None,
        "applied": ending.applied,
        "exit_code": ending.exit_code,
    }


def print_ending(journal: "Journal", project: Path, ending: Ending, *, yes: bool) -> None:
    """What came of the run, for a person: numbers, what was spent, and what to do next."""
    from toishi.assistant.past.difference import print_verdict

    view = ending.view
    console.say()
    if view.judged:
        print_verdict(view.judged)
    elif view.finished:
        console.say(view.finished.sentence)
    elif view.stopped and view.stopped.status == "failed":
        console.say(view.stopped.sentence)
    else:
        console.say("The run was stopped.")
    spent = wording.spent(view.rollouts, view.tokens, view.cost)
    console.say(f"Spent: {spent}, {wording.duration(view.seconds)}.")
    if view.sandbox is not None:
        console.say(f"{view.sandbox[0].upper()}{view.sandbox[1:]}.")
    console.say()
    for line in next_steps(journal, project, ending, yes=yes):
        console.say(line)


def next_steps(journal: "Journal", project: Path, ending: Ending, *, yes: bool) -> list[str]:
    """What a person can do now, as lines of text with commands to copy."""
    run, hint = ending.run, project_hint(project)
    change = change_of(journal, run)
    if ending.view.finished is None:
        return [f"Go on where it stood:  toishi resume {run}{hint}"]
    if ending.exit_code == exit_codes.BUDGET_SPENT_BEFORE_BASELINE:
        return ["Give it more, for example:  toishi run TASK.toml --max-rollouts N"]
    if ending.view.finished.outcome == "solved":
        return [f"Read the answers:  toishi show {run} --answers{hint}"]
    if change is None:
        return [f"Nothing to apply: the seed prompt stands.  toishi show {run}{hint}"]
    files = ", ".join(edit.path for edit in change.change.files)
    read = f"Read the change:  toishi diff {run}{hint}"
    apply = f"toishi apply {run}{hint}"
    if ending.applied:
        return [f"Applied to {files}.", read, f"Take it back:     toishi undo {run}{hint}"]
    if ending.view.judged is not None and ending.view.judged.worse:
        return [f"Nothing was applied, since the change made it worse; {files} stays as it is.", read]
    if ending.exit_code == exit_codes.NO_EVIDENCE:
        why = "Nothing was applied, since there is no evidence of improvement" + (" (--yes or not)." if yes else ".")
        return [why, read, f"Apply it anyway:  {apply}"]
    return [f"The change to {files} waits for you.", read, f"Apply it:         {apply}"]
