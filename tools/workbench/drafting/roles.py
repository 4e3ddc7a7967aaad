"""Which column is for what: the inputs, the expected answer, the split, what groups rows, what to report by.

Names decide first, since people name columns for what they hold; shapes decide between names and where names say
nothing. Nothing here knows how an answer is judged.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from toishi.tools.workbench.data.splits import NAMES
from toishi.tools.workbench.drafting.columns import Column, Table
from toishi.tools.workbench.drafting.decision import SAID, Decision
from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.suggestion import did_you_mean

IFEVAL = ("instruction_id_list", "kwargs")
"""Columns that say what an answer must keep to, in IFEval and IFBench: for the metric, not for the program."""

NONE = "none"
"""The word for an expected column that is not there."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


INPUTS = _set(
    "text question input inputs prompt message messages ticket query claim instruction context document "
    "article title subject body email mail comment review sentence content passage story conversation dialogue "
    "utterance description abstract post tweet complaint request problem premise hypothesis source history"
)
ANSWERS = _set(
    "expected label labels gold target truth reference ideal answer answers final correct intent category "
    "class queue topic sentiment tag department verdict solution summary translation"
)
REPLIES = _set("output outputs response completion reply prediction generated")
"""Names of columns that often hold what a model said, right or wrong."""

TESTS = _set("test tests")
"""Names of columns that test code; they are for the metric."""

KEYS = _set("id ids uid uuid guid key row index idx number nr no")
GROUPS = _set("id uid user customer conversation thread session document story account patient author")
PARTS = _set("split set partition subset fold part")

MOST_INPUTS, MOST_SUBGROUPS = 6, 3


@dataclass(frozen=True)
class Roles:
    """What the columns are for; `expected` is None where no column holds the right answer."""

    inputs: Decision
    expected: Decision | None
    split: Decision | None
    group: Decision | None
    subgroups: Decision | None
    warnings: tuple[str, ...]

    @property
    def input_names(self) -> tuple[str, ...]:
        """The columns that the program is given."""
        assert isinstance(self.inputs.value, tuple)
        return tuple(str(name) for name in self.inputs.value)


@dataclass(frozen=True)
class Said:
    """What a person said about columns; empty where nothing."""

    inputs: tuple[str, ...] = ()
    expected: str = ""
    split: str = ""


def roles(table: Table, *, named: Sequence[str], said: Said, namer: str) -> Roles:
    """What each column is for. `named` are the fields that the prompt or program asks for, and `namer` is its name.

    Raises `DataError` where a person named a column that is not there, and where nothing is left for an input.
    """
    for column in (*said.inputs, *(name for name in (said.expected, said.split) if name and name != NONE)):
        if column not in table.by_name:
            raise DataError(f"{table.name} has no column '{column}'; {did_you_mean(column, table.names)}")
    wanted = said.inputs or tuple(name for name in named if name in table.by_name)
    split, warnings = _split(table, said.split, wanted)
    taken = {*wanted, *([str(split.value)] if split else [])}
    expected = _expected(table, said.expected, taken)
    taken |= {str(expected.value)} if expected else set()
    inputs = _inputs(table, said.inputs, wanted, taken, namer)
    assert isinstance(inputs.value, tuple)
    rest = [column for column in table.columns if column.name not in {*taken, *inputs.value}]
    return Roles(inputs, expected, split, _group(table, rest), _subgroups(table, rest), warnings)


def words(name: str) -> frozenset[str]:
    """The words of a column's name, in lower case: `correct_answer`, `correctAnswer` and `Correct answer` have two."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return frozenset(re.findall(r"[^\W\d_]+", apart.casefold()))


def is_label(column: Column) -> bool:
    """Whether the values are few and come again, as labels do."""
    return 2 <= column.distinct <= 200 and 3 * column.distinct <= len(column.filled) and column.longest <= 80


def _split(table: Table, said: str, wanted: Sequence[str]) -> tuple[Decision | None, tuple[str, ...]]:
    if said:
        return Decision("data.split", said, SAID), ()
    for column in table.columns:
        if column.name in wanted or not words(column.name) & PARTS or not column.counts:
            continue
        foreign = [value for value in column.counts if value not in NAMES]
        known = [value for value in column.counts if value in NAMES]
        if not foreign:
            what = ", ".join(f"{column.counts[value]} {value}" for value in known)
            return Decision("data.split", column.name, f"it says what each row is for: {what}"), ()
        if known:
            return None, (
                f"the column '{column.name}' says '{foreign[0]}', which is none of {', '.join(NAMES)}: rename its "
                "values, or rows are divided by the seed",
            )
    return None, ()


def _expected(table: Table, said: str, taken: set[str]) -> Decision | None:
    if said:
        return None if said == NONE else Decision("data.expected", said, SAID)
    free = [column for column in table.columns if column.name not in taken and column.filled]
    ranked = sorted(free, key=lambda column: -_answers(table, column))
    if not ranked or _answers(table, ranked[0]) < 2:
        return None
    best, score = ranked[0], _answers(table, ranked[0])
    next_score = _answers(table, ranked[1]) if len(ranked) > 1 else 0.0
    others = tuple(column.name for column in ranked[1:] if _answers(table, column) >= 2)
    if words(best.name) & ANSWERS:
        return Decision("data.expected", best.name, _named_so(best), score - next_score >= 1, (*others, NONE))
    if words(best.name) & REPLIES:
        reason = "named for what came out; if a model wrote it, confirm that it is right"
        return Decision("data.expected", best.name, reason, False, (*others, NONE))
    return Decision("data.expected", best.name, _shaped_so(best), False, (*others, NONE))


def _answers(table: Table, column: Column) -> float:
    """How much a column looks like the right answer; below 2 it does not."""
    name = words(column.name)
    if column.is_key and not name & ANSWERS and column.numbers < 1:
        return 0.0
    if column.is_key and name & KEYS:
        return 0.0
    score = 6.0 if name & ANSWERS else 4.0 if name & REPLIES else -2.0 if name & (INPUTS | KEYS) else 0.0
    score += 2.0 if is_label(column) or column.numbers > 0.95 else 0.0
    score += 1.0 if column.median_words <= 5 else 0.0
    # Who wrote is seldom what is asked for, however often they wrote.
    score -= 2.0 if _is_address(column) and not name & ANSWERS else 0.0
    return score + (0.5 if column is table.columns[-1] else 0.0)


def _is_address(column: Column) -> bool:
    """Whether a column says where to reach somebody, whatever its name promises: `E-Mail` is often no mail."""
    return column.addresses > 0.5


def _named_so(column: Column) -> str:
    return f"named for an answer, {_shape(column)}"


def _shaped_so(column: Column) -> str:
    return f"the likeliest by its values: {_shape(column)}"


def _shape(column: Column) -> str:
    if is_label(column):
        return f"{column.distinct} different values in {len(column.filled)} rows"
    return f"about {column.median_words:.0f} word{'s' if column.median_words != 1 else ''} each"


def _inputs(table: Table, said: tuple[str, ...], wanted: tuple[str, ...], taken: set[str], namer: str) -> Decision:
    if said:
        return Decision("data.inputs", said, SAID)
    if wanted:
        return Decision("data.inputs", wanted, f"{namer} asks for {'it' if len(wanted) == 1 else 'them'} by name")
    free = [
        column
        for column in table.columns
        if column.name not in {*taken, *IFEVAL}
        and column.filled
        and not words(column.name) & (ANSWERS | REPLIES | TESTS)
        and not (column.is_key or words(column.name) <= KEYS)
        and (column.distinct > 1 or table.rows == 1)
    ]
    if not free:
        raise DataError(
            f"{table.name} has no column left for the program's input (columns: {', '.join(map(repr, table.names))}); "
            "name one with --inputs"
        )
    possible = tuple(column.name for column in free)
    free = [column for column in free if not _is_address(column)] or free
    named = [column for column in free if words(column.name) & INPUTS and not is_label(column)][:MOST_INPUTS]
    texts = [column for column in free if column.median_words >= 3 and column.documents < 0.95]
    if named:
        reason = "named for what goes in" if len(named) > 1 else f"named for what goes in, {_shape(named[0])}"
        return _proposed([column.name for column in named], reason, possible, all(one in named for one in texts))
    if texts:
        longest = max(texts, key=lambda column: column.median_length)
        reason = f"the longest text, {_shape(longest)}"
        return _proposed([longest.name], reason, possible, len(possible) == 1)
    chosen = [column.name for column in free[:MOST_INPUTS]]
    return _proposed(chosen, "what is left beside the answer", possible, len(possible) == 1)


def _proposed(chosen: Sequence[str], reason: str, possible: Sequence[str], sure: bool) -> Decision:
    others = tuple(name for name in possible if name not in chosen)
    return Decision("data.inputs", tuple(chosen), reason, sure, others)


def _group(table: Table, rest: Sequence[Column]) -> Decision | None:
    """A column such as `customer_id` whose rows belong together, and would give the test away if they stood apart."""
    for column in rest:
        name = words(column.name)
        several = 10 <= column.distinct < len(column.filled)
        # A row's own key that comes twice by mistake belongs to no group.
        if name <= KEYS and 2 * column.distinct > len(column.filled):
            continue
        if name & GROUPS and name & (KEYS | GROUPS) and several and column.longest <= 64 and column.median_words <= 2:
            each = len(column.filled) / column.distinct
            return Decision(
                "data.group", column.name, f"about {each:.1f} rows each; rows of one stay on one side of the split"
            )
    return None


def _subgroups(table: Table, rest: Sequence[Column]) -> Decision | None:
    """Columns with a few values that come again; scores are told for each value."""
    few = [
        column.name
        for column in rest
        if 2 <= column.distinct <= 8
        and 5 * column.distinct <= len(column.filled)
        and column.longest <= 40
        and not words(column.name) & (PARTS | ANSWERS)
    ][:MOST_SUBGROUPS]
    if not few:
        return None
    return Decision("data.subgroups", tuple(few), "few values each: scores are told for every one of them")
