"""What a run changed, and why one may believe it: seed against best, edit by edit, with what each fixed and broke."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toishi.assistant import console, wording
from toishi.assistant.past.find_run import find_run
from toishi.assistant.past.lineage import Case, Edit, best_of, edits, path_to
from toishi.assistant.past.snapshot import chosen_by, prompt_files
from toishi.assistant.past.worddiff import render, word_diff
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.events import CandidateAccepted, Judged

if TYPE_CHECKING:
    from rich.text import Text

    from toishi.tools.workbench.journal import Journal, RunRow

INDENT = 3
ANSWER_WIDTH = 60
TEXT_WIDTH = 64


@dataclass(frozen=True)
class Difference:
    """The seed, the best candidate, the steps between them, and the verdict where the run got that far."""

    run: "RunRow"
    seed: CandidateAccepted
    best: CandidateAccepted
    edits: tuple[Edit, ...]
    judged: Judged | None


def difference(journal: "Journal", run_id: str) -> Difference:
    """Of one run; `UsageError` where no run has the id, or the run has not scored its seed yet."""
    run = find_run(journal, run_id)
    events = [event for _, event in journal.events(run.id)]
    pool = [event for event in events if isinstance(event, CandidateAccepted)]
    if not pool:
        raise UsageError(f"Run {run.id} has no scored prompt yet; follow it with `toishi resume {run.id}`")
    best = best_of(pool, chosen_by(run))
    path = path_to(pool, best.number)
    rollouts = {step.candidate: journal.rollouts(run.id, candidate=step.candidate, split="validation") for step in path}
    judged = next((event for event in events if isinstance(event, Judged)), None)
    return Difference(run, path[0], best, tuple(edits(path, rollouts)), judged)


def document(found: Difference) -> dict[str, Any]:
    """The difference as the JSON document of `toishi diff`."""
    return {
        "run": found.run.id,
        "best": found.best.number,
        "modules": [
            {
                "module": module,
                "file": prompt_files(found.run)[module],
                "before": text,
                "after": found.best.texts[module],
                "diff": [line.plain for line in word_diff(text, found.best.texts[module])],
            }
            for module, text in found.seed.texts.items()
            if text != found.best.texts[module]
        ],
        "edits": [
            {
                "from": edit.parent.number,
                "to": edit.child.number,
                "module": edit.child.module,
                "reason": edit.child.reason,
                "validation_before": edit.parent.validation_score,
                "validation_after": edit.child.validation_score,
                "fixed": [_case(case) for case in edit.fixed],
                "broke": [_case(case) for case in edit.broke],
            }
            for edit in found.edits
        ],
        "test": found.judged.model_dump(mode="json", exclude={"kind", "version"}) if found.judged else None,
    }


def _case(case: Case) -> dict[str, Any]:
    return {
        "example": case.example,
        "text": case.text,
        "before": case.before.output,
        "after": case.after.output,
        "score_before": case.before.score,
        "score_after": case.after.score,
    }


def print_difference(found: Difference, *, examples: int) -> None:
    """For a person: the whole diff, then each edit with at most `examples` examples it fixed and as many it broke."""
    out = console.stdout()
    print_texts(found)
    if found.edits:
        names = [_name(found.seed.number), *(_name(edit.child.number) for edit in found.edits)]
        out.print("\n[bold]How it came about[/bold]  " + " → ".join(names), markup=True)
    for number, edit in enumerate(found.edits, 1):
        _print_edit(edit, number, examples)
    if found.judged:
        out.print()
        print_verdict(found.judged)


def print_texts(found: Difference) -> None:
    """The word diff from seed to best, file by file."""
    out = console.stdout()
    files = prompt_files(found.run)
    if found.best.number == found.seed.number:
        out.print(f"No edit of {', '.join(files.values())} was better than the seed, which stands.", markup=False)
        return
    for module, before in found.seed.texts.items():
        after = found.best.texts[module]
        if after == before:
            continue
        out.print(_bold(f"{files[module]}: seed → candidate {found.best.number}"))
        _print_lines(before, after, indent=0)


def print_verdict(judged: Judged) -> None:
    """The numbers on the locked test, for a person, and what they say."""
    from rich.text import Text

    out = console.stdout()
    title = _bold(f"Locked test, {wording.plural(judged.examples, 'example')}: ")
    out.print(title.append(verdict(judged), style="green" if judged.improved else "red" if judged.worse else "yellow"))
    evidence = f"95 % interval {wording.interval(judged.interval)}, {wording.p_value(judged.p_value)}"
    for label, figure in (
        ("seed prompt", wording.score(judged.seed_score)),
        ("best prompt", wording.score(judged.best_score)),
        ("difference", f"{wording.signed(judged.difference)}  {evidence}"),
    ):
        out.print(Text(f"  {label:<12} {figure}"))


def verdict(judged: Judged) -> str:
    """What the numbers say, in words."""
    if judged.improved:
        return "improved"
    return "got worse" if judged.worse else "no evidence of improvement"


def _print_edit(edit: Edit, number: int, examples: int) -> None:
    from rich.text import Text

    out = console.stdout()
    before, after = edit.parent.validation_score, edit.child.validation_score
    title = f"\n{number}. {_name(edit.parent.number)} → {_name(edit.child.number)}"
    score = f"validation {wording.score(before)} → {wording.score(after)} ({wording.signed(after - before)})"
    out.print(_bold(f"{title}, {score}"))
    _print_indented(Text(edit.child.reason, style="dim"), INDENT)
    for module, text in edit.parent.texts.items():
        if edit.child.texts[module] != text:
            _print_lines(text, edit.child.texts[module], indent=INDENT, context=0)
    _print_indented(Text(f"fixed {len(edit.fixed)}, broke {len(edit.broke)} of the validation examples"), INDENT)
    _print_cases("+ fixed", edit.fixed, examples, "green")
    _print_cases("- broke", edit.broke, examples, "red")


def _print_cases(label: str, cases: Sequence[Case], shown: int, style: str) -> None:
    from rich.text import Text

    for case in cases[:shown]:
        text = f"  “{wording.shorten(case.text, TEXT_WIDTH)}”"
        _print_indented(Text.assemble((label, style), text), INDENT)
        for when, rollout in (("was", case.before), ("now", case.after)):
            answer = wording.ending(rollout.output, ANSWER_WIDTH) or "(empty)"
            _print_indented(Text(f"{when} {answer}", style="dim"), INDENT + len(label) + 3)
    if len(cases) > shown:
        _print_indented(Text(f"{label}  and {len(cases) - shown} more", style=style), INDENT)


def _print_lines(before: str, after: str, *, indent: int, context: int = 2) -> None:
    for line in word_diff(before, after, context=context):
        if context == 0 and line.mark in " …":
            continue
        _print_indented(render(line), indent)


def _print_indented(text: "Text", by: int) -> None:
    """Prints with a margin that wrapped lines keep too."""
    from rich.padding import Padding

    # Padding leaves out a text that is empty.
    console.stdout().print(Padding(text, (0, 0, 0, by), expand=False) if text.plain else "")


def _bold(text: str) -> "Text":
    from rich.text import Text

    return Text(text, style="bold")


def _name(number: int) -> str:
    return "seed" if number == 0 else f"candidate {number}"
