"""An endpoint with so many slots that answers for a world of rules, each call after a time that its content decides.

The same call takes the same time for whoever asks, on whichever machine: log-normal for a rollout, constant for a
reflection. What was served is counted, so that one sees how busy the endpoint was kept. `FakeEndpoint` has a door for
threads, which gepa comes through, and one for coroutines, which our gateway does.
"""

import asyncio
import math
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks._gepa_landscapes import World, chance, judge
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.models.protocol import Listener, Reply, Request
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.textgrad.reflection import CLOSING, OPENING

MODEL = "fake/endpoint"


@dataclass(frozen=True)
class Latency:
    """Nominal seconds: rollouts are log-normal with this mean and the deviation `sigma` of the logarithm."""

    rollout: float = 0.05
    sigma: float = 0.8
    reflection: float = 0.4

    def of_rollout(self, *content: object) -> float:
        """Seconds of one rollout, a function of its content."""
        deviate = statistics.NormalDist().inv_cdf(min(max(chance("latency", *content), 1e-12), 1 - 1e-12))
        return self.rollout * math.exp(self.sigma * deviate - self.sigma**2 / 2)


class Traffic:
    """What an endpoint has served: rollouts, reflections, their nominal seconds, and when it began and ended."""

    def __init__(self) -> None:
        self.rollouts = 0
        self.reflections = 0
        self.nominal_seconds = 0.0
        self._first: float | None = None
        self._last = 0.0
        self._lock = threading.Lock()

    def began(self) -> None:
        """A call was let in."""
        with self._lock:
            self._first = self._first or time.perf_counter()

    def ended(self, seconds: float, *, reflection: bool) -> None:
        """A call that nominally takes so long was answered."""
        with self._lock:
            self._last = time.perf_counter()
            self.nominal_seconds += seconds
            self.reflections += reflection
            self.rollouts += not reflection

    def busy(self, slots: int) -> float:
        """The share of its slots that the endpoint was nominally busy, from its first call to the end of its last."""
        return self.nominal_seconds / (slots * (self._last - (self._first or 0.0)))


class FakeEndpoint:
    """Answers rollouts with the world's answers, and reflections with the world's proposals."""

    name = MODEL

    def __init__(self, world: World, slots: int, latency: Latency) -> None:
        self.traffic = Traffic()
        self._world = world
        self._latency = latency
        self._slots = threading.Semaphore(slots)

    def roll_out(self, text: str, message: str) -> str:
        """One rollout's answer, for a thread that waits for it."""
        return self._answer_thread(self._latency.of_rollout(text, message), lambda: self._world.answer(text, message))

    def reflect(self, text: str, prompt: str, draw: object) -> str:
        """A new instruction, for a thread that waits for it."""
        seconds = self._latency.reflection
        return self._answer_thread(seconds, lambda: self._world.propose(text, prompt, draw), reflection=True)

    def _answer_thread(self, seconds: float, answer: Callable[[], str], *, reflection: bool = False) -> str:
        with self._slots:
            self.traffic.began()
            time.sleep(seconds)
            self.traffic.ended(seconds, reflection=reflection)
        return answer()

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        """A reply for our gateway, which keeps to the number of slots by itself."""
        prompt = request.messages[-1].content
        reflection = len(request.messages) == 1
        text = instruction_in(prompt) if reflection else request.messages[0].content
        seconds = self._latency.reflection if reflection else self._latency.of_rollout(text, prompt)
        self.traffic.began()
        await asyncio.sleep(seconds)
        self.traffic.ended(seconds, reflection=reflection)
        if reflection:
            proposal = self._world.propose(text, feedback_in(prompt), request.replicate)
            answer = f"{OPENING}\n{proposal}\n{CLOSING}"
        else:
            answer = self._world.answer(text, prompt, request.replicate)
        return Reply(answer, "stop", len(prompt) // 4, len(answer) // 4, 0.0, seconds)

    def count_tokens(self, request: Request) -> int:
        return sum(len(message.content) for message in request.messages)

    def price(self) -> tuple[float, float]:
        return 0.0, 0.0

    async def close(self) -> None:
        return


def instruction_in(prompt: str) -> str:
    """The instruction that our reflection prompt asks to improve."""
    return prompt.split(f"\n{OPENING}\n", 1)[1].split(f"\n{CLOSING}", 1)[0]


def feedback_in(prompt: str) -> str:
    """The feedback on the examples in it; what it tells of other rows is not used, since gepa's tells nothing."""
    return "\n".join(line for line in prompt.splitlines() if line.startswith("feedback: "))


class WorldMetric:
    """Judges an answer as the world does."""

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        return Judgement(*judge(output))
