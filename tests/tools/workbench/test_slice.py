"""The parts of the workbench together: from a task's folder to a verdict, and the same again in a second sitting."""

from pathlib import Path

import pytest

from toishi.tools.workbench.budget import Budget
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.data import load_data
from toishi.tools.workbench.errors import BudgetSpent
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.metrics.building import build_metric
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Listener, Reply, Request
from toishi.tools.workbench.program import prompt_program
from toishi.tools.workbench.rollouts import RolloutRunner
from toishi.tools.workbench.statistics import Comparison, compare
from toishi.tools.workbench.task import Task, load_task

TASK = """\
name = "Bank messages"
seed = 3
[program]
prompt = "prompt.txt"
[data]
file = "messages.csv"
inputs = ["text"]
expected = "label"
shares = [0.5, 0.25, 0.25]
[metric]
kind = "choice"
[models]
task = "scripted/rules"
max_tokens = 8
[budget]
max_rollouts = 24
"""

WORDS = {"arrive": "card_arrival", "stolen": "lost_card", "refund": "refund"}
SEED_PROMPT = "Name the intent.\narrive: card_arrival\n"
BETTER = "Name the intent.\n" + "\n".join(f"{word}: {label}" for word, label in WORDS.items())


class ScriptedRules:
    """Answers with the first line of its instruction, `keyword: label`, whose keyword is in the message."""

    name = "scripted/rules"

    def __init__(self) -> None:
        self.calls = 0

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        self.calls += 1
        instruction, message = (message.content for message in request.messages)
        rules = (line for line in instruction.splitlines() if ": " in line)
        text = next((rule for rule in rules if rule.split(": ")[0] in message), "I cannot tell.")
        return Reply(text, "stop", len(instruction) // 4, 4, 0.0, 0.01)

    def count_tokens(self, request: Request) -> int:
        return sum(len(message.content) for message in request.messages)

    def price(self) -> tuple[float, float]:
        return (0.0, 0.0)

    async def close(self) -> None:
        return


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        f'"Hello, number {number}: did it {word}?",{label}' for number in range(16) for word, label in WORDS.items()
    ]
    (tmp_path / "messages.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    (tmp_path / "prompt.txt").write_text(SEED_PROMPT)
    (tmp_path / "task.toml").write_text(TASK)
    return tmp_path


async def verdict(journal: Journal, task: Task, project: Path, model: ScriptedRules) -> tuple[Comparison, Budget]:
    """Seed against the better prompt on the locked test, in run r-1."""
    splits = load_data(task, project)
    budget = Budget(task.budget.limits())
    gateway = Gateway({model.name: model}, journal=journal, budget=budget, run="r-1")
    program = prompt_program(task.seed_texts()["prompt"])
    runner = RolloutRunner(
        program,
        build_metric(task, splits.all, MetricContext(project)),
        gateway,
        journal,
        budget,
        run="r-1",
        model=task.models.task,
        sampling=task.models.sampling(),
        seed=task.seed,
    )
    seed = Candidate(program.modules)
    scores = []
    for candidate in (seed, seed.with_text("prompt", BETTER)):
        rollouts = await runner.run(candidate, splits.test, split="test")
        scores.append([rollout.score for rollout in rollouts])
    await gateway.close()
    return compare(*scores, seed=task.seed), budget


async def test_a_better_prompt_is_found_better_and_a_second_sitting_pays_nothing(folder: Path) -> None:
    task = load_task(folder)
    model = ScriptedRules()
    journal = Journal.open(folder)
    result, budget = await verdict(journal, task, folder, model)
    journal.close()
    assert (result.examples, result.after, result.improved) == (12, 1.0, True)
    assert result.before == pytest.approx(4 / 12)
    assert budget.rollouts_left() == 0

    restored = Task.model_validate_json(task.model_dump_json())
    again, idle = Journal.open(folder), ScriptedRules()
    resumed, recounted = await verdict(again, restored, folder, idle)
    assert resumed == result
    assert idle.calls == 0
    assert (recounted.spent().rollouts, recounted.spent().tokens) == (24, budget.spent().tokens)
    rollouts = again.rollouts("r-1", split="test")
    again.close()
    wrong = {rollout.feedback for rollout in rollouts if rollout.score < 1}
    assert wrong == {
        "expected lost_card, but the answer names none of the choices",
        "expected refund, but the answer names none of the choices",
    }


async def test_a_budget_too_small_for_the_second_prompt_stops_before_its_first_rollout(folder: Path) -> None:
    (folder / "task.toml").write_text(TASK.replace("24", "23"))
    model = ScriptedRules()
    journal = Journal.open(folder)
    with pytest.raises(BudgetSpent, match="max_rollouts = 23 leaves 11, and the next step needs up to 12"):
        await verdict(journal, load_task(folder), folder, model)
    assert (model.calls, len(journal.rollouts("r-1"))) == (12, 12)
    journal.close()
