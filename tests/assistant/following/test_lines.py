"""One line per event, where there is no terminal."""

from tests.assistant.conftest import CHANGE, RUN, story
from toishi.assistant.following.lines import Pace, line
from toishi.assistant.following.view import RunView
from toishi.tools.workbench.events import Progress, ProposalRejected, RunStopped, Unknown, Warned

WHOLE = f"""\
00:00  run {RUN} started: gepa, seed 3, 6 feedback, 4 validation, 5 test examples, at most 100 rollouts
00:00  phase baseline: scoring the seed on validation
00:00  accepted  seed, validation 0.500
00:00  phase search: proposing and testing new prompts
00:00  rejected  from seed: not better on its minibatch (1 before, 1 after)
00:04  spent     20 rollouts, 880 tokens, $0.00; best 0.500
00:04  accepted  candidate 1 from seed, validation 0.500: better on its minibatch (1 before, 2 after)
00:04  accepted  candidate 2 from 1, validation 0.750: better on its minibatch (1 before, 2 after)
00:04  phase test: judging seed and best on the locked test
00:04  judged    The best prompt is better.
00:09  spent     60 rollouts, 2,640 tokens, $0.00; best 0.750
00:09  change    {CHANGE.hash[:12]} waits for a person
00:09  finished  The best prompt is better.
"""


def test_a_whole_run() -> None:
    view, told = RunView(), []
    for event in story():
        view = view.after(event)
        told.append(line(event, view))

    assert told == WHOLE.splitlines()


def test_warnings_stops_and_unknown_prices() -> None:
    progress = Progress(rollouts=1, tokens=2, cost=None, seconds=0.0, candidates=0, best_validation_score=None)

    assert line(Warned(message="slow"), RunView()) == "00:00  warning   slow"
    assert line(RunStopped(status="failed", sentence="It broke."), RunView()) == "00:00  failed    It broke."
    unknown = Unknown(stored_kind="party", stored_version=1, body={})
    assert line(unknown, RunView().after(unknown)) == "00:00  unknown   party, which a newer toishi wrote"
    assert line(progress, RunView()) == "00:00  spent     1 rollout, 2 tokens, cost unknown; best –"


def test_progress_is_told_once_in_ten_seconds_and_everything_else_always() -> None:
    pace = Pace()

    def lets(seconds: float) -> bool:
        return pace.lets(
            Progress(rollouts=1, tokens=2, cost=0.0, seconds=seconds, candidates=0, best_validation_score=None)
        )

    assert [lets(seconds) for seconds in (0.0, 0.25, 9.9, 10.0, 19.9, 25.0)] == [True, False, False, True, False, True]
    assert all(pace.lets(Warned(message="again")) for _ in range(3))


def test_of_skipped_rounds_in_a_row_the_first_is_told() -> None:
    pace = Pace()
    rejected = story()[4]
    assert isinstance(rejected, ProposalRejected)
    skipped = rejected.model_copy(update={"cause": "skipped"})

    told = [pace.lets(event) for event in (rejected, skipped, skipped, skipped, rejected, rejected, skipped)]

    assert told == [True, True, False, False, True, True, True]
