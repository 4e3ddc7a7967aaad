"""A candidate has the same scores over a server that fails in every way as over a healthy one, and nothing is lost."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.openai_compatible import NONSENSE
from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal, RunRow
from toishi.tools.workbench.metrics.exact import Exact
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Sampling
from toishi.tools.workbench.models.registry import open_model
from toishi.tools.workbench.models.retrying import Patience
from toishi.tools.workbench.program import prompt_program
from toishi.tools.workbench.rollouts import RolloutRunner

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

# What litellm does with its types is not to pydantic's taste.
pytestmark = pytest.mark.filterwarnings("ignore:.*using the `ReadOnly` qualifier")

PROMPT = "If the message mentions parcel, answer delivery.\nIf the message mentions pin, answer card."
EXAMPLES = [
    Example(f"{word}-{number}", {"text": f"No. {number}: my {word}"}, label)
    for number in range(12)
    for word, label in (("parcel", "delivery"), ("pin", "card"), ("refund", "money"))
]
FAULTS: list[dict[str, Any] | None] = [
    {"kind": "status", "status": 429, "headers": {"Retry-After": "0.05"}},
    {"kind": "status", "status": 500},
    {"kind": "late", "seconds": 0.05},
    {"kind": "status", "status": 503},
    *({"kind": kind} for kind in ("hang_up", "half", "broken_json", "html", "no_choices", "no_usage")),
    {"kind": "status", "status": 502},
    {"kind": "html", "status": 502},
]


@pytest.fixture
def projects(tmp_path: Path) -> tuple[Path, Path]:
    """Two, since what one journal knows is not asked again."""
    folders = tmp_path / "healthy", tmp_path / "faulty"
    for folder in folders:
        folder.mkdir()
    return folders


async def scores(folder: Path, server: "ModelServer", *faults: dict[str, Any] | None) -> dict[str, tuple[float, str]]:
    """Score and output by example."""
    server.fail(*faults)
    journal = Journal.open(folder)
    journal.add_run(RunRow("r-1", "test", "eval", "running", 0, "{}"))
    budget = Budget(Limits())
    model = open_model("openai/rules", base_url=server.base_url)
    patience = Patience(first_wait=0.01)
    gateway = Gateway({"openai/rules": model}, journal=journal, budget=budget, run="r-1", patience=patience)
    runner = RolloutRunner(
        prompt_program(PROMPT),
        Exact(),
        gateway,
        journal,
        budget,
        run="r-1",
        model="openai/rules",
        sampling=Sampling(max_tokens=8),
        seed=0,
    )
    rollouts = await runner.run(Candidate({"prompt": PROMPT}), EXAMPLES, split="test")
    await gateway.close()
    assert len(journal.read("SELECT * FROM replies")) == len(EXAMPLES) == len(list(journal.rollouts("r-1")))
    journal.close()
    return {rollout.example: (rollout.score, rollout.output) for rollout in rollouts}


async def test_faults_change_no_score(projects: tuple[Path, Path], model_server: "ModelServer") -> None:
    healthy = await scores(projects[0], model_server)

    faulty = await scores(projects[1], model_server, *FAULTS, None, None, *FAULTS)

    assert faulty == healthy
    assert {score for score, _ in healthy.values()} == {0.0, 1.0}
    assert model_server.state()["faults_left"] == 0


async def test_nonsense_scores_as_an_answer(projects: tuple[Path, Path], model_server: "ModelServer") -> None:
    healthy = await scores(projects[0], model_server)

    faulty = await scores(projects[1], model_server, {"kind": "nonsense"}, {"kind": "no_content"})

    changed = [example for example in healthy if faulty[example] != healthy[example]]
    assert len(changed) == 2
    assert {faulty[example][0] for example in changed} == {0.0}
    assert {faulty[example][1] for example in changed} == {NONSENSE, ""}
