"""What a training example is, whatever the skill.

It knows that many answers may share one prefix; it knows nothing of rules or of tokens.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    """A stretch of answer and how much its tokens weigh in the loss."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True)
class Branch:
    """A question behind the shared prefix, and the answer to learn. Both are raw text with special tokens."""

    question: str
    answer: tuple[Piece, ...]


@dataclass(frozen=True)
class Hint:
    """At the character `place` of the prefix, the middle layers should have the word at hand (in training only)."""

    place: int
    word: str


@dataclass(frozen=True)
class Episode:
    """A shared prefix (raw text with special tokens) and the branches that continue it, each on its own."""

    prefix: str
    branches: tuple[Branch, ...]
    hints: tuple[Hint, ...] = ()
