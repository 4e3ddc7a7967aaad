"""A model marks the answer by a rubric.

It is asked for a reason and a mark for each criterion, on a short scale (Zheng et al., *Judging LLM-as-a-Judge with
MT-Bench and Chatbot Arena*, NeurIPS 2023; averaging several judgements: Liu et al., *G-Eval*, EMNLP 2023). How far the
marks can be trusted is for `agreement` to find out.
"""

import math
from collections.abc import Mapping, Sequence

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.consultation import (
    all_of,
    asker,
    consult,
    fenced,
    replicates,
    shortened,
    shown_columns,
)
from toishi.tools.workbench.metrics.context import Ask, MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.metrics.verdicts import WHOLE, Form, Verdict
from toishi.tools.workbench.rollout import PERFECT, ModuleCall
from toishi.tools.workbench.task.kinds.judges import JudgeKind


def build(section: JudgeKind, context: MetricContext) -> "Judge":
    """The metric of a `[metric]` table with kind = "judge"."""
    return Judge(section, asker(context, section.kind))


class Judge:
    """The weighted mean of the criteria's marks, each from 0 (the scale's worst) to 1 (its best).

    Where the task names criteria, each is an objective. Judges only the output, so two programs that answer alike are
    marked alike, and the second costs nothing.
    """

    def __init__(self, section: JudgeKind, ask: Ask) -> None:
        self._section = section
        self._ask = ask
        self._weights = {one.name: one.weight for one in section.criteria} or {WHOLE: 1.0}
        self._form = Form(tuple(self._weights), section.values)

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback holds the judge's reasons. Raises `JudgeUnreadable` where there is no verdict."""
        question = self._question(example, output)
        opinions = await all_of(
            [
                consult(self._ask, question, self._form, replicate=replicate, example=example)
                for replicate in replicates(self._section.samples)
            ]
        )
        marks = {name: [self._mark(one[name]) for one in opinions] for name in self._weights}
        means = {name: math.fsum(some) / len(some) for name, some in marks.items()}
        score = math.fsum(self._weights[name] * mean for name, mean in means.items()) / math.fsum(
            self._weights.values()
        )
        return Judgement(score, self._feedback(example, score, opinions), {} if WHOLE in means else means)

    def _question(self, example: Example, output: str) -> str:
        texts = shown_columns(example, self._section.fields)
        if example.expected:
            texts["reference answer"] = example.expected
        texts["answer to judge"] = output
        parts = [self._section.rubric or "Judge the answer by the criteria."]
        if self._section.criteria:
            parts.append("\n".join(f"- {one.name}: {one.description}" for one in self._section.criteria))
        if isinstance(self._section.scale, int):
            parts.append(f"Marks go from 1 (the worst) to {self._section.scale} (the best).")
        return "\n\n".join([*parts, fenced(texts)])

    def _mark(self, verdict: Verdict) -> float:
        values = self._form.values
        return values.index(verdict.value) / (len(values) - 1)

    def _feedback(self, example: Example, score: float, opinions: Sequence[Mapping[str, Verdict]]) -> str:
        head = "correct" if score == PERFECT else f"judged {score:.2f}, where 1 is the best"
        if score < PERFECT and example.expected:
            head += f"; a right answer is: {shortened(example.expected)}"
        return "\n".join([head, *(self._line(name, [one[name] for one in opinions]) for name in self._weights)])

    def _line(self, name: str, verdicts: Sequence[Verdict]) -> str:
        """One criterion's verdicts, and the reason of the one that is nearest to their mean."""
        mean = math.fsum(map(self._mark, verdicts)) / len(verdicts)
        typical = min(verdicts, key=lambda one: abs(self._mark(one) - mean))
        of = "" if isinstance(self._section.scale, str) else f" of {self._section.scale}"
        shown = f"{', '.join(one.value for one in verdicts)}{of}"
        return f"{name or 'verdict'}: {shown} – {typical.reason}"
