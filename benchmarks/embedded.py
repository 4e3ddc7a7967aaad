"""What the embedded model can do, on messages and labels that it was never trained on (Banking77).

An episode is ten intents with the right rules for some messages, or with some of the labels in the rules swapped for
wrong ones; the score is the share of messages whose answer names the expected intent. Proposals are judged as GEPA's
gate judges them: on the minibatch they were made from, strictly better or not; as a control, the same with the feedback
texts passed on to the wrong examples.
"""

import csv
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import torch
from scipy.stats import spearmanr

from benchmarks import _report
from toishi.tools.embedded import WEIGHTS
from toishi.tools.embedded.corpus import content_words, words
from toishi.tools.workbench.metrics.choice import Choice
from toishi.tools.workbench.textgrad.reflection import Record, ReflectionRejected, ReflectionRequest, parse, render

DATA = Path(str(files("toishi.assistant.demo"))) / "data" / "banking77.csv"
TASK = """Answer with the intent of the bank customer's message.
The first word of the message that stands in a rule decides."""
INTENTS = 10
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
COUNTS = (5, 10, 20, 35, 60, 80)
START = """
import sys, time
start = time.perf_counter()
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(sys.argv[1])
model.generate(**tokenizer("hello", return_tensors="pt"), max_new_tokens=1)
print(time.perf_counter() - start)
"""


@dataclass(frozen=True)
class Row:
    text: str
    label: str


class Model:
    """The weights behind transformers' own `generate`, in batches."""

    def __init__(self, folder: Path = WEIGHTS) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.written = 0
        self.seconds = 0.0

    @torch.inference_mode()
    def reply(
        self,
        chats: Sequence[list[dict[str, str]]],
        *,
        most: int,
        temperature: float = 0.0,
        seed: int = 0,
        batch: int = 20,
    ) -> list[str]:
        """The replies to the chats, without special tokens; an unfinished one ends with `…`."""
        torch.manual_seed(seed)
        sampling = {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
        replies: list[str] = []
        for i in range(0, len(chats), batch):
            texts = [
                self.tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
                for chat in chats[i : i + batch]
            ]
            given = self.tokenizer(texts, return_tensors="pt", padding=True)
            begun = time.perf_counter()
            made = self.model.generate(**given, max_new_tokens=most, **sampling)[:, given["input_ids"].shape[1] :]
            self.seconds += time.perf_counter() - begun
            self.written += int((made != self.tokenizer.pad_token_id).sum())
            for row in made:
                ended = self.tokenizer.eos_token_id in row.tolist()
                replies.append(self.tokenizer.decode(row, skip_special_tokens=True).strip() + ("" if ended else "…"))
        return replies

    def answers(self, instruction: str, messages: Sequence[str]) -> list[str]:
        chats = [
            [{"role": "system", "content": instruction}, {"role": "user", "content": message}] for message in messages
        ]
        return self.reply(chats, most=120)


@cache
def rows(split: str) -> tuple[Row, ...]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(Row(row["text"], row["label"]) for row in csv.DictReader(file) if row["split"] == split)


def drawn(rng: Random, split: str, intents: Sequence[str], count: int) -> list[Row]:
    return rng.sample([row for row in rows(split) if row.label in intents], count)


def right_rules(rng: Random, messages: Sequence[Row]) -> list[tuple[str, Row]]:
    """A keyword for each message that no other of the messages holds; messages without one are left out."""
    held = [set(words(row.text)) for row in messages]
    found = []
    for i, row in enumerate(messages):
        own = [word for word in content_words(row.text) if not any(word in held[j] for j in range(len(held)) if j != i)]
        if own:
            found.append((rng.choice(own), row))
    return found


def instruction(rules: Sequence[tuple[str, str]], otherwise: str | None) -> str:
    lines = [TASK, *(f"- {keyword}: {label}" for keyword, label in rules)]
    return "\n".join([*lines, f"Otherwise: {otherwise}"] if otherwise else lines)


def score(answers: Sequence[str], messages: Sequence[Row], intents: Sequence[str]) -> float:
    metric = Choice(intents)
    return mean(metric.named(answer) == row.label for answer, row in zip(answers, messages, strict=True))


def all_intents() -> list[str]:
    return sorted({row.label for row in rows("test")})


def obedience(model: Model, episodes: int) -> dict[str, Any]:
    """Accuracy without rules and by share of right rules, twenty messages and their rules an episode."""
    without: list[float] = []
    by_share: dict[float, list[float]] = {share: [] for share in SHARES}
    for episode in range(episodes):
        rng = Random(f"obedience/{episode}")
        intents = rng.sample(all_intents(), INTENTS)
        told = right_rules(rng, drawn(rng, "test", intents, 24))[:20]
        messages = [row for _, row in told]
        listed = f"{TASK} The intents are: {', '.join(intents)}."
        without.append(score(model.answers(listed, [row.text for row in messages]), messages, intents))
        order = rng.sample(range(len(told)), len(told))
        for share in SHARES:
            right = set(order[: round(share * len(told))])
            rules = [
                (keyword, row.label if i in right else rng.choice([name for name in intents if name != row.label]))
                for i, (keyword, row) in enumerate(told)
            ]
            rng.shuffle(rules)
            answers = model.answers(instruction(rules, rng.choice(intents)), [row.text for row in messages])
            by_share[share].append(score(answers, messages, intents))
    pairs = [(share, value) for share, values in by_share.items() for value in values]
    return {
        "accuracy_without_rules": mean(without),
        "accuracy_with_rules": mean(by_share[1.0]),
        "chance": 1 / INTENTS,
        "rank_correlation": float(spearmanr(*zip(*pairs, strict=True)).statistic),
        "accuracy_by_share_of_right_rules": {str(share): round(mean(values), 4) for share, values in by_share.items()},
    }


def by_count(model: Model, episodes: int) -> dict[str, float]:
    """Accuracy with that many rules, all right, over as many intents as the rules need; sixteen messages an episode."""
    found = {}
    for count in COUNTS:
        values = []
        for episode in range(episodes):
            rng = Random(f"count/{count}/{episode}")
            intents = rng.sample(all_intents(), max(4, count * 3 // 4))
            told = right_rules(rng, drawn(rng, "test", intents, min(3 * count, 7 * len(intents))))[:count]
            rules = [(keyword, row.label) for keyword, row in told]
            messages = [row for _, row in rng.sample(told, min(16, len(told)))]
            answers = model.answers(instruction(rules, rng.choice(intents)), [row.text for row in messages])
            values.append(score(answers, messages, intents))
        found[str(count)] = round(mean(values), 4)
    return found


def proposals(model: Model, episodes: int, size: int = 4) -> dict[str, Any]:
    """The share of proposals that raise the minibatch's score, with the feedback as it is and with it passed around."""
    requests: dict[bool, list[ReflectionRequest]] = {False: [], True: []}
    cases: list[tuple[list[Row], list[str], float]] = []
    for episode in range(episodes):
        rng = Random(f"proposals/{episode}")
        intents = rng.sample(all_intents(), INTENTS)
        metric = Choice(intents)
        known = right_rules(rng, drawn(rng, "train", intents, 30))[: rng.randint(0, 12)]
        rules = [(keyword, row.label if rng.random() < 0.8 else rng.choice(intents)) for keyword, row in known]
        text = instruction(rules, rng.choice(intents))
        batch = drawn(rng, "train", intents, size)
        answers = model.answers(text, [row.text for row in batch])
        feedback = []
        for row, answer in zip(batch, answers, strict=True):
            got = metric.named(answer)
            missing = f"expected {row.label}, but the answer names none of the choices"
            feedback.append(
                "correct" if got == row.label else missing if got is None else f"expected {row.label}, got {got}"
            )
        if all(line == "correct" for line in feedback):
            continue
        cases.append((batch, intents, score(answers, batch, intents)))
        for shuffled in (False, True):
            lines = feedback[1:] + feedback[:1] if shuffled else feedback
            records = [
                Record({"text": row.text}, answer, line)
                for row, answer, line in zip(batch, answers, lines, strict=True)
            ]
            requests[shuffled].append(ReflectionRequest("answer", text, records, max_characters=4000))
    return {
        "proposals_accepted": accepted(model, requests[False], cases),
        "proposals_accepted_shuffled": accepted(model, requests[True], cases),
        "proposals_in_form": in_form(model, requests[False]),
        "proposals": len(cases),
    }


@cache
def _replies(model: Model, prompts: tuple[str, ...]) -> tuple[str, ...]:
    chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
    return tuple(model.reply(chats, most=500, temperature=0.7, batch=16))


def proposed(model: Model, requests: Sequence[ReflectionRequest]) -> list[str | None]:
    """The instruction that each reply holds; None where it is not in form."""
    found: list[str | None] = []
    for request, reply in zip(requests, _replies(model, tuple(map(render, requests))), strict=True):
        try:
            found.append(parse(reply.removesuffix("…"), request, cut_off=reply.endswith("…")))
        except ReflectionRejected:
            found.append(None)
    return found


def accepted(
    model: Model, requests: Sequence[ReflectionRequest], cases: Sequence[tuple[list[Row], list[str], float]]
) -> float:
    gains = []
    for text, (batch, intents, before) in zip(proposed(model, requests), cases, strict=True):
        after = 0.0 if text is None else score(model.answers(text, [row.text for row in batch]), batch, intents)
        gains.append(after > before)
    return mean(gains)


def in_form(model: Model, requests: Sequence[ReflectionRequest]) -> float:
    return mean(text is not None for text in proposed(model, requests))


def speed(model: Model) -> dict[str, float]:
    """Tokens written a second: one reply alone, and sixteen at once, behind a prompt of ten rules."""
    rng = Random("speed")
    intents = rng.sample(all_intents(), INTENTS)
    told = right_rules(rng, drawn(rng, "train", intents, 20))[:10]
    text = instruction([(keyword, row.label) for keyword, row in told], intents[0])
    request = ReflectionRequest("answer", text, [Record({"text": told[0][1].text}, "none", "correct")], 4000)
    chat = [{"role": "user", "content": render(request)}]
    found = {}
    for name, count in (("tokens_per_second_alone", 1), ("tokens_per_second", 16)):
        model.reply([chat], most=4)
        model.written, model.seconds = 0, 0.0
        model.reply([chat] * count, most=120, batch=count)
        found[name] = round(model.written / model.seconds, 1)
    return found


def start_up() -> float:
    """Seconds in a fresh process from the first import to the first token; the better of two."""
    taken = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", START, str(WEIGHTS)], check=True, capture_output=True, text=True)
        taken.append(float(done.stdout))
    return round(min(taken), 2)


def megabytes() -> float:
    return round(sum(file.stat().st_size for file in WEIGHTS.rglob("*") if file.is_file()) / 1e6, 2)


def measure(quick: bool) -> Mapping[str, object]:
    model = Model()
    _report.say("following rules…")
    figures = obedience(model, 8 if quick else 40)
    figures["accuracy_by_number_of_rules"] = by_count(model, 4 if quick else 20)
    _report.say("writing rules…")
    figures |= proposals(model, 30 if quick else 200)
    _report.say("speed…")
    figures |= speed(model)
    figures["startup_seconds"] = start_up()
    figures["megabytes"] = megabytes()
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


if __name__ == "__main__":
    chosen = _report.options("What the embedded model can do, on held-out messages and labels.")
    _report.report(measure(chosen.quick), chosen)
