"""The score of a function: nothing where it is wrong, and the more the faster it is where it is right."""

import json
import math

from toishi.tools.workbench.example import Example

AS_BEFORE = 0.25
STEPS = 16


def score(example: Example, output: str) -> tuple[float, str]:
    """0.25 at the speed of the slow one, and 1/16 more for every factor of √2, up to 64 times as fast.

    In steps, since times are noisy: two measurements of the same function differ by less than half a step.
    """
    try:
        ran = json.loads(output)
        value, speedup = ran["value"], float(ran["speedup"])
    except (ValueError, TypeError, KeyError):
        return 0.0, "nothing was measured"
    if value != json.loads(example.expected):
        return 0.0, f"wrong: expected {example.expected}, got {json.dumps(value)}"
    steps = round(2 * math.log2(speedup))
    return min(1.0, max(0.05, AS_BEFORE + steps / STEPS)), f"right, and {2 ** (steps / 2):.3g} times as fast as before"
