"""What the reflector is shown of a minibatch: one call of the module at hand out of each rollout.

The choice among several calls follows the reference implementation (GEPA paper, Algorithm 1, `UpdatePrompt`).
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
    """The first failed call of the module, else any of its calls, drawn only where there are several."""
    calls = [call for call in rollout.calls if call.module == module]
    failed = [call for call in calls if call.reply is None or call.error is not None]
    if failed:
        return failed[0]
    return rng.choice(calls) if len(calls) > 1 else next(iter(calls), None)


def _record(rollout: Rollout, call: ModuleCall) -> Record:
    feedback = rollout.feedback if call.error is None else f"{rollout.feedback}; the call failed: {call.error}"
    return Record(call.inputs, "" if call.reply is None else call.reply.text, feedback)
