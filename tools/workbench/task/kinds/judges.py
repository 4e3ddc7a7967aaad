"""Metrics in which a model judges: judge and pairwise."""

from typing import Literal

from toishi.tools.workbench.task.kinds.kind import Kind


class JudgeKind(Kind):
    """A model marks the answer by a rubric."""

    kind: Literal["judge"]

    @property
    def needs_expected(self) -> bool:
        """Never: the rubric says what is good."""
        return False


class PairwiseKind(Kind):
    """A model says which of two answers is better, asked in both orders."""

    kind: Literal["pairwise"]
