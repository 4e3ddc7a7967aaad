"""The answer is the expected text, once both are brought to one form."""

import re
import string
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.answers import right_answers
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.metrics.showing import mismatch, quoted
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.task.kinds.answers import Ignored, TextKind

ARTICLES = re.compile(r"\b(a|an|the)\b", re.IGNORECASE)
IN_ORDER: tuple[Ignored, ...] = ("case", "blanks", "punctuation", "articles")


@dataclass(frozen=True)
class Text:
    """1 where the answer is one of the right answers in the form of `normalised`, else 0.

    Where nothing would be left of a right answer (`A`, `?`), only what leaves something of it is ignored.
    """

    ignore: frozenset[Ignored]
    separator: str | None = None

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback is `correct`, or says what was expected, what came, and what does not count."""
        answers = right_answers(example.expected, self.separator)
        if any(self._is(answer, output) for answer in answers):
            return Judgement(1.0, "correct")
        feedback = mismatch(answers[0], output) if len(answers) == 1 else _none_of(answers, output)
        within = next((answer for answer in answers if self._is_within(answer, output)), None)
        if within is not None:
            return Judgement(0.0, f"{feedback}; {quoted(within)} stands in the answer, but should stand there alone")
        return Judgement(0.0, feedback + self._ignored())

    def problem(self, example: Example) -> str | None:
        """Why this row cannot be judged, None where it can."""
        try:
            right_answers(example.expected, self.separator)
        except ValueError as error:
            return str(error)
        return None

    def _is(self, answer: str, output: str) -> bool:
        ignore = self._ignorable(answer)
        return normalised(answer, ignore) == normalised(output, ignore)

    def _is_within(self, answer: str, output: str) -> bool:
        ignore = self._ignorable(answer)
        wanted = re.escape(normalised(answer, ignore))
        return bool(wanted) and re.search(rf"(?<!\w){wanted}(?!\w)", normalised(output, ignore)) is not None

    def _ignorable(self, answer: str) -> frozenset[Ignored]:
        """What may be ignored without leaving nothing of the answer."""
        without: tuple[frozenset[Ignored], ...] = (self.ignore, self.ignore - {"articles"})
        left = (ignore for ignore in without if normalised(answer, ignore))
        return next(left, self.ignore - {"articles", "punctuation"})

    def _ignored(self) -> str:
        if not self.ignore:
            return ""
        names = [name for name in IN_ORDER if name in self.ignore]
        spoken = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        return f" (ignored: {spoken})"


def build(section: TextKind, context: MetricContext) -> Metric:
    """The metric of a table."""
    return Text(frozenset(section.ignore), section.separator)


def normalised(text: str, ignore: Collection[Ignored]) -> str:
    """A text in the form in which it is compared: Unicode's NFKC, less what is ignored.

    Punctuation are Unicode's categories P and the signs of ASCII; articles are a, an and the.
    """
    text = unicodedata.normalize("NFKC", text)
    if "case" in ignore:
        # Folding may leave what NFKC would write in another way.
        text = unicodedata.normalize("NFKC", text.casefold())
    if "punctuation" in ignore:
        text = "".join(sign for sign in text if not _is_punctuation(sign))
    if "articles" in ignore:
        text = ARTICLES.sub(" ", text)
    return " ".join(text.split()) if "blanks" in ignore else text


def _is_punctuation(sign: str) -> bool:
    return sign in string.punctuation or unicodedata.category(sign).startswith("P")


def _none_of(answers: Sequence[str], output: str) -> str:
    got = f"got {quoted(output)}" if output.strip() else "but the answer is empty"
    return f"expected one of {', '.join(quoted(answer, 60) for answer in answers[:8])}, {got}"
