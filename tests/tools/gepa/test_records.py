"""What the reflector is shown of a minibatch."""

import random

from toishi.tools.gepa.records import records_of
from toishi.tools.workbench.models.protocol import Reply
from toishi.tools.workbench.rollout import ModuleCall, Rollout
from toishi.tools.workbench.textgrad.reflection import Record


def call(module: str, text: str | None, error: str | None = None) -> ModuleCall:
    reply = None if text is None else Reply(text, "stop", 1, 1, 0.0, 0.0)
    return ModuleCall(module, {"question": f"asks for {text}"}, (), reply, error)


def rollout(*calls: ModuleCall, feedback: str = "correct") -> Rollout:
    return Rollout("c", "e", 0, "out", 1.0, feedback, calls, 1, 0.0, 0.0)


def test_a_record_is_the_module_s_inputs_its_answer_and_the_feedback() -> None:
    records = records_of(
        [rollout(call("search", "x"), call("answer", "y"), feedback="wrong")], "answer", random.Random(0)
    )
    assert records == [Record({"question": "asks for y"}, "y", "wrong")]


def test_examples_in_which_the_module_did_not_run_are_left_out() -> None:
    rollouts = [rollout(call("search", "x")), rollout(call("answer", "y")), rollout()]
    assert [record.answer for record in records_of(rollouts, "answer", random.Random(0))] == ["y"]


def test_of_several_calls_any_may_become_the_record() -> None:
    several = rollout(call("hop", "one"), call("hop", "two"), call("hop", "three"))
    drawn = {records_of([several], "hop", random.Random(seed))[0].answer for seed in range(40)}
    assert drawn == {"one", "two", "three"}


def test_a_failed_call_is_preferred_and_its_error_shown() -> None:
    several = rollout(call("hop", "one"), call("hop", None, "no such tool"), call("hop", "three"), feedback="wrong")
    records = {records_of([several], "hop", random.Random(seed))[0].feedback for seed in range(20)}
    assert records == {"wrong; the call failed: no such tool"}


def test_what_a_use_without_a_model_gave_back_is_its_answer_or_else_the_programs() -> None:
    used = ModuleCall("pattern", {"line": "a b"}, (), None, output="a")
    silent = ModuleCall("pattern", {"line": "a b"}, (), None)
    records = records_of([rollout(used), rollout(silent)], "pattern", random.Random(0))
    assert [record.answer for record in records] == ["a", "out"]


def test_what_a_failed_use_printed_is_a_log_and_its_error_is_told_once() -> None:
    failed = ModuleCall("code", {"line": "a b"}, (), None, "division by zero", "so far so good")
    records = records_of([rollout(failed, feedback="wrong: division by zero")], "code", random.Random(0))
    assert records == [Record({"line": "a b"}, "", "wrong: division by zero", logs="so far so good")]


def test_a_single_call_takes_no_draw() -> None:
    rng = random.Random(5)
    records_of([rollout(call("answer", "y"))], "answer", rng)
    assert rng.getstate() == random.Random(5).getstate()
