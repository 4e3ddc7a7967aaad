"""What a metric is: from an example and an output to a judgement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from toishi.tools.workbench.example import Example


@dataclass(frozen=True)
class Judgement:
    """`score` in [0, 1]; `feedback` is written for the model that will rewrite the instruction."""

    score: float
    feedback: str
    objectives: Mapping[str, float] = field(default_factory=dict)


class Metric(Protocol):
    """Judges one output. Asynchronous, since a judge may be a model."""

    async def __call__(self, example: Example, output: str) -> Judgement: ...
