"""Skill one: obey an instruction made of keyword rules.

An episode is one instruction and several messages. Each answer repeats the message up to the first word that a rule
names, and then gives the label: reading along, token by token, is how a small model finds the word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from toishi.tools.embedded import corpus, worlds
from toishi.tools.embedded.episodes import Branch, Episode, Piece
from toishi.tools.embedded.headers import header
from toishi.tools.embedded.rules import ARROW, LINE, OR_LINE, SENTENCE, Instruction, Rule
from toishi.tools.embedded.tokenizer import ASSISTANT, assistant, system, user
from toishi.tools.embedded.worlds import World


def keyword_from(rng: Random, text: str) -> str | None:
    """One to three words of the text in a row, mostly a single content word, rarer words rather."""
    every = corpus.words(text)
    content = corpus.content_words(text)
    kind = rng.random()
    if kind < 0.7 and content:
        keyword = rng.choices(content, [corpus.rarity(word) for word in content])[0]
    elif kind < 0.95 and len(every) > 3:
        size = rng.choice((2, 2, 3))
        start = rng.randrange(len(every) - size + 1)
        keyword = " ".join(every[start : start + size])
    elif every:
        keyword = rng.choice(every)
    else:
        return None
    return keyword.capitalize() if rng.random() < 0.05 else keyword


def rules_for(rng: Random, world: World, count: int) -> list[Rule]:
    """About that many rules with keywords from the world's messages; how many name the true label varies."""
    right = rng.choice((0.0, 0.3, 0.7, 1.0))
    style = rng.choices((LINE, OR_LINE, SENTENCE, ARROW), (0.74, 0.14, 0.08, 0.04))[0]
    rules: list[Rule] = []
    taken: set[str] = set()
    for _ in range(count * 3):
        if len(rules) == count:
            break
        text, label = rng.choice(world.pool)
        size = rng.choice((1, 2, 2, 3)) if style == OR_LINE else 2 if style == SENTENCE and rng.random() < 0.3 else 1
        found = [keyword_from(rng, text if i == 0 else rng.choice(world.messages[label])) for i in range(size)]
        keywords = tuple(dict.fromkeys(word for word in found if word and word.lower() not in taken))
        if not keywords:
            continue
        taken.update(word.lower() for word in keywords)
        rules.append(Rule(keywords, label if rng.random() < right else rng.choice(world.labels), style))
    return rules


@dataclass(frozen=True)
class Frame:
    """How instruction and message are laid out: all in one user message or in two, and what stands around the text."""

    single: bool
    before: str
    placeholder: bool

    def prefix(self, instruction: str) -> str:
        if not self.single:
            return system(instruction)
        if self.placeholder:
            return user(instruction.split("{text}")[0].rstrip(" "))
        return user(f"{instruction}\n\n{self.before}".rstrip(" "))

    def question(self, message: str) -> str:
        if not self.single:
            return user(self.before + message) + ASSISTANT
        gap = "" if not self.placeholder and not self.before else " "
        return gap + message + ASSISTANT


def frame(rng: Random) -> Frame:
    if rng.random() < 0.75:
        return Frame(
            False,
            rng.choices(("", "text: ", "message: ", "Text: ", "query: "), (0.7, 0.12, 0.06, 0.06, 0.06))[0],
            False,
        )
    if rng.random() < 0.3:
        return Frame(True, "", True)
    return Frame(True, rng.choice(("", "Message: ", "Text: ", "text: ", "Input: ")), False)


def messages_for(rng: Random, world: World, instruction: Instruction, count: int) -> list[str]:
    """Messages: most match a rule drawn evenly, some match none, some match several."""
    found = []
    everything = [text for text, _ in world.pool]
    for _ in range(count):
        kind = rng.random()
        text = rng.choice(everything)
        if kind < 0.15 or not instruction.rules:
            tries = (rng.choice(everything + list(corpus.sentences()[:50])) for _ in range(12))
            text = next((t for t in tries if not any(rule.match(t) for rule in instruction.rules)), text)
        else:
            rule = rng.choice(instruction.rules)
            holding = [t for t in everything if rule.match(t)]
            text = rng.choice(holding) if holding else worlds.planted(rng, text, rng.choice(rule.keywords).lower())
            if kind < 0.3:
                other = rng.choice(instruction.rules)
                text = worlds.planted(rng, text, rng.choice(other.keywords).lower())
        found.append(text)
    return found


def short_messages(rng: Random, world: World, instruction: Instruction, count: int, fillers: int) -> list[str]:
    """Messages that are hardly more than a keyword: where the search for the keyword is learned first."""
    found = []
    for _ in range(count):
        text = " ".join(
            rng.choice(corpus.words(rng.choice(world.pool)[0]) or ["hello"]) for _ in range(rng.randint(0, fillers))
        )
        if instruction.rules and (not text or rng.random() < 0.9):
            text = worlds.planted(rng, text, rng.choice(rng.choice(instruction.rules).keywords)).strip()
        found.append(worlds.dressed(rng, text))
    return found


def episode(
    rng: Random, size: int, branches: int = 6, world: World | None = None, fillers: int | None = None
) -> Episode:
    """An instruction of about `size` rules and some messages answered by it; `fillers` makes the messages short."""
    labels = max(2, round(size * rng.uniform(0.25, 1.1)))
    world = world or worlds.draw(rng, min(labels, 77))
    layout = frame(rng)
    rules = rules_for(rng, world, size)
    otherwise = rng.choice(world.labels) if rng.random() < 0.72 else None
    lines, choices = header(rng, world.labels)
    footer = (rng.choice(("Message: {text}", "Text: {text}", "\nInput: {text}")),) if layout.placeholder else ()
    instruction = Instruction(lines, tuple(rules), otherwise, choices, footer)
    if fillers is None:
        messages = messages_for(rng, world, instruction, branches)
    else:
        messages = short_messages(rng, world, instruction, branches, fillers)
    told = [branch(rng, layout, instruction, message) for message in messages]
    return Episode(layout.prefix(instruction.render()), tuple(told))


def branch(rng: Random, layout: Frame, instruction: Instruction, message: str) -> Branch:
    guess = rng.choice(instruction.choices) if instruction.choices else None
    return Branch(layout.question(message), (Piece(assistant(instruction.answer(message, guess))),))


def copying(rng: Random, words: Sequence[str], size: int) -> Episode:
    """A list of random words, again and again: the exercise that forms the copying circuits."""
    text = " ".join(rng.choice(words) + rng.choice(("", "", "", ":", "\n-", "_")) for _ in range(size))
    again = " ".join([text] * max(1, 60 // size))
    return Episode(system(text), (Branch(ASSISTANT, (Piece(assistant(again)),)),))
