"""Skill two: write a better instruction, given the current one and examples with feedback.

The teacher drops rules that misled, and puts a rule for each failed example before the others, with a keyword from its
message that sets it apart. The teacher works on training texts only; at inference the model chooses the words itself.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from random import Random

from toishi.tools.embedded import corpus, worlds
from toishi.tools.embedded.episodes import Branch, Episode, Hint, Piece
from toishi.tools.embedded.follow import keyword_from
from toishi.tools.embedded.headers import header
from toishi.tools.embedded.rules import ARROW, LINE, OR_LINE, SENTENCE, Instruction, Rule, label_words, mentions, spans
from toishi.tools.embedded.tokenizer import ASSISTANT, EOS, user
from toishi.tools.embedded.worlds import World
from toishi.tools.workbench.textgrad.reflection import CLOSING, OPENING, Record, ReflectionRequest, render

COPIED = 0.4
"""Weight of tokens that are copied from the current instruction; new lines weigh 1."""


@dataclass(frozen=True)
class Outcome:
    """A message, the label that was expected, and what the assistant answered."""

    message: str
    expected: str
    answer: str
    got: str | None

    @property
    def failed(self) -> bool:
        return self.got != self.expected

    @property
    def feedback(self) -> str:
        if not self.failed:
            return "correct"
        if self.got is None:
            return f"expected {self.expected}, but the answer names none of the choices"
        return f"expected {self.expected}, got {self.got}"


def outcome(rng: Random, instruction: Instruction, message: str, expected: str) -> Outcome:
    """What comes of the message; one in fifteen answers is a slip, as a small model makes them."""
    guess = rng.choice(instruction.choices) if instruction.choices else None
    got = instruction.decide(message)
    answer = instruction.answer(message, guess)
    if instruction.rules and rng.random() < 0.07:
        ends = [end for _, _, end in spans(message)] or [len(message)]
        got = rng.choice(instruction.rules).label
        answer = f"{message[: rng.choice(ends)]}: {got}"
    if got is None and guess is not None:
        got = guess
    if got is not None and rng.random() < 0.06:
        answer = got
    return Outcome(message, expected, answer, got)


def worth(world: World, word: str, label: str, kin: Sequence[str], others: Sequence[str]) -> float:
    """How good a keyword the word is for the label; kin are its failed messages, others those of other labels.

    What the prompt shows counts most: a stem shared with the label, failed examples that share the word, others that
    hold it, and a word neither too common nor too odd. Where the labels are real, so do their messages' statistics.
    """
    score = -0.4 * abs(corpus.rarity(word.split()[-1]) - 6.0)
    if corpus.stems_shared(word, label_words(label)):
        score += 2.5
    score += 1.5 * (sum(mentions(text, word) for text in kin) - 1)
    score -= 3.0 * sum(mentions(text, word) for text in others)
    if not world.keys:
        spread = world.spread.get(word.split()[-1], Counter[str]())
        own = spread.get(label, 0)
        score += 1.0 * math.log((own + 0.5) / (sum(spread.values()) - own + 0.5))
    return score


def pick(
    rng: Random,
    world: World,
    case: Outcome,
    cases: Sequence[Outcome],
    barred: frozenset[str],
    temperature: float = 0.2,
) -> str | None:
    """A keyword for the failed case, none of the barred ones."""
    kin = [other.message for other in cases if other.failed and other.expected == case.expected]
    others = [other.message for other in cases if other.expected != case.expected]
    choices = [word for word in corpus.content_words(case.message) if word not in barred]
    every = corpus.words(case.message)
    if not choices or rng.random() < 0.06:
        pairs = [f"{a} {b}" for a, b in pairwise(every) if f"{a} {b}" not in barred]
        choices = [pair for pair in pairs if not choices or any(word in choices for word in pair.split())] or choices
    if not choices:
        return None
    scores = [worth(world, word, case.expected, kin, others) / temperature for word in choices]
    top = max(scores)
    return rng.choices(choices, [math.exp(score - top) for score in scores])[0]


def misled(world: World, rule: Rule, cases: Sequence[Outcome], instruction: Instruction) -> bool:
    """Whether the rule decided wrongly, never rightly, and is no good in the world at large."""
    fired = [case for case in cases if (decisive := instruction.fired(case.message)) and decisive.rule is rule]
    if not fired or any(case.expected == rule.label for case in fired):
        return False
    matching = [label for text, label in world.pool if rule.match(text)]
    return sum(label == rule.label for label in matching) * 2 <= len(matching)


def improve(
    rng: Random, world: World, instruction: Instruction, cases: Sequence[Outcome], barred: frozenset[str] = frozenset()
) -> tuple[Instruction, tuple[Rule, ...]]:
    """The better instruction and the rules that are new in it."""
    kept = [rule for rule in instruction.rules if not misled(world, rule, cases, instruction)]
    used = {keyword.lower() for rule in kept for keyword in rule.keywords} | barred
    new: list[Rule] = []
    for case in cases:
        if not case.failed or any(rule.label == case.expected and rule.match(case.message) for rule in new):
            continue
        keyword = pick(rng, world, case, cases, frozenset(used))
        if keyword is not None:
            used.add(keyword)
            new.append(Rule((keyword,), case.expected))
    return unblocked(rng, replace(instruction, rules=(*new, *kept)), kept, cases), tuple(new)


def unblocked(rng: Random, better: Instruction, kept: Sequence[Rule], cases: Sequence[Outcome]) -> Instruction:
    """Without most of the old rules that would still decide a failed case wrongly, before the new one is reached."""
    for case in cases:
        fired = better.fired(case.message)
        while case.failed and fired and fired.rule.label != case.expected and fired.rule in kept and rng.random() < 0.9:
            blocker = fired.rule
            better = replace(better, rules=tuple(rule for rule in better.rules if rule is not blocker))
            fired = better.fired(case.message)
    return better


def written_rules(rng: Random, world: World, count: int) -> list[Rule]:
    """The rules of an instruction that has been worked on for a while: most are right, with telling keywords."""
    right = rng.choice((0.4, 0.7, 0.9, 1.0))
    style = rng.choices((LINE, OR_LINE, SENTENCE, ARROW), (0.86, 0.06, 0.05, 0.03))[0]
    rules: list[Rule] = []
    taken: set[str] = set()
    for _ in range(3 * count):
        if len(rules) == count:
            break
        text, label = rng.choice(world.pool)
        if rng.random() < 0.7:
            keyword = pick(rng, world, Outcome(text, label, "", None), (), frozenset(taken), temperature=1.0)
        else:
            keyword = keyword_from(rng, text)
        if keyword is None or keyword.lower() in taken:
            continue
        taken.add(keyword.lower())
        more = keyword_from(rng, rng.choice(world.messages[label])) if style == OR_LINE else None
        keywords = (keyword,) if more is None or more.lower() in taken else (keyword, more)
        taken.update(word.lower() for word in keywords)
        rules.append(Rule(keywords, label if rng.random() < right else rng.choice(world.labels), style))
    return rules


def episode(rng: Random, size: int, given: World | None = None, examples: int | None = None) -> Episode:
    """One reflection: an instruction of about `size` rules, two to six examples or so many, the better instruction."""
    while True:
        world = given or worlds.draw(rng, rng.randint(4, 20) if examples else rng.randint(2, 16))
        otherwise = rng.choice(world.labels) if rng.random() < 0.6 else None
        lines, choices = header(rng, world.labels)
        placeholder = rng.random() < 0.1
        footer = (rng.choice(("Message: {text}", "Text: {text}", "\nInput: {text}")),) if placeholder else ()
        instruction = Instruction(lines, tuple(written_rules(rng, world, size)), otherwise, choices, footer)
        rows = rng.sample(world.pool, min(len(world.pool), examples or rng.randint(2, 6)))
        cases = [outcome(rng, instruction, message, label) for message, label in rows]
        barred: set[str] = set()
        rejected = []
        for _ in range(rng.choices((0, 1, 2), (0.72, 0.18, 0.1))[0]):
            edit, new = improve(rng, world, instruction, cases, frozenset(barred))
            if new:
                barred.update(rule.keywords[0] for rule in new)
                rejected.append(edit.render())
        better, new = improve(rng, world, instruction, cases, frozenset(barred))
        if new:
            break
    field = "text" if placeholder else rng.choices(("text", "message", "question", "query"), (0.7, 0.14, 0.08, 0.08))[0]
    request = ReflectionRequest(
        module=rng.choice(("answer", "answer", "classify", "main", "intent", "prompt", "label")),
        instruction=instruction.render(),
        records=[Record({field: case.message}, case.answer, case.feedback) for case in cases],
        max_characters=rng.choice((1000, 2000, 3000, 4000, 4000, 6000, 8000)),
        placeholders=("text",) if placeholder else (),
        rejected=rejected,
    )
    prefix = user(render(request))
    return Episode(prefix, (Branch(ASSISTANT, reply(better, new)),), hints(prefix, cases, new))


def hints(prefix: str, cases: Sequence[Outcome], new: Sequence[Rule]) -> tuple[Hint, ...]:
    """The keyword of each failed case, wanted at the comma behind the label that its feedback expects."""
    found, done = [], 0
    for case in cases:
        start = prefix.index(f"\nfeedback: {case.feedback}", done)
        done = start + 1
        rule = next((rule for rule in new if rule.label == case.expected and rule.match(case.message)), None)
        if case.failed and rule is not None:
            found.append(Hint(start + len(f"\nfeedback: expected {case.expected}"), rule.keywords[0]))
    return tuple(found)


def reply(better: Instruction, new: Sequence[Rule]) -> tuple[Piece, ...]:
    """The answer in pieces: runs of copied lines and runs of new ones."""
    fresh = {rule.render() for rule in new}
    lines = [(f" {OPENING}", COPIED)]
    lines += [("\n" + line, 1.0 if line in fresh else COPIED) for line in better.lines()]
    lines += [(f"\n{CLOSING}{EOS}", COPIED)]
    runs = groupby(lines, key=lambda line: line[1])
    return tuple(Piece("".join(text for text, _ in run), weight) for weight, run in runs)
