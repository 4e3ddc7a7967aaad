"""The table `[models]`: which models answer, and how they are sampled."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from toishi.tools.workbench.models.names import split_address
from toishi.tools.workbench.models.protocol import Sampling
from toishi.tools.workbench.task.section import Section

MOST_IN_A_BATCH = 10_000
"""Requests that wait for one another's batch."""

NotNegative = Annotated[float, Field(ge=0)]


class ModelsSection(Section):
    """Which models answer, and how they are sampled."""

    other_words: ClassVar[Mapping[str, str]] = {
        "model": "task",
        "llm": "task",
        "name": "task",
        "url": "base_url",
        "api_base": "base_url",
    }

    task: str = Field(
        default="auto",
        min_length=1,
        description="model that runs the program, such as openai/gpt-5-mini or embedded/mini, and the address of "
        "its server behind it where it has one (openai/mine@http://127.0.0.1:8000/v1); 'auto': what is found here",
    )
    reflection: str | None = Field(default=None, min_length=1, description="model that rewrites; default: as task")
    judge: str | None = Field(default=None, min_length=1, description="model that judges; default: as reflection")
    modules: dict[str, str] = Field(
        default_factory=dict, description="models by module, for modules of the program that task is not to run"
    )
    base_url: str | None = Field(
        default=None,
        description="address of the OpenAI-compatible server of task, and of the other models whose name begins with "
        "the same provider and carries no address",
    )
    temperature: float = Field(default=0.0, ge=0, description="sampling temperature of the program; 0 is greedy")
    max_tokens: int = Field(default=512, gt=0, description="longest answer of a module, in tokens")
    reflection_temperature: float = Field(default=1.0, ge=0, description="sampling temperature of the rewriting")
    reflection_max_tokens: int = Field(default=2048, gt=0, description="longest reply of the rewriting, in tokens")
    judge_temperature: float = Field(
        default=0.7,
        gt=0,
        description="sampling temperature of the judge where several judgements are averaged (metric.samples); a "
        "single one is greedy",
    )
    judge_max_tokens: int = Field(default=1024, gt=0, description="longest verdict of the judge, in tokens")
    concurrency: int | None = Field(
        default=None,
        gt=0,
        description="most calls in flight to one provider or server; fewer are made while it says that it is busy; "
        "default: 16, and 40 for a model in this process",
    )
    batch: bool = Field(
        default=False,
        description="whether many requests at once go in one batch to OpenAI, or to a server that has batches like "
        "it, at half the price and within a day; fewer than 16 are asked one by one",
    )
    timeout: float | None = Field(
        default=None,
        gt=0,
        description="seconds without a word from a server after which a call counts as lost and is made again; "
        "default: 180, and 600 for a server at an address of your own, which may have to load the model first",
    )
    price: Annotated[list[NotNegative], Field(min_length=2, max_length=2)] | None = Field(
        default=None,
        description="US dollars for a million tokens of prompts and for a million tokens of replies, such as "
        "[0.5, 1.5], for models of which no price is known, as those of your own server; max_cost needs it there",
    )

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

    @field_validator("task", "reflection", "judge")
    @classmethod
    def _carries_no_secrets(cls, name: str | None) -> str | None:
        if name is not None:
            cls._is_an_address_without_secrets(split_address(name)[1])
        return name

    @property
    def reflection_name(self) -> str:
        """The model that rewrites."""
        return self.reflection or self.task

    @property
    def judge_name(self) -> str:
        """The model that judges."""
        return self.judge or self.reflection_name

    def address_of(self, name: str) -> str | None:
        """Where a model is: at its own address, else at `base_url` where its provider is that of the task's model."""
        model, address = split_address(name)
        same = model.partition("/")[0] == self.task.partition("/")[0]
        return address or (self.base_url if same else None)

    @property
    def most_in_flight(self) -> int | None:
        """Calls in flight to one endpoint at most; None where it is left to what is usual for it."""
        return self.concurrency or (MOST_IN_A_BATCH if self.batch else None)

    def price_per_token(self) -> tuple[float, float] | None:
        """US dollars per prompt token and per completion token."""
        return None if self.price is None else (self.price[0] / 1e6, self.price[1] / 1e6)

    def sampling(self) -> Sampling:
        """How the program's replies are drawn."""
        return Sampling(temperature=self.temperature, max_tokens=self.max_tokens)

    def reflection_sampling(self) -> Sampling:
        """How new instructions are drawn."""
        return Sampling(temperature=self.reflection_temperature, max_tokens=self.reflection_max_tokens)

    def judge_sampling(self, replicate: int) -> Sampling:
        """How verdicts are drawn: number 0 greedily, since the same answer should be marked the same again."""
        return Sampling(temperature=self.judge_temperature if replicate else 0.0, max_tokens=self.judge_max_tokens)
