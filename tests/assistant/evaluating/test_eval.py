"""`toishi eval` with scripted models: versions, gates, replicates, subgroups, files, and whom the models override."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.assistant.conftest import FIRST, RUN, SECOND, SEED, Toishi, fill, story
from toishi.assistant.evaluating.versions import other_version
from toishi.assistant.options import with_model
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import RequestUnfit, SandboxUnavailable, ToishiError, UsageError
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.models import registry
from toishi.tools.workbench.models.protocol import Listener, Reply, Request
from toishi.tools.workbench.task import Task, load_task

WORDS = {"delivery": "card_arrival", "passcode": "change_pin", "cashback": "rewards", "mortgage": "loans"}
OPENINGS = ("my", "the", "a", "our", "your", "this", "that", "some", "any", "no")
RULES = [f"- {word}: {label}" for word, label in WORDS.items()]
HALF, FULL = "\n".join(["Name it.", *RULES[:2]]), "\n".join(["Name it.", *RULES])

TASK = """\
name = "Tickets"
[program]
prompt = "prompt.txt"
[data]
file = "tickets.csv"
inputs = ["text"]
expected = "label"
shares = [0.2, 0.2, 0.6]
{data}
[metric]
{metric}
[models]
task = "{model}"
judge = "scripted/judge"
max_tokens = 16
"""


class ScriptedClerk:
    """Follows the rules `- word: label` of its instruction; `moody` forgets them on every other replicate, and `judge`
    prefers the answer that is not `unknown`, or the first where it cannot tell."""

    asked: list[Request] = []  # noqa: RUF012
    fault: tuple[str, ToishiError] | None = None
    """A word, and what becomes of requests with it."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        self.asked.append(request)
        if self.fault is not None and self.fault[0] in request.messages[-1].content:
            raise self.fault[1]
        last = request.messages[-1].content
        if self.name == "scripted/judge":
            first, second = re.findall(r"answer [AB]:\n<<<\w+\n(.*)\n", last)
            text = json.dumps({"reason": "Told.", "verdict": "A" if second == "unknown" or first != "unknown" else "B"})
        else:
            rules = re.findall(r"^- (\w+): (\w+)$", request.messages[0].content, re.MULTILINE)
            text = next((label for word, label in rules if word in last), "unknown")
            text = "unknown" if self.name == "scripted/moody" and request.replicate % 2 else text
        return Reply(text, "stop", 9, 1, 0.0, 0.01)

    def count_tokens(self, request: Request) -> int:
        return 9

    def price(self) -> tuple[float, float]:
        return (0.0, 0.0)

    async def close(self) -> None:
        return


def write_task(file: Path, *, metric: str = 'kind = "choice"', model: str = "scripted/rules", data: str = "") -> None:
    file.write_text(TASK.format(metric=metric, model=model, data=data))


@pytest.fixture
def tickets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder, which is also the current one: 40 tickets, half of them from France."""
    monkeypatch.setitem(registry._factories, "scripted", ScriptedClerk)
    monkeypatch.setattr(ScriptedClerk, "asked", [])
    rows = [
        f"{opening} {word} {'ici' if number % 2 else 'hier'},{label},{'fr' if number % 2 else 'de'}"
        for number, opening in enumerate(OPENINGS)
        for word, label in WORDS.items()
    ]
    (tmp_path / "tickets.csv").write_text("\n".join(["text,label,country", *rows]) + "\n")
    (tmp_path / "prompt.txt").write_text(FULL + "\n")
    (tmp_path / "half.txt").write_text(HALF + "\n")
    write_task(tmp_path / "task.toml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_score_below_the_least_fails(toishi: Toishi, tickets: Path) -> None:
    (tickets / "prompt.txt").write_text(HALF)
    assert toishi("eval", "task.toml", "--min-score", 0.4, "--split", "test").exit_code == 0

    low = toishi("eval", "task.toml", "--min-score", 0.6, "--split", "test")

    assert low.exit_code == 1
    assert re.search(
        r"^failed  test: 0\.500 is below --min-score 0\.6 \(95 % interval 0\.\d+ to 0\.\d+, ", low.stdout, re.M
    )


def test_the_document_holds_every_warning_that_was_told(toishi: Toishi, tickets: Path) -> None:
    with (tickets / "tickets.csv").open("a") as stream:
        stream.write("nobody knows,,fr\n")

    answer = toishi("eval", "task.toml", "--json")

    told = [line.removeprefix("Warning: ") for line in answer.stderr.splitlines() if line.startswith("Warning: ")]
    assert told
    assert set(told) <= set(json.loads(answer.stdout)["warnings"])
    shown = toishi("eval", "task.toml").stderr
    assert [shown.count(warning) for warning in told] == [1] * len(told)


def test_a_score_that_reaches_it_by_luck_says_so(toishi: Toishi, tickets: Path) -> None:
    answer = toishi("eval", "task.toml", "--min-score", 0.95, "--split", "test", "--json")
    (gate,) = json.loads(answer.stdout)["gates"]
    assert (answer.exit_code, gate["passed"]) == (0, True)
    assert gate["sentence"].endswith("; so few examples do not prove it")


def test_a_drop_is_ruled_out_or_not(toishi: Toishi, tickets: Path) -> None:
    (tickets / "same.txt").write_text(FULL + "\nBe kind.")
    same = json.loads(toishi("eval", "task.toml", "--against", "same.txt", "--max-drop", 0.15, "--json").stdout)
    assert (same["exit_code"], same["verdict"]) == (0, "no evidence")
    assert "a drop of 0.15 or more is ruled out (difference +0.000" in same["gates"][0]["sentence"]

    (tickets / "prompt.txt").write_text("\n".join(["Name it.", *RULES[:3]]))
    worse = toishi("eval", "task.toml", "--against", "same.txt", "--max-drop", 0.02)
    assert worse.exit_code == 1
    assert "failed  test: a drop of 0.02 is not ruled out (difference -0.250" in worse.stdout


@pytest.mark.parametrize(
    ("rows", "max_drop", "said"),
    [
        (2, 0.01, "so many leave room for a drop of 0.842, so more rows are needed: 368 where no score changes"),
        (24, 0.1, "so many leave room for a drop of 0.142, so more rows are needed: 36 where no score changes"),
    ],
)
def test_rows_that_show_no_change_rule_out_only_what_so_many_can(
    toishi: Toishi, tickets: Path, rows: int, max_drop: float, said: str
) -> None:
    (tickets / "same.txt").write_text(FULL + "\nBe kind.")
    answer = toishi("eval", "task.toml", "--against", "same.txt", "--rows", rows, "--max-drop", max_drop)
    assert answer.exit_code == 3
    assert said in answer.stdout


def test_a_version_cannot_drop_below_itself(toishi: Toishi, tickets: Path) -> None:
    (tickets / "same.txt").write_text(FULL)
    answer = toishi("eval", "task.toml", "--against", "same.txt", "--max-drop", 0.01, "--rows", 2)
    assert answer.exit_code == 0
    assert "passed  test: no drop is possible, since both versions have the same program" in answer.stdout


def test_too_few_rows_leave_the_gate_open(toishi: Toishi, tickets: Path) -> None:
    (tickets / "prompt.txt").write_text("\n".join(["Name it.", *RULES[:3]]))
    (tickets / "old.txt").write_text(FULL)
    answer = toishi("eval", "task.toml", "--against", "old.txt", "--max-drop", 0.1, "--rows", 8, "--json")
    told = json.loads(answer.stdout)
    assert (answer.exit_code, told["splits"]["test"]["examples"], told["rollouts"]) == (3, 8, 16)
    assert "so more rows are needed: 36 where no score changes, and more where" in told["gates"][0]["sentence"]


def test_a_drop_needs_something_to_drop_from(toishi: Toishi, tickets: Path) -> None:
    answer = toishi("eval", "task.toml", "--max-drop", 0.1)
    assert answer.exit_code == 2
    assert "--max-drop needs --against VERSION" in answer.stderr


def test_rows_are_drawn_by_the_seed(toishi: Toishi, tickets: Path) -> None:
    def scored() -> list[str]:
        ScriptedClerk.asked.clear()
        (tickets / ".toishi" / "toishi.db").unlink(missing_ok=True)
        assert toishi("eval", "task.toml", "--rows", 5, "--split", "test").exit_code == 0
        return sorted(request.messages[-1].content for request in ScriptedClerk.asked)

    assert len(scored()) == 5
    assert scored() == scored()


def test_replicates_are_averaged_by_example(toishi: Toishi, tickets: Path) -> None:
    write_task(tickets / "task.toml", model="scripted/moody")
    told = json.loads(toishi("eval", "task.toml", "--replicates", 4, "--split", "test", "--json").stdout)
    test = told["splits"]["test"]
    assert (test["score"], test["examples"], told["rollouts"]) == (0.5, 24, 96)
    # Each example has the same mean: what differs between replicates is no doubt about the examples.
    assert test["interval"] == [0.5, 0.5]


def test_models_are_compared_by_one_flag(toishi: Toishi, tickets: Path) -> None:
    answer = toishi(
        "eval", "task.toml", "--model", "scripted/moody", "--against", "task.toml", "--replicates", 2, "--json"
    )
    told = json.loads(answer.stdout)
    assert (answer.exit_code, told["verdict"], told["against"]) == (1, "worse", "task.toml")
    assert (told["splits"]["test"]["before"], told["splits"]["test"]["after"]) == (1.0, 0.5)
    rows = json.loads(toishi("runs", "--json").stdout)["runs"]
    assert [row["method"] for row in rows] == ["eval", "eval"]


def test_models_that_are_compared_are_named(toishi: Toishi, tickets: Path) -> None:
    answer = toishi("eval", "task.toml", "--model", "scripted/moody", "--against", "task.toml")
    assert "task.toml (scripted/rules) → prompt.txt (scripted/moody): no evidence\n" in answer.stdout
    assert answer.stdout in toishi("show", "last").stdout


def test_an_outage_is_no_verdict(toishi: Toishi, tickets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScriptedClerk, "fault", ("mortgage", SandboxUnavailable("The server is gone")))
    answer = toishi("eval", "task.toml", "--against", "half.txt", "--json")
    sentence = (
        "The server is gone. There is no verdict; the same `toishi eval` again goes on from the answers that have come"
    )
    assert (answer.exit_code, json.loads(answer.stdout)) == (130, {"error": sentence})
    assert "\nended       The server is gone\n" in toishi("show", "last").stdout


def test_a_request_that_is_not_taken_is_told_with_its_row(
    toishi: Toishi, tickets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedClerk, "fault", ("my mortgage", RequestUnfit("Too long (400)")))
    answer = toishi("eval", "task.toml", "--split", "feedback", "--split", "validation", "--split", "test")
    assert answer.exit_code == 2
    assert re.search(r"Too long \(400\); it was asked for the row \w+ \('my mortgage hier'\)", answer.stderr)


def test_the_last_run_may_be_an_evaluation(toishi: Toishi, tickets: Path) -> None:
    run = json.loads(toishi("eval", "task.toml", "--json").stdout)["run"]
    assert json.loads(toishi("show", "last", "--json").stdout)["run"] == run
    assert toishi("show", "last", "--events").exit_code == 0
    other = toishi("eval", "task.toml", "--against", f"{run}:7")
    assert other.exit_code == 2
    assert f"Run {run} is an evaluation, whose one version is {run}:0; there is no '7'" in other.stderr


def test_another_task_brings_its_program_and_its_models_but_not_its_data(toishi: Toishi, tickets: Path) -> None:
    other = tickets / "other"
    other.mkdir()
    (other / "prompt.txt").write_text(HALF)
    (other / "tickets.csv").write_text("text,label\nx,a\n")
    write_task(other / "task.toml", model="scripted/others", metric='kind = "exact"')
    told = json.loads(toishi("eval", "task.toml", "--against", "other", "--json").stdout)
    assert (told["verdict"], told["splits"]["test"]["before"], told["splits"]["test"]["examples"]) == (
        "better",
        0.5,
        24,
    )
    assert {request.model for request in ScriptedClerk.asked} == {"scripted/rules", "scripted/others"}


def test_subgroups_are_told_and_a_loss_in_one_is_a_warning(toishi: Toishi, tickets: Path) -> None:
    (tickets / "prompt.txt").write_text("\n".join(["Name it.", "- ici: lost_in_france", *RULES]))
    (tickets / "old.txt").write_text(FULL)
    answer = toishi("eval", "task.toml", "--against", "old.txt", "--by", "country", "--json")
    told = json.loads(answer.stdout)
    groups = {one["value"]: one for one in told["subgroups"]}
    assert {value: (one["before"], one["after"], one["verdict"]) for value, one in groups.items()} == {
        "fr": (1.0, 0.0, "worse"),
        "de": (1.0, 1.0, "no evidence"),
    }
    count = groups["fr"]["examples"]
    assert told["warnings"] == [
        f"It got worse where country = fr: 1.000 before, 0.000 after, {count} examples, and that is more than chance "
        "among 2 groups"
    ]


def test_subgroups_of_the_task_come_by_themselves(toishi: Toishi, tickets: Path) -> None:
    write_task(tickets / "task.toml", data='subgroups = ["country"]')
    answer = toishi("eval", "task.toml", "--split", "test")
    assert re.search(r"^country +score +95 % interval +examples$", answer.stdout, re.MULTILINE)
    assert re.search(r"^fr +1\.000 +0\.\d+ to 1\.000 +\d+$", answer.stdout, re.MULTILINE)


def test_small_groups_are_taken_together_and_that_is_said(toishi: Toishi, tickets: Path) -> None:
    answer = toishi("eval", "task.toml", "--split", "test", "--by", "label")
    assert "others: values with fewer than 8 examples" in answer.stdout


def test_an_unknown_field_costs_nothing(toishi: Toishi, tickets: Path) -> None:
    answer = toishi("eval", "task.toml", "--by", "contry")
    assert answer.exit_code == 2
    assert "no example has a field 'contry' to make subgroups by; did you mean 'country'?" in answer.stderr
    assert ScriptedClerk.asked == []


def test_a_summary_is_written_for_ci(toishi: Toishi, tickets: Path) -> None:
    (tickets / "prompt.txt").write_text(HALF)
    (tickets / "old.txt").write_text(FULL)
    assert toishi("eval", "task.toml", "--against", "old.txt", "--by", "country", "--out", "a.md").exit_code == 1
    text = (tickets / "a.md").read_text()
    assert text.startswith("### prompt.txt: worse\n\n| split | score | difference |")
    assert "| test | 1.000 → 0.500 | -0.500 |" in text
    assert "\n| country | score |" in text
    assert "\n- **failed**: test: Got worse: 1.000 before, 0.500 after" in text

    assert toishi("eval", "task.toml", "--against", "old.txt", "--min-score", 0.1, "--out", "a.xml").exit_code == 1
    suite = ElementTree.parse(tickets / "a.xml").getroot()
    assert (suite.tag, suite.get("tests"), suite.get("failures")) == ("testsuite", "2", "1")
    assert [case.get("name") for case in suite] == ["better", "min_score"]
    assert suite[0].find("failure") is not None


@pytest.mark.parametrize(("file", "problem"), [("a.txt", "should end in .md"), ("no/a.md", "cannot be written")])
def test_a_summary_that_cannot_be_written_is_told(toishi: Toishi, tickets: Path, file: str, problem: str) -> None:
    answer = toishi("eval", "task.toml", "--rows", 2, "--out", file)
    assert answer.exit_code == 2
    assert problem in answer.stderr


def test_pairwise_judging_compares_the_two_versions(toishi: Toishi, tickets: Path) -> None:
    write_task(tickets / "task.toml", metric='kind = "pairwise"')
    answer = toishi("eval", "task.toml", "--against", "half.txt", "--json")
    told = json.loads(answer.stdout)
    test = told["splits"]["test"]
    # Half the answers are the same, and the other half win in both orders.
    assert (answer.exit_code, test["before"], test["after"]) == (0, 0.5, 0.75)
    assert len(test["fixed"]) == 12
    assert sum(request.model == "scripted/judge" for request in ScriptedClerk.asked) == 24
    assert any("was never checked against a person's marks" in warning for warning in told["warnings"])


def test_a_judge_that_favours_a_place_is_told(toishi: Toishi, tickets: Path) -> None:
    write_task(tickets / "task.toml", metric='kind = "pairwise"')
    (tickets / "other.txt").write_text("\n".join(["Name it.", *(rule.replace("_", "") for rule in RULES)]))
    told = json.loads(toishi("eval", "task.toml", "--against", "other.txt", "--json").stdout)
    assert told["splits"]["test"]["after"] == 0.5
    assert (
        "The judge's verdict turned with the order of the answers in 100 % of cases (order_consistent)"
        in told["warnings"]
    )


def task_of(folder: Path, models: str) -> Task:
    (folder / "prompt.txt").write_text("x")
    (folder / "rows.csv").write_text("text,label\na,b\n")
    head = 'name = "T"\n[program]\nprompt = "prompt.txt"\n[data]\nfile = "rows.csv"\ninputs = ["text"]\n'
    (folder / "t.toml").write_text(f'{head}expected = "label"\n[metric]\nkind = "exact"\n[models]\n{models}')
    return load_task(folder / "t.toml", project=folder)


@pytest.mark.parametrize(
    ("models", "model", "base_url", "task", "address", "judge"),
    [
        pytest.param('task = "a/x"', "b/y", None, "b/y", None, "a/x", id="another provider"),
        pytest.param(
            'task = "a/x"\nbase_url = "http://here"',
            "a/y",
            None,
            "a/y",
            "http://here",
            "a/x@http://here",
            id="same server",
        ),
        pytest.param(
            'task = "a/x"\nbase_url = "http://here"',
            "b/y",
            None,
            "b/y",
            None,
            "a/x@http://here",
            id="server left behind",
        ),
        pytest.param(
            'task = "a/x"\nbase_url = "http://here"\njudge = "c/j"',
            None,
            "http://there",
            "a/x",
            "http://there",
            "c/j",
            id="another server",
        ),
    ],
)
def test_a_model_that_is_named_leaves_the_judge_where_it_was(
    tmp_path: Path, models: str, model: str | None, base_url: str | None, task: str, address: str | None, judge: str
) -> None:
    found = with_model(task_of(tmp_path, models), model, base_url).models
    assert (found.task, found.address_of(found.task), found.judge_name) == (task, address, judge)


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="base_url: 'here' should begin with http:// or https://"):
        with_model(task_of(tmp_path, 'task = "a/x"'), None, "here")


@pytest.mark.parametrize("name", ["embedded/mini", "local/folder", "auto"])
def test_an_address_of_a_model_that_has_no_server_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"--base-url http://here/v1: '{name}' .* as --model openai/NAME"):
        with_model(task_of(tmp_path, f'task = "{name}"'), None, "http://here/v1")


@pytest.mark.parametrize(
    ("said", "name", "text"),
    [
        (RUN, f"{RUN}, candidate 2", SECOND),
        ("last", f"{RUN}, candidate 2", SECOND),
        (f"{RUN}:0", f"{RUN}, seed", SEED),
        (f"{RUN}:1", f"{RUN}, candidate 1", FIRST),
        (f"{RUN}:{Candidate({'prompt': FIRST}).id[:6]}", f"{RUN}, candidate 1", FIRST),
    ],
)
def test_a_run_names_its_candidates(finished: Path, said: str, name: str, text: str) -> None:
    task = load_task(finished / "task.toml", project=finished)
    journal = Journal.open(finished)
    version = other_version(said, task, finished, journal)
    journal.close()
    assert (version.name, version.texts) == (name, {"prompt": text})


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("r-9", "--against 'r-9' is no file, and as a run: There is no run 'r-9'; did you mean r-20260102-0a0b"),
        (f"{RUN}:7", f"Run {RUN} has no candidate '7'; it has 0 to 2, see: toishi show {RUN}"),
        ("half.txt", "half.txt cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_version_is_told_with_the_way_out(finished: Path, said: str, problem: str) -> None:
    task = load_task(finished / "task.toml", project=finished)
    journal = Journal.open(finished)
    with pytest.raises(UsageError) as error:
        other_version(said, task, finished, journal)
    journal.close()
    assert problem in str(error.value)


def test_a_run_that_accepted_nothing_has_no_version(folder: Path) -> None:
    fill(folder, story()[:2])
    task = load_task(folder / "task.toml", project=folder)
    journal = Journal.open(folder)
    with pytest.raises(UsageError, match="has no candidate to compare with; name another run"):
        other_version(RUN, task, folder, journal)
    journal.close()


def test_what_was_evaluated_before_is_a_version(toishi: Toishi, tickets: Path) -> None:
    earlier = json.loads(toishi("eval", "task.toml", "--rows", 2, "--json").stdout)["run"]
    (tickets / "prompt.txt").write_text(HALF)
    told = json.loads(toishi("eval", "task.toml", "--against", earlier, "--json").stdout)
    assert (told["verdict"], told["against"]) == ("worse", earlier)


def test_one_prompt_is_no_version_of_a_program_of_several(tickets: Path) -> None:
    (tickets / "program.py").write_text("async def run(example, call):\n    return await call('one', text='x')\n")
    text = (
        (tickets / "task.toml")
        .read_text()
        .replace(
            'prompt = "prompt.txt"', 'code = "program.py:run"\n[program.modules]\none = "prompt.txt"\ntwo = "half.txt"'
        )
    )
    (tickets / "task.toml").write_text(text)
    task = load_task(tickets / "task.toml", project=tickets)
    journal = Journal.open(tickets)
    with pytest.raises(
        UsageError, match=r"is one prompt, and the task has the modules one, two; name another task\.toml"
    ):
        other_version("half.txt", task, tickets, journal)
    journal.close()
