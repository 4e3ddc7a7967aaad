"""From episodes to tensors: tokens, positions, who may look at whom, and what is to be predicted.

It knows tokens and shapes, and which skills a step trains; a batch depends on (seed, step) alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer

from toishi.tools.embedded import corpus, follow, write
from toishi.tools.embedded.episodes import Episode

STEP = 32
"""Lengths are multiples of this: few shapes recur, and compiled kernels with them."""


@dataclass(frozen=True)
class Encoded:
    """One episode: by token its id, position, segment (0 the prefix, then the branches) and predecessors."""

    tokens: list[int]
    positions: list[int]
    segments: list[int]
    before: tuple[list[int], list[int]]
    at: list[int]
    targets: list[int]
    weights: list[float]
    hinted: list[int]
    hints: list[int]


@dataclass(frozen=True)
class Batch:
    """Arguments of `architecture.branched_loss`, in its order."""

    tokens: torch.Tensor  # (rows, length)
    positions: torch.Tensor  # (rows, length)
    mask: torch.Tensor  # (rows, 1, length, length), true where a token may look
    before: torch.Tensor  # (2, rows, length)
    at: torch.Tensor  # (predicted,), flat places
    targets: torch.Tensor  # (predicted,)
    weights: torch.Tensor  # (predicted,)
    hinted: torch.Tensor  # (hints,), flat places
    hints: torch.Tensor  # (hints,), the token to have at hand there

    def tensors(self) -> tuple[torch.Tensor, ...]:
        return (
            self.tokens,
            self.positions,
            self.mask,
            self.before,
            self.at,
            self.targets,
            self.weights,
            self.hinted,
            self.hints,
        )


def encode(tokenizer: Tokenizer, episode: Episode) -> Encoded:
    """Lay out an episode as its prefix followed by every branch."""
    tokens: list[int] = []
    hinted: list[int] = []
    hints: list[int] = []
    done = 0
    for hint in episode.hints:
        tokens += tokenizer.encode(episode.prefix[done : hint.place]).ids
        hinted.append(len(tokens))
        hints.append(tokenizer.encode(" " + hint.word.lower()).ids[0])
        done = hint.place
    tokens += tokenizer.encode(episode.prefix[done:]).ids
    start = len(tokens)
    positions, segments = list(range(start)), [0] * start
    one, two = [i - 1 for i in range(start)], [i - 2 for i in range(start)]
    at: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    for number, branch in enumerate(episode.branches, 1):
        ids = tokenizer.encode(branch.question).ids
        loss = [0.0] * len(ids)
        for piece in branch.answer:
            new = tokenizer.encode(piece.text).ids
            ids, loss = ids + new, loss + [piece.weight] * len(new)
        first = len(tokens)
        for i, weight in enumerate(loss):
            if weight and i:
                at.append(first + i - 1)
                targets.append(ids[i])
                weights.append(weight)
        one += [first + i - 1 if i else start - 1 for i in range(len(ids))]
        two += [first + i - 2 if i > 1 else start - 2 + i for i in range(len(ids))]
        positions += range(start, start + len(ids))
        segments += [number] * len(ids)
        tokens += ids
    return Encoded(tokens, positions, segments, (one, two), at, targets, weights, hinted, hints)


def collate(rows: list[Encoded], length: int | None = None) -> Batch:
    """Pad to the longest row (or to `length`) and stack."""
    longest = length or -(-max(len(row.tokens) for row in rows) // STEP) * STEP
    tokens = torch.zeros(len(rows), longest, dtype=torch.long)
    positions = torch.zeros(len(rows), longest, dtype=torch.long)
    segments = torch.full((len(rows), longest), -1)
    before = torch.full((2, len(rows), longest), longest)
    at: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    hinted: list[int] = []
    hints: list[int] = []
    for i, row in enumerate(rows):
        n = len(row.tokens)
        tokens[i, :n] = torch.tensor(row.tokens)
        positions[i, :n] = torch.tensor(row.positions)
        segments[i, :n] = torch.tensor(row.segments)
        for j in (0, 1):
            places = torch.tensor(row.before[j])
            before[j, i, :n] = torch.where(places < 0, longest, places)
        at += [i * longest + place for place in row.at]
        targets += row.targets
        weights += row.weights
        hinted += [i * longest + place for place in row.hinted]
        hints += row.hints
    same = segments[:, None, :] == segments[:, :, None]
    shared = (segments == 0)[:, None, :] & (segments >= 0)[:, :, None]
    mask = (same | shared) & torch.ones(longest, longest, dtype=torch.bool).tril()
    return Batch(
        tokens,
        positions,
        mask[:, None],
        before,
        torch.tensor(at),
        torch.tensor(targets),
        torch.tensor(weights, dtype=torch.float32),
        torch.tensor(hinted, dtype=torch.long),
        torch.tensor(hints, dtype=torch.long),
    )


def fill(tokenizer: Tokenizer, make: Callable[[], Episode], budget: int, longest: int) -> Batch:
    """As many episodes as fit in `budget` tokens once padded; those over `longest` are left out."""
    rows: list[Encoded] = []
    width = 0
    while True:
        row = encode(tokenizer, make())
        if len(row.tokens) > longest:
            continue
        width = max(width, -(-len(row.tokens) // STEP) * STEP)
        if rows and width * (len(rows) + 1) > budget:
            return collate(rows)
        rows.append(row)


@dataclass(frozen=True)
class Plan:
    """What a step trains: the copying exercise; then follow, at first on short messages; then both skills, harder."""

    copy_steps: int = 400
    follow_from: int = 400
    short_until: int = 1500
    write_from: int = 1600
    write_hardest_from: int = 4400
    hardest_from: int = 4000
    budget: int = 4096
    longest: int = 1400
    write_share: float = 0.55
    crowded_share: float = 0.5  # of the write steps: many examples and few rules, to learn to choose words

    def batch(self, tokenizer: Tokenizer, seed: int, step: int) -> Batch:
        rng = Random(f"{seed}/{step}")
        make = self.maker(rng, step)
        return fill(tokenizer, make, self.budget, self.longest)

    def maker(self, rng: Random, step: int) -> Callable[[], Episode]:
        """What draws the episodes of a step; their sizes are alike, so that little is lost to padding."""
        if step < self.copy_steps:
            known = corpus.vocabulary()
            return lambda: follow.copying(rng, known, rng.randint(3, 30))
        if step >= self.write_from and rng.random() < self.write_share:
            if rng.random() < self.crowded_share:
                few = rng.randint(0, 3)
                return lambda: write.episode(rng, few, examples=rng.randint(6, 16))
            rules = sizes(rng, 0, 3 + 33 * ramp(step, self.write_from, self.write_hardest_from), power=2.4)
            return lambda: write.episode(rng, rules)
        hard = ramp(step, self.follow_from, self.hardest_from)
        rules = sizes(rng, 1, 3 + 42 * hard, rare=90 if hard == 1.0 else None)
        branches = 6 if rules < 12 else 10
        if step < self.short_until and rng.random() < 0.7:
            fillers = round(12 * ramp(step, self.follow_from, self.short_until))
            return lambda: follow.episode(rng, rules, branches, fillers=fillers)
        return lambda: follow.episode(rng, rules, branches)


def ramp(step: int, start: int, end: int) -> float:
    """0 until `start`, 1 from `end`, straight in between."""
    return min(1.0, max(0.0, (step - start) / (end - start)))


def sizes(rng: Random, least: int, most: float, rare: int | None = None, power: float = 1.6) -> int:
    """How many rules the episodes of a batch have: small numbers are likelier than large ones."""
    if rare is not None and rng.random() < 0.03:
        return rng.randint(round(most), rare)
    return round(least + (most - least) * math.pow(rng.random(), power))
