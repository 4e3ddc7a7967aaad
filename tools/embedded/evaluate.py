"""How good the model is on a data set it never saw: messages and labels from a csv of `text,label` rows.

It knows the teacher's episodes and how to read the model's choices off one forward pass: an answer is exact when each
of its tokens is the model's first choice, which is what greedy decoding would write.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import torch
from tokenizers import Tokenizer

from toishi.tools.embedded import architecture, batches, follow, write
from toishi.tools.embedded.episodes import Episode
from toishi.tools.embedded.worlds import World

if TYPE_CHECKING:
    from transformers import Lfm2ForCausalLM


def read(path: Path) -> dict[str, tuple[str, ...]]:
    """Messages by label from a csv with the columns `text` and `label`."""
    found: dict[str, list[str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["label"], []).append(" ".join(row["text"].split()))
    return {label: tuple(texts) for label, texts in found.items()}


def some_labels(rng: Random, messages: dict[str, tuple[str, ...]], labels: int) -> World:
    """A world of that many labels and all their messages."""
    return World({label: messages[label] for label in rng.sample(sorted(messages), labels)}, {})


def episodes(path: Path, count: int, seed: int = 0) -> tuple[list[Episode], list[Episode]]:
    """Held-out episodes for follow and for write, 10 to 35 rules over 10 labels."""
    messages = read(path)
    obey, improve = [], []
    for i in range(count):
        rng = Random(f"held out/{seed}/{i}")
        obey.append(follow.episode(rng, rng.randint(8, 35), 8, some_labels(rng, messages, 10)))
        improve.append(write.episode(rng, rng.randint(0, 25), some_labels(rng, messages, 10)))
    return obey, improve


@torch.no_grad()
def choices(model: "Lfm2ForCausalLM", tokenizer: Tokenizer, told: Sequence[Episode]) -> list[list[tuple[bool, float]]]:
    """For each answer of each episode: per token, whether the model would have chosen it, and its weight."""
    found = []
    for start in range(0, len(told), 4):
        batch = batches.collate([batches.encode(tokenizer, episode) for episode in told[start : start + 4]])
        hidden, _ = architecture.branched_hidden(model, batch.tokens, batch.positions, batch.mask, batch.before)
        picked = model.lm_head(hidden.reshape(-1, hidden.shape[-1])[batch.at]).argmax(-1) == batch.targets
        answer: list[tuple[bool, float]] = []
        for right, weight, target in zip(picked.tolist(), batch.weights.tolist(), batch.targets.tolist(), strict=True):
            answer.append((right, weight))
            if target == model.config.eos_token_id:
                found.append(answer)
                answer = []
    return found


def measure(
    model: "Lfm2ForCausalLM", tokenizer: Tokenizer, held_out: tuple[list[Episode], list[Episode]]
) -> dict[str, float]:
    """Exact answers of follow; of write the copied tokens that are right and the replies copied without a slip."""
    model.eval()
    obeyed = choices(model, tokenizer, held_out[0])
    written = choices(model, tokenizer, held_out[1])
    model.train()
    copied = [[right for right, weight in answer if weight < 1] for answer in written]
    new = [right for answer in written for right, weight in answer if weight == 1]
    return {
        "follow_exact": share([all(right for right, _ in answer) for answer in obeyed]),
        "write_copied_tokens": share([right for answer in copied for right in answer]),
        "write_copied_replies": share([all(answer) for answer in copied]),
        "write_new_tokens": share(new),
    }


def share(values: Sequence[bool]) -> float:
    return round(sum(values) / max(1, len(values)), 4)
