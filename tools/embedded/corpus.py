"""The real texts that the training examples are made from, and the words in them.

It knows the three files in `corpus/` (their licences stand in `corpus/NOTICE.md`) and what counts as a word. Banking77,
on which the model is judged, is not among them.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("corpus")

STOP_WORDS = frozenset(
    """
    a an the and or but if then so of to in on at by for from with about into over under up down out off as is
    are was were be been being am do does did doing done have has had having i me my mine we us our you your
    yours he him his she her it its they them their this that these those there here what which who whom whose
    when where why how can could will would shall should may might must not no nor yes any some all each every
    both few more most other than too very just also please want need like get got let make tell know give show
    would d ll m re s t ve don isn't don't one two go going take much many before after again only same own such
    per while because until during between through i'm what's it's i'd i've i'll can't
    """.split()  # noqa: SIM905
)


WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)*")


def words(text: str) -> list[str]:
    """The words of a text in lower case, as rules match them: letters, digits and inner apostrophes."""
    return WORD.findall(text.lower())


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


@cache
def intents() -> dict[str, tuple[str, ...]]:
    """CLINC150 messages by label, `oos` (out of scope) among them."""
    found: dict[str, list[str]] = {}
    for line in lines("clinc150.tsv"):
        label, text = line.split("\t")
        found.setdefault(label, []).append(text)
    return {label: tuple(texts) for label, texts in found.items()}


@cache
def sentences() -> tuple[str, ...]:
    """Plain sentences: from GSM8K questions and HoVer claims."""
    return tuple(lines("gsm8k.txt") + lines("hover.txt"))


@cache
def everything() -> tuple[str, ...]:
    """Every message and sentence."""
    return tuple(text for texts in intents().values() for text in texts) + sentences()


@cache
def document_counts() -> Counter[str]:
    """In how many texts each word occurs."""
    return Counter(word for text in everything() for word in set(words(text)))


def rarity(word: str) -> float:
    """Inverse document frequency, about 1 for the most common words and 8.5 for unseen ones."""
    return math.log((1 + len(everything())) / (1 + document_counts()[word])) + 1


def content_words(text: str) -> list[str]:
    """The words that may serve as a keyword, each once: no stop words, no numbers, none under three letters."""
    return [w for w in dict.fromkeys(words(text)) if w not in STOP_WORDS and len(w) > 2 and not w.isdigit()]


@cache
def vocabulary() -> tuple[str, ...]:
    """All content words of the corpus, sorted."""
    return tuple(sorted({word for text in everything() for word in content_words(text)}))


@cache
def intent_vocabulary() -> tuple[str, ...]:
    """The content words of the CLINC150 messages and labels, sorted."""
    texts = [text for texts in intents().values() for text in texts] + [label.replace("_", " ") for label in intents()]
    return tuple(sorted({word for text in texts for word in content_words(text)}))


def stems_shared(word: str, others: Sequence[str]) -> bool:
    """Whether the word begins as one of the others does (four letters, or the whole of a shorter word)."""
    return any(word[:4] == other[:4] and min(len(word), len(other)) > 2 for other in others)
