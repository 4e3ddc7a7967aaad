"""The tables `[[objectives]]`: what is wanted of a candidate beside its score, or of its score."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from pydantic import Field, model_validator

from toishi.tools.workbench.objectives import MEASURES, OF_THE_METRIC, SCORE, Direction, Objective, shown
from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task.kinds.code import PythonKind
from toishi.tools.workbench.task.kinds.forms import IfevalKind
from toishi.tools.workbench.task.kinds.judges import JudgeKind, PairwiseKind
from toishi.tools.workbench.task.metric import MetricSection, SeveralKind, Single
from toishi.tools.workbench.task.section import Section

OTHER_WORDS: Mapping[str, str] = {
    "accuracy": "score",
    "characters": "prompt_characters",
    "dollars": "cost",
    "latency": "seconds",
    "length": "prompt_characters",
    "novelty": "diversity",
    "price": "cost",
    "prompt_length": "prompt_characters",
    "speed": "seconds",
    "time": "seconds",
}
"""What people call a measure by words too far from its name to be taken for a slip of the pen."""


class ObjectiveSection(Section):
    """One thing that is wanted of a candidate; the score always is, whether it is named or not."""

    other_words: ClassVar[Mapping[str, str]] = {
        "metric": "name",
        "measure": "name",
        "objective": "name",
        "goal": "direction",
        "max": "limit",
        "min": "limit",
        "threshold": "limit",
        "epsilon": "tolerance",
    }

    name: str = Field(
        default=SCORE.measure,
        min_length=1,
        description="what is measured: "
        + "; ".join(f"'{name}', {measure.meaning}" for name, measure in MEASURES.items())
        + "; or a score that the metric gives beside its own: of a part of kind = 'several', of a criterion, or what a "
        "function of yours names",
    )
    direction: Direction | None = Field(
        default=None,
        description="which is better; default: higher for scores and diversity, lower for lengths, tokens, seconds and "
        "cost",
    )
    limit: float | None = Field(
        default=None, description="worst acceptable value, in the measure's unit; a candidate beyond it is never chosen"
    )
    tolerance: float | None = Field(
        default=None,
        ge=0,
        description="a difference that counts as none when a child is compared with its parent, in the measure's unit; "
        "default: 0.02 for scores, 0.05 for diversity, 5 % of the parent's value for the others",
    )
    field: str | None = Field(
        default=None,
        min_length=1,
        description="with value: measured on the rows of one subgroup only, those whose field (a column of the data) "
        "has this value",
    )
    value: str | None = Field(default=None, min_length=1, description="with field: the value, as text")

    @model_validator(mode="after")
    def _can_be_wanted(self) -> Self:
        if (self.field is None) != (self.value is None):
            given, other = ("field", "value") if self.value is None else ("value", "field")
            raise ValueError(
                f"{given} = '{getattr(self, given)}' has a meaning only with {other}; name both or neither"
            )
        if self.field is not None and self.objective().kind.of_texts:
            raise ValueError(f"'{self.name}' is of the texts and the same for every row; leave field and value out")
        if self.name == SCORE.measure and self.direction == "lower":
            raise ValueError("direction = 'lower' has no meaning for the score, of which 1 is the best")
        problem = _senseless_limit(self.objective())
        if problem is not None:
            raise ValueError(problem)
        return self

    def objective(self) -> Objective:
        """The same as the search takes it."""
        direction = self.direction or MEASURES.get(self.name, OF_THE_METRIC).direction
        return Objective(self.name, direction, self.limit, self.tolerance, self.field, self.value)


def wanted(sections: Sequence[ObjectiveSection]) -> tuple[Objective, ...]:
    """All objectives of a task, the score first."""
    named = [section.objective() for section in sections]
    score = next((one for one in named if one.name == SCORE.name), SCORE)
    return (score, *(one for one in named if one is not score))


def refuse_unmeasurable(sections: Sequence[ObjectiveSection], metric: MetricSection) -> None:
    """Raises `ValueError` for an objective that is named twice, that nothing measures, or whose name has two meanings.

    What a person's own function gives shows when it has run, so that with one any name is let through here.
    """
    given, open_ended = scores_of(metric.root)
    seen: set[str] = set()
    for number, section in enumerate(sections):
        name = section.objective().name
        if name in seen:
            raise ValueError(f"objectives[{number}]: '{name}' is named twice; keep one of the tables")
        seen.add(name)
        if section.name in MEASURES and section.name in given:
            meaning = MEASURES[section.name].meaning
            raise ValueError(
                f"objectives[{number}].name = '{section.name}' means {meaning}, and a part of the metric has the same "
                "name; rename the part"
            )
        if section.name in MEASURES or section.name in given or open_ended:
            continue
        other = OTHER_WORDS.get(section.name.lower())
        meant = f"did you mean '{other}'?" if other else did_you_mean(section.name, [*MEASURES, *given])
        raise ValueError(f"objectives[{number}].name = '{section.name}' is nothing that is measured here; {meant}")


def scores_of(metric: Single | SeveralKind) -> tuple[list[str], bool]:
    """Names of the scores that a metric gives beside its own, and whether it may give others, which only it knows."""
    match metric:
        case SeveralKind():
            names, open_ended = [], False
            for part in metric.parts:
                inner, more = scores_of(part)
                names += [part.name or "", *(f"{part.name}.{name}" for name in inner)]
                open_ended |= more
            return names, open_ended
        case JudgeKind():
            return [criterion.name for criterion in metric.criteria], False
        case PairwiseKind():
            return ["order_consistent"], False
        case IfevalKind():
            return [f"{of}_{reading}" for of in ("prompt", "instruction") for reading in ("strict", "loose")], False
        case PythonKind():
            return [], True
        case _:
            return [], False


def _senseless_limit(objective: Objective) -> str | None:
    """Why a limit can never be kept, or never be broken; None where it makes sense."""
    limit = objective.limit
    if limit is None or objective.kind is OF_THE_METRIC:
        return None
    begin = f"limit = {shown(limit)} makes no sense for '{objective.name}'"
    best = 1.0 if objective.kind.share else None
    if objective.direction == "higher":
        if limit <= 0:
            return f"{begin}, since every candidate has at least 0; leave it out or raise it"
        return f"{begin}, since none can have more than 1" if best is not None and limit > best else None
    if limit < 0 or (limit == 0 and best is None):
        return f"{begin}, since none can have {'less than 0' if limit else 'none at all'}"
    return f"{begin}, since every candidate has at most 1; leave it out or lower it" if best and limit >= best else None
