"""What every kind of metric has in common."""

from collections.abc import Callable
from pathlib import Path
from typing import Self

from pydantic import Field

from toishi.tools.workbench.task.section import Section

Place = Callable[[str, str], str]
"""From a key and the path written there to the path as the project sees it; raises `TaskError` for one that is not."""


class Kind(Section):
    """A table that says how an answer is judged."""

    name: str | None = Field(
        default=None, min_length=1, description="in [[metric.parts]] only: under which name its score is reported"
    )
    weight: float = Field(
        default=1.0,
        ge=0,
        description="in [[metric.parts]] only: its share of the score; 0: reported, and not part of the score",
    )

    @property
    def needs_expected(self) -> bool:
        """Whether it judges by the row's expected answer, so that no row may lack it."""
        return True

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The only answers that may be expected, None where any may."""
        return None

    @property
    def own_code(self) -> tuple[str, ...]:
        """The Python files of the person's own that it executes."""
        return ()

    @property
    def runs_code(self) -> bool:
        """Whether it runs what a model wrote, in the sandbox."""
        return False

    def columns(self, at: str) -> dict[str, str]:
        """The columns of the data that it reads beside the expected answer, by key; `at` is its table."""
        return {}

    def placed(self, place: Place, project: Path, at: str) -> Self:
        """The same with its paths as the project sees them; `at` is its table, as in `metric.parts[1]`."""
        return self
