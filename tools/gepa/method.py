"""GEPA as the method of a run: from a bench to what it found. It knows the workbench; the search knows neither."""

from collections.abc import Sequence

from pydantic import ValidationError

from toishi.tools.gepa.engine import Earlier, optimize
from toishi.tools.gepa.forecast import Forecast, Sizes, fitted, forecast
from toishi.tools.gepa.pool import Member
from toishi.tools.gepa.protocol import Split
from toishi.tools.gepa.result import GepaResult
from toishi.tools.gepa.settings import GepaSettings
from toishi.tools.gepa.world import Brief
from toishi.tools.workbench.bench import Bench
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.data import Splits
from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.events import CandidateAccepted, Event, PhaseStarted, Warned
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.method import Choice, Found
from toishi.tools.workbench.models.names import usual_concurrency
from toishi.tools.workbench.objectives import groups_of
from toishi.tools.workbench.rollout import Rollout, failures
from toishi.tools.workbench.seeds import streams
from toishi.tools.workbench.sitting import Chronicle
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.task.objectives import wanted
from toishi.tools.workbench.validation import explain


def settings_of(task: Task) -> GepaSettings:
    """The table `[gepa]` of a task; `TaskError` where it says something that cannot be."""
    try:
        return GepaSettings.model_validate(task.gepa)
    except ValidationError as error:
        raise TaskError(explain(error, GepaSettings, table="gepa")) from None


def check(task: Task) -> None:
    """Raises `TaskError` where `[gepa]` says something that cannot be."""
    settings_of(task)


def forecast_of(task: Task, splits: Splits) -> Forecast | None:
    """About what the budget buys; None where it has no limit on rollouts."""
    limit = task.budget.limits().max_rollouts
    if limit is None:
        return None
    kept = tested(task) * len(splits.test)
    feedback, validation = len(splits.feedback), len(splits.validation)
    settings = fitted(settings_of(task), feedback, validation, limit - kept)
    return forecast(Sizes(settings, feedback, validation), limit - kept, kept=kept)


def tested(task: Task) -> int:
    """How many candidates are run on the locked test, the seed among them."""
    return 1 + (settings_of(task).front if len(wanted(task.objectives)) > 1 else 1)


async def run(bench: Bench, chronicle: Chronicle) -> Found:
    """GEPA on a bench; raises `BudgetSpent` where the budget ends before the seed is scored."""

    async def evaluate(
        candidate: Candidate, examples: Sequence[Example], split: Split, replicate: int = 0
    ) -> Sequence[Rollout]:
        return await bench.runner.run(candidate, examples, split=split, replicate=replicate)

    def emit(event: Event) -> None:
        chronicle(event)
        if isinstance(event, CandidateAccepted):
            bench.keep_for_test(event.candidate, tested(task))
            if event.number == 0:
                failed = failures(bench.journal.rollouts(bench.run, candidate=event.candidate, split="validation"))
                if failed is not None:
                    chronicle(Warned(message=failed))
                chronicle(PhaseStarted(phase="search"))

    task, splits = bench.task, bench.splits
    objectives = wanted(task.objectives)
    iterations, ended = chronicle.searched_before()
    chronicle(PhaseStarted(phase="baseline"))
    result = await optimize(
        bench.seed,
        feedback=splits.feedback,
        validation=splits.validation,
        evaluate=evaluate,
        reflect=bench.reflect,
        settings=settings_of(task),
        streams=streams(task.seed),
        emit=emit,
        brief=_brief(task),
        rollouts=bench.budget.rollouts_left(),
        affordable=bench.budget.fits,
        concurrency=task.models.most_in_flight or usual_concurrency(task.models.task),
        earlier=Earlier(iterations, ended),
        objectives=objectives,
        groups=groups_of(objectives, splits.all, expected=task.data.expected),
        probe=_may_be_noisy(task),
    )
    return _found(result, settings_of(task))


def _may_be_noisy(task: Task) -> bool:
    """Whether it is worth a few rollouts to see: a greedy model answers the same again, own code may do as it likes."""
    return task.models.temperature > 0 or task.program.own_code() is not None or bool(task.metric.own_code)


def _brief(task: Task) -> Brief:
    return Brief(
        max_characters=task.program.max_characters,
        placeholders=task.placeholders(),
        kinds=dict(task.program.kinds),
        summary=task.program.summary,
        fields=tuple(task.data.subgroups),
    )


def _found(result: GepaResult, settings: GepaSettings) -> Found:
    best = result.best
    return Found(
        best.candidate,
        (result.seed.validation_score, best.validation_score),
        result.stopped,
        result.corrected,
        result.adjusted_p,
        tuple(Choice(one.number, one.candidate) for one in to_be_tested(result, settings.front)),
    )


def to_be_tested(result: GepaResult, most: int) -> list[Member]:
    """Those of the front that the locked test looks at beside the seed, at most so many: the best, and high scores."""
    front = [result.members[number] for number in result.front]
    best = result.best.number
    front.sort(key=lambda one: (one.number != best, -one.validation_score, one.number))
    return [one for one in front if one.number > 0][:most]
