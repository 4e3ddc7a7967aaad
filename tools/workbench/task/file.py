"""What `task.toml` may say: its tables and keys, each with its meaning, its type and its bounds.

It knows one file and nothing around it: which paths exist, and what the data holds, is for `loading` and `data`. Help
texts and the reference in `docs` are made from the descriptions that stand here.
"""

from typing import Any, Self

from pydantic import Field, model_validator

from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task.budget import BudgetSection
from toishi.tools.workbench.task.data import DataSection
from toishi.tools.workbench.task.metric import MetricSection
from toishi.tools.workbench.task.models import ModelsSection
from toishi.tools.workbench.task.objectives import ObjectiveSection, refuse_unmeasurable
from toishi.tools.workbench.task.program import ProgramSection
from toishi.tools.workbench.task.section import Section

LARGEST_SEED = 2**63 - 1
"""What the journal and the models' interfaces take for a whole number."""


class TaskFile(Section):
    """Everything that `task.toml` may say."""

    name: str = Field(min_length=1, description="name of the task, for people")
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED, description="decides every random draw, the splits among them")
    program: ProgramSection
    data: DataSection
    metric: MetricSection
    objectives: tuple[ObjectiveSection, ...] = Field(
        default=(), strict=False, description="what is wanted beside the score, each a table [[objectives]]"
    )
    models: ModelsSection = ModelsSection()
    budget: BudgetSection = BudgetSection()
    gepa: dict[str, Any] = Field(default_factory=dict, description="settings of GEPA, checked by GEPA itself")

    @model_validator(mode="after")
    def _models_are_for_modules(self) -> Self:
        modules = self.program.prompts()
        unknown = next((module for module in self.models.modules if module not in modules), None)
        if unknown is not None:
            raise ValueError(f"models.modules names '{unknown}', which is no module; {did_you_mean(unknown, modules)}")
        return self

    @model_validator(mode="after")
    def _metric_has_what_it_judges_by(self) -> Self:
        if self.data.expected is None and self.metric.needs_expected:
            raise ValueError(
                f"'expected' is missing in [data] (column with the right answer): kind = '{self.metric.kind}' needs it"
            )
        return self

    @model_validator(mode="after")
    def _objectives_can_be_measured(self) -> Self:
        refuse_unmeasurable(self.objectives, self.metric)
        return self
