"""What the reflector is shown of a minibatch: one use of the module at hand out of each rollout.

The choice among several uses follows the reference implementation (GEPA paper, Algorithm 1, `UpdatePrompt`).
"""

import random
from collections.abc import Iterable

from toishi.tools.workbench.rollout import ModuleCall, Rollout
from toishi.tools.workbench.textgrad.reflection import Record


def records_of(rollouts: Iterable[Rollout], module: str, rng: random.Random) -> list[Record]:
    """One record for each rollout in which the module ran; the others are left out."""
    found = ((rollout, _call_of(rollout, module, rng)) for rollout in rollouts)
    return [_record(rollout, call) for rollout, call in found if call is not None]


def _call_of(rollout: Rollout, module: str, rng: random.Random) -> ModuleCall | None:
    """The first failed use of the module, else any of its uses, drawn only where there are several."""
    calls = [call for call in rollout.calls if call.module == module]
    failed = [call for call in calls if call.error is not None]
    if failed:
        return failed[0]
    return rng.choice(calls) if len(calls) > 1 else next(iter(calls), None)


def _record(rollout: Rollout, call: ModuleCall) -> Record:
    feedback = rollout.feedback
    if call.error is not None and call.error not in feedback:
        feedback = f"{feedback}; the call failed: {call.error}"
    if call.reply is not None:
        return Record(call.inputs, call.reply.text, feedback)
    if call.error is not None:
        return Record(call.inputs, "", feedback, logs=call.output or "")
    # A text that no model read has no answer of its own.
    return Record(call.inputs, rollout.output if call.output is None else call.output, feedback)
