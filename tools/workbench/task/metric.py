"""The table `[metric]`: how an answer is judged. Its `kind` decides which other keys have a meaning."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, RootModel, model_validator

from toishi.tools.workbench.task.kinds.answers import ChoiceKind, ContainsKind, ExactKind, F1Kind, NumberKind, TextKind
from toishi.tools.workbench.task.kinds.code import CodeKind, PythonKind
from toishi.tools.workbench.task.kinds.forms import IfevalKind, JsonKind, RegexKind
from toishi.tools.workbench.task.kinds.judges import JudgeKind, PairwiseKind
from toishi.tools.workbench.task.kinds.kind import Kind, Place

Single = (
    ExactKind
    | TextKind
    | NumberKind
    | ChoiceKind
    | F1Kind
    | ContainsKind
    | RegexKind
    | JsonKind
    | CodeKind
    | IfevalKind
    | JudgeKind
    | PairwiseKind
    | PythonKind
)


class SeveralKind(Kind):
    """Several metrics on the same answer: their weighted mean is the score, each is an objective by its name."""

    kind: Literal["several"]
    parts: tuple[Annotated[Single, Field(discriminator="kind")], ...] = Field(
        strict=False, min_length=1, description="the metrics, each a table [[metric.parts]] with a name"
    )

    @model_validator(mode="after")
    def _parts_are_told_apart(self) -> Self:
        seen: set[str] = set()
        for number, part in enumerate(self.parts):
            if part.name is None:
                raise ValueError(f"parts[{number}] has no name; its score is reported under it, so give it one")
            if part.name in seen:
                raise ValueError(f"two parts have the name '{part.name}'")
            seen.add(part.name)
        if not sum(part.weight for part in self.parts):
            raise ValueError("every part has the weight 0, so there is no score; give one of them a weight")
        return self

    @property
    def needs_expected(self) -> bool:
        """Where a part does."""
        return any(part.needs_expected for part in self.parts)

    @property
    def runs_code(self) -> bool:
        """Where a part does."""
        return any(part.runs_code for part in self.parts)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Those of the first part that has some."""
        return next((part.labels for part in self.parts if part.labels is not None), None)

    @property
    def own_code(self) -> tuple[str, ...]:
        """The files of all parts."""
        return tuple(file for part in self.parts for file in part.own_code)

    def columns(self, at: str) -> dict[str, str]:
        """Those of all parts."""
        return {
            key: column
            for number, part in enumerate(self.parts)
            for key, column in part.columns(f"{at}.parts[{number}]").items()
        }

    def placed(self, place: Place, project: Path, at: str) -> Self:
        """The same with the paths of all parts as the project sees them."""
        parts = tuple(part.placed(place, project, f"{at}.parts[{number}]") for number, part in enumerate(self.parts))
        return self.model_copy(update={"parts": parts})


class MetricSection(RootModel[Annotated[Single | SeveralKind, Field(discriminator="kind")]]):
    """How an answer is judged."""

    model_config = ConfigDict(frozen=True, strict=True)

    root: Annotated[Single | SeveralKind, Field(discriminator="kind")] = Field(
        description="the keys of the kind that is named"
    )

    @model_validator(mode="after")
    def _is_no_part(self) -> Self:
        for key in ("name", "weight"):
            if key in self.root.model_fields_set and getattr(self.root, key) != Kind.model_fields[key].default:
                raise ValueError(f"{key} has a meaning in [[metric.parts]] only")
        return self

    @property
    def kind(self) -> str:
        """The kind that is named."""
        return self.root.kind

    @property
    def choices(self) -> tuple[str, ...] | None:
        """The only answers that may be expected, None where any may."""
        return self.root.labels

    @property
    def needs_expected(self) -> bool:
        """Whether every row must have an expected answer."""
        return self.root.needs_expected

    @property
    def runs_code(self) -> bool:
        """Whether it runs what a model wrote, in the sandbox."""
        return self.root.runs_code

    @property
    def own_code(self) -> tuple[str, ...]:
        """The Python files of the person's own that judge."""
        return self.root.own_code

    def columns(self) -> dict[str, str]:
        """The columns of the data that the metric reads beside the expected answer, by key."""
        return self.root.columns("metric")

    def placed(self, place: Place, project: Path) -> "MetricSection":
        """The same with its paths as the project sees them, and the texts of small files in it."""
        return MetricSection(self.root.placed(place, project, "metric"))
