"""`toishi diff`: the words that changed, and what each edit fixed and broke."""

import json
from pathlib import Path

from tests.assistant.conftest import FIRST, RUN, SECOND, SEED, Toishi, accepted, fill, story
from toishi.assistant.past.worddiff import word_diff

WHOLE = """\
prompt.txt: seed → candidate 2
  Answer with the intent.

+ - pin: change_pin
+ - phone: lost_phone
  - card: card_arrival
~ Otherwise: [-card_arrival-]{+change_pin+}

How it came about  seed → candidate 1 → candidate 2

1. seed → candidate 1, validation 0.500 → 0.500 (+0.000)
   better on its minibatch (1 before, 2 after)
   + - pin: change_pin
   fixed 1, broke 1 of the validation examples
   + fixed  “I want another PIN”
             was card_arrival
             now pin: change_pin
   - broke  “The pin on my new card?”
             was card_arrival
             now pin: change_pin

2. candidate 1 → candidate 2, validation 0.500 → 0.750 (+0.250)
   better on its minibatch (1 before, 2 after)
   + - phone: lost_phone
   ~ Otherwise: [-card_arrival-]{+change_pin+}
   fixed 1, broke 0 of the validation examples
   + fixed  “Somebody took my phone in the market yesterday evening”
             was card_arrival
             now phone: lost_phone

Locked test, 5 examples: improved
  seed prompt  0.200
  best prompt  0.800
  difference   +0.600  95 % interval [+0.200, +1.000], p = 0.030
"""


def test_it_shows_the_edits_and_what_each_fixed_and_broke(toishi: Toishi, finished: Path) -> None:
    answer = toishi("diff")

    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout == WHOLE


def test_more_examples_than_asked_for_are_counted(toishi: Toishi, finished: Path) -> None:
    answer = toishi("diff", RUN, "--examples", 0)

    assert "“" not in answer.stdout
    assert "   + fixed  and 1 more\n" in answer.stdout


def test_json_is_one_document(toishi: Toishi, finished: Path) -> None:
    answer = toishi("diff", "--json")

    told = json.loads(answer.stdout)
    assert answer.stderr == ""
    assert (told["run"], told["best"]) == (RUN, 2)
    diff = [line.plain for line in word_diff(SEED, SECOND)]
    assert told["modules"] == [
        {"module": "prompt", "file": "prompt.txt", "before": SEED, "after": SECOND, "diff": diff}
    ]
    assert [(edit["from"], edit["to"]) for edit in told["edits"]] == [(0, 1), (1, 2)]
    assert told["edits"][0]["broke"] == [
        {
            "example": "m4",
            "text": "The pin on my new card?",
            "before": "card_arrival",
            "after": "pin: change_pin",
            "score_before": 1.0,
            "score_after": 0.0,
        }
    ]
    assert told["test"]["interval"] == [0.2, 1.0]


def test_a_seed_that_stands_is_said(toishi: Toishi, folder: Path) -> None:
    events = [event for event in story() if event.kind != "candidate_accepted"]
    fill(folder, [accepted(0, SEED, 0.5), accepted(1, FIRST, 0.5, (0,)), *events])

    answer = toishi("diff")

    assert answer.stdout.startswith("No edit of prompt.txt was better than the seed, which stands.\n")


def test_a_run_without_a_scored_prompt_says_so(toishi: Toishi, folder: Path) -> None:
    fill(folder, [event for event in story() if event.kind != "candidate_accepted"])

    answer = toishi("diff")

    assert answer.exit_code == 2
    assert f"Run {RUN} has no scored prompt yet; follow it with `toishi resume {RUN}`" in answer.stderr


def test_a_run_that_does_not_exist_is_answered_with_those_that_do(toishi: Toishi, finished: Path) -> None:
    answer = toishi("diff", "r-2026")
    other = toishi("diff", "nonsense")

    assert answer.exit_code == 0
    assert other.exit_code == 2
    assert other.stderr == f"Error: There is no run 'nonsense'; did you mean {RUN}?\n"
