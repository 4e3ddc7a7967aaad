"""Instructions about words: which ones, how often, how many, in which language and case, with which signs."""

import re
from collections.abc import Callable

from toishi.tools.workbench.metrics.ifeval.language import named, spoken
from toishi.tools.workbench.metrics.ifeval.passages import JOINED, sentences, words
from toishi.tools.workbench.metrics.showing import listed, quoted

LESS_THAN, AT_LEAST = "less than", "at least"


def compared(count: int, relation: str, bound: int, what: str) -> str | None:
    """None where `count` is less than, or at least, `bound`, else a sentence about it."""
    if relation not in (LESS_THAN, AT_LEAST):
        raise ValueError(f"the relation '{relation}' is neither '{LESS_THAN}' nor '{AT_LEAST}'")
    followed = count < bound if relation == LESS_THAN else count >= bound
    return None if followed else f"there should be {relation} {bound} {what}; there are {count}"


def keywords_exist(answer: str, *, keywords: list[str]) -> str | None:
    """Each keyword stands in the answer, in any case, also within a word."""
    missing = [one for one in keywords if one.casefold() not in answer.casefold()]
    return f"the answer should hold the keywords {listed(keywords)}; {listed(missing)} missing" if missing else None


def keyword_frequency(answer: str, *, keyword: str, frequency: int, relation: str) -> str | None:
    """A keyword stands in the answer so many times, in any case, also within words."""
    count = answer.casefold().count(keyword.strip().casefold())
    return compared(count, relation, frequency, f"occurrences of {quoted(keyword)}")


def forbidden_words(answer: str, *, forbidden_words: list[str]) -> str | None:
    """None of the words stands in the answer as a whole word."""
    there = [one for one in forbidden_words if re.search(rf"\b{re.escape(one)}\b", answer, re.IGNORECASE)]
    return f"the words {listed(forbidden_words)} are forbidden; the answer has {listed(there)}" if there else None


def letter_frequency(answer: str, *, letter: str, let_frequency: int, let_relation: str) -> str | None:
    """A letter or sign stands in the answer so many times, in any case."""
    count = answer.lower().count(letter.lower())
    return compared(count, let_relation, let_frequency, f"letters {quoted(letter)}")


def response_language(answer: str, *, language: str) -> str | None:
    """The answer is in a language, given by its code in ISO 639-1; where none can be told, it counts as such."""
    found = spoken(answer)
    if found in (None, language):
        return None
    return f"the whole answer should be in {named(language)}; it reads as {named(found)}"


def number_words(answer: str, *, num_words: int, relation: str) -> str | None:
    """The answer has so many words."""
    return compared(len(words(answer)), relation, num_words, "words")


def number_sentences(answer: str, *, num_sentences: int, relation: str) -> str | None:
    """The answer has so many sentences."""
    return compared(len(sentences(answer)), relation, num_sentences, "sentences")


def capital_words(answer: str, *, capital_frequency: int, capital_relation: str) -> str | None:
    """So many words have capital letters only."""
    count = sum(word.isupper() for word in JOINED.findall(answer))
    return compared(count, capital_relation, capital_frequency, "words in capital letters only")


def english_capital(answer: str) -> str | None:
    """The answer is English, in capital letters only."""
    if not answer.isupper():
        return f"the answer should have capital letters only; {_first(answer, str.islower, 'small')}"
    return _english(answer)


def english_lowercase(answer: str) -> str | None:
    """The answer is English, in small letters only."""
    if not answer.islower():
        return f"the answer should have small letters only; {_first(answer, str.isupper, 'capital')}"
    return _english(answer)


def no_comma(answer: str) -> str | None:
    """The answer has no comma."""
    count = answer.count(",")
    return f"the answer should have no comma; it has {count}" if count else None


def _first(answer: str, other: Callable[[str], bool], size: str) -> str:
    word = next((word for word in answer.split() if any(other(sign) for sign in word)), None)
    return "it has no letters" if word is None else f"{quoted(word, 40)} has {size} ones"


def _english(answer: str) -> str | None:
    # The detector knows few words in capitals.
    found = spoken(answer.lower())
    return None if found in (None, "en") else f"the answer should be in English; it reads as {named(found)}"
