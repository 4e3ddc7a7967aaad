"""The table `[budget]`: what a run may use at most."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toishi.tools.workbench.budget import Limits
from toishi.tools.workbench.task.section import Section

ROLLOUTS = 600


class BudgetSection(Section):
    """What a run may use at most."""

    other_words: ClassVar[Mapping[str, str]] = {
        "dollars": "max_cost",
        "max_dollars": "max_cost",
        "usd": "max_cost",
        "calls": "max_rollouts",
    }

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
