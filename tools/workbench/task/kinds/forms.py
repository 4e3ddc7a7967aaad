"""Metrics that look at the form of an answer: regex, json, ifeval."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.task.kinds.kind import Kind, Place

# Keys of a JSON Schema that hold values, not schemas.
VALUES = ("const", "default", "enum", "examples")


class RegexKind(Kind):
    """A regular expression matches the answer, or what it captures is the expected text."""

    kind: Literal["regex"]
    pattern: str | None = Field(
        default=None, min_length=1, description="regular expression, as Python's; begin with (?i) where case is one"
    )
    pattern_column: str | None = Field(
        default=None, min_length=1, description="column that holds the pattern of its row; in place of pattern"
    )
    match: Literal["somewhere", "whole", "absent"] = Field(
        default="somewhere",
        description="'somewhere': it matches a part of the answer; 'whole': it matches all of it, but for blanks at "
        "the ends; 'absent': it matches nowhere",
    )
    group: int | str | None = Field(
        default=None,
        description="number or name of the group whose text must be the expected answer; default: a match is enough",
    )

    @model_validator(mode="after")
    def _is_a_pattern(self) -> Self:
        if (self.pattern is None) == (self.pattern_column is None):
            raise ValueError("name either pattern or pattern_column")
        if self.group is not None and self.match == "absent":
            raise ValueError("group has no meaning with match = 'absent', since nothing may match")
        if self.pattern is not None:
            self._check(self.pattern)
        return self

    def _check(self, pattern: str) -> None:
        import regex

        try:
            groups = regex.compile(pattern)
        except regex.error as error:
            raise ValueError(f"pattern = '{pattern}' is no regular expression: {error}") from None
        if self.group is None:
            return
        known = self.group <= groups.groups if isinstance(self.group, int) else self.group in groups.groupindex
        if not known:
            raise ValueError(f"group = {self.group!r} is not in the pattern '{pattern}'")

    @property
    def needs_expected(self) -> bool:
        """Where a group is held against it."""
        return self.group is not None

    def columns(self, at: str) -> dict[str, str]:
        """The column with the patterns."""
        return {} if self.pattern_column is None else {f"{at}.pattern_column": self.pattern_column}


class JsonKind(Kind):
    """The answer is JSON, follows a schema, and says what is expected."""

    kind: Literal["json"]
    schema_file: str | None = Field(
        default=None, min_length=1, description="file with the JSON Schema that the answer must follow"
    )
    json_schema: dict[str, Any] | None = Field(
        default=None, description="the JSON Schema itself, as a table; in place of schema_file"
    )
    schema_column: str | None = Field(
        default=None, min_length=1, description="column that holds the JSON Schema of its row; in place of schema_file"
    )
    compare: Literal["nothing", "fields", "all"] = Field(
        default="nothing",
        description="what is held against the expected column, which then holds JSON; 'fields': the score is the "
        "share of expected fields that are right; 'all': every one must be, and there may be no other",
    )
    fields: tuple[str, ...] | None = Field(
        default=None,
        strict=False,
        min_length=1,
        description="with compare = 'fields': those that count, as in 'customer.name'; default: all that are expected",
    )
    around: Literal["allowed", "refused"] = Field(
        default="allowed",
        description="whether words or a ``` fence may stand around the JSON, as models write them; 'refused': the "
        "whole answer must be JSON",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        given = [key for key in ("schema_file", "json_schema", "schema_column") if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are both given; keep one")
        if self.fields is not None and self.compare != "fields":
            raise ValueError(f"fields has no meaning with compare = '{self.compare}'; write compare = 'fields'")
        if self.json_schema is not None:
            problem = schema_problem(self.json_schema)
            if problem is not None:
                raise ValueError(f"json_schema is no JSON Schema: {problem}")
        return self

    @property
    def needs_expected(self) -> bool:
        """Where the answer is held against it."""
        return self.compare != "nothing"

    def columns(self, at: str) -> dict[str, str]:
        """The column with the schemas."""
        return {} if self.schema_column is None else {f"{at}.schema_column": self.schema_column}

    def placed(self, place: Place, project: Path, at: str) -> Self:
        """The same with the file's schema in it, so that a run keeps the schema that it began with."""
        if self.schema_file is None:
            return self
        key = f"{at}.schema_file"
        schema = _read_schema(project / place(key, self.schema_file), f"{key} = '{self.schema_file}'")
        return self.model_copy(update={"schema_file": None, "json_schema": schema})


class IfevalKind(Kind):
    """The answer follows the verifiable instructions of its row, as in IFEval and IFBench."""

    kind: Literal["ifeval"]
    score: Literal["share", "all"] = Field(
        default="share",
        description="'share': the share of the instructions that are followed; 'all': 1 where every one is, else 0 "
        "(IFEval's prompt-level accuracy). Both are reported, strict and loose, whatever is chosen",
    )
    loose: bool = Field(
        default=False,
        description="whether an instruction counts as followed where it is so without the first or last line of the "
        "answer or without its asterisks (IFEval's loose accuracy)",
    )
    instructions_column: str = Field(
        default="instruction_id_list", min_length=1, description="column with the JSON list of the instructions' names"
    )
    arguments_column: str = Field(
        default="kwargs", min_length=1, description="column with the JSON list of their arguments, in the same order"
    )

    @property
    def needs_expected(self) -> bool:
        """Never: the row says what to check."""
        return False

    def columns(self, at: str) -> dict[str, str]:
        """Those with the instructions and with their arguments."""
        return {
            f"{at}.instructions_column": self.instructions_column,
            f"{at}.arguments_column": self.arguments_column,
        }


def schema_problem(schema: Any) -> str | None:
    """What is wrong with a JSON Schema, in one sentence; None where nothing is."""
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    if not isinstance(schema, dict):
        return f"it should be an object, not {type(schema).__name__}"
    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        return f"{error.json_path}: {error.message}"
    return _unresolved(schema)


def _unresolved(schema: dict[str, Any]) -> str | None:
    """The first reference of a schema to something that does not stand in it: nothing is fetched."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    own = str(schema.get("$id", ""))
    resource = DRAFT202012.create_resource(schema)
    resolver = Registry().with_resources([("", resource), (own, resource)]).crawl().resolver(own)
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable:
            return f"its $ref '{reference}' leads nowhere within it; write what it means into it, under $defs"
    return None


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)
    elif isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for key, inner in schema.items():
            if key not in VALUES:
                yield from _references(inner)


def _read_schema(path: Path, name: str) -> dict[str, Any]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise TaskError(f"{name} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise TaskError(f"{name} is no JSON: {error}") from None
    problem = schema_problem(schema)
    if problem is not None:
        raise TaskError(f"{name} is no JSON Schema: {problem}")
    found: dict[str, Any] = schema
    return found
