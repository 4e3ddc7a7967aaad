"""Token F1: how many words the answer shares with the expected one.

As the official scripts of SQuAD 1.1 and HotpotQA compute it (Rajpurkar et al. 2016, section 6.1; Yang et al. 2018),
their normalisation included.
"""

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.answers import right_answers
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.metrics.showing import listed, mismatch
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.task.kinds.answers import F1Kind

# Answers that are right or wrong as a whole, in HotpotQA.
WHOLE = ("yes", "no", "noanswer")
PUNCTUATION = str.maketrans("", "", string.punctuation)
ARTICLES = re.compile(r"\b(a|an|the)\b")


@dataclass(frozen=True)
class F1:
    """The harmonic mean of precision and recall over words, against the nearest of the right answers."""

    separator: str | None = None

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback is `correct`, or names the words that are missing and those that are too much."""
        answers = right_answers(example.expected, self.separator)
        nearest = max(answers, key=lambda answer: f1(answer, output))
        score = f1(nearest, output)
        if score == 1.0:
            return Judgement(1.0, "correct")
        return Judgement(score, f"{mismatch(nearest, output)}{_why(nearest, output, score)}")

    def problem(self, example: Example) -> str | None:
        """Why this row cannot be judged, None where it can."""
        try:
            right_answers(example.expected, self.separator)
        except ValueError as error:
            return str(error)
        return None


def build(section: F1Kind, context: MetricContext) -> Metric:
    """The metric of a table."""
    return F1(section.separator)


def words(text: str) -> list[str]:
    """Lower case, without ASCII punctuation and articles, at blanks."""
    return ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split()


def _with_articles(text: str) -> list[str]:
    return text.lower().translate(PUNCTUATION).split()


def f1(expected: str, output: str) -> float:
    """F1 of two texts, in [0, 1].

    `yes`, `no` and `noanswer` are right or wrong as a whole. Where nothing is left of the expected answer after
    normalisation (`A`), its articles count, and if need be its punctuation.
    """
    wanted, given = words(expected), words(output)
    if not wanted:
        kept = _with_articles(expected)
        return float(kept == _with_articles(output) if kept else expected.split() == output.split())
    if wanted == given:
        return 1.0
    if any(len(side) == 1 and side[0] in WHOLE for side in (wanted, given)):
        return 0.0
    common = (Counter(wanted) & Counter(given)).total()
    return 2 * common / (len(wanted) + len(given))


def _why(expected: str, output: str, score: float) -> str:
    wanted, given = Counter(words(expected)), Counter(words(output))
    if not score:
        return "; they share no word" if wanted & given == Counter() else "; only the whole answer counts"
    parts = []
    if missing := list(wanted - given):
        parts.append(f"missing {listed(missing)}")
    if extra := list(given - wanted):
        parts.append(f"too much {listed(extra)}")
    return f"; F1 {score:.2f}: {', '.join(parts)}"
