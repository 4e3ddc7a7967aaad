"""The examples whose programs are more than one prompt, run from the command line by a model that plays its part."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from toishi.assistant.cli import cli
from toishi.tools import worker
from toishi.tools.workbench import changes
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.events import ChangeProposed
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.models import registry
from toishi.tools.workbench.models.protocol import Listener, Reply, Request
from toishi.tools.workbench.own_code.trust import trust
from toishi.tools.workbench.rollout import Rollout
from toishi.tools.workbench.runs import create_run
from toishi.tools.workbench.task import load_task
from toishi.tools.workbench.textgrad.reflection import CLOSING, OPENING

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MODEL = "scripted/player"

Part = Callable[[str, str], str]


class ScriptedPlayer:
    """Answers by a function of the instruction and the inputs, as a good model would."""

    name = MODEL

    def __init__(self, part: Part) -> None:
        self._part = part

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        instruction, inputs = (message.content for message in request.messages)
        return Reply(self._part(instruction, inputs), "stop", 50, 10, 0.0, 0.01)

    def count_tokens(self, request: Request) -> int:
        return 50

    def price(self) -> tuple[float, float]:
        return 0.0, 0.0

    async def close(self) -> None:
        return


class ScriptedWriter(ScriptedPlayer):
    """Writes the texts that it was handed, one after another, and in the end the last one again and again."""

    def __init__(self, *texts: str) -> None:
        super().__init__(lambda *_: "")
        self._texts = list(texts)
        self.asked: list[str] = []

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        self.asked.append(request.messages[-1].content)
        text = self._texts.pop(0) if len(self._texts) > 1 else self._texts[0]
        return Reply(f"{OPENING}\n{text}\n{CLOSING}", "stop", 50, 10, 0.0, 0.01)


def rows(name: str, file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLES / name / file).read_text().split("\n") if line]


def answers(name: str, file: str) -> dict[str, Any]:
    return {row["question"]: row["answer"] for row in rows(name, file)}


def field(inputs: str, name: str) -> str:
    """One input out of several lines `field: value`; a single input stands alone."""
    return next(
        (line.removeprefix(f"{name}: ") for line in inputs.splitlines() if line.startswith(f"{name}: ")), inputs
    )


def two_hops(instruction: str, inputs: str) -> str:
    if instruction.startswith("Write a search query"):
        return field(inputs, "question")
    if instruction.startswith("Sum up"):
        return "A note."
    return str(answers("hotpotqa", "questions.jsonl")[field(inputs, "question")])


def claims(instruction: str, inputs: str) -> str:
    row = {row["claim"]: row for row in rows("hover", "claims.jsonl")}[field(inputs, "claim")]
    return "\n".join(row["titles"]) if instruction.startswith("Name the Wikipedia") else str(row["label"])


def stories(_: str, inputs: str) -> str:
    return str(answers("gsm8k", "stories.jsonl")[inputs])


def commas_out(instruction: str, inputs: str) -> str:
    """Drafts with commas, and takes them out at the second look."""
    return "Well, this, is it." if instruction.startswith("Do what") else "This is it."


def discreet(instruction: str, inputs: str) -> str:
    """Tells a stranger nothing, and ends with the person's whole message."""
    if instruction.startswith("Write the request"):
        return "A polite letter about the matter, please."
    return "Dear all," if instruction.startswith("Do what") else inputs


@pytest.fixture(autouse=True)
def own_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is registered here is forgotten again."""
    monkeypatch.setattr(registry, "_factories", {})


def evaluated(name: str, part: Part, folder: Path) -> tuple[dict[str, Any], Path]:
    """The document of `toishi eval` on a copy of the example, and the copy."""
    return evaluated_in(Path(shutil.copytree(EXAMPLES / name, folder / name)), part)


def evaluated_in(copy: Path, part: Part) -> tuple[dict[str, Any], Path]:
    registry.register("scripted", lambda _: ScriptedPlayer(part))
    arguments = ["eval", str(copy / "task.toml"), "--model", MODEL, "--trust", "--json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout), copy


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is trusted here is trusted nowhere else."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.parametrize(
    ("name", "part", "calls"),
    [
        pytest.param(
            "hotpotqa",
            two_hops,
            ["write_query", "search", "summarise", "write_query", "search", "summarise", "answer"],
            id="hotpotqa",
        ),
        pytest.param("hover", claims, ["name_titles", "judge_claim"], id="hover"),
        pytest.param("gsm8k", stories, ["prompt"], id="gsm8k"),
        pytest.param("delegation", discreet, ["delegate", "remote", "finish"], id="delegation"),
    ],
)
def test_an_example_is_solved_by_a_model_that_knows_the_answers(
    name: str, part: Part, calls: list[str], tmp_path: Path
) -> None:
    found, folder = evaluated(name, part, tmp_path)
    assert {split["score"] for split in found["splits"].values()} == {1.0}
    journal = Journal.open(folder)
    rollouts = journal.rollouts(found["run"])
    journal.close()
    assert {tuple(call.module for call in rollout.calls) for rollout in rollouts} == {tuple(calls)}


def test_the_graph_of_the_instructions_is_judged_by_what_its_last_node_wrote(tmp_path: Path) -> None:
    found, folder = evaluated("ifeval", commas_out, tmp_path)
    journal = Journal.open(folder)
    rollouts = journal.rollouts(found["run"])
    examples = {
        example.id: example for split in ("validation", "test") for example in journal.examples(*data(journal, split))
    }
    journal.close()
    only_commas = [
        one for one in rollouts if examples[one.example].fields["instruction_id_list"] == '["punctuation:no_comma"]'
    ]
    assert only_commas
    assert {(rollout.output, rollout.score) for rollout in only_commas} == {("This is it.", 1.0)}


def data(journal: Journal, split: str) -> tuple[str, str]:
    """Where the newest run's rows of a split are."""
    (run,) = journal.runs()
    return run.data, split


def test_a_leak_is_named_and_costs_half(tmp_path: Path) -> None:
    def careless(instruction: str, inputs: str) -> str:
        return inputs

    found, folder = evaluated("delegation", careless, tmp_path)
    assert {split["score"] for split in found["splits"].values()} == {0.5}
    journal = Journal.open(folder)
    rollout = journal.rollouts(found["run"])[0]
    journal.close()
    assert rollout.objectives == {"kept private": 0.0, "useful": 1.0}
    assert "the stranger was told the private details " in rollout.feedback


def never_asked(instruction: str, inputs: str) -> str:
    raise AssertionError("no row of this example is for a model")


def searched(name: str, folder: Path, writer: ScriptedWriter) -> tuple[Journal, str, Path]:
    """A whole run on a copy of the example: its journal, its name, and the copy."""
    copy = Path(shutil.copytree(EXAMPLES / name, folder / name))
    toml = copy / "task.toml"
    toml.write_text(toml.read_text().replace('task = "auto"', f'task = "{MODEL}"'))
    registry.register("scripted", lambda _: writer)
    trust(copy)
    journal = Journal.open(copy)
    run = create_run(copy, journal, load_task(toml, project=copy), method="gepa")
    assert worker.sit(journal, copy, journal.run(run)) == worker.FINISHED
    return journal, run, copy


def proposed(journal: Journal, run: str) -> str:
    """The text that the run proposes in the end."""
    events = [event for event in journal.decisions(run) if isinstance(event, ChangeProposed)]
    return changes.find(journal, events[-1].change).change.files[0].after


def rollouts_of(journal: Journal, run: str, module: str, text: str) -> list[Rollout]:
    return journal.rollouts(run, candidate=Candidate({module: text}).id)


FAST = """\
from collections import Counter


def count_pairs(numbers, total):
    counts = Counter(numbers)
    ordered = sum(count * counts[total - number] for number, count in counts.items())
    return (ordered - counts[total / 2]) // 2"""
WRONG = FAST.replace(" - counts[total / 2]", "")
ENDLESS = "def count_pairs(numbers, total):\n    while True:\n        pass"


def test_only_a_function_that_is_right_and_faster_wins_and_nothing_gets_out(tmp_path: Path) -> None:
    escaped = tmp_path / "escaped"
    forbidden = FAST.replace("    counts =", f"    open({str(escaped)!r}, 'w').write('out')\n    counts =")
    writer = ScriptedWriter(WRONG, forbidden, ENDLESS, FAST)
    journal, run, copy = searched("faster_function", tmp_path, writer)

    for text, sentence in (
        (WRONG, "wrong: expected "),
        (forbidden, "count_pairs tried to open a file"),
        (ENDLESS, "count_pairs ran longer than 1 s"),
    ):
        found = rollouts_of(journal, run, "solve", text)
        assert found
        failed = [rollout for rollout in found if rollout.score == 0.0]
        assert sentence in failed[0].feedback
        if text != WRONG:
            assert failed == found
            assert failed[0].calls[0].error is not None
    assert all(rollout.score > 0.5 for rollout in rollouts_of(journal, run, "solve", FAST))
    seed = rollouts_of(journal, run, "solve", (EXAMPLES / "faster_function" / "slow.py").read_text().rstrip("\n"))
    assert {rollout.score for rollout in seed} == {0.25}
    assert proposed(journal, run) == f"{FAST}\n"
    assert json.loads(journal.run(run).result)["outcome"] == "improved"
    assert not escaped.exists()
    assert (copy / "solve.py").read_text() == (copy / "slow.py").read_text()
    journal.close()


ORDER_NUMBER = r"(?<![\w-])W[SXT]-20[12]\d-\d{5}(?:-[KRT])?(?![\w-])"


def test_a_pattern_that_is_none_or_takes_for_ever_is_worth_nothing_and_the_right_one_wins(tmp_path: Path) -> None:
    catastrophic = r"(\w|\W|.)*(?:\w*\w*)*W[SXT]-9"
    journal, run, _ = searched("regex", tmp_path, ScriptedWriter("W[SXT-", catastrophic, ORDER_NUMBER))

    assert not any(rollout.score for rollout in rollouts_of(journal, run, "pattern", "W[SXT-"))
    slow = rollouts_of(journal, run, "pattern", catastrophic)
    assert slow
    assert all("the pattern ran longer than 1 s" in rollout.feedback for rollout in slow if rollout.error)
    assert any(rollout.error for rollout in slow)
    assert proposed(journal, run) == f"{ORDER_NUMBER}\n"
    journal.close()


def test_the_first_pattern_finds_too_much_and_no_model_is_asked_for_a_row(tmp_path: Path) -> None:
    found, folder = evaluated("regex", never_asked, tmp_path)
    assert all(0.3 < split["score"] < 0.7 for split in found["splits"].values())
    journal = Journal.open(folder)
    rollouts = journal.rollouts(found["run"])
    journal.close()
    assert {rollout.output for rollout in rollouts} == {"yes", "no"}
    assert {call.module for rollout in rollouts for call in rollout.calls} == {"pattern"}
