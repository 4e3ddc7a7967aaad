"""Three small worlds without a model, in which programs, scores and proposals are pure functions.

They exist to compare searches decision for decision, so they are made to be awkward: proposals that hurt, rules that
are forgotten, scores that tie, minibatches that are perfect. They say nothing about the quality of prompts.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from toishi.tools.gepa import Evaluate, Reflect
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.models.protocol import Reply
from toishi.tools.workbench.rollout import ModuleCall, Rollout
from toishi.tools.workbench.textgrad.reflection import CLOSING, OPENING, Record, ReflectionRequest, Request


@dataclass(frozen=True)
class Step:
    """One module's part in a rollout."""

    module: str
    inputs: Mapping[str, str]
    answer: str


@dataclass(frozen=True)
class Outcome:
    """What a candidate does with one example."""

    steps: tuple[Step, ...]
    score: float
    feedback: str


@dataclass(frozen=True)
class Bench:
    """A world: `run(texts, example)` plays the program, `propose(instruction, records)` plays the reflector."""

    name: str
    seed: Mapping[str, str]
    feedback: tuple[Example, ...]
    validation: tuple[Example, ...]
    run: Callable[[Mapping[str, str], Example], Outcome]
    propose: Callable[[str, Sequence[Record]], str]


def evaluate_on(bench: Bench) -> Evaluate:
    """The world as our search sees it: a rollout for every example."""

    async def evaluate(
        candidate: Candidate, examples: Sequence[Example], split: str, replicate: int = 0
    ) -> list[Rollout]:
        return [_rollout(candidate, example, bench.run(candidate.texts, example)) for example in examples]

    return evaluate


def reflect_on(bench: Bench) -> Reflect:
    """The world's reflector as our search sees it: its proposal between the tags."""

    async def reflect(request: Request, iteration: int) -> Reply:
        assert isinstance(request, ReflectionRequest)
        return plain_reply(f"{OPENING}\n{bench.propose(request.instruction, request.records)}\n{CLOSING}")

    return reflect


def plain_reply(text: str) -> Reply:
    """A complete reply that cost nothing."""
    return Reply(text, finish_reason="stop", prompt_tokens=0, completion_tokens=0, cost=0.0, seconds=0.0)


def _rollout(candidate: Candidate, example: Example, outcome: Outcome) -> Rollout:
    calls = tuple(ModuleCall(step.module, step.inputs, (), plain_reply(step.answer)) for step in outcome.steps)
    return Rollout(
        candidate=candidate.id,
        example=example.id,
        replicate=0,
        output=outcome.steps[-1].answer,
        score=outcome.score,
        feedback=outcome.feedback,
        calls=calls,
        tokens=0,
        cost=0.0,
        seconds=0.0,
    )


def pick(count: int, *parts: object) -> int:
    """A number below `count` that depends on `parts` only."""
    return zlib.crc32(repr(parts).encode()) % count


def apply_rules(instruction: str, message: str) -> str:
    """The label of the first rule (a line `word: label`) whose word the message holds, else `unknown`."""
    words = message.split()
    rules = (line.split(": ") for line in instruction.splitlines() if ": " in line)
    return next((label for word, label in rules if word in words), "unknown")


def add_rule(instruction: str, word: str, label: str, *, capacity: int) -> str:
    """The instruction with a rule for one word on top; the oldest rule is forgotten where there are too many."""
    heading, *rules = instruction.splitlines()
    kept = [rule for rule in rules if not rule.startswith(f"{word}: ")]
    return "\n".join([heading, f"{word}: {label}", *kept][: capacity + 1])


def learn_rule(instruction: str, records: Sequence[Record], *, capacity: int) -> str:
    """A rule out of the first record that failed: its wanted answer, for one of its words, right or wrong."""
    failed = [record for record in records if record.answer != _wanted(record)] or list(records)
    words = failed[0].inputs["message"].split()
    word = words[pick(len(words), instruction, failed[0].inputs["message"])]
    return add_rule(instruction, word, _wanted(failed[0]), capacity=capacity)


def _wanted(record: Record) -> str:
    return record.feedback.removeprefix("wanted ")


WORDS = (
    *("amber", "birch", "cedar", "dune", "ember", "fjord"),
    *("grove", "heath", "inlet", "jetty", "knoll", "lagoon"),
)
LABELS = ("north", "east", "south", "west")


def _message(number: int, words: int) -> str:
    chosen = sorted(WORDS, key=lambda word: pick(10_000, word, number))[:words]
    return " ".join(chosen)


def _label(message: str) -> str:
    """What the first word in the alphabet stands for."""
    return LABELS[WORDS.index(min(message.split())) % len(LABELS)]


def _examples(name: str, first: int, count: int, words: int) -> tuple[Example, ...]:
    messages = [_message(number, words) for number in range(first, first + count)]
    return tuple(
        Example(f"{name}-{first + place}", {"message": message}, _label(message))
        for place, message in enumerate(messages)
    )


def discovery() -> Bench:
    """One module finds out rules: the order of rules matters, and only eight fit."""

    def run(texts: Mapping[str, str], example: Example) -> Outcome:
        answer = apply_rules(texts["answer"], example.inputs["message"])
        step = Step("answer", example.inputs, answer)
        return Outcome((step,), float(answer == example.expected), f"wanted {example.expected}")

    return Bench(
        "discovery",
        {"answer": "Answer with a direction.\namber: north"},
        _examples("feedback", 0, 17, words=3),
        _examples("validation", 100, 20, words=3),
        run,
        lambda instruction, records: learn_rule(instruction, records, capacity=8),
    )


def pipeline() -> Bench:
    """Two modules in a row: the first names a topic, the second turns topics into answers; half a point for each."""
    answers = {label: label.upper()[::-1] for label in LABELS}

    def run(texts: Mapping[str, str], example: Example) -> Outcome:
        topic = apply_rules(texts["topic"], example.inputs["message"])
        answer = apply_rules(texts["answer"], topic)
        wanted = answers[example.expected]
        steps = (Step("topic", example.inputs, topic), Step("answer", {"message": topic}, answer))
        score = 0.5 * (topic == example.expected) + 0.5 * (answer == wanted)
        return Outcome(steps, score, f"wanted {wanted if topic == example.expected else example.expected}")

    return Bench(
        "pipeline",
        {"topic": "Name the topic.\namber: north\nbirch: east", "answer": "Answer by topic.\nnorth: HTRON"},
        _examples("feedback", 200, 14, words=2),
        _examples("validation", 300, 40, words=2),
        run,
        lambda instruction, records: learn_rule(instruction, records, capacity=6),
    )


def ties() -> Bench:
    """Two modules that can do the same thing: means tie, candidates come twice, and many minibatches are perfect."""

    def run(texts: Mapping[str, str], example: Example) -> Outcome:
        answers = [apply_rules(texts[module], example.inputs["message"]) for module in ("left", "right")]
        steps = tuple(Step(module, example.inputs, answers[place]) for place, module in enumerate(("left", "right")))
        score = float(example.expected in answers)
        return Outcome(steps, score, f"wanted {example.expected}")

    return Bench(
        "ties",
        {"left": "Rules.\namber: north\nbirch: east\ncedar: south", "right": "Rules.\ndune: west\nember: north"},
        _examples("feedback", 400, 11, words=1),
        _examples("validation", 500, 30, words=1),
        run,
        lambda instruction, records: learn_rule(instruction, records, capacity=3),
    )


BENCHES = (discovery, pipeline, ties)
