"""Runs the code of an answer against the tests of its row, in the sandbox, and says what went wrong."""

import importlib.util
import json
import operator
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from toishi.tools.workbench.errors import SandboxUnavailable, TaskError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.code.cases import Cases, Printing, Step, cases_of
from toishi.tools.workbench.metrics.code.extraction import code_in
from toishi.tools.workbench.metrics.code.values import same
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.metrics.showing import LONGEST_SHOWN, mismatch
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.sandbox import Limits, Outcome, available, cause, run_pure
from toishi.tools.workbench.sandbox.driving import decoded, driver_text, told_lines
from toishi.tools.workbench.task.kinds.code import CodeKind

MEGABYTE = 2**20
# By how the test says it; `same` is for values that are no code.
EQUAL: dict[str, Callable[[Any, Any], object]] = {"==": operator.eq, "is": operator.is_, "same": same}
DRIVER = Path(__file__).with_name("driver.py")


class Code:
    """The share of tests that the code passes, or all or nothing, as the table says."""

    def __init__(self, section: CodeKind) -> None:
        self._section = section
        self._limits = Limits(seconds=section.seconds, memory=section.memory * MEGABYTE)
        self._driver = driver_text(DRIVER)

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback is `correct`, or tells of the first test that fails: what was expected and what came, or the
        error with the line of the answer. Raises `SandboxUnavailable`.
        """
        cases = cases_of(self._section, example)
        code = code_in(output, cases.function)
        if not code.strip():
            return Judgement(0.0, "the answer holds no code")
        found = await (self._printed(code, cases) if cases.printings else self._tested(code, cases))
        failures = [one for one in found if one is not None]
        passed = len(cases) - len(failures)
        if not failures:
            return Judgement(1.0, "correct")
        score = passed / len(cases) if self._section.score == "share" else 0.0
        counted = f"{passed} of {len(cases)} tests passed; " if len(cases) > 1 and passed else ""
        return Judgement(score, counted + failures[0])

    def problem(self, example: Example) -> str | None:
        """Why this row cannot be judged, None where it can."""
        try:
            cases_of(self._section, example)
        except ValueError as error:
            return str(error)
        return None

    async def _run(self, source: str, stdin: str) -> Outcome:
        return await run_pure(source, stdin=stdin, limits=self._limits, preload=self._section.modules)

    async def _printed(self, code: str, cases: Cases) -> list[str | None]:
        """What is wrong, for each program in its turn; those behind one that had to be ended are not run."""
        source = f"{cases.setup}\n{code}" if cases.setup else code
        found: list[str | None] = []
        for printing in cases.printings:
            outcome = await self._run(source, printing.stdin)
            found.append(self._wrong_printing(printing, outcome))
            if outcome.exit_code is None:
                break
        return found + ["it was not run"] * (len(cases) - len(found))

    def _wrong_printing(self, printing: Printing, outcome: Outcome) -> str | None:
        given = f" with the input {_brief(printing.stdin)}" if printing.stdin.strip() else ""
        if outcome.reason:
            return f"the code {outcome.reason}{given}"
        if not outcome.ok:
            return f"the code fails{given}: {self._hint(_last_words(outcome))}"
        if _trimmed(outcome.stdout) == _trimmed(printing.expected):
            return None
        return f"the code prints something else{given}: {mismatch(printing.expected, outcome.stdout)}"

    async def _tested(self, code: str, cases: Cases) -> list[str | None]:
        """What is wrong with each test; those behind one that had to be ended are not run."""
        token = secrets.token_hex(16)
        steps = [{"do": step.do, "code": step.code} for step in cases.steps]
        job = {"token": token, "setup": cases.setup, "answer": code, "steps": steps}
        outcome = await self._run(self._driver, json.dumps(job))
        results = told_lines(outcome.value, token)
        start = results.get(-1, {})
        if "passed" not in start:
            ended = f"the code {outcome.reason or 'ended by itself'} before any test"
            return [self._error("", start, outcome) if start else ended] * len(cases)
        return list(self._verdicts(cases.steps, results, outcome))

    def _verdicts(
        self, steps: Sequence[Step], results: Mapping[int, Mapping[str, Any]], outcome: Outcome
    ) -> Iterator[str | None]:
        """One for each test. What fails on the way to it is told in its place, since it is why it fails."""
        broken = None
        for number, step in enumerate(steps):
            result = results.get(number)
            if result is None:
                wrong: str | None = broken or f"the code {outcome.reason or 'ended by itself'} in {step.shown}"
                broken = wrong
            else:
                wrong = self._wrong_step(step, result, outcome)
            if step.is_test:
                yield wrong and (broken or wrong)
            elif wrong is not None:
                broken = broken or wrong

    def _wrong_step(self, step: Step, result: Mapping[str, Any], outcome: Outcome) -> str | None:
        if "error" in result:
            return self._error(step.shown, result, outcome)
        if "failed" in result:
            sides = f": {result['left']} on the left, {result['right']} on the right" if "left" in result else ""
            return f"{step.shown} does not hold{sides}"
        if step.do != "value":
            return None
        try:
            got = decoded(result["value"])
            right = EQUAL[step.equal](step.expected, got)
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            return f"{step.shown} gives a value that cannot be read"
        return None if right else f"{step.shown}: expected {_brief(repr(step.expected))}, got {_brief(repr(got))}"

    def _error(self, test: str, result: Mapping[str, Any], outcome: Outcome) -> str:
        """What a test raised, or the code before any test (then `test` is empty), and in which line of the answer."""
        error = str(result["error"])
        where = f" (line {result['line']}: {result['code']})" if result.get("line") and result.get("code") else ""
        refused = cause(error, outcome.refused, self._limits)
        if refused:
            return f"{test}: the code {refused}{where}".removeprefix(": ")
        return f"{test or 'the code, before any test,'} raises {self._hint(error)}{where}"

    def _hint(self, error: str) -> str:
        """What the sandbox offers, behind an import that fails."""
        if not error.startswith("ModuleNotFoundError"):
            return error
        offered = ", ".join(("the standard library", *self._section.modules))
        return f"{error}; there is only {offered}"


def build(section: CodeKind, context: MetricContext) -> Metric:
    """The metric of a table.

    Raises `SandboxUnavailable` where code cannot be confined, and `TaskError` for modules that are not installed.
    """
    for module in section.modules:
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            raise TaskError(f"metric.modules names '{module}', which is not installed; pip install {module}")
    missing = available("pure")
    if missing is not None:
        raise SandboxUnavailable(f"metric.kind = 'code' cannot judge here: {missing}")
    return Code(section)


def _trimmed(text: str) -> list[str]:
    """Lines without the blanks at their ends, and without empty ones at the end."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _last_words(outcome: Outcome) -> str:
    """The last line of a traceback with the line of the code, or the exit code."""
    lines = outcome.stderr.rstrip().splitlines()
    if not lines:
        return f"it ends with exit code {outcome.exit_code}"
    places = [number for number, line in enumerate(lines) if line.startswith('  File "program.py", line ')]
    if not places:
        return _brief(lines[-1])
    line = lines[places[-1]].partition("line ")[2].partition(",")[0]
    code = lines[places[-1] + 1].strip() if places[-1] + 1 < len(lines) - 1 else ""
    return f"{lines[-1]} (line {line}: {code})" if code else f"{lines[-1]} (line {line})"


def _brief(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
