"""A run follows from its seed and goes on where it stopped."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from toishi.tools.embedded.batches import Plan
from toishi.tools.embedded.train import Settings, rate_at, train

TINY = Plan(copy_steps=1, follow_from=1, short_until=2, write_from=2, hardest_from=3, budget=640, longest=640)


def tiny(out: Path, steps: int) -> Settings:
    return Settings(out=out, steps=steps, width=64, threads=1, warmup=2, save_minutes=0.0)


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = train(tiny(tmp_path / "whole", 5), TINY)
    stopped = tiny(tmp_path / "stopped", 5)
    train(replace(stopped, stop_after=3), TINY)
    resumed = train(stopped, TINY)
    pairs = zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)


def test_the_seed_matters(tmp_path: Path) -> None:
    one = train(tiny(tmp_path / "one", 2), TINY)
    two = train(replace(tiny(tmp_path / "two", 2), seed=1), TINY)
    assert not torch.equal(one.model.embed_tokens.weight, two.model.embed_tokens.weight)


@pytest.mark.parametrize(
    ("step", "progress", "share"),
    [
        pytest.param(0, 0.0, 0.02, id="warms up"),
        pytest.param(500, 0.4, 1.0, id="level"),
        pytest.param(900, 0.875, 0.5, id="halfway down"),
        pytest.param(1000, 1.0, 0.02, id="never quite nothing"),
    ],
)
def test_the_learning_rate(step: int, progress: float, share: float) -> None:
    settings = Settings(out=Path(), rate=1.0, warmup=50, decay=0.25)
    assert rate_at(settings, step, progress) == pytest.approx(share)
