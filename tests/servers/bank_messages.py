"""A project whose prompt can be made better over the tests' server: one word of a message tells its topic."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

PROMPT = "Name the topic of the message.\n"
LOOKAHEAD = 8


def write_project(
    folder: Path,
    server: "ModelServer",
    labels: Mapping[str, str],
    *,
    splits: Sequence[str],
    seed: int,
    concurrency: int,
    max_rollouts: int,
) -> None:
    """One row for each label (by its word) and each of `splits`, and a prompt that does not know the topics.

    The search has proposals side by side and ends with none in flight, so that every rollout is one that a decision
    needed: two runs of it have the same.
    """
    rows = [
        {"id": f"{label}-{number}", "text": f"No. {number}, my {word}", "label": label, "split": split}
        for word, label in labels.items()
        for number, split in enumerate(splits)
    ]
    (folder / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (folder / "prompt.txt").write_text(PROMPT)
    (folder / "task.toml").write_text(f"""
name = "Bank messages"
seed = {seed}
[program]
prompt = "prompt.txt"
[data]
file = "rows.jsonl"
inputs = ["text"]
expected = "label"
split = "split"
[metric]
kind = "choice"
[models]
task = "{server.model}"
base_url = "{server.base_url}"
concurrency = {concurrency}
[budget]
max_rollouts = {max_rollouts}
[gepa]
lookahead = {LOOKAHEAD}
max_iterations = 20
stop_when_perfect = false
""")
