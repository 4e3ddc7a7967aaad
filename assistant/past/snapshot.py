"""What a run's row says, read without the classes that check a task: the task's snapshot and the result."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import RunRow


def task_of(run: "RunRow") -> dict[str, Any]:
    """The task's snapshot."""
    found: dict[str, Any] = json.loads(run.task)
    return found


def prompt_files(run: "RunRow") -> dict[str, str]:
    """The path of each module's text file, from the project folder."""
    return {module: str(file["path"]) for module, file in task_of(run)["texts"].items()}


def program_name(run: "RunRow") -> str:
    """What people call the program: its prompt file, the code or graph that calls the modules, or a text by itself."""
    program = task_of(run)["program"]
    return str(program["prompt"] or program["code"] or program["graph"] or ", ".join(prompt_files(run).values()))


def chosen_by(run: "RunRow") -> str:
    """The id of the candidate that the run chose in the end; empty before."""
    return str(result_of(run).get("best", ""))


def result_of(run: "RunRow") -> dict[str, Any]:
    """The result that the run wrote when it finished; empty before."""
    found: dict[str, Any] = json.loads(run.result or "{}")
    return found
