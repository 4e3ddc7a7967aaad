"""What a metric is: from an example and an output to a judgement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.rollout import ModuleCall


@dataclass(frozen=True)
class Judgement:
    """`score` in [0, 1]; `feedback` is written for the model that will rewrite the instruction."""

    score: float
    feedback: str
    objectives: Mapping[str, float] = field(default_factory=dict)


class Metric(Protocol):
    """Judges one output. Asynchronous, since a judge may be a model.

    `calls` is the trace that led to the output, in order, for metrics that look at the way as well as at the end.
    """

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement: ...


@runtime_checkable
class Choosy(Protocol):
    """A metric that cannot judge every row, as when a number is expected and the row holds none."""

    def problem(self, example: Example) -> str | None:
        """Why it cannot judge a row, in words that go on from the row's name; None where it can."""
        ...
