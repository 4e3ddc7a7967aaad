"""A person's own rules for labels: a word or a pattern in a row, and the label that it stands for. The first one wins.

A rule file is toml, with a table `[[rule]]` for each, or csv with the columns label, keyword, regex and field.
"""

import csv
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task.section import Section
from toishi.tools.workbench.validation import explain


class Rule(Section):
    """One rule: what to look for, where, and the label."""

    label: str = Field(min_length=1, description="label of the rows in which it is found")
    keyword: tuple[str, ...] = Field(
        default=(), strict=False, description="words, of which one has to stand in the row as a whole, in any case"
    )
    regex: str | None = Field(default=None, min_length=1, description="pattern, as Python's re understands it")
    field: str | None = Field(default=None, description="the one input to look at; default: all of them")

    @model_validator(mode="before")
    @classmethod
    def _one_keyword_is_a_list(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("keyword"), str):
            return {**values, "keyword": [values["keyword"]]}
        return values

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if not self.keyword and self.regex is None:
            raise ValueError(f"the rule for '{self.label}' has neither a keyword nor a regex")
        if not all(word.strip() for word in self.keyword):
            raise ValueError(f"the rule for '{self.label}' has an empty keyword")
        if self.regex is not None:
            try:
                re.compile(self.regex)
            except re.error as error:
                raise ValueError(f"regex = '{self.regex}' is no pattern: {error}") from None
        return self

    def matches(self, inputs: Mapping[str, str]) -> bool:
        """Whether a row is one that the rule is about."""
        texts = inputs.values() if self.field is None else [inputs[self.field]]
        return any(pattern.search(text) for pattern in self._patterns for text in texts)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        words = [re.compile(_whole(word), re.IGNORECASE) for word in self.keyword]
        return (*words, *([re.compile(self.regex)] if self.regex is not None else []))


class _RuleFile(Section):
    rule: tuple[Rule, ...] = Field(strict=False, min_length=1, description="the rules, first things first")


@dataclass(frozen=True)
class Ruled:
    """What the rules say of a row: the first that matches, by its number from 1, and the labels of the others."""

    number: int
    label: str
    others: tuple[str, ...]


def read_rules(file: Path, inputs: Sequence[str], choices: Sequence[str] | None) -> tuple[Rule, ...]:
    """The rules of a file, in their order; `choices` are the only labels there are, None where there may be any.

    Raises `UsageError` for a file that cannot be read, a rule that is not in form, a field that is no input, and a
    label that is not among the choices.
    """
    try:
        rules = _from_csv(file) if file.suffix.lower() == ".csv" else _from_toml(file)
    except FileNotFoundError:
        raise UsageError(f"{file} does not exist; write the rules there, or name another file with --rule") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    for number, rule in enumerate(rules, start=1):
        if rule.field is not None and rule.field not in inputs:
            raise UsageError(f"{file}, rule {number} has the field '{rule.field}'; {did_you_mean(rule.field, inputs)}")
        if choices is not None and rule.label not in choices:
            raise UsageError(f"{file}, rule {number} has the label '{rule.label}'; {did_you_mean(rule.label, choices)}")
    return rules


def apply_rules(rules: Sequence[Rule], inputs: Mapping[str, str]) -> Ruled | None:
    """What the rules say of a row; None where none matches."""
    matching = [(number, rule.label) for number, rule in enumerate(rules, start=1) if rule.matches(inputs)]
    if not matching:
        return None
    number, label = matching[0]
    return Ruled(number, label, tuple(dict.fromkeys(other for _, other in matching if other != label)))


def _from_toml(file: Path) -> tuple[Rule, ...]:
    try:
        return _RuleFile.model_validate(tomllib.loads(file.read_bytes().decode("utf-8-sig"))).rule
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not valid TOML: {error}") from None
    except ValidationError as error:
        raise UsageError(f"{file}: {explain(error, _RuleFile)}") from None


def _from_csv(file: Path) -> tuple[Rule, ...]:
    """Empty cells say nothing; several keywords are parted by `|`."""
    rules = []
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        try:
            for row in reader:
                filled: dict[str, Any] = {column: value for column, value in row.items() if column and value}
                if "keyword" in filled:
                    filled["keyword"] = [word.strip() for word in filled["keyword"].split("|")]
                rules.append(Rule.model_validate(filled))
        except csv.Error as error:
            raise UsageError(f"{file}, line {reader.line_num} is no csv: {error}") from None
        except ValidationError as error:
            raise UsageError(f"{file}, line {reader.line_num}: {explain(error, Rule)}") from None
    if not rules:
        raise UsageError(f"{file} holds no rules; write one a line under label,keyword,regex,field")
    return tuple(rules)


def _whole(word: str) -> str:
    """The word where no letter stands beside it; a script that writes no blanks between words has no such places."""
    spaced = r"[A-Za-z0-9_\u00c0-\u024f\u0370-\u058f]"
    before = rf"(?<!{spaced})" if re.match(spaced, word) else ""
    after = rf"(?!{spaced})" if re.search(f"{spaced}$", word) else ""
    return before + re.escape(word) + after
