"""Everything about one run on one page: plan, state, numbers, candidates, change."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.assistant import console, wording
from toishi.assistant.following.outcome import status_word
from toishi.assistant.following.view import RunView, fold
from toishi.assistant.options import project_hint
from toishi.assistant.past.approval import change_of
from toishi.assistant.past.find_run import EVALUATION, LABELLING
from toishi.assistant.past.lineage import best_of, path_to
from toishi.assistant.past.snapshot import chosen_by, program_name, result_of, task_of
from toishi.tools.workbench.events import CandidateAccepted, RunStarted
from toishi.tools.workbench.journal.queries import candidate_means, paid
from toishi.tools.workbench.judges.checks import CHECK
from toishi.tools.workbench.runs import is_alive

if TYPE_CHECKING:
    from toishi.tools.workbench.changes import StoredChange
    from toishi.tools.workbench.journal import Journal, RunRow

LABEL_WIDTH = 12

CHANGE_STATES = {
    "proposed": ("waits for a person", "apply it with: toishi apply"),
    "applying": ("is being written", "look again with: toishi show"),
    "applied": ("is applied", "take it back with: toishi undo"),
    "undoing": ("is being taken back", "look again with: toishi show"),
    "undone": ("was taken back", "apply it again with: toishi apply"),
}


def document(journal: "Journal", project: Path, run: "RunRow") -> dict[str, Any]:
    """The JSON document of `toishi show`."""
    view, pool = _story(journal, run)
    change = change_of(journal, run.id)
    lineage = _lineage(pool, chosen_by(run))
    return {
        "run": run.id,
        "name": run.name,
        "method": run.method,
        "status": _status(project, run, view),
        "created": run.created,
        "seed": run.seed,
        "task": task_of(run),
        "plan": view.plan.model_dump(mode="json", exclude={"kind", "version", "run", "method", "seed"})
        if view.plan
        else None,
        "phase": view.phase,
        "spent": {"rollouts": view.rollouts, "tokens": view.tokens, "cost": view.cost, "seconds": view.seconds},
        "candidates": [
            {
                "number": candidate.number,
                "id": candidate.candidate,
                "parents": list(candidate.parents),
                "validation_score": candidate.validation_score,
                "rows": candidate.rows,
                "objectives": candidate.objectives,
                "reason": candidate.reason,
                "in_lineage": candidate.number in lineage,
                "texts": candidate.texts,
            }
            for candidate in pool
        ],
        "means": [asdict(mean) for mean in candidate_means(journal, run.id)],
        "paid": [asdict(one) for one in paid(journal, run.id)],
        "rejected": view.rejected,
        "skipped": view.skipped,
        "best": best_of(pool, chosen_by(run)).number if pool else None,
        "evaluation": result_of(run) or None if run.method == EVALUATION else None,
        "labelling": result_of(run) or None if run.method == LABELLING else None,
        "judge_check": result_of(run) or None if run.method == CHECK else None,
        "test": view.judged.model_dump(mode="json", exclude={"kind", "version"}) if view.judged else None,
        "change": {"hash": change.hash, "status": change.status, "purged": change.purged} if change else None,
        "warnings": list(view.warnings),
        "sandbox": view.sandbox,
        "sentence": _last_sentence(view),
    }


def print_portrait(journal: "Journal", project: Path, run: "RunRow") -> None:
    """The same for a person."""
    from toishi.assistant.past.difference import print_verdict

    view, pool = _story(journal, run)
    change = change_of(journal, run.id)
    out = console.stdout()
    out.print(f"[bold]{run.id}[/bold]", markup=True, end="")
    console.say(f"  {run.name} · {_status(project, run, view)}")
    for label, text in [*_facts(run, view, change, project_hint(project)), *_paid(journal, run)]:
        console.say(f"{label:<{LABEL_WIDTH}}{text}")
    if run.method == EVALUATION:
        _print_evaluation(run)
    if run.method == CHECK and result_of(run):
        from toishi.assistant.judges.report import print_check

        console.say()
        print_check(result_of(run))
    if view.judged:
        console.say()
        print_verdict(view.judged)
    if pool:
        console.say()
        _print_pool(pool, chosen_by(run))


def _story(journal: "Journal", run: "RunRow") -> tuple[RunView, list[CandidateAccepted]]:
    events = [event for _, event in journal.events(run.id)]
    return fold(events), [event for event in events if isinstance(event, CandidateAccepted)]


def _status(project: Path, run: "RunRow", view: RunView) -> str:
    alive = run.status == "running" and is_alive(project, run.id)
    return status_word(run.status, view.finished.outcome if view.finished else None, alive=alive)


def _last_sentence(view: RunView) -> str | None:
    last = view.finished or view.stopped
    return last.sentence if last else None


def _facts(run: "RunRow", view: RunView, change: "StoredChange | None", hint: str) -> list[tuple[str, str]]:
    task = task_of(run)
    models = task["models"]
    reflection = models.get("reflection") or models["task"]
    facts = [
        ("started", f"{run.created[:16].replace('T', ' ')} UTC"),
        ("improves", program_name(run)),
        ("models", models["task"] + ("" if reflection == models["task"] else f", rewriting by {reflection}")),
        ("metric", task["metric"]["kind"]),
    ]
    facts += _plan(view.plan) if view.plan else [("method", f"{run.method}, seed {run.seed}")]
    sentence = _last_sentence(view)
    ended = [("ended", sentence)] if sentence and not view.judged else []
    if run.method in (EVALUATION, CHECK):
        return facts + ended
    if run.method == LABELLING:
        return [fact for fact in facts if fact[0] != "improves"] + _labelled(run) + ended
    facts.append(("spent", f"{wording.spent(view.rollouts, view.tokens, view.cost)}, {wording.duration(view.seconds)}"))
    rounds = f", and {wording.plural(view.skipped, 'round')} without one" if view.skipped else ""
    facts.append(("rejected", wording.plural(view.rejected, "proposal") + rounds))
    why = result_of(run).get("search_ended")
    if why:
        facts.append(("search", f"ended: {why}"))
    facts += _validation(result_of(run))
    if change is not None:
        worse = view.judged is not None and view.judged.worse
        facts += _change(change, run.id, hint, worse=worse)
    if view.sandbox is not None:
        facts.append(("sandbox", view.sandbox.removeprefix("sandbox: ")))
    return facts + ended + [("warning", warning) for warning in view.warnings]


def _validation(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What the winner's score on the validation rows is worth, of which it is the best of many."""
    corrected, p_value = result.get("validation_corrected"), result.get("validation_p")
    if corrected is None or p_value is None:
        return []
    before, after = wording.score(result["validation_seed"]), wording.score(result["validation_best"])
    told = f"{before} → {after}; as the best of many it is worth {wording.score(corrected)}"
    return [("validation", f"{told}, {wording.p_value(p_value)}")]


def _paid(journal: "Journal", run: "RunRow") -> list[tuple[str, str]]:
    return [
        (
            "paid for" if place == 0 else "",
            f"{one.purpose}: {wording.plural(one.replies, 'call')} of {one.model}, "
            f"{wording.count(one.prompt_tokens + one.completion_tokens)} tokens, "
            f"{'cost unknown' if one.cost is None else wording.money(one.cost)}",
        )
        for place, one in enumerate(paid(journal, run.id))
    ]


def _labelled(run: "RunRow") -> list[tuple[str, str]]:
    result = result_of(run)
    facts = [("choices", ", ".join(result["choices"]))] if result.get("choices") else []
    if "drafts" in result:
        samples = wording.plural(result["samples"], "sample")
        facts.append(("drafted", f"{wording.plural(result['drafts'], 'label')}, each from {samples}"))
        if result["undecided"]:
            facts.append(("left", f"{wording.plural(result['undecided'], 'row')} without a draft"))
    return facts


def _plan(plan: RunStarted) -> list[tuple[str, str]]:
    limits = [
        wording.plural(plan.max_rollouts, "rollout") if plan.max_rollouts is not None else "",
        f"{wording.count(plan.max_tokens)} tokens" if plan.max_tokens is not None else "",
        wording.money(plan.max_cost) if plan.max_cost is not None else "",
        f"{plan.max_seconds:g} seconds" if plan.max_seconds is not None else "",
    ]
    sizes = f"{plan.feedback_examples} feedback, {plan.validation_examples} validation, {plan.test_examples} test"
    return [
        ("method", f"{plan.method}, seed {plan.seed}"),
        ("examples", sizes),
        ("limits", ", ".join(limit for limit in limits if limit) or "none"),
    ]


def _change(change: "StoredChange", run: str, hint: str, *, worse: bool) -> list[tuple[str, str]]:
    state, next_step = CHANGE_STATES[change.status]
    if change.purged:
        state = "was purged" if change.status == "proposed" else f"{state}, and was purged"
        verb = "undone" if change.status == "applied" else "applied"
        return [("change", f"{change.hash} {state}"), ("", f"its texts are no longer whole, so it cannot be {verb}")]
    if worse and change.status in ("proposed", "undone"):
        state = "is not offered, since it made it worse" if change.status == "proposed" else state
        hint, next_step = f"{hint} --force", "write it all the same with: toishi apply"
    return [("change", f"{change.hash} {state}"), ("", f"{next_step} {run}{hint}")]


def _lineage(pool: list[CandidateAccepted], chosen: str) -> list[int]:
    return [candidate.number for candidate in path_to(pool, best_of(pool, chosen).number)] if pool else []


def _print_evaluation(run: "RunRow") -> None:
    from toishi.assistant.evaluating.text import print_baseline, print_comparison

    found = result_of(run)
    if not found:
        return
    console.say()
    if "verdict" in found:
        print_comparison(found, before=found.get("against", "an earlier version"), after=program_name(run))
    else:
        print_baseline(found, name=program_name(run))


def _print_pool(pool: list[CandidateAccepted], chosen: str) -> None:
    best, lineage = best_of(pool, chosen).number, _lineage(pool, chosen)
    rows = []
    for candidate in pool:
        mark = "best" if candidate.number == best else "on the way" if candidate.number in lineage else ""
        if not candidate.validated:
            mark = f"{mark} ({candidate.rows} rows)".strip()
        parents = ", ".join(map(str, candidate.parents)) or "–"
        known = candidate.before is not None and candidate.after is not None
        gate = f"{candidate.before:g} → {candidate.after:g}" if known else "–"
        score = wording.score(candidate.validation_score)
        length = wording.count(sum(map(len, candidate.texts.values())))
        rows.append([str(candidate.number), parents, candidate.module or "–", length, gate, score, mark])
    columns = ["candidate", "from", "module", "characters", "gate", "validation", "lineage"]
    console.table(columns, rows, right=["candidate", "characters", "validation"])
