"""What a run's row says, read without the classes that check a task: the task's snapshot and the result."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import RunRow


def task_of(run: "RunRow") -> dict[str, Any]:
    """The task's snapshot."""
    found: dict[str, Any] = json.loads(run.task)
    return found


def prompt_file(run: "RunRow") -> str:
    """The prompt file's path, from the project folder."""
    return str(task_of(run)["program"]["prompt"])


def result_of(run: "RunRow") -> dict[str, Any]:
    """The result that the run wrote when it finished; empty before."""
    found: dict[str, Any] = json.loads(run.result or "{}")
    return found
