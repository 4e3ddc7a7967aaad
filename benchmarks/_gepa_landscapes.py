"""Five worlds of rules to discover, in which the true quality of every instruction is known exactly.

An instruction holds rules ("Mind the late parcel."), and an example is of one of five kinds. The rules that stand there
make up the chance of success on each kind; an example succeeds where its own difficulty, or now and then luck, lies
below that chance. The feedback on a failure names a rule that would have helped, or misleads; the reflector takes it up
or writes down something useless. So the true score of an instruction, the mean of its chances, is a sum, and how good
a search is can be told without an error of measurement. None of this says anything about real models.

Everything is a function of (seed, instruction, example, replicate), so that no order of work changes an answer.
"""

import hashlib
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from toishi.tools.workbench.example import Example

KINDS = ("parcels", "refunds", "accounts", "cards", "fees")
NAMES = tuple(
    f"{how} {what}"
    for how, what in product(
        ("late", "lost", "blank", "double", "foreign", "frozen", "partial", "stale"),
        ("address", "balance", "code", "limit", "order", "payment", "receipt", "transfer"),
    )
)
SEED_TEXT = "Answer the message."
BASE, LOWEST, HIGHEST = 0.35, 0.02, 0.98
FEEDBACK_ROWS = 60
RIGHT, WRONG = "right", "wrong"
REVEALED = re.compile(r"the (\w+ \w+) was overlooked")
WRITTEN = re.compile(r"Mind the (\w+ \w+)\.|\(draft (\d+)\)")


@dataclass(frozen=True)
class Effect:
    """What holds where all `names` stand in an instruction: what it adds to the chance of success, by kind."""

    names: frozenset[str]
    gains: tuple[float, ...]


@dataclass(frozen=True)
class Reading:
    """An instruction as it is understood: its rules in their order, its draft, and the chance of success by kind."""

    names: tuple[str, ...]
    draft: int
    chances: tuple[float, ...]


@dataclass(frozen=True)
class World:
    """One landscape for one seed.

    `useful` rules may be revealed; `useless` ones do nothing or harm. `misleads` is the share of failures on which the
    feedback names a useless one, `reveals` the chance that the reflector takes up what feedback names, and `heeds` that
    it writes anything about a failure at all. `luck` is the share of rollouts that luck decides, drawn anew for every
    instruction, and with `fresh` for every replicate. An instruction keeps at most `capacity` rules.
    """

    name: str
    seed: int
    feedback: tuple[Example, ...]
    validation: tuple[Example, ...]
    effects: tuple[Effect, ...]
    useful: tuple[str, ...]
    useless: tuple[str, ...]
    misleads: float = 0.0
    luck: float = 0.15
    fresh: bool = False
    reveals: float = 0.5
    heeds: float = 0.6
    capacity: int = 24

    def true_score(self, text: str) -> float:
        """The chance of success on an example of a random kind and difficulty: exact, from 0 to 1."""
        return sum(self._read(text).chances) / len(KINDS)

    def answer(self, text: str, message: str, replicate: int = 0) -> str:
        """What the model says under an instruction, which may stand inside a longer text: `RIGHT`, or what it lacks."""
        reading, kind = self._read(text), KINDS.index(message.rsplit(" ", 1)[1])
        drawn = (self.name, self.seed, message, reading.names, reading.draft, *((replicate,) if self.fresh else ()))
        lucky = chance("is it luck", *drawn) < self.luck
        needed = chance("luck", *drawn) if lucky else chance("difficulty", self.name, self.seed, message)
        if needed < reading.chances[kind]:
            return RIGHT
        lacking = [name for name in self.useful if name not in reading.names and self._may_help(name, kind)]
        if chance("misleads", *drawn) < self.misleads:
            lacking = [name for name in self.useless if name not in reading.names]
        return f"{WRONG}: {lacking[int(chance('names', *drawn) * len(lacking))]}" if lacking else WRONG

    def evaluate(self, text: str, example: Example, replicate: int = 0) -> tuple[float, str]:
        """Score and feedback of one rollout."""
        return judge(self.answer(text, example.inputs["message"], replicate))

    def propose(self, text: str, feedback: str, draw: object) -> str:
        """The reflector's new instruction from an old one and all the feedback shown; `draw` tells samples apart."""
        reading = self._read(text)
        rng = random.Random(repr((self.name, self.seed, reading.names, reading.draft, feedback, draw)))
        names, revealed = list(reading.names), REVEALED.findall(feedback)
        for place, name in enumerate(revealed or [""]):
            if place == 0 or rng.random() < self.heeds:
                wild = rng.choice(self.useless)
                added = name if name and rng.random() < self.reveals else wild
                if added not in names:
                    names.append(added)
        # Longer instructions lose a rule more often when they are rewritten.
        if names and rng.random() < len(names) / (2 * self.capacity):
            names.remove(rng.choice(names))
        return instruction(names[-self.capacity :], rng.randrange(1, 10**6))

    def _may_help(self, name: str, kind: int) -> bool:
        return any(name in effect.names and effect.gains[kind] > 0 for effect in self.effects)

    def _read(self, text: str) -> Reading:
        if text not in self._readings:
            written = WRITTEN.findall(text)
            names = tuple(name for name, _ in written if name)
            drafts = [int(draft) for _, draft in written if draft]
            self._readings[text] = Reading(names, drafts[0] if drafts else 0, self._chances(frozenset(names)))
        return self._readings[text]

    def _chances(self, names: frozenset[str]) -> tuple[float, ...]:
        standing = [effect.gains for effect in self.effects if effect.names <= names]
        return tuple(min(max(BASE + sum(gains), LOWEST), HIGHEST) for gains in zip(*standing, _nothing(), strict=True))

    @cached_property
    def _readings(self) -> dict[str, Reading]:
        return {}


def judge(answer: str) -> tuple[float, str]:
    """Score and feedback for an answer."""
    verdict, _, name = answer.partition(": ")
    if verdict == RIGHT:
        return 1.0, "Right."
    return 0.0, f"Wrong: the {name} was overlooked." if name else "Wrong, and nothing tells why."


def instruction(names: Sequence[str], draft: int = 0) -> str:
    """The text with these rules; drafts other than the seed's are numbered, since a model words nothing twice alike."""
    heading = f"{SEED_TEXT} (draft {draft})" if draft else SEED_TEXT
    return "\n".join([heading, *(f"- Mind the {name}." for name in names)])


def chance(*parts: object) -> float:
    """A number in [0, 1) that depends on `parts` only."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest(), "big") / 2**64


def few_strong(seed: int, validation: int = 100) -> World:
    """Five rules, each of which nearly solves one kind."""
    rng, names = _named("few_strong", seed)
    effects = [_effect([name], [kind], 0.58) for kind, name in enumerate(names[:5])]
    return _world("few_strong", seed, validation, effects, names[:5], names[5:23], _harm(rng, names[17:23]))


def many_weak(seed: int, validation: int = 100) -> World:
    """Twenty-five rules, five for each kind, each worth 0.12 there."""
    rng, names = _named("many_weak", seed)
    effects = [_effect([name], [place % len(KINDS)], 0.12) for place, name in enumerate(names[:25])]
    harm = _harm(rng, names[37:43])
    return _world("many_weak", seed, validation, effects, names[:25], names[25:43], harm, capacity=40)


def interacting(seed: int, validation: int = 100) -> World:
    """Five pairs that help only together, and two rules that help alone and undo each other."""
    rng, names = _named("interacting", seed)
    effects: list[Effect] = []
    for kind in range(len(KINDS)):
        pair = names[2 * kind : 2 * kind + 2]
        effects += [_effect([name], [kind], 0.04) for name in pair]
        effects += [_effect(pair, [kind], 0.34), _effect(pair, [(kind + 1) % len(KINDS)], 0.12)]
    first, second = names[10:12]
    effects += [
        _effect([first], [0, 1], 0.2),
        _effect([second], [2, 3], 0.2),
        _effect([first, second], [0, 1, 2, 3], -0.4),
    ]
    return _world("interacting", seed, validation, effects, names[:12], names[12:30], _harm(rng, names[24:30]))


def misleading(seed: int, validation: int = 100) -> World:
    """Ten rules, two for each kind; half of the feedback names a rule that is of no use, many of which harm."""
    rng, names = _named("misleading", seed)
    effects = [_effect([name], [place % len(KINDS)], 0.29) for place, name in enumerate(names[:10])]
    harm = _harm(rng, names[16:28])
    return _world("misleading", seed, validation, effects, names[:10], names[10:28], harm, misleads=0.5)


def noisy(seed: int, validation: int = 100) -> World:
    """Ten rules, two for each kind; luck decides half of all rollouts, anew each time."""
    rng, names = _named("noisy", seed)
    effects = [_effect([name], [place % len(KINDS)], 0.29) for place, name in enumerate(names[:10])]
    return _world(
        "noisy", seed, validation, effects, names[:10], names[10:28], _harm(rng, names[22:28]), luck=0.5, fresh=True
    )


LANDSCAPES: tuple[Callable[..., World], ...] = (few_strong, many_weak, interacting, misleading, noisy)


def _named(landscape: str, seed: int) -> tuple[random.Random, list[str]]:
    """The landscape's own draws, and all names in their order for this seed."""
    rng = random.Random(f"{landscape}/{seed}")
    return rng, rng.sample(NAMES, len(NAMES))


def _effect(names: Iterable[str], kinds: Iterable[int], gain: float) -> Effect:
    chosen = set(kinds)
    return Effect(frozenset(names), tuple(gain if kind in chosen else 0.0 for kind in range(len(KINDS))))


def _harm(rng: random.Random, names: Iterable[str]) -> list[Effect]:
    """Each of these rules costs 0.12 on two kinds."""
    return [_effect([name], rng.sample(range(len(KINDS)), 2), -0.12) for name in names]


def _world(
    name: str,
    seed: int,
    validation: int,
    effects: Sequence[Effect],
    useful: Sequence[str],
    useless: Sequence[str],
    harm: Sequence[Effect],
    *,
    misleads: float = 0.0,
    luck: float = 0.15,
    fresh: bool = False,
    capacity: int = 24,
) -> World:
    rows = tuple(
        Example(f"{name}-{seed}-{number}", {"message": f"message {number} about {KINDS[number % len(KINDS)]}"}, RIGHT)
        for number in range(FEEDBACK_ROWS + validation)
    )
    return World(
        name=name,
        seed=seed,
        feedback=rows[:FEEDBACK_ROWS],
        validation=rows[FEEDBACK_ROWS:],
        effects=(*effects, *harm),
        useful=tuple(useful),
        useless=tuple(useless),
        misleads=misleads,
        luck=luck,
        fresh=fresh,
        capacity=capacity,
    )


def _nothing() -> tuple[float, ...]:
    return (0.0,) * len(KINDS)
