"""Metrics in which a model judges: judge and pairwise."""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.task.kinds.kind import Kind, Place
from toishi.tools.workbench.task.section import Section


class Criterion(Section):
    """One thing that the judge looks at."""

    name: str = Field(description="short name of letters, digits, hyphens and underscores, as in 'politeness'")
    description: str = Field(min_length=1, description="what the judge should look at, and what is good and bad")
    weight: float = Field(default=1.0, gt=0, description="its share of the score, beside the other criteria")

    @field_validator("name")
    @classmethod
    def _is_short_and_plain(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,39}", name):
            raise ValueError(f"'{name}' should begin with a letter and hold letters, digits, - and _ only, at most 40")
        return name


class JudgedKind(Kind):
    """What every metric has in which a model judges."""

    rubric: str | None = Field(
        default=None, min_length=1, description="what makes an answer good, in words that a new colleague understands"
    )
    rubric_file: str | None = Field(
        default=None, min_length=1, description="text file with the rubric; in place of rubric"
    )
    fields: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="other columns of the data that the judge is shown beside the inputs and the expected answer",
    )
    samples: int = Field(
        default=1,
        ge=1,
        le=25,
        description="how many judgements are averaged; more cost more and vary less. A single one is drawn greedily, "
        "several with models.judge_temperature",
    )

    @model_validator(mode="after")
    def _has_one_rubric(self) -> Self:
        if self.rubric is not None and self.rubric_file is not None:
            raise ValueError("rubric and rubric_file are both given; keep one")
        return self

    def columns(self, at: str) -> dict[str, str]:
        """Those that the judge is shown."""
        return {f"{at}.fields[{number}]": column for number, column in enumerate(self.fields)}

    def placed(self, place: Place, project: Path, at: str) -> Self:
        """The same with the rubric's text in it, so that a run keeps the rubric that it began with."""
        if self.rubric_file is None:
            return self
        key = f"{at}.rubric_file"
        text = _read(project / place(key, self.rubric_file), f"{key} = '{self.rubric_file}'")
        return self.model_copy(update={"rubric_file": None, "rubric": text})


class JudgeKind(JudgedKind):
    """A model marks the answer by a rubric."""

    kind: Literal["judge"]
    criteria: tuple[Criterion, ...] = Field(
        default=(),
        strict=False,
        description="what is marked one by one, each a table [[metric.criteria]]; default: the rubric as a whole",
    )
    scale: Literal["pass/fail"] | int = Field(
        default="pass/fail",
        description="'pass/fail', on which models and people agree most; or the best mark, as in 5 for marks from 1 "
        "(score 0) to 5 (score 1)",
    )

    @field_validator("scale")
    @classmethod
    def _is_a_scale(cls, scale: str | int) -> str | int:
        if isinstance(scale, int) and not 2 <= scale <= 10:
            raise ValueError(f"{scale} is no best mark; it may be 2 to 10, or the scale 'pass/fail'")
        return scale

    @model_validator(mode="after")
    def _knows_what_is_good(self) -> Self:
        if self.rubric is None and self.rubric_file is None and not self.criteria:
            raise ValueError("the judge is not told what is good; write a rubric, rubric_file or [[metric.criteria]]")
        seen: set[str] = set()
        for criterion in self.criteria:
            if criterion.name.casefold() in seen:
                raise ValueError(f"two criteria have the name '{criterion.name}'")
            seen.add(criterion.name.casefold())
        return self

    @property
    def needs_expected(self) -> bool:
        """Never: the rubric says what is good."""
        return False

    @property
    def values(self) -> tuple[str, ...]:
        """The verdicts that the scale knows, from the worst to the best."""
        return ("fail", "pass") if isinstance(self.scale, str) else tuple(map(str, range(1, self.scale + 1)))


class PairwiseKind(JudgedKind):
    """A model says which is better, the answer or the expected one, and is asked in both orders."""

    kind: Literal["pairwise"]

    @property
    def values(self) -> tuple[str, ...]:
        """What may come of a comparison, from the worst to the best."""
        return ("loss", "tie", "win")


def _read(path: Path, name: str) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise TaskError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TaskError(f"{name} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    if not text:
        raise TaskError(f"{name} is empty; write what makes an answer good")
    return text
