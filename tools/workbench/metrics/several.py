"""Several metrics on the same answer: their weighted mean is the score, each is an objective by its name."""

import asyncio
from collections.abc import Sequence

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.protocol import Choosy, Judgement, Metric
from toishi.tools.workbench.rollout import PERFECT, ModuleCall
from toishi.tools.workbench.task.metric import SeveralKind


class Several:
    """The parts of a table with their metrics, in the same order."""

    def __init__(self, section: SeveralKind, metrics: Sequence[Metric]) -> None:
        self.metrics = tuple(metrics)
        self._names = tuple(part.name or "" for part in section.parts)
        self._weights = tuple(part.weight for part in section.parts)

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback is that of the parts that are not perfect, each under its name; `correct` where all are.

        The objectives are the parts' scores by name, and the parts' own objectives as `name.objective`.
        """
        judgements = await asyncio.gather(*(metric(example, output, calls) for metric in self.metrics))
        by_name = dict(zip(self._names, judgements, strict=True))
        weighted = sum(weight * one.score for weight, one in zip(self._weights, judgements, strict=True))
        objectives = {name: one.score for name, one in by_name.items()}
        for name, one in by_name.items():
            objectives |= {f"{name}.{inner}": value for inner, value in one.objectives.items()}
        lines = [f"{name}: {one.feedback}" for name, one in by_name.items() if one.score < PERFECT]
        score = min(1.0, weighted / sum(self._weights))
        return Judgement(score, "\n".join(lines) or "correct", objectives)

    def problem(self, example: Example) -> str | None:
        """Why one of the parts cannot judge this row, None where all can."""
        for name, metric in zip(self._names, self.metrics, strict=True):
            problem = metric.problem(example) if isinstance(metric, Choosy) else None
            if problem is not None:
                return f"{problem} ({name})"
        return None
