"""Instructions made of keyword rules, and what an assistant that obeys them would answer.

It knows the meaning of an instruction and how one reads. It is the teacher while training data is made; nothing at
inference asks it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from toishi.tools.embedded.corpus import WORD, words

LINE, OR_LINE, SENTENCE, ARROW = "line", "or", "sentence", "arrow"
"""How rules look: `- card: x`, `- card or pin: x`, `- If the message mentions "card", answer x.`, `- card -> x`"""


@dataclass(frozen=True)
class Rule:
    """If a message holds one of the keywords (whole words in a row, capitals aside), the label is the answer."""

    keywords: tuple[str, ...]
    label: str
    style: str = LINE

    def render(self) -> str:
        if self.style == SENTENCE:
            quoted = " or ".join(f'"{keyword}"' for keyword in self.keywords)
            return f"- If the message mentions {quoted}, answer {self.label}."
        if self.style == ARROW:
            return f"- {' or '.join(self.keywords)} -> {self.label}"
        return f"- {' or '.join(self.keywords)}: {self.label}"

    def match(self, message: str) -> str | None:
        """The first of the keywords that the message mentions."""
        return next((keyword for keyword in self.keywords if mentions(message, keyword)), None)


@dataclass(frozen=True)
class Fired:
    """The rule that decides a message: its keyword there ends at the character `end`."""

    rule: Rule
    keyword: str
    end: int


@dataclass(frozen=True)
class Instruction:
    """Header lines, rules, the label for all else, and lines below; `choices` are the labels that the header lists."""

    header: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    otherwise: str | None = None
    choices: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()

    def render(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        last = [] if self.otherwise is None else [f"Otherwise: {self.otherwise}"]
        return [*self.header, *(rule.render() for rule in self.rules), *last, *self.footer]

    def fired(self, message: str) -> Fired | None:
        """Which rule decides: that of the keyword that is complete first in the message, the longer of two.

        Reading on until a keyword is complete is what a small model can do while it copies the message.
        """
        found = []
        for order, rule in enumerate(self.rules):
            for keyword in rule.keywords:
                place = span(message, keyword)
                if place is not None:
                    found.append((place[1], place[0], order, Fired(rule, keyword, place[1])))
        return min(found, key=lambda entry: entry[:3])[3] if found else None

    def decide(self, message: str) -> str | None:
        """The label, by a rule or by `otherwise`; None where neither says one."""
        fired = self.fired(message)
        return self.otherwise if fired is None else fired.rule.label

    def answer(self, message: str, guess: str | None = None) -> str:
        """What the assistant says: the message up to the word that decides, then the label.

        Where no word decides it says the whole message first. `guess` is the listed label to name where not even an
        `Otherwise` line says one.
        """
        fired = self.fired(message)
        if fired is not None:
            return f"{message[: fired.end]}: {fired.rule.label}"
        if self.otherwise is not None:
            return f"{message}\notherwise: {self.otherwise}"
        return f"{message}\nguess: {guess}" if guess is not None and self.choices else f"{message}\nnone"


@lru_cache(maxsize=100_000)
def spans(text: str) -> tuple[tuple[str, int, int], ...]:
    """The words of a text in lower case, each with its first character and the one after its last."""
    return tuple((found.group(), found.start(), found.end()) for found in WORD.finditer(text.lower()))


@lru_cache(maxsize=400_000)
def span(message: str, keyword: str) -> tuple[int, int] | None:
    """Where the words of the keyword first stand in the message, in a row: start and end."""
    wanted, there = words(keyword), spans(message)
    for i in range(len(there) - len(wanted) + 1):
        if wanted and all(there[i + j][0] == word for j, word in enumerate(wanted)):
            return there[i][1], there[i + len(wanted) - 1][2]
    return None


def mentions(message: str, keyword: str) -> bool:
    """Whether the words of the keyword stand in the message, in a row."""
    return spaced(keyword) in spaced(message)


@lru_cache(maxsize=100_000)
def spaced(text: str) -> str:
    """The words of a text with single spaces around them."""
    return f" {' '.join(words(text))} "


@lru_cache(maxsize=100_000)
def label_words(label: str) -> tuple[str, ...]:
    """`card_arrival` is `card` and `arrival`."""
    return tuple(words(re.sub(r"[_\W]", " ", label)))


def listed(choices: Sequence[str]) -> str:
    return ", ".join(choices)
