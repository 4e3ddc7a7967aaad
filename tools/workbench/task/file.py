"""What `task.toml` may say: its tables and keys, each with its meaning, its type and its bounds.

It knows one file and nothing around it: which paths exist, and what the data holds, is for `loading` and `data`. Help
texts and the reference in `docs` are made from the descriptions that stand here.
"""

from typing import Any

from pydantic import Field

from toishi.tools.workbench.task.budget import BudgetSection
from toishi.tools.workbench.task.data import DataSection
from toishi.tools.workbench.task.metric import MetricSection
from toishi.tools.workbench.task.models import ModelsSection
from toishi.tools.workbench.task.program import ProgramSection
from toishi.tools.workbench.task.section import Section


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
