"""What a run needs of a method, and what a method leaves behind for the end of the run."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from toishi.tools.workbench.candidate import Candidate

if TYPE_CHECKING:
    from toishi.tools.workbench.bench import Bench
    from toishi.tools.workbench.data import Splits
    from toishi.tools.workbench.sitting import Chronicle
    from toishi.tools.workbench.task import Task


@dataclass(frozen=True)
class Choice:
    """A candidate of the front, where several things are wanted, by its number in the pool."""

    number: int
    candidate: Candidate


@dataclass(frozen=True)
class Found:
    """What a method found.

    `validation` holds the mean validation scores of seed and best; `corrected` is what the best one's is worth once it
    is known to be the best of many, and `validation_p` the one-sided p-value of its lead over the seed with the same
    correction (None where the best is the seed, and `corrected` also where more than the score chose it). `front` are
    the candidates that the locked test is to look at where several things are wanted. `stopped` says why the search
    ended.
    """

    best: Candidate
    validation: tuple[float, float]
    stopped: str
    corrected: float | None = None
    validation_p: float | None = None
    front: tuple[Choice, ...] = field(default=())


class Forecast(Protocol):
    """What a budget buys."""

    @property
    def sentence(self) -> str:
        """In words, about."""
        ...

    @property
    def warning(self) -> str | None:
        """Why that is too little to learn much from, and what would be enough; None where it is not."""
        ...


class Method(Protocol):
    """How a program is improved; a module that has these functions is one."""

    def check(self, task: "Task") -> None:
        """Raises `TaskError` where the method's own table of the task says something that cannot be."""
        ...

    def forecast_of(self, task: "Task", splits: "Splits") -> Forecast | None:
        """What the task's budget buys; None where nothing can be said."""
        ...

    def tested(self, task: "Task") -> int:
        """How many candidates are run on the locked test at most, the seed among them."""
        ...

    async def run(self, bench: "Bench", chronicle: "Chronicle", /) -> Found:
        """Works until something is found; raises `BudgetSpent` where the budget ends before the seed is scored."""
        ...
