"""`toishi front`: what a run leaves to choose from, while it goes on and after it ended."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.assistant.conftest import FIRST, RUN, SECOND, SEED, Toishi, accepted, fill, story
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.events import CandidateAccepted, Event
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.journal.records import RunStatus

LENGTH_AND_SECONDS = """\
[[objectives]]
name = "prompt_characters"
limit = 1000

[[objectives]]
name = "seconds"
"""

WHOLE = """\
r-20260102-0a0b  Bank messages · improved
3 of 4 candidates are on the front: no other one is at least as good on everything and better on something.

                      prompt_
            score  characters  seconds
candidate  higher       lower    lower
        2   0.750         105     0.50  chosen
        1   0.700          87     0.40  suggested
        0   0.500          69     0.30  seed
All figures are those of the validation rows, which flatter whoever was chosen by them. The locked test judged 2;
`toishi diff` shows its verdict.

score (higher is better)
      |
      |                                                                   @2
      |
0.700 +                                    *1
      |
      |
      |
      |
      |
0.600 +
      |
      |
      |
      |                                                              .
0.500 +    o0
      |
      +------+----------------+-----------------+----------------+-------------
            70               80                90               100
                                             prompt_characters (lower is better)
* suggested   @ chosen by the run   o on the front   . not on it
Two of 3 objectives are drawn; --x NAME and --y NAME choose which.

Read one:   toishi diff r-20260102-0a0b --candidate 1
Write it:   toishi apply r-20260102-0a0b --candidate 1
"""

LONG = SEED.replace("intent", "intent, and nothing else but the intent")


def wanting(folder: Path, tables: str) -> None:
    """The task wants more than the score."""
    task = folder / "task.toml"
    task.write_text(task.read_text().replace("[models]", f"{tables}\n[models]"))


def measured(event: CandidateAccepted, **objectives: float) -> CandidateAccepted:
    texts = {"prompt_characters": float(len(event.texts["prompt"]))}
    return event.model_copy(update={"objectives": {**texts, **objectives}})


def pool() -> list[CandidateAccepted]:
    return [
        measured(accepted(0, SEED, 0.5, reason="the seed"), seconds=0.3),
        measured(accepted(1, FIRST, 0.7, (0,), "better"), seconds=0.4),
        measured(accepted(2, SECOND, 0.75, (1,), "better"), seconds=0.5),
        measured(accepted(3, LONG, 0.52, (0,), "shorter"), seconds=0.6),
    ]


def with_pool(events: Sequence[Event], candidates: Sequence[CandidateAccepted]) -> list[Event]:
    """The events with other candidates in place of theirs."""
    rest = [event for event in events if not isinstance(event, CandidateAccepted)]
    return [*rest[:2], *candidates, *rest[2:]]


def chose(folder: Path, text: str) -> None:
    with closing(Journal.open(folder)) as journal:
        journal.set_result(RUN, {"best": Candidate({"prompt": text}).id})


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


@pytest.fixture
def several(folder: Path) -> Path:
    """The folder after a run with three objectives that chose candidate 2."""
    wanting(folder, LENGTH_AND_SECONDS)
    fill(folder, with_pool(story(), pool()))
    chose(folder, SECOND)
    return folder


def test_a_front_is_a_table_a_plot_and_the_way_to_pick(toishi: Toishi, several: Path) -> None:
    answer = toishi("front")

    assert (answer.exit_code, answer.stderr) == (0, "")
    assert lines(answer.stdout) == lines(WHOLE)


def test_json_is_one_document_with_every_candidate(toishi: Toishi, several: Path) -> None:
    told = json.loads(toishi("front", RUN, "--json").stdout)

    assert (told["front"], told["suggested"], told["chosen"]) == ([2, 1, 0], 1, 2)
    assert told["objectives"][1] == {"name": "prompt_characters", "direction": "lower", "limit": 1000.0}
    assert told["candidates"][2] == {
        "number": 2,
        "id": Candidate({"prompt": SECOND}).id,
        "parents": [1],
        "validated": True,
        "values": {"score": 0.75, "prompt_characters": len(SECOND), "seconds": 0.5},
        "characters": len(SECOND),
        "on_front": True,
        "breaks": [],
        "judged_on_test": True,
    }
    assert [one["judged_on_test"] for one in told["candidates"]] == [False, False, True, False]
    assert told["plot"] is None


def test_the_axes_can_be_chosen_by_a_part_of_their_names(toishi: Toishi, several: Path) -> None:
    shown = toishi("front", "--x", "sec", "--y", "prompt").stdout

    assert "\nprompt_characters (lower is better)\n" in shown
    assert " seconds (lower is better)\n" in shown


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("--x", "speed"),
            f"--x speed is no objective of run {RUN}; known are 'score', 'prompt_characters', 'seconds'",
        ),
        (("--y", "seconsd"), f"--y seconsd is no objective of run {RUN}; did you mean 'seconds'?"),
        (
            ("--x", "score"),
            "--x and --y both name 'score'; name another one of 'score', 'prompt_characters', 'seconds'",
        ),
        (("--plot", "front.png"), "--plot front.png should end in .svg"),
        (
            ("--plot", "nowhere/front.svg"),
            "--plot nowhere/front.svg cannot be written: No such file or directory; name a file in a folder that "
            "exists",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    toishi: Toishi, several: Path, options: tuple[str, ...], sentence: str
) -> None:
    answer = toishi("front", *options)
    assert (answer.exit_code, answer.stderr) == (2, f"Error: {sentence}\n")


def test_the_plot_is_an_svg_file_that_names_every_candidate_on_the_front(toishi: Toishi, several: Path) -> None:
    answer = toishi("front", "--plot", "front.svg")

    assert answer.stdout.endswith("Drew front.svg.\n")
    picture = ElementTree.parse(several / "front.svg").getroot()
    texts = [one.text for one in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"0", "1", "2", "suggested", "chosen by the run", "score (higher is better)"} <= set(texts)
    assert "3" not in texts


def test_a_run_without_objectives_says_that_there_is_only_the_score(toishi: Toishi, finished: Path) -> None:
    answer = toishi("front")

    assert answer.stdout == (
        f"{RUN}  Bank messages · improved\nThere is only the score, since the task names no [[objectives]]; of 3 "
        "candidates the best is 2, with 0.750 on the \nvalidation rows.\n"
    )
    assert json.loads(toishi("front", "--json").stdout)["front"] == [2]
    assert "no two objectives" in toishi("front", "--plot", "front.svg").stderr
    assert "has only the score" in toishi("front", "--x", "cost").stderr


@pytest.mark.parametrize(("stored", "shown"), [("running", "interrupted"), ("cancelled", "cancelled")])
def test_a_run_that_did_not_end_has_a_front_as_far_as_it_came(
    toishi: Toishi, folder: Path, stored: RunStatus, shown: str
) -> None:
    wanting(folder, LENGTH_AND_SECONDS)
    fill(folder, with_pool(story()[:3], pool()[:2]))
    with closing(Journal.open(folder)) as journal:
        journal.set_status(RUN, stored)

    told = " ".join(toishi("front").stdout.split())

    assert told.startswith(f"{RUN} Bank messages · {shown} 2 of 2 candidates are on the front")
    assert "The locked test has judged none of them." in told
    assert json.loads(toishi("front", "--json").stdout)["chosen"] is None


def test_a_run_without_a_scored_prompt_says_so(toishi: Toishi, folder: Path) -> None:
    fill(folder, story()[:2])

    answer = toishi("front")

    assert answer.exit_code == 2
    assert answer.stderr == f"Error: Run {RUN} has no scored prompt yet; follow it with `toishi resume {RUN}`\n"


def test_who_breaks_a_limit_is_neither_on_the_front_nor_suggested(toishi: Toishi, folder: Path) -> None:
    wanting(folder, LENGTH_AND_SECONDS.replace("1000", str(len(FIRST))))
    fill(folder, with_pool(story(), pool()))
    chose(folder, SECOND)

    told = json.loads(toishi("front", "--json").stdout)
    shown = toishi("front").stdout

    assert (told["front"], told["suggested"]) == ([1, 0], 1)
    assert told["candidates"][2]["breaks"] == [
        f"prompt_characters is {len(SECOND)}, and should be at most {len(FIRST)}"
    ]
    assert "2 candidates cannot be chosen, for a limit: prompt_characters at most 87.\n" in shown
    assert "  chosen, breaks a limit\n" in shown


def test_where_nobody_keeps_the_limits_the_limits_are_named(toishi: Toishi, folder: Path) -> None:
    wanting(folder, LENGTH_AND_SECONDS.replace("1000", "10"))
    fill(folder, with_pool(story(), pool()))

    shown = toishi("front").stdout

    assert "No candidate of 4 keeps the limits: prompt_characters at most 10.\n" in shown
    assert "Nothing to pick: the seed stands.\n" in shown


def test_who_ran_on_some_validation_rows_only_is_not_on_the_front(toishi: Toishi, folder: Path) -> None:
    wanting(folder, LENGTH_AND_SECONDS)
    candidates = pool()
    candidates[2] = candidates[2].model_copy(update={"rows": 2})
    fill(folder, with_pool(story(), candidates))

    told = json.loads(toishi("front", "--json").stdout)

    assert (told["front"], told["candidates"][2]["validated"]) == ([1, 0], False)
    assert "1 candidate cannot be chosen, having run on some validation rows only.\n" in toishi("front").stdout


def test_an_unknown_value_is_called_so(toishi: Toishi, folder: Path) -> None:
    wanting(folder, '[[objectives]]\nname = "cost"\n')
    fill(folder, with_pool(story(), [accepted(0, SEED, 0.5), accepted(1, FIRST, 0.7, (0,))]))

    shown = toishi("front").stdout

    assert "  unknown  " in shown
    assert "(higher is better)" not in shown


@pytest.mark.parametrize(
    ("name", "value", "figure"),
    [
        ("cost", 0.000057, "$0.000057"),
        ("cost", 0.25, "$0.25"),
        ("tokens", 1234.56, "1,234.6"),
        ("seconds", 0.0123, "0.0123"),
        ("diversity", 0.5, "0.500"),
    ],
)
def test_a_figure_reads_as_its_measure_does(toishi: Toishi, folder: Path, name: str, value: float, figure: str) -> None:
    wanting(folder, f'[[objectives]]\nname = "{name}"\n')
    values: Mapping[str, float] = {name: value}
    fill(folder, with_pool(story(), [measured(accepted(0, SEED, 0.5), **values)]))

    assert f" {figure} " in toishi("front").stdout
