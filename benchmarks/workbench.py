"""What the workbench itself costs: per rollout and per call, at a million rows, and in the local engine.

Rollouts and calls go to a model that answers at once, so all the time is overhead: prompting, cache, budget, journal,
metric. dspy's `Evaluate` runs the same rows through the same kind of model in the same process, and so does litellm
alone, with a custom provider; each takes its turn in every repetition. The journal is measured with a million rollouts
in it, the local engine against plain `generate` of transformers on the same prompts with the same weights.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks import _report
from benchmarks import _workbench_journal as million
from benchmarks import _workbench_local as local
from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.metrics.exact import Exact
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Listener, Message, Reply, Request, Sampling
from toishi.tools.workbench.program import prompt_program
from toishi.tools.workbench.rollouts import RolloutRunner

IN_FLIGHT = 32
MODEL = "instant/echo"
INSTRUCTION = "Answer with the text that you are given, and with nothing else. " * 8


class InstantModel:
    """Repeats the last message at once."""

    name = MODEL

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        return Reply(request.messages[-1].content, "stop", 100, 10, 0.0, 0.0)

    def count_tokens(self, request: Request) -> int:
        return 100

    def price(self) -> tuple[float, float]:
        return 0.0, 0.0

    async def close(self) -> None:
        return


def examples_of(rows: int) -> list[Example]:
    """Different short texts, each of which is its own answer."""
    return [Example(str(number), {"text": f"text number {number}"}, f"text number {number}") for number in range(rows)]


def gateway_of(journal: Journal, budget: Budget) -> Gateway:
    return Gateway({MODEL: InstantModel()}, journal=journal, budget=budget, run="r-1", concurrency=IN_FLIGHT)


def seconds_of_rollouts(rows: int) -> float:
    """Wall seconds for so many rollouts, journal and all."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.open(Path(folder))
        budget = Budget(Limits())
        runner = RolloutRunner(
            prompt_program(INSTRUCTION),
            Exact(),
            gateway_of(journal, budget),
            journal,
            budget,
            run="r-1",
            model=MODEL,
            sampling=Sampling(),
            seed=0,
        )
        start = time.perf_counter()
        rollouts = asyncio.run(runner.run(Candidate({"prompt": INSTRUCTION}), examples_of(rows), split="validation"))
        taken = time.perf_counter() - start
        journal.close()
    assert sum(rollout.score for rollout in rollouts) == rows
    return taken


def seconds_of_calls(rows: int) -> float:
    """Wall seconds for so many model calls through the gateway, each journalled."""

    async def work(gateway: Gateway) -> None:
        requests = [Request(MODEL, (Message("user", f"text number {number}"),)) for number in range(rows)]
        await gateway.call_many("bench", requests)

    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.open(Path(folder))
        start = time.perf_counter()
        asyncio.run(work(gateway_of(journal, Budget(Limits()))))
        taken = time.perf_counter() - start
        journal.close()
    return taken


def seconds_of_dspy(rows: int) -> float:
    """Wall seconds for dspy's `Evaluate` on the same rows, its cache off: every row is new, as it is for ours."""
    import dspy

    class InstantLM(dspy.BaseLM):  # type: ignore[misc]
        def forward(self, prompt: str | None = None, messages: object = None, **_: object) -> object:
            from litellm import ModelResponse

            said = str(messages[-1]["content"])  # type: ignore[index]
            text = said.split("[[ ## text ## ]]\n", 1)[1].split("\n", 1)[0]
            content = f"[[ ## answer ## ]]\n{text}\n\n[[ ## completed ## ]]"
            usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
            return ModelResponse(choices=[{"message": {"role": "assistant", "content": content}}], usage=usage)

    dspy.configure(lm=InstantLM(model=MODEL))
    predict = dspy.Predict(dspy.Signature("text -> answer", INSTRUCTION))
    devset = [
        dspy.Example(text=row.inputs["text"], answer=row.expected).with_inputs("text") for row in examples_of(rows)
    ]

    def metric(example: object, prediction: object, trace: object = None) -> float:
        return float(example.answer == prediction.answer)  # type: ignore[attr-defined]

    evaluate = dspy.Evaluate(devset=devset, metric=metric, num_threads=IN_FLIGHT, display_progress=False)
    start = time.perf_counter()
    result = evaluate(predict)
    taken = time.perf_counter() - start
    assert result.score == 100.0, result.score
    return taken


def seconds_of_litellm(rows: int) -> float:
    """Wall seconds for as many calls of litellm alone, to a custom provider that answers at once."""
    import litellm
    from litellm import ModelResponse
    from litellm.llms.custom_llm import CustomLLM

    class Instant(CustomLLM):
        async def acompletion(self, *_: object, messages: list[dict[str, str]], **__: object) -> ModelResponse:  # type: ignore[override]
            content = messages[-1]["content"]
            return ModelResponse(choices=[{"message": {"role": "assistant", "content": content}}])

    litellm.custom_provider_map = [{"provider": "instant", "custom_handler": Instant()}]

    async def work() -> None:
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def call(number: int) -> None:
            async with slots:
                await litellm.acompletion(MODEL, messages=[{"role": "user", "content": f"text number {number}"}])

        await asyncio.gather(*map(call, range(rows)))

    start = time.perf_counter()
    asyncio.run(work())
    return time.perf_counter() - start


def medians(works: Sequence[Callable[[int], float]], rows: int, repetitions: int) -> Iterable[float]:
    """Median seconds of each, which take turns; the first round, which loads and compiles, does not count."""
    taken: list[list[float]] = [[] for _ in works]
    for repetition in range(repetitions + 1):
        for work, seconds in zip(works, taken, strict=True):
            one = work(rows)
            if repetition:
                seconds.append(one)
    return map(statistics.median, taken)


def measure(*, quick: bool) -> dict[str, object]:
    """All figures."""
    os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True")
    rows, repetitions = (500, 3) if quick else (2000, 7)
    _report.say(f"{rows} rollouts and calls, {repetitions} times each")
    works = (seconds_of_rollouts, seconds_of_calls, seconds_of_dspy, seconds_of_litellm)
    rollouts, calls, dspy, alone = medians(works, rows, repetitions)
    many = 100_000 if quick else 1_000_000
    _report.say(f"a journal with {many:,} rollouts")
    stored = million.measure(many)
    _report.say("the local engine and plain generate")
    return {
        "ms_per_rollout": round(1000 * rollouts / rows, 3),
        "ms_per_call": round(1000 * calls / rows, 3),
        "rollouts_per_second": round(rows / rollouts),
        "dspy_rollouts_per_second": round(rows / dspy),
        "litellm_calls_per_second": round(rows / alone),
        **stored,
        **local.measure(prompts=16 if quick else 48),
        "in_flight": IN_FLIGHT,
        "repetitions": repetitions,
    }


if __name__ == "__main__":
    chosen = _report.options("What the workbench itself costs.")
    _report.report(measure(quick=chosen.quick), chosen)
