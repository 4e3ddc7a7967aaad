"""Small invented tasks: a set of labels, messages that carry them, and words that tell them apart.

It knows how label sets look in the wild and draws one at random. It does not know about rules, prompts or tokens.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from toishi.tools.embedded import corpus
from toishi.tools.embedded.rules import label_words

FILLERS = sorted(corpus.STOP_WORDS - {"d", "ll", "m", "re", "s", "t", "ve", "don"})


@dataclass(frozen=True)
class World:
    """Labels and the messages of each. `keys` are words planted in a label's messages, where they were planted."""

    messages: Mapping[str, tuple[str, ...]]
    keys: Mapping[str, tuple[str, ...]]

    @property
    def labels(self) -> list[str]:
        return list(self.messages)

    @cached_property
    def pool(self) -> list[tuple[str, str]]:
        """Every message with its label."""
        return [(text, label) for label, texts in self.messages.items() for text in texts]

    @cached_property
    def spread(self) -> Mapping[str, Counter[str]]:
        """For each word, how many messages of each label hold it."""
        found: dict[str, Counter[str]] = {}
        for text, label in self.pool:
            for word in set(corpus.words(text)):
                found.setdefault(word, Counter())[label] += 1
        return found


def draw(rng: Random, labels: int) -> World:
    """A world of about that many labels: half of them real intents, half invented."""
    return real(rng, labels) if rng.random() < 0.5 else invented(rng, labels)


def real(rng: Random, count: int) -> World:
    """CLINC150 intents; half the time intents that share words with one another."""
    names = sorted(corpus.intents())
    if rng.random() < 0.5:
        chosen = rng.sample(names, min(count, len(names)))
    else:
        chosen = [rng.choice(names)]
        while len(chosen) < min(count, len(names)):
            known = {word for name in chosen for word in label_words(name)}
            rest = [name for name in names if name not in chosen]
            kin = [name for name in rest if known.intersection(label_words(name))]
            chosen.append(rng.choice(kin if kin and rng.random() < 0.7 else rest))
    messages = {}
    for name in chosen:
        texts = corpus.intents()[name]
        picked = rng.sample(texts, min(len(texts), 7))
        messages[name] = tuple(dressed(rng, loosened(rng, text)) for text in picked)
    return World(messages, {})


def invented(rng: Random, count: int) -> World:
    """Labels made of words, some of which stand in the messages that carry the label."""
    vocabulary = corpus.vocabulary()
    shared = [word_of(rng, vocabulary) for _ in range(max(3, round(count * rng.uniform(0.4, 1.6))))]
    style = label_style(rng)
    messages: dict[str, tuple[str, ...]] = {}
    keys: dict[str, tuple[str, ...]] = {}
    salad = rng.random() < 0.5
    while len(messages) < count:
        own = tuple(word_of(rng, vocabulary) for _ in range(rng.randint(1, 2)))
        parts = [rng.choice(shared) for _ in range(rng.choice((1, 1, 1, 2, 2, 2, 3, 3, 4, 5)))]
        if rng.random() < 0.6:
            parts[rng.randrange(len(parts))] = own[0]
        label = style(list(dict.fromkeys(parts)))
        if label in messages:
            continue
        texts = []
        for _ in range(rng.randint(2, 4)):
            text = nonsense(rng, shared) if salad else loosened(rng, rng.choice(corpus.everything()))
            texts.append(dressed(rng, planted(rng, text, rng.choice(own))))
        messages[label], keys[label] = tuple(texts), own
    return World(messages, keys)


def word_of(rng: Random, vocabulary: Sequence[str]) -> str:
    """A corpus word; rarely one that nobody has seen."""
    if rng.random() < 0.08:
        return "".join(rng.choice("bcdfghklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(2, 3)))
    return rng.choice(corpus.intent_vocabulary() if rng.random() < 0.6 else vocabulary)


def label_style(rng: Random) -> Callable[[Sequence[str]], str]:
    """How the words of a label are joined, one way for a whole world."""
    joiner = rng.choices(("_", "-", " "), (0.84, 0.06, 0.1))[0]
    case = rng.choices(("lower", "first", "title", "upper"), (0.84, 0.07, 0.05, 0.04))[0]

    def join(parts: Sequence[str]) -> str:
        label = joiner.join(part.title() if case == "title" else part for part in parts)
        label = label.upper() if case == "upper" else label[:1].upper() + label[1:] if case == "first" else label
        return label + "?" if rng.random() < 0.02 else label

    return join


def nonsense(rng: Random, shared: Sequence[str]) -> str:
    """Words without sense, some from the labels."""
    vocabulary = corpus.vocabulary()
    return " ".join(
        rng.choice(FILLERS)
        if rng.random() < 0.45
        else rng.choice(shared)
        if rng.random() < 0.2
        else rng.choice(vocabulary)
        for _ in range(rng.randint(3, 16))
    )


def planted(rng: Random, text: str, word: str) -> str:
    """The text with the word put in somewhere."""
    pieces = text.split(" ")
    pieces.insert(rng.randint(0, max(0, len(pieces) - 1)), word)
    return " ".join(pieces)


def loosened(rng: Random, text: str) -> str:
    """The text, sometimes with a word or two left out, so that it is not learned by heart."""
    pieces = text.split(" ")
    while len(pieces) > 4 and rng.random() < 0.35:
        del pieces[rng.randrange(len(pieces))]
    return " ".join(pieces)


def dressed(rng: Random, text: str) -> str:
    """The text with or without a capital and an end mark, as people type."""
    if rng.random() < 0.5:
        text = text[:1].upper() + text[1:]
    if text[-1:].isalnum() and rng.random() < 0.4:
        text += rng.choice("?..!")
    return text
