"""The opening lines of an instruction, drawn from a pool."""

from collections.abc import Sequence
from random import Random

from toishi.tools.embedded.rules import listed

TASKS = (
    "Answer with the intent of the bank customer's message.",
    "Answer with the intent of the message.",
    "Name the intent of the customer's message.",
    "Classify the message.",
    "Classify the support ticket.",
    "Sort the text into one of the categories.",
    "Answer with one label.",
    "You label messages.",
    "You are a careful assistant for support messages.",
    "Decide which team gets the message.",
    "Read the message and name its topic.",
    "Say what the user wants.",
    "Pick the label that fits the text.",
    "Route the request to the right queue.",
    "Tell the category of the text below.",
    "What is this message about?",
    "Label the customer's question.",
    "Give the intent.",
)
HOWS = (
    "The first word of the message that stands in a rule decides.",
    "Read the message until a word has a rule.",
    "Quote the message up to the word that decides, then the label.",
    "Answer with the words read and the label.",
    "Follow these rules.",
    "Rules:",
    "The rules, in order:",
    "If a word below is in the message, answer with its label.",
    "Answer with the label only.",
    "Be brief.",
    "Reply with nothing else.",
    "Each line names a word and the label that it means.",
)
LISTS = (
    "The labels are: {}.",
    "The intents are: {}.",
    "Choose one of: {}.",
    "Labels: {}",
    "Possible answers: {}.",
    "Choices: {}.",
)


def header(rng: Random, labels: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Header lines and the labels that they list; the lines may be none."""
    parts = [rng.choice(TASKS)] if rng.random() < 0.88 else []
    if rng.random() < 0.6:
        parts.append(rng.choice(HOWS))
    choices: tuple[str, ...] = ()
    if rng.random() < 0.2 and len(labels) <= 24:
        choices = tuple(rng.sample(list(labels), len(labels)))
        parts.append(rng.choice(LISTS).format(listed(choices)))
    if rng.random() < 0.6:
        parts = [" ".join(parts)] if parts else []
    if parts and rng.random() < 0.15:
        parts.append("")
    return tuple(parts), choices
