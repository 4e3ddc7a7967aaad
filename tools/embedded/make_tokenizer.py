"""Trains the tokenizer on the corpus and on the constant text that the model will read."""

from random import Random

from tokenizers import Tokenizer

from toishi.tools.embedded import corpus, tokenizer, worlds
from toishi.tools.embedded.headers import LISTS, TASKS
from toishi.tools.workbench.textgrad.reflection import TASK

HOWS = (
    "The first rule whose word the message mentions decides.",
    "Use the first rule that matches.",
    "Quote the word that decided, then the label.",
    "Answer with the word that decides and the label.",
    "Follow these rules.",
    "Rules:",
    "The rules, in order:",
    "If a word below is in the message, answer with its label.",
    "Answer with the label only.",
    "Be brief.",
    "Reply with nothing else.",
    "Each line names a word and the label that it means.",
)
"""Sentences about rules; fixed here, since other texts would give another vocabulary."""


def texts(seed: int = 0) -> list[str]:
    """The corpus, labels drawn as in training, and the constant texts many times over."""
    rng = Random(seed)
    constant = [TASK, *TASKS, *HOWS, *LISTS, "Otherwise: none\nguess: none\notherwise: none"]
    constant += [
        "Module: answer. Length: 0 of at most 0 characters. Must keep: {text}.",
        "Rejected edit:",
        "(no change)",
    ]
    constant += [
        "Example:\ntext: query message question\nanswer: none\nfeedback: correct",
        "Message: Text: Input: text:",
    ]
    constant += ["expected x, got y", "expected x, but the answer names none of the choices"]
    constant += ['- If the message mentions "x" or "y", answer z.\n- x or y -> z']
    labels = [label for _ in range(40) for label in worlds.draw(rng, 20).labels]
    clinc = [text for messages in corpus.intents().values() for text in messages]
    return [
        *(" " + text for text in corpus.everything() + tuple(clinc) * 3),
        *(" " + label for label in labels),
        *([" " + c for c in constant] * 60),
    ]


def main_tokenizer(vocabulary: int = 2048) -> Tokenizer:
    return tokenizer.train(texts(), vocabulary)
