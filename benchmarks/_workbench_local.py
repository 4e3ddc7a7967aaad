"""The local engine's tokens a second, with and without reuse of prefixes, against plain `generate` of transformers.

All arms answer the same prompts (one long instruction, different messages) greedily with the embedded weights; they
take turns. Plain `generate` is asked prompt by prompt, and once with all of them in one padded batch.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from toishi.tools.embedded import WEIGHTS
from toishi.tools.workbench.models.local.model import LocalModel
from toishi.tools.workbench.models.local.network import quiet
from toishi.tools.workbench.models.protocol import Message, Reply, Request, Sampling

MAX_TOKENS = 24
TURNS = 3
WORDS = ("card", "pin", "phone", "fee", "rate", "limit")
RULES = "\n".join(f"- {word}: label_{number}" for number, word in enumerate(WORDS))
INSTRUCTION = f"Answer with the intent of the message.\n\n{RULES * 6}\nOtherwise: label_0"


def requests_of(prompts: int) -> list[Request]:
    """One request for each message."""
    return [
        Request(
            "embedded/mini",
            (Message("system", INSTRUCTION), Message("user", f"My card number {number} has not come yet, what now?")),
            Sampling(max_tokens=MAX_TOKENS),
        )
        for number in range(prompts)
    ]


def speed(tokens: int, seconds: float) -> float:
    return tokens / seconds


def engine_speed(requests: list[Request], *, reuse_prefixes: bool) -> float:
    """Tokens a second of replies, all requests at once; loading does not count."""

    async def work() -> float:
        model = LocalModel("embedded/mini", str(WEIGHTS), reuse_prefixes=reuse_prefixes)
        await model.generate(requests[0])
        start = time.perf_counter()
        replies: list[Reply] = await asyncio.gather(*map(model.generate, requests[1:]))
        seconds = time.perf_counter() - start
        await model.close()
        return speed(sum(reply.completion_tokens for reply in replies), seconds)

    return asyncio.run(work())


class Plain:
    """transformers' own way, with the threads that suit a model of this size."""

    def __init__(self) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        with quiet():
            self.tokenizer = AutoTokenizer.from_pretrained(WEIGHTS, padding_side="left")
            self.model: Any = AutoModelForCausalLM.from_pretrained(WEIGHTS, dtype=torch.float32)

    def speed(self, requests: list[Request], *, at_once: int) -> float:
        """Tokens a second of replies, so many prompts in one padded batch."""
        texts = [
            self.tokenizer.apply_chat_template(
                [message.fields() for message in request.messages], tokenize=False, add_generation_prompt=True
            )
            for request in requests[1:]
        ]
        tokens, start = 0, time.perf_counter()
        with torch.inference_mode():
            for first in range(0, len(texts), at_once):
                batch = self.tokenizer(
                    texts[first : first + at_once], return_tensors="pt", padding=True, add_special_tokens=False
                )
                batch.pop("token_type_ids", None)
                output = self.model.generate(**batch, max_new_tokens=MAX_TOKENS, do_sample=False)
                replies = output[:, batch["input_ids"].shape[1] :]
                # What follows a reply's end is padding.
                ends = (replies == self.model.generation_config.eos_token_id).int().cumsum(1)
                tokens += int((ends - (replies == self.model.generation_config.eos_token_id).int() == 0).sum())
        return speed(tokens, time.perf_counter() - start)


def measure(prompts: int) -> dict[str, object]:
    """Medians of tokens a second, and their ratios."""
    torch.set_num_threads(1)
    requests, plain = requests_of(prompts + 1), Plain()
    arms: dict[str, Callable[[], float]] = {
        "with_reuse": lambda: engine_speed(requests, reuse_prefixes=True),
        "without_reuse": lambda: engine_speed(requests, reuse_prefixes=False),
        "generate_one_by_one": lambda: plain.speed(requests, at_once=1),
        "generate_in_one_batch": lambda: plain.speed(requests, at_once=prompts),
    }
    taken: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(TURNS):
        for name, arm in arms.items():
            taken[name].append(arm())
    median = {name: statistics.median(values) for name, values in taken.items()}
    return {
        "prefix_reuse_speedup": round(median["with_reuse"] / median["without_reuse"], 2),
        "batching_speedup": round(median["without_reuse"] / median["generate_one_by_one"], 2),
        "against_one_batch_speedup": round(median["with_reuse"] / median["generate_in_one_batch"], 2),
        "tokens_per_second": {name: round(value) for name, value in median.items()},
    }
