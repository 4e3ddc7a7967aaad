"""The answer follows the verifiable instructions of its row."""

import json
from collections.abc import Sequence
from typing import TypeVar

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.answers import column
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.ifeval.instruction import Bound, bind
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.task.kinds.forms import IfevalKind

T = TypeVar("T")


class Ifeval:
    """The share of the row's instructions that the answer follows, or whether it follows all; none where it is empty.

    The objectives are the four accuracies of the paper, for this one prompt: `prompt_strict`, `prompt_loose` (0 or 1)
    and `instruction_strict`, `instruction_loose` (shares).
    """

    def __init__(self, section: IfevalKind) -> None:
        self._section = section

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback is `correct`, or says for each instruction that is not followed what it asks and what came."""
        instructions = self._instructions(example)
        if not output.strip():
            broken = loosely = ["the answer is empty, so it follows no instruction"] * len(instructions)
        else:
            broken = [told for one in instructions if (told := one.broken(output)) is not None]
            loosely = [told for one in instructions if (told := one.broken_loosely(output)) is not None]
        total = len(instructions)
        shares = {"strict": (total - len(broken)) / total, "loose": (total - len(loosely)) / total}
        objectives = {f"prompt_{name}": float(share == 1.0) for name, share in shares.items()}
        objectives |= {f"instruction_{name}": share for name, share in shares.items()}
        reading = "loose" if self._section.loose else "strict"
        score = shares[reading] if self._section.score == "share" else objectives[f"prompt_{reading}"]
        counted = loosely if self._section.loose else broken
        if not counted:
            return Judgement(score, "correct", objectives)
        followed = f"{total - len(counted)} of {total} instructions followed"
        return Judgement(score, f"{followed}; {'; '.join(dict.fromkeys(counted))}", objectives)

    def problem(self, example: Example) -> str | None:
        """Why this row cannot be judged, None where it can."""
        try:
            for one in self._instructions(example):
                one.broken("Any answer.")
        except ValueError as error:
            return str(error)
        return None

    def _instructions(self, example: Example) -> list[Bound]:
        section = self._section
        names = _list(example, section.instructions_column, str, "names")
        arguments = _list(example, section.arguments_column, dict, "tables of arguments")
        if len(names) != len(arguments) or not names:
            raise ValueError(
                f"its column '{section.instructions_column}' has {len(names)} instructions and "
                f"'{section.arguments_column}' arguments for {len(arguments)}; both should have as many, and at least 1"
            )
        return [bind(name, given) for name, given in zip(names, arguments, strict=True)]


def build(section: IfevalKind, context: MetricContext) -> Metric:
    """The metric of a table."""
    return Ifeval(section)


def _list(example: Example, name: str, kind: type[T], what: str) -> list[T]:
    written = column(example, name)
    try:
        found = json.loads(written)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, kind) for one in found):
        raise ValueError(f"its column '{name}' is no JSON list of {what}")
    return found
