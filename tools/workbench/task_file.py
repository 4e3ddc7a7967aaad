"""What `task.toml` may say: every table and key with its meaning, its type and its bounds.

It knows one file and nothing around it: which paths exist, and what the data holds, is for `task` and `data`.
"""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from toishi.tools.workbench.budget import Limits
from toishi.tools.workbench.models.protocol import Sampling

ROLLOUTS = 600


class Section(BaseModel):
    """A table of the file: every key is known, and none is converted from another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ProgramSection(Section):
    """What is improved."""

    prompt: str = Field(
        min_length=1,
        description="text file with the instruction; `{field}` stands for an input, and where it names none, "
        "the instruction is the system message and the inputs are the user message",
    )
    max_characters: int = Field(default=4000, gt=0, description="how long the instruction may become")


class DataSection(Section):
    """Where the examples are, and which part of them is for what."""

    file: str | None = Field(default=None, description="csv or jsonl file with all rows")
    train: str | None = Field(default=None, description="file divided by seed into feedback and validation")
    feedback: str | None = Field(default=None, description="file with the rows that the reflection may see")
    validation: str | None = Field(default=None, description="file with the rows that choose among candidates")
    test: str | None = Field(default=None, description="file with the rows that judge the result, once, at the end")
    inputs: tuple[str, ...] = Field(strict=False, min_length=1, description="columns that the program is given")
    expected: str = Field(min_length=1, description="column with the right answer")
    split: str | None = Field(
        default=None, description="column that says feedback, validation, test or train; empty: divided by the shares"
    )
    shares: tuple[float, ...] = Field(
        default=(0.4, 0.3, 0.3),
        strict=False,
        description="shares of feedback, validation and test among the rows for which the data does not say it",
    )

    @field_validator("shares")
    @classmethod
    def _are_shares(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if len(shares) != 3 or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
            raise ValueError(
                f"{list(shares)} are not three numbers above 0 that add up to 1 (feedback, validation, test)"
            )
        return shares

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if len(set(self.inputs)) < len(self.inputs):
            raise ValueError(f"inputs names a column twice: {', '.join(self.inputs)}")
        if self.expected in self.inputs:
            raise ValueError(f"expected = '{self.expected}' is among the inputs, so the answer would be given away")
        named = frozenset(self.files())
        if named not in (
            {"file"},
            {"train", "test"},
            {"feedback", "validation", "test"},
            {"train", "validation", "test"},
        ):
            raise ValueError(
                f"rows come from {' and '.join(self.files()) or 'nowhere'}; "
                "name either file, or train and test, or feedback, validation and test"
            )
        if self.split is not None and self.file is None:
            raise ValueError(f"split = '{self.split}' has no meaning beside files that are splits themselves")
        return self

    def files(self) -> dict[str, str]:
        """The files that are named, by key."""
        named = {
            "file": self.file,
            "train": self.train,
            "feedback": self.feedback,
            "validation": self.validation,
            "test": self.test,
        }
        return {key: path for key, path in named.items() if path is not None}


class MetricSection(Section):
    """How an answer is judged."""

    kind: Literal["exact", "choice"] = Field(
        description="'exact': the answer is the expected text; 'choice': the answer names the expected label"
    )
    choices: tuple[str, ...] | None = Field(
        default=None, strict=False, min_length=2, description="labels of a choice; default: those in the data"
    )

    @model_validator(mode="after")
    def _choices_are_told_apart(self) -> Self:
        if self.choices is None:
            return self
        if self.kind != "choice":
            raise ValueError(f"choices have no meaning with kind = '{self.kind}'")
        seen: dict[str, str] = {}
        for choice in self.choices:
            if not choice or choice != choice.strip():
                raise ValueError(f"the choice '{choice}' is empty or has blanks at its ends")
            if choice.casefold() in seen:
                raise ValueError(f"the choices '{seen[choice.casefold()]}' and '{choice}' are the same but for case")
            seen[choice.casefold()] = choice
        return self


class ModelsSection(Section):
    """Which models answer, and how they are sampled."""

    task: str = Field(
        default="auto", min_length=1, description="model that runs the program; 'auto': what is found here"
    )
    reflection: str | None = Field(default=None, min_length=1, description="model that rewrites; default: as task")
    base_url: str | None = Field(default=None, description="address of an OpenAI-compatible server")
    temperature: float = Field(default=0.0, ge=0, description="sampling temperature of the program; 0 is greedy")
    max_tokens: int = Field(default=512, gt=0, description="longest answer of a module, in tokens")
    reflection_temperature: float = Field(default=1.0, ge=0, description="sampling temperature of the rewriting")
    reflection_max_tokens: int = Field(default=2048, gt=0, description="longest reply of the rewriting, in tokens")
    concurrency: int = Field(default=16, gt=0, description="how many calls may be in flight")

    @field_validator("base_url")
    @classmethod
    def _is_an_address_without_secrets(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"'{url}' should begin with http:// or https://")
        if "@" in url.split("://", 1)[1].split("/", 1)[0]:
            raise ValueError("a user name or password does not belong here; keys come from the environment")
        return url

    @property
    def reflection_name(self) -> str:
        """The model that rewrites."""
        return self.reflection or self.task

    def sampling(self) -> Sampling:
        """How the program's replies are drawn."""
        return Sampling(temperature=self.temperature, max_tokens=self.max_tokens)

    def reflection_sampling(self) -> Sampling:
        """How new instructions are drawn."""
        return Sampling(temperature=self.reflection_temperature, max_tokens=self.reflection_max_tokens)


class BudgetSection(Section):
    """What a run may use at most."""

    max_rollouts: int | None = Field(
        default=None, gt=0, description=f"rollouts; {ROLLOUTS} where the task sets no limit at all"
    )
    max_tokens: int | None = Field(default=None, gt=0, description="tokens, of prompts and replies together")
    max_cost: float | None = Field(default=None, gt=0, description="US dollars")
    max_seconds: float | None = Field(default=None, gt=0, description="seconds, over all sittings of the run")

    def limits(self) -> Limits:
        """The same as the budget takes it."""
        if self == BudgetSection():
            return Limits(max_rollouts=ROLLOUTS)
        return Limits(self.max_rollouts, self.max_tokens, self.max_cost, self.max_seconds)


class TaskFile(Section):
    """Everything that `task.toml` may say."""

    name: str = Field(min_length=1, description="name of the task, for people")
    seed: int = Field(default=0, ge=0, description="decides every random draw, the splits among them")
    program: ProgramSection
    data: DataSection
    metric: MetricSection
    models: ModelsSection = ModelsSection()
    budget: BudgetSection = BudgetSection()
    gepa: dict[str, Any] = Field(default_factory=dict, description="settings of GEPA, checked by GEPA itself")
