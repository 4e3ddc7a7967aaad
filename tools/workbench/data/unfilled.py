"""Names in braces that a prompt has and its task does not fill: they reach the model as they are written."""

from collections.abc import Collection

from toishi.tools.workbench.task import Task
from toishi.tools.workbench.task.task import IN_BRACES


def unfilled(task: Task, columns: Collection[str]) -> list[str]:
    """A sentence for each name in the braces of a prompt that is a column of the data and no input of the task.

    Other names are left alone, since prompts may show JSON and code. Modules have fields of their own.
    """
    if task.program.prompt is None:
        return []
    named = dict.fromkeys(name for text in task.seed_texts().values() for name in IN_BRACES.findall(text))
    inputs = ", ".join(f'"{name}"' for name in task.data.inputs)
    return [
        f"{task.program.prompt} names {{{name}}}, a column that is not among data.inputs, so it stays as it is; "
        f'write inputs = [{inputs}, "{name}"] to fill it'
        for name in named
        if name in columns and name not in task.data.inputs
    ]
