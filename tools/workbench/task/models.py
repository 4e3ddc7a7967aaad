"""The table `[models]`: which models answer, and how they are sampled."""

from pydantic import Field, field_validator

from toishi.tools.workbench.models.protocol import Sampling
from toishi.tools.workbench.task.section import Section


class ModelsSection(Section):
    """Which models answer, and how they are sampled."""

    task: str = Field(
        default="auto", min_length=1, description="model that runs the program; 'auto': what is found here"
    )
    reflection: str | None = Field(default=None, min_length=1, description="model that rewrites; default: as task")
    judge: str | None = Field(default=None, min_length=1, description="model that judges; default: as reflection")
    base_url: str | None = Field(
        default=None,
        description="address of the OpenAI-compatible server of task, and of the other models of the same provider",
    )
    addresses: dict[str, str] = Field(
        default_factory=dict, description="addresses of servers by model, for models that are elsewhere than base_url"
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
    concurrency: int = Field(default=16, gt=0, description="how many calls may be in flight")

    @field_validator("addresses")
    @classmethod
    def _are_addresses_without_secrets(cls, addresses: dict[str, str]) -> dict[str, str]:
        for url in addresses.values():
            cls._is_an_address_without_secrets(url)
        return addresses

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

    @property
    def judge_name(self) -> str:
        """The model that judges."""
        return self.judge or self.reflection_name

    def address_of(self, name: str) -> str | None:
        """Where a model is; `base_url` is the task model's, so one of another provider is not to be looked for there."""
        if name in self.addresses:
            return self.addresses[name]
        return self.base_url if name.partition("/")[0] == self.task.partition("/")[0] else None

    def sampling(self) -> Sampling:
        """How the program's replies are drawn."""
        return Sampling(temperature=self.temperature, max_tokens=self.max_tokens)

    def reflection_sampling(self) -> Sampling:
        """How new instructions are drawn."""
        return Sampling(temperature=self.reflection_temperature, max_tokens=self.reflection_max_tokens)

    def judge_sampling(self, replicate: int) -> Sampling:
        """How verdicts are drawn: number 0 greedily, since the same answer should be marked the same again."""
        return Sampling(temperature=self.judge_temperature if replicate else 0.0, max_tokens=self.judge_max_tokens)
