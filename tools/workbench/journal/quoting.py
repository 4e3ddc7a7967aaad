"""Which texts give an example away, and blotting them out wherever they are quoted. Pure."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal.own_words import own_words

BLOT = "[purged]"

# A shorter value, such as a label or a number, stands in too many texts to tell whose it is.
TELLING = 8
# A long text may be quoted in part: a sentence or a line of it, where it is at least so long.
SENTENCE = 24

_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")


def telling_texts(gone: Iterable[Example], remaining: Iterable[Example]) -> list[str]:
    """The ids, values and sentences of the examples that go which stand in none of those that stay, longest first."""
    texts = {piece.lower() for example in gone for value in values_of(example) for piece in _pieces(value)}
    for example in remaining:
        if not texts:
            break
        whole = "\n".join(values_of(example)).lower()
        texts = {text for text in texts if text not in whole}
    return sorted(texts, key=lambda text: (-len(text), text))


class Quotes:
    """Finds and blots out any of some texts, whatever their case; longer ones win."""

    def __init__(self, texts: Sequence[str]) -> None:
        forms = {form.lower() for text in texts if text.strip() for form in _forms(text)}
        self._texts = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, self._texts)) or r"(?!)", re.IGNORECASE)

    @property
    def longest(self) -> int:
        """Characters of the longest of them."""
        return len(self._texts[0]) if self._texts else 0

    def stand_in(self, text: str | None) -> bool:
        """Whether one of them stands in a plain text."""
        return text is not None and self._blot(text) != text

    def blot(self, text: str | None) -> str | None:
        """A plain text without them."""
        return text if text is None else self._blot(text)

    def stand_in_json(self, text: str | None) -> bool:
        """Whether one of them stands in a string of a JSON text."""
        return text is not None and self.blot_json(text) != text

    def blot_json(self, text: str | None) -> str | None:
        """A JSON text without them in any of its strings.

        Strings that as a whole are toishi's own words stay. The ids and probabilities of tokens go with the text that
        they spell.
        """
        if not text:
            return text
        value = json.loads(text)
        blotted = _each_string(value, self._blot_but_own)
        return text if blotted == value else json.dumps(blotted, ensure_ascii=False, separators=(",", ":"))

    def _blot_but_own(self, text: str) -> str:
        blotted = self._blot(text)
        return text if blotted != text and text in own_words() else blotted

    def _blot(self, text: str) -> str:
        # Most texts hold none, and looking for each by itself is much faster than the pattern.
        lower = text.lower()
        return self._pattern.sub(BLOT, text) if any(one in lower for one in self._texts) else text


def _each_string(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_string(one, change) for one in value]
    if isinstance(value, dict):
        changed = {change(key): _each_string(one, change) for key, one in value.items()}
        if "token_ids" in changed and changed.get("text") != value.get("text"):
            changed |= {"token_ids": None, "logprobs": None}
        return changed
    return value


def values_of(example: Example) -> list[str]:
    """All texts of an example."""
    return [example.id, *example.inputs.values(), example.expected, *example.fields.values()]


def _forms(text: str) -> set[str]:
    """A text, and how it stands in JSON that is quoted as text, such as a tool's arguments."""
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}


def _pieces(value: str) -> list[str]:
    sentences = [sentence.strip() for sentence in _ENDS.split(value)]
    return [one for one in (value.strip(),) if len(one) >= TELLING] + [one for one in sentences if len(one) >= SENTENCE]
