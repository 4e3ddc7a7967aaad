"""Which metric suits the expected answers, with the keys that this kind needs.

It looks at the values alone. Whether the metric can be cheated is asked in `checks`.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from toishi.tools.workbench.drafting.columns import Column, Table
from toishi.tools.workbench.drafting.decision import SAID, Decision
from toishi.tools.workbench.drafting.roles import IFEVAL, TESTS, is_label, words
from toishi.tools.workbench.drafting.rubric import rubric
from toishi.tools.workbench.errors import TaskError

KINDS = ("choice", "number", "f1", "text", "exact", "contains", "json", "code", "ifeval", "judge", "python")
"""The kinds that can be drafted; the others need what only a person knows, such as a pattern."""

WITHOUT_ANSWERS = ("judge", "ifeval", "python")
"""The kinds that can judge where no column holds the right answer."""

MOST_CHOICES_WRITTEN = 24
SHORT, MEDIUM = 8, 15
"""Words of the middle answer up to which it is a span, or a short text."""

MOSTLY = 0.95
ENTRY = "entry_point"
ASSERTION = re.compile(r"\bassert\b|def check\(")
TRIED, REPEATED = 100, 0.4
MAJORITY = 0.6
ROUNDED = 0.001


@dataclass(frozen=True)
class Answers:
    """What was decided about the metric: `metric.kind` first."""

    decisions: tuple[Decision, ...]
    warnings: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    @property
    def kind(self) -> str:
        """The kind of metric."""
        return str(self.decisions[0].value)


def answers(
    table: Table, expected: Column | None, *, inputs: Sequence[str] = (), said: str = "", prompt: str = ""
) -> Answers:
    """The metric for a table and its expected column.

    `inputs` are the columns that go in, `said` is the kind that a person named, and `prompt` what they ask.

    Raises `TaskError` for a kind that cannot be drafted.
    """
    if said and said not in KINDS:
        raise TaskError(
            f"the metric '{said}' cannot be drafted, since only you know its other keys; kinds that can be: "
            f"{', '.join(KINDS)}"
        )
    decision = Decision("metric.kind", said, SAID) if said else _kind(table, expected, inputs, prompt)
    kind = str(decision.value)
    if expected is None:
        more = (_rubric(prompt, None),) if kind == "judge" else _code(table) if kind == "code" else ()
        return Answers((decision, *more), files=_files(kind))
    return Answers((decision, *_keys(kind, table, expected, prompt)), _warnings(table, expected, kind), _files(kind))


def _keys(kind: str, table: Table, expected: Column, prompt: str) -> tuple[Decision, ...]:
    """The other keys of the kind, where its defaults would not do."""
    match kind:
        case "choice":
            return _choice(expected) if table.whole else ()
        case "number":
            return _number(expected)
        case "json":
            return _json()
        case "f1" | "text" | "contains":
            return _several(expected)
        case "judge":
            return (_rubric(prompt, expected),)
        case "code":
            return _code(table)
        case _:
            return ()


def _kind(table: Table, expected: Column | None, inputs: Sequence[str], prompt: str) -> Decision:
    if all(name in table.by_name for name in IFEVAL) and (expected is None or expected.name in IFEVAL):
        return Decision(
            "metric.kind", "ifeval", f"the columns {' and '.join(IFEVAL)} say what each answer must keep to"
        )
    if _tests(table) is not None and (expected is None or expected.programs > MOSTLY):
        return Decision("metric.kind", "code", "answers are code, and a column holds tests for it")
    if expected is None:
        options = tuple(kind for kind in KINDS if kind not in WITHOUT_ANSWERS)
        reason = "no column holds right answers, so a model marks by a rubric"
        return Decision("metric.kind", "judge", reason, False, options)
    values = f"the values of '{expected.name}'"
    if expected.documents > MOSTLY and not _lists_of_answers(expected):
        return Decision("metric.kind", "json", f"{values} are JSON")
    if expected.programs > MOSTLY:
        reason = f"{values} are Python, and no column holds tests that could run it; a model marks by a rubric"
        return Decision("metric.kind", "judge", reason, False, ("code", "text"))
    if expected.numbers > MOSTLY and not (is_label(expected) and expected.distinct <= 5):
        return Decision("metric.kind", "number", f"{values} are numbers", options=("exact",))
    if is_label(expected) or _all_named(expected, prompt):
        sure = expected.numbers <= MOSTLY and expected.distinct <= 100
        reason = f"{values} are {expected.distinct} labels that come again"
        return Decision("metric.kind", "choice", reason, sure, ("number", "exact"))
    if expected.median_words <= MEDIUM and _repeats(expected, [table.by_name[name] for name in inputs]):
        reason = f"{values} are made of the row's own words, so their order counts, and shared words would not"
        return Decision("metric.kind", "text", reason, False, ("exact", "judge"))
    if expected.median_words <= SHORT:
        reason = f"{values} are short, so the score is the share of their words that the answer has"
        return Decision("metric.kind", "f1", reason, False, ("text", "exact", "contains", "judge"))
    if expected.median_words <= MEDIUM:
        reason = f"{values} are short texts, each of its own"
        return Decision("metric.kind", "f1", reason, False, ("judge", "text", "exact"))
    reason = f"{values} are long texts, which can be right in many words; a model marks by a rubric"
    return Decision("metric.kind", "judge", reason, False, ("f1", "text", "exact"))


def _repeats(expected: Column, inputs: Sequence[Column]) -> bool:
    """Whether repeating the row would be half right by token F1."""
    scores = []
    for row, answer in enumerate(expected.values[:TRIED]):
        given = Counter(" ".join(column.values[row] for column in inputs).casefold().split())
        wanted = Counter(answer.casefold().split())
        shared = (given & wanted).total()
        scores.append(2 * shared / (given.total() + wanted.total()) if shared else 0.0)
    return bool(scores) and fmean(scores) >= REPEATED


def _all_named(column: Column, prompt: str) -> bool:
    """Whether the prompt lists every value, as in `one of: billing, delivery`."""
    return 2 <= column.distinct <= 50 and all(value.casefold() in prompt.casefold() for value in column.counts)


def _choice(column: Column) -> tuple[Decision, ...]:
    labels = tuple(column.counts)
    if len(labels) > MOST_CHOICES_WRITTEN or len({label.casefold() for label in labels}) < max(len(labels), 2):
        return ()
    reason = "those in the data; a row with another label is then refused"
    return (Decision("metric.choices", tuple(sorted(labels)), reason),)


def _number(column: Column) -> tuple[Decision, ...]:
    tails = [value.rpartition("####")[2].strip() for value in column.filled]
    fractions = sum("." in tail and not tail.rstrip("0").endswith(".") for tail in tails)
    large = sum(len([sign for sign in tail if sign.isdigit()]) > 7 for tail in tails)
    if fractions + large < 0.05 * len(tails):
        return ()
    what = "fractions" if fractions >= large else "large numbers"
    return (
        Decision(
            "metric.relative", ROUNDED, f"there are {what}: a rounded one may be off by a thousandth of its value"
        ),
    )


def _code(table: Table) -> tuple[Decision, ...]:
    """The column with tests, and the one with the function's name, as HumanEval and MBPP have them."""
    tests = _tests(table)
    if tests is None:
        return ()
    found = [Decision("metric.tests", tests.name, "the tests of each row; they run in the sandbox")]
    if ENTRY in table.by_name:
        found.append(Decision("metric.function_column", ENTRY, "the function that each answer must define"))
    return tuple(found)


def _tests(table: Table) -> Column | None:
    tests = (column for column in table.columns if words(column.name) & TESTS and column.filled)
    return next((column for column in tests if all(ASSERTION.search(value) for value in column.filled[:20])), None)


def _json() -> tuple[Decision, ...]:
    return (Decision("metric.compare", "fields", "the score is the share of the expected fields that are right"),)


def _several(column: Column) -> tuple[Decision, ...]:
    if not _lists_of_answers(column):
        return ()
    return (
        Decision("metric.separator", "json", "the column holds lists of right answers, of which the nearest counts"),
    )


def _lists_of_answers(column: Column) -> bool:
    """Whether the values are JSON lists of texts, as several right answers are written."""
    if column.documents <= MOSTLY or not all(value.startswith("[") for value in column.filled[:50]):
        return False
    return all(isinstance(one, str) for value in column.filled[:50] for one in _loaded(value))


def _loaded(value: str) -> Sequence[object]:
    try:
        found = json.loads(value)
    except ValueError:
        return [None]
    return found if isinstance(found, list) else [None]


def _rubric(prompt: str, expected: Column | None) -> Decision:
    reason = "drafted from what the prompt asks; put your own words of what is good here"
    return Decision("metric.rubric", rubric(prompt, with_expected=expected is not None), reason)


def _warnings(table: Table, column: Column, kind: str) -> tuple[str, ...]:
    found = []
    empty = len(column.values) - len(column.filled)
    if empty:
        found.append(
            f"{empty} of {len(column.values)} rows have an empty '{column.name}': take them out, or have "
            "answers drafted with `toishi label`"
        )
    if column.distinct == 1:
        found.append(f"every row expects '{next(iter(column.counts))}', so there is nothing to tell a good prompt by")
    elif kind == "choice":
        label, rows = column.counts.most_common(1)[0]
        share = rows / len(column.filled)
        if share >= MAJORITY:
            found.append(f"always answering '{label}' already scores {100 * share:.0f} %; hold the result against that")
        folded: dict[str, str] = {}
        for label in column.counts:
            other = folded.setdefault(label.casefold(), label)
            if other != label:
                found.append(f"the labels '{other}' and '{label}' differ in case only; write them alike in the data")
        rare = [label for label, rows in column.counts.items() if rows < 3]
        if rare and table.whole:
            shown = ", ".join(f"'{label}'" for label in rare[:3]) + (" …" if len(rare) > 3 else "")
            found.append(
                f"{len(rare)} of {column.distinct} labels have fewer than three rows ({shown}): some split lacks them"
            )
    return tuple(found)


def _files(kind: str) -> tuple[tuple[str, str], ...]:
    return (("metric.py", METRIC_PY),) if kind == "python" else ()


METRIC_PY = '''\
"""How an answer is judged. It runs as your code, once you have said that you trust it (`--trust`)."""


def score(example, output):
    """A score from 0 to 1, and a feedback text that says what was expected, what came, and why it counts as wrong."""
    expected = example.expected.strip()
    if output.strip() == expected:
        return 1.0, "correct"
    return 0.0, f"expected {expected}, got {output.strip()}"
'''
