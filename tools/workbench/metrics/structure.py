"""The answer is JSON, follows a schema, and says what is expected."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.answers import column
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.jsontext import NotJson, find, parse
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.metrics.showing import quoted
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.task.kinds.forms import JsonKind, schema_problem

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MOST_NAMED = 6
MISSING = object()

# Keys and numbers of items, from the outermost to the innermost.
Path = tuple[str | int, ...]


class Structure:
    """0 for what is no JSON or breaks the schema; else 1, or how much of what is expected is there."""

    def __init__(self, section: JsonKind) -> None:
        self._section = section

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback is `correct`, or says where the JSON ends, breaks the schema, or is not what is expected."""
        try:
            value = parse(output.strip()) if self._section.around == "refused" else find(output)
            return self._judged(example, value)
        except NotJson as error:
            return Judgement(0.0, f"the answer should be JSON, but it {error}: {quoted(output)}")
        except RecursionError:
            return Judgement(0.0, f"the JSON is nested too deeply: {quoted(output)}")

    def _judged(self, example: Example, value: Any) -> Judgement:
        validator = self._validator(example)
        if validator is not None:
            problems = _problems(validator, value)
            if problems:
                return Judgement(0.0, f"the JSON breaks its schema: {_listed(problems)}")
        if self._section.compare == "nothing":
            return Judgement(1.0, "correct")
        return self._compared(parse(example.expected), value)

    def problem(self, example: Example) -> str | None:
        """Why this row cannot be judged, None where it can."""
        section = self._section
        if section.schema_column is not None:
            try:
                problem = schema_problem(json.loads(column(example, section.schema_column)))
            except ValueError as error:
                problem = str(error)
            if problem is not None:
                return f"its column '{section.schema_column}' is no JSON Schema: {problem}"
        if section.compare == "nothing":
            return None
        try:
            expected = parse(example.expected)
        except NotJson as error:
            return f"the expected answer {quoted(example.expected, 60)} {error}"
        for path in section.fields or ():
            if _named(expected, path) is MISSING:
                return f"the expected answer {quoted(example.expected, 60)} has no field '{path}'"
        return None

    def _validator(self, example: Example) -> "Validator | None":
        if self._section.schema_column is not None:
            return _validator_of(column(example, self._section.schema_column))
        if self._section.json_schema is None:
            return None
        return _validator_of(json.dumps(self._section.json_schema, sort_keys=True))

    def _compared(self, expected: Any, value: Any) -> Judgement:
        if self._section.compare == "all":
            wrong = list(_differences(expected, value))
            return Judgement(0.0, _listed(wrong)) if wrong else Judgement(1.0, "correct")
        if self._section.fields is not None:
            fields = [(path, _named(expected, path), _named(value, path)) for path in self._section.fields]
        else:
            fields = [(_spoken(path), wanted, _at(value, path)) for path, wanted in _leaves(expected)]
        wrong = [said for path, wanted, given in fields if (said := _difference(path, wanted, given)) is not None]
        if not wrong:
            return Judgement(1.0, "correct")
        score = 1 - len(wrong) / len(fields)
        return Judgement(score, f"{len(wrong)} of {len(fields)} fields wrong: {_listed(wrong)}")


def build(section: JsonKind, context: MetricContext) -> Metric:
    """The metric of a table."""
    return Structure(section)


@lru_cache(maxsize=256)
def _validator_of(schema: str) -> "Validator":
    """Nothing is fetched: a schema may only point into itself."""
    from jsonschema.validators import validator_for
    from referencing import Registry

    parsed = json.loads(schema)
    validator: Validator = validator_for(parsed)(parsed, registry=Registry())
    return validator


def _problems(validator: "Validator", value: Any) -> list[str]:
    """What breaks the schema, nearest to the top first."""
    errors = sorted(validator.iter_errors(value), key=lambda error: (len(error.absolute_path), error.json_path))
    return [f"{_where(error.json_path)}{_brief(error.message)}" for error in errors]


def _where(json_path: str) -> str:
    path = json_path.removeprefix("$").removeprefix(".")
    return f"at {path}, " if path else ""


def _brief(message: str, longest: int = 160) -> str:
    """The end says what is wrong; the front may be a whole document."""
    return message if len(message) <= longest else f"…{message[-longest:]}"


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that holds no other, by its path; an empty object or list is one."""
    if isinstance(value, dict | list) and value:
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in inner:
            yield from _leaves(one, (*path, key))
    else:
        yield path, value


def _at(value: Any, path: Path) -> Any:
    """What stands at a path; `MISSING` where nothing does."""
    for part in path:
        if isinstance(part, str):
            there = isinstance(value, dict) and part in value
        else:
            there = isinstance(value, list) and part < len(value)
        if not there:
            return MISSING
        value = value[part]
    return value


def _named(value: Any, path: str) -> Any:
    """What stands at a path as people write it, such as `items[0].name`; `MISSING` where nothing does."""
    parts = re.findall(r"\[(\d+)\]|([^.\[]+)", path)
    return _at(value, tuple(int(number) if number else key for number, key in parts))


def _spoken(path: Path) -> str:
    """A path as people write it."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the whole"


def _differences(expected: Any, value: Any) -> Iterator[str]:
    wanted, given = dict(_leaves(expected)), dict(_leaves(value))
    for path in wanted | given:
        if path not in wanted:
            yield f"{_spoken(path)}: not expected, got {_shown(given[path])}"
        elif (difference := _difference(_spoken(path), wanted[path], given.get(path, MISSING))) is not None:
            yield difference


def _difference(path: str, wanted: Any, given: Any) -> str | None:
    if _same(wanted, given):
        return None
    got = "which is missing" if given is MISSING else f"got {_shown(given)}"
    return f"{path}: expected {_shown(wanted)}, {got}"


def _same(wanted: Any, given: Any) -> bool:
    """Equal as JSON: 1 is 1.0 and not true, blanks at the ends of texts do not count, the order of keys neither."""
    if isinstance(wanted, str) and isinstance(given, str):
        return wanted.strip() == given.strip()
    if isinstance(wanted, bool) or isinstance(given, bool):
        return wanted is given
    if isinstance(wanted, Mapping) and isinstance(given, Mapping):
        return wanted.keys() == given.keys() and all(_same(wanted[key], given[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(given, list):
        return len(wanted) == len(given) and all(map(_same, wanted, given))
    return bool(wanted == given)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"


def _listed(sentences: Sequence[str]) -> str:
    rest = len(sentences) - MOST_NAMED
    return "; ".join(sentences[:MOST_NAMED]) + (f"; and {rest} more" if rest > 0 else "")
