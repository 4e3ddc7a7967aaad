"""What a person's function may give, brought to a judgement."""

import math
from collections.abc import Mapping
from typing import Any

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.metrics.showing import mismatch, quoted
from toishi.tools.workbench.rollout import PERFECT

SHAPES = "a score from 0 to 1, (score, feedback), a table of named scores, or a Judgement"


def judgement(answer: Any, example: Example, output: str) -> Judgement:
    """What a person's function gave, as a judgement; named scores count equally.

    Raises `ValueError` with the bad value where it has none of the shapes.
    """
    if isinstance(answer, Judgement):
        objectives = {name: _number(value, f" for '{name}'") for name, value in answer.objectives.items()}
        return Judgement(_score(answer.score), str(answer.feedback), objectives)
    if isinstance(answer, Mapping):
        return _of_table(answer, example, output)
    if isinstance(answer, tuple | list):
        if len(answer) != 2 or not isinstance(answer[1], str):
            raise ValueError(_brief(answer))
        return Judgement(_score(answer[0]), answer[1])
    score = _score(answer)
    return Judgement(score, _plain(score, example, output))


def _of_table(answer: Mapping[Any, Any], example: Example, output: str) -> Judgement:
    if not answer:
        raise ValueError("an empty table")
    scores = {str(name): _score(value, f" for '{name}'") for name, value in answer.items()}
    score = min(1.0, sum(scores.values()) / len(scores))
    below = ", ".join(f"{name} {value:g}" for name, value in scores.items() if value < PERFECT)
    return Judgement(score, _plain(score, example, output, f"; below 1: {below}"), scores)


def _plain(score: float, example: Example, output: str, why: str = "") -> str:
    """Feedback for a function that gives none: what there is to say without knowing what it looks at."""
    if score >= PERFECT:
        return "correct"
    if example.expected.strip():
        return f"score {score:g}: {mismatch(example.expected, output)}{why}"
    return f"score {score:g} for {quoted(output)}{why}"


def _score(value: Any, of: str = "") -> float:
    number = _number(value, of)
    if not 0 <= number <= 1:
        raise ValueError(f"{number:g}{of}, which is not from 0 to 1")
    return number


def _number(value: Any, of: str = "") -> float:
    # Booleans and numpy's numbers are numbers too.
    if not hasattr(type(value), "__float__"):
        raise ValueError(f"{_brief(value)}{of}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number}{of}")
    return number


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
