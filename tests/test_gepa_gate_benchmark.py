"""The benchmark of the gate, in a form so small that it shows only that it runs and draws what it says."""

import json
import random
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.gepa_gate import BASES, DEFAULT, GAINS, Row, correlated, independent, measure, our_gate, paper_gate

PUBLISHED = {
    *("alpha", "false_accept", "paper_false_accept", "power_5", "power_10", "paper_power_5", "paper_power_10"),
    "null_reported",
}


def test_all_figures_are_there() -> None:
    figures = json.loads(json.dumps(measure(proposals=8, null_runs=2)))
    assert figures.keys() >= PUBLISHED
    assert all(0 <= figures[name] <= 1 for name in PUBLISHED)
    assert figures["correlated"].keys() >= PUBLISHED - {"alpha", "null_reported"}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("gain", GAINS.values(), ids=GAINS)
@pytest.mark.parametrize("model", [independent, correlated])
def test_parent_and_child_are_as_good_as_they_should_be(
    model: Callable[[float, float], Row], base: float, gain: float
) -> None:
    row = model(base, gain)
    assert sum(row.chances) == pytest.approx(1)
    assert min(row.chances) >= 0
    assert row.lost + row.both_right == pytest.approx(base)
    assert row.gained + row.both_right == pytest.approx(min(1, max(0, base + gain)))


def test_the_gates_accept_who_always_gains_and_nobody_who_always_loses() -> None:
    rng = np.random.default_rng(0)
    gains, loses = independent(0.0, 1.0), independent(1.0, -1.0)
    assert our_gate(DEFAULT, gains, 5, rng).rate == paper_gate(gains, 5, rng).rate == 1
    assert our_gate(DEFAULT, loses, 5, rng).rate == 0


def test_the_gate_is_the_sequential_test() -> None:
    row, shuffled = independent(0.5, 0.1), random.Random(0)
    judged = our_gate(DEFAULT, row, 400, np.random.default_rng(1))
    by_hand = 0
    for _ in range(400):
        differences = shuffled.choices([1.0, -1.0, 0.0, 0.0], row.chances, k=DEFAULT.looks[-1])
        by_hand += DEFAULT.verdict(differences, shuffled.random()) == "accept"
    assert abs(judged.accepted - by_hand) < 4 * (2 * 400 * 0.25) ** 0.5
