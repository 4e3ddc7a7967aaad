"""Sittings without a process: a project with one run, a model that answers by rule, and what is seen of both."""

import asyncio
import json
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.servers.openai_compatible import answer
from toishi.tools import worker
from toishi.tools.workbench.events import PhaseStarted, RunFinished, RunStopped
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.models import registry
from toishi.tools.workbench.models.protocol import Listener, Reply, Request
from toishi.tools.workbench.runs import create_run
from toishi.tools.workbench.task import Task

LABELS = {"delivery": "card_arrival", "exchange": "exchange_rate", "passcode": "change_pin", "statement": "fees"}
RULES = "".join(f"If the message mentions {word}, answer {label}.\n" for word, label in LABELS.items())
TEST = 24
PRICE = 0.001
CONCURRENCY = 16
"""Calls in flight, unless a task says otherwise."""

STEADY = "lookahead = 8\nminibatch = 1\nlook_again = 0"
"""A search of some twenty proposals, up to eight of them side by side."""

NOISY = "temperature = 1.0"
"""A model whose answers may differ the second time."""


class ScriptedRules:
    """Answers by the rules of the tests' model server, and does something else at the calls that `at` names.

    Its answers come in an order that `pace` draws, without it at once. With `luck`, what no rule answers is answered
    rightly now and then, drawn anew for every replicate. Calls from number `silent_from` on get no answer at all.
    """

    name = "scripted/rules"

    def __init__(
        self,
        at: dict[int, Callable[[], None]] | None = None,
        *,
        pace: int | None = None,
        luck: bool = False,
        price: float = 0.0,
        silent_from: int | None = None,
    ) -> None:
        self.at = at or {}
        self._silent_from = silent_from
        self.asked: list[Request] = []
        self._pace = None if pace is None else random.Random(pace)
        self._luck = luck
        self._price = price

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        self.asked.append(request)
        self.at.get(len(self.asked), lambda: None)()
        if self._silent_from is not None and len(self.asked) >= self._silent_from:
            await asyncio.Event().wait()
        for _ in range(0 if self._pace is None else self._pace.randrange(20)):
            await asyncio.sleep(0)
        text = answer([{"role": one.role, "content": one.content} for one in request.messages])
        if self._luck and text == "unknown" and random.Random(request.key).random() < 0.2:
            text = next(label for word, label in LABELS.items() if word in request.messages[-1].content)
        tokens = self.count_tokens(request), len(text.split())
        return Reply(text, "stop", *tokens, sum(tokens) * self._price, 0.0)

    def count_tokens(self, request: Request) -> int:
        return sum(len(message.content.split()) for message in request.messages)

    def price(self) -> tuple[float, float]:
        return self._price, self._price

    async def close(self) -> None:
        pass


Begin = Callable[..., "Project"]


class Project:
    """A project with one run, and the model that the next sitting meets."""

    def __init__(self, folder: Path, task: Task) -> None:
        self.folder = folder
        self.journal = Journal.open(folder)
        self.run = create_run(folder, self.journal, task, method="auto")

    def sit(self, model: ScriptedRules | None = None) -> ScriptedRules:
        """One sitting; gives the model that it met."""
        model = model or ScriptedRules()
        registry.register("scripted", lambda name, **_: model)
        self.exit_code = worker.sit(self.journal, self.folder, self.journal.run(self.run))
        # What is not waited for is written once something is that was.
        self.journal.set_wanted(self.run, "")
        return model

    def done(self) -> set[tuple[object, ...]]:
        """Every rollout with its score."""
        rows = self.journal.read("SELECT candidate, example, replicate, split, score FROM rollouts")
        return {tuple(row) for row in rows}

    def spent(self) -> tuple[int, float]:
        """Tokens and dollars of all replies that the journal holds."""
        (row,) = self.journal.read(
            "SELECT coalesce(sum(prompt_tokens + completion_tokens), 0), coalesce(sum(cost), 0) FROM replies"
        )
        return row[0], row[1]

    def paid(self) -> set[str]:
        """The keys of the replies that the journal holds."""
        return {row["key"] for row in self.journal.read("SELECT key FROM replies")}

    def splits_of(self, model: ScriptedRules) -> set[str]:
        """The splits of the rows that a model was asked about, and `reflection` where it was asked to rewrite."""
        rows = self.journal.read("SELECT inputs, split FROM examples")
        splits = {json.loads(row["inputs"])["text"]: row["split"] for row in rows}
        return {splits.get(request.messages[-1].content, "reflection") for request in model.asked}

    def result(self) -> dict[str, Any]:
        """What came of the run."""
        found: dict[str, Any] = json.loads(self.journal.run(self.run).result)
        return found

    def kinds(self) -> list[str]:
        """The kinds of the run's decisions, phases by name."""
        return [
            event.phase if isinstance(event, PhaseStarted) else event.kind for event in self.journal.decisions(self.run)
        ]

    def end(self) -> RunFinished:
        """The run's last event."""
        event = self.journal.events(self.run)[-1][1]
        assert isinstance(event, RunFinished)
        return event

    def stopped(self) -> RunStopped:
        """The last event of a sitting that did not come to the run's end."""
        event = self.journal.events(self.run)[-1][1]
        assert isinstance(event, RunStopped)
        return event


def interrupt() -> None:
    """Asks this process to stop, as a person or a system would."""
    os.kill(os.getpid(), signal.SIGTERM)
