"""Certain texts stand in the answer, or do not."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.answers import column, right_answers
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.metrics.showing import listed, quoted
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.task.kinds.answers import ContainsKind


@dataclass(frozen=True)
class Contains:
    """How many of the texts stand in the answer, or whether any does; blanks of any kind and number are one."""

    section: ContainsKind

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback is `correct`, or names the texts that are missing or should not be there."""
        texts, answer = self._texts(example), self._form(output)
        there = [text for text in texts if self._form(text) in answer]
        missing = [text for text in texts if text not in there]
        if self.section.need == "none":
            if not there:
                return Judgement(1.0, "correct")
            return Judgement(0.0, f"the answer {quoted(output)} holds {listed(there)}, which should not stand in it")
        if self.section.need == "any":
            if there:
                return Judgement(1.0, "correct")
            return Judgement(0.0, f"the answer {quoted(output)} holds none of {listed(missing)}; one of them should be")
        if not missing:
            return Judgement(1.0, "correct")
        among = f", only {listed(there)}" if there else ""
        feedback = f"the answer {quoted(output)} should hold {listed(missing)}, and does not{among}"
        return Judgement(len(there) / len(texts), feedback)

    def problem(self, example: Example) -> str | None:
        """Why this row cannot be judged, None where it can."""
        try:
            self._texts(example)
        except ValueError as error:
            return str(error)
        return None

    def _texts(self, example: Example) -> list[str]:
        if self.section.texts is not None:
            return list(self.section.texts)
        if self.section.texts_column is None:
            return right_answers(example.expected, self.section.separator)
        written = column(example, self.section.texts_column)
        texts = [text for text in _list_or_one(written) if text.strip()]
        if not texts:
            raise ValueError(f"its column '{self.section.texts_column}' names no text to look for")
        return texts

    def _form(self, text: str) -> str:
        """In which texts are compared."""
        text = " ".join(unicodedata.normalize("NFKC", text).split())
        return text if self.section.case else text.casefold()


def build(section: ContainsKind, context: MetricContext) -> Metric:
    """The metric of a table."""
    return Contains(section)


def _list_or_one(written: str) -> list[str]:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return [written]
    return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else [written]
