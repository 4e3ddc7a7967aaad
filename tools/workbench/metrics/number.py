"""The answer gives the expected number, exactly or within a tolerance.

Where the number stands follows how benchmarks mark it: `#### 42` (GSM8K, Cobbe et al. 2021), `\\boxed{42}` (MATH,
Hendrycks et al. 2021), `the answer is 42` (Kojima et al. 2022), else the last number of the answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.numerals import PLAIN, Numeral, Style, numeral, numerals
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.metrics.showing import quoted
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.task.kinds.answers import NumberKind

Find = Literal["final", "last", "whole"]

MARK = "####"
BOXED = re.compile(r"\\boxed\s*\{")
PHRASE = re.compile(r"\banswer\b[*_`\s]*(?:is|was|equals|=|:)[*_`:\s]*(?P<rest>[^\n]*)", re.IGNORECASE)
SENTENCE_END = re.compile(r"\.(?!\d)")
CLOSE = Fraction(1, 100)


@dataclass(frozen=True)
class Found:
    """The number that counts, and where it stood, in words."""

    numeral: Numeral
    where: str


@dataclass(frozen=True)
class Number:
    """1 where the number in the answer is the expected one, else 0. Both tolerances are exact decimals."""

    find: Find = "final"
    tolerance: Fraction = Fraction(0)
    relative: Fraction = Fraction(0)
    style: Style = PLAIN

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback is `correct`, or says which numbers were expected and found, where, and how far apart."""
        expected, found = self._expected(example), read(output, self.find, self.style)
        if expected is None:
            raise ValueError(self.problem(example))
        if found is None:
            return Judgement(0.0, f"expected {expected.written}, but {self._nothing(output)}")
        if self._is(expected.value, found.numeral.value):
            return Judgement(1.0, "correct")
        wrong = f"expected {expected.written}, got {found.numeral.written} ({found.where})"
        reason = self._elsewhere(expected.value, output) or _reason(expected.value, found.numeral.value)
        return Judgement(0.0, f"{wrong}; {reason}" if reason else wrong)

    def problem(self, example: Example) -> str | None:
        """Why this row cannot be judged, None where it can."""
        if self._expected(example) is None:
            return f"the expected answer {quoted(example.expected, 60)} holds no number"
        return None

    def _expected(self, example: Example) -> Numeral | None:
        """Read as an answer would be, since some data sets expect whole solutions that end in `#### 42`."""
        found = read(example.expected, "final", self.style)
        return found.numeral if found is not None else None

    def _is(self, expected: Fraction, got: Fraction) -> bool:
        return abs(expected - got) <= max(self.tolerance, self.relative * abs(expected))

    def _nothing(self, output: str) -> str:
        if not output.strip():
            return "the answer is empty"
        if self.find == "whole" and any(numerals(output, self.style)):
            return f"the answer {quoted(output)} is not a number alone"
        return f"the answer {quoted(output)} holds no number"

    def _elsewhere(self, expected: Fraction, output: str) -> str | None:
        """Said where the right number was written, but not where it counts."""
        right = next((one for one in numerals(output, self.style) if self._is(expected, one.value)), None)
        if right is None:
            return None
        return f"{right.written} stands elsewhere in the answer: end it with the number that was asked for"


def build(section: NumberKind, context: MetricContext) -> Metric:
    """The metric of a table."""
    # By way of their shortest decimals: the 0.1 that was written is one tenth.
    tolerance, relative = (Fraction(Decimal(repr(one))) for one in (section.tolerance, section.relative))
    return Number(section.find, tolerance, relative, Style(section.decimal, section.percent))


def read(text: str, find: Find = "final", style: Style = PLAIN) -> Found | None:
    """The number that an answer gives, None where it gives none."""
    if find == "whole":
        alone = numeral(text, style)
        return Found(alone, "the whole answer") if alone is not None else None
    if find == "final":
        for passage, where in _marked(text):
            # What is behind the last = is the result of what is before it.
            number = next(numerals(passage.rpartition("=")[2], style), None)
            if number is not None:
                return Found(number, where)
    last = None
    for last in numerals(text, style):  # noqa: B007
        pass
    return Found(last, "the last number in it") if last is not None else None


def _marked(text: str) -> list[tuple[str, str]]:
    """The passages that are said to hold the final number, the most binding first, and where they stand."""
    passages = []
    if MARK in text:
        passages.append((text.rpartition(MARK)[2].partition("\n")[0], f"behind {MARK}"))
    passages += [(text[match.end() : _closing(text, match.end())], "in \\boxed") for match in _last(BOXED, text, 1)]
    for match in _last(PHRASE, text, 3):
        passages.append((SENTENCE_END.split(match["rest"])[0], f"behind '{match.group()[:9].strip()} …'"))
    return passages


def _last(pattern: re.Pattern[str], text: str, most: int) -> list[re.Match[str]]:
    return list(pattern.finditer(text))[-most:][::-1]


def _closing(text: str, start: int) -> int:
    """Where the brace that was opened before `start` is closed."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if not depth:
            return place
    return len(text)


def _reason(expected: Fraction, got: Fraction) -> str:
    """What is the matter with a wrong number, where one can tell."""
    if not expected or not got:
        return ""
    if got == -expected:
        return "the sign is wrong"
    ratio = got / expected
    for power in range(1, 7):
        if ratio in (Fraction(10) ** power, Fraction(1, 10**power)):
            return f"it is {10**power:,} times too {'large' if ratio > 1 else 'small'}"
    if abs(ratio - 1) <= CLOSE:
        return f"it is off by {float(abs(ratio - 1)):.2g} of the expected number, as from rounding or a small slip"
    return ""
