"""A regular expression matches the answer, matches nowhere in it, or captures the expected text.

Patterns are matched by the `regex` library, which understands Python's and can be stopped.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from toishi.tools.workbench.errors import MetricFailed
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.answers import column
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.metrics.showing import mismatch, quoted
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.task.kinds.forms import RegexKind

# A pattern that needs longer on one answer tries exponentially many ways to match.
SECONDS = 5.0


@dataclass(frozen=True)
class Pattern:
    """1 where the pattern does on the answer what the table asks for, else 0."""

    section: RegexKind

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback is `correct`, or names the pattern and what it found.

        Raises `MetricFailed` at the time limit.
        """
        pattern = self._pattern(example)
        try:
            match = await asyncio.to_thread(self._match, pattern, output)
        except TimeoutError:
            raise MetricFailed(
                f"the pattern {pattern.pattern!r} takes over {SECONDS:g} seconds on the answer to row {example.id}; "
                "write it without repetitions inside repetitions"
            ) from None
        return self._judgement(example, output, pattern, match)

    def problem(self, example: Example) -> str | None:
        """Why this row cannot be judged, None where it can."""
        try:
            pattern = self._pattern(example)
        except regex.error as error:
            return f"its column '{self.section.pattern_column}' is no regular expression: {error}"
        group = self.section.group
        if group is None:
            return None
        known = group <= pattern.groups if isinstance(group, int) else group in pattern.groupindex
        return None if known else f"its pattern '{pattern.pattern}' has no group {group!r}, as metric.group says"

    def _pattern(self, example: Example) -> "regex.Pattern[str]":
        if self.section.pattern is not None:
            return _compiled(self.section.pattern)
        return _compiled(column(example, self.section.pattern_column or ""))

    def _match(self, pattern: "regex.Pattern[str]", output: str) -> "regex.Match[str] | None":
        if self.section.match == "whole":
            return pattern.fullmatch(output.strip(), timeout=SECONDS, concurrent=True)
        return pattern.search(output, timeout=SECONDS, concurrent=True)

    def _judgement(
        self, example: Example, output: str, pattern: "regex.Pattern[str]", match: "regex.Match[str] | None"
    ) -> Judgement:
        named = f"the regular expression {pattern.pattern!r}"
        if self.section.match == "absent":
            if match is None:
                return Judgement(1.0, "correct")
            return Judgement(0.0, f"{named} should match nowhere in the answer, but matches {quoted(match.group())}")
        if match is None:
            what = "the whole answer" if self.section.match == "whole" else "a part of the answer"
            return Judgement(0.0, f"{named} should match {what}, and does not match {quoted(output)}")
        if self.section.group is None:
            return Judgement(1.0, "correct")
        captured = match.group(self.section.group) or ""
        if captured.strip() == example.expected.strip():
            return Judgement(1.0, "correct")
        return Judgement(0.0, f"{mismatch(example.expected, captured)}, as captured by {named}")


def build(section: RegexKind, context: MetricContext) -> Metric:
    """The metric of a table."""
    return Pattern(section)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(pattern)
