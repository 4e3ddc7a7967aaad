"""The answer is the expected text."""

from collections.abc import Sequence
from dataclasses import dataclass

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.rollout import ModuleCall

LONGEST_SHOWN = 200


@dataclass(frozen=True)
class Exact:
    """1 where answer and expected text are the same but for blanks at the ends, else 0."""

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback is `correct`, or says what was expected and what came (its first 200 characters)."""
        answer, expected = output.strip(), example.expected.strip()
        if answer == expected:
            return Judgement(1.0, "correct")
        shown = answer if len(answer) <= LONGEST_SHOWN else answer[:LONGEST_SHOWN] + "…"
        return Judgement(0.0, f"expected {expected}, got {shown}")
