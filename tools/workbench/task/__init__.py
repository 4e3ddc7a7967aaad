"""A task: what to improve, and how to judge it; one module for each table of `task.toml`."""

from toishi.tools.workbench.task.file import TaskFile
from toishi.tools.workbench.task.program import PROMPT
from toishi.tools.workbench.task.task import ModuleText, Task, load_task

__all__ = ["PROMPT", "ModuleText", "Task", "TaskFile", "load_task"]
