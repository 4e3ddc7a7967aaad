"""A task: what to improve, and how to judge it; one module for each table of `task.toml`."""

from toishi.tools.workbench.task.file import TaskFile
from toishi.tools.workbench.task.task import MODULE, Task, load_task

__all__ = ["MODULE", "Task", "TaskFile", "load_task"]
