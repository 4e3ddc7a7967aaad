"""A world of rules behind an OpenAI-compatible server on loopback: `python -m benchmarks._gepa_server WORLD SEED ROWS`.

It is the tests' server with other answers: rollouts get the world's, each after a time that its content decides, and
reflections the world's proposals. A reflection may come in our words or in gepa's; a seed that a request carries tells
equal ones apart.
"""

import argparse
import re
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks import _gepa_landscapes as landscapes
from benchmarks._gepa_endpoint import Latency, feedback_in, instruction_in
from benchmarks._gepa_landscapes import World
from tests.servers.openai_compatible import Answers, serve
from toishi.tools.workbench.textgrad.reflection import CLOSING, OPENING

LATENCY = Latency(rollout=0.02, reflection=0.15)
LACKING = re.compile(r"got wrong: (\w+ \w+)")
FENCE = "```"


def world_of(landscape: str, seed: int, validation: int) -> World:
    """The world of this name, with so many validation rows."""
    make = next(one for one in landscapes.LANDSCAPES if one.__name__ == landscape)
    return make(seed, validation)


def answers_of(world: World, latency: Latency = LATENCY) -> Answers:
    """What the server says: a function of the request, after the time that it takes."""

    def answer(request: dict[str, Any]) -> str:
        messages, draw = request["messages"], int(request.get("seed") or 0)
        last = messages[-1]["content"]
        if len(messages) == 1:
            time.sleep(latency.reflection)
            return reflection(world, last, draw)
        time.sleep(latency.of_rollout(messages[0]["content"], last, draw))
        return world.answer(messages[0]["content"], last, draw)

    return answer


def reflection(world: World, prompt: str, draw: object) -> str:
    """The new instruction, between the marks of whoever asks."""
    if OPENING not in prompt:
        text = prompt.split(f"{FENCE}\n", 1)[1].split(f"\n{FENCE}", 1)[0]
        return f"{FENCE}\n{world.propose(text, prompt, draw)}\n{FENCE}"
    # The metric tells what came, and in this world that is what was overlooked.
    feedback = LACKING.sub(r"the \1 was overlooked", feedback_in(prompt))
    return f"{OPENING}\n{world.propose(instruction_in(prompt), feedback, draw)}\n{CLOSING}"


def program(landscape: str, seed: int, validation: int) -> Sequence[str]:
    """The command that starts it."""
    return (sys.executable, "-m", "benchmarks._gepa_server", landscape, str(seed), str(validation))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Answers for a world of rules.")
    parser.add_argument("world")
    parser.add_argument("seed", type=int)
    parser.add_argument("rows", type=int, help="rows of the validation set")
    wanted = parser.parse_args()
    serve(answers_of(world_of(wanted.world, wanted.seed, wanted.rows)))
