"""What a verifiable instruction is: a name, the arguments that it takes, and a check that says what is wrong."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from toishi.tools.workbench.metrics.ifeval import forms, words
from toishi.tools.workbench.suggestion import did_you_mean

Check = Callable[..., str | None]
"""From an answer and the instruction's arguments to None where it is followed, else to what it asks and what came."""

INSTRUCTIONS: dict[str, Check] = {
    "keywords:existence": words.keywords_exist,
    "keywords:frequency": words.keyword_frequency,
    "keywords:forbidden_words": words.forbidden_words,
    "keywords:letter_frequency": words.letter_frequency,
    "language:response_language": words.response_language,
    "length_constraints:number_words": words.number_words,
    "length_constraints:number_sentences": words.number_sentences,
    "change_case:capital_word_frequency": words.capital_words,
    "change_case:english_capital": words.english_capital,
    "change_case:english_lowercase": words.english_lowercase,
    "punctuation:no_comma": words.no_comma,
    "length_constraints:number_paragraphs": forms.number_paragraphs,
    "length_constraints:nth_paragraph_first_word": forms.nth_paragraph_first_word,
    "detectable_content:number_placeholders": forms.number_placeholders,
    "detectable_content:postscript": forms.postscript,
    "detectable_format:number_bullet_lists": forms.number_bullet_lists,
    "detectable_format:constrained_response": forms.constrained_response,
    "detectable_format:number_highlighted_sections": forms.number_highlighted_sections,
    "detectable_format:multiple_sections": forms.multiple_sections,
    "detectable_format:json_format": forms.json_format,
    "detectable_format:title": forms.title,
    "combination:two_responses": forms.two_responses,
    "combination:repeat_prompt": forms.repeat_prompt,
    "startend:end_checker": forms.end_checker,
    "startend:quotation": forms.quotation,
}
"""The known instructions by their names in the data sets. A check's keyword parameters are its arguments."""


@dataclass(frozen=True)
class Bound:
    """An instruction with the arguments of one row."""

    name: str
    check: Check
    arguments: Mapping[str, Any]

    def broken(self, answer: str) -> str | None:
        """What the instruction asks and what came; None where the answer follows it."""
        return self.check(answer, **self.arguments)

    def broken_loosely(self, answer: str) -> str | None:
        """The same, but for the first or last line and for asterisks, of which one reading may follow it.

        As in the paper, section 2.2: a model that introduces its answer, or makes parts of it bold, is not to blame.
        """
        first = self.broken(answer)
        if first is None or any(v.strip() and self.broken(v) is None for v in _variants(answer)):
            return None
        return first


def bind(name: str, arguments: Mapping[str, Any]) -> Bound:
    """The instruction of that name with its arguments; those that are None count as not given.

    Raises `ValueError` with a sentence for a name that is not known and for arguments that do not fit.
    """
    check = INSTRUCTIONS.get(name)
    if check is None:
        raise ValueError(f"the instruction '{name}' is not known; {did_you_mean(name, sorted(INSTRUCTIONS))}")
    wanted = {
        key: parameter
        for key, parameter in inspect.signature(check).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    given = {key: value for key, value in arguments.items() if value is not None}
    for key in given:
        if key not in wanted:
            raise ValueError(f"the instruction '{name}' takes no argument '{key}'; {did_you_mean(key, list(wanted))}")
    bound = {}
    for key, parameter in wanted.items():
        if key in given:
            bound[key] = _converted(name, key, given[key], parameter.annotation)
        elif parameter.default is parameter.empty:
            raise ValueError(f"the instruction '{name}' lacks its argument '{key}'")
    return Bound(name, check, bound)


def _converted(name: str, key: str, value: Any, kind: Any) -> Any:
    """Whole numbers may come as floats, as tables with empty cells make them."""
    if kind is int and isinstance(value, float | int) and not isinstance(value, bool) and value == int(value):
        return int(value)
    if kind is str and isinstance(value, str):
        return value
    if kind == list[str] and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    spoken = {int: "a whole number", str: "a text"}.get(kind, "a list of texts")
    raise ValueError(f"the argument {key} = {value!r} of the instruction '{name}' should be {spoken}")


def _variants(answer: str) -> list[str]:
    lines = answer.split("\n")
    cut = [answer, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return [*cut[1:], *(one.replace("*", "") for one in cut)]
