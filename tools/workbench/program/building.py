"""From a task to its program, with the person's own code where the task names some."""

import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path

from toishi.tools.workbench.errors import TaskError, UsageError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.own_code.loading import load_object
from toishi.tools.workbench.own_code.output import prints_to_stderr
from toishi.tools.workbench.program.alone import alone_run
from toishi.tools.workbench.program.graph import graph_run
from toishi.tools.workbench.program.program import Call, Program, prompt_program
from toishi.tools.workbench.program.retrieval import Retriever
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.task.task import source_hash
from toishi.tools.workbench.texts import flaw

Run = Callable[[Example, Call], Awaitable[str]]


def build_program(task: Task, project: Path) -> Program:
    """The task's program, its modules with the texts that they have in their files.

    Raises `TrustNeeded` where the task names code of a person who has not yet said that it may run, `UsageError` where
    code or corpus are no longer what they were when the run was made, `TaskError` where the code or a module's text
    cannot be used, and `SandboxUnavailable` for a text that runs by itself and cannot be confined here.
    """
    refuse_changed(task, project)
    section = task.program
    for name, text in task.seed_texts().items():
        problem = flaw(section.kind_of(name), text)
        if problem is not None:
            meant = f" (program.kinds.{name} = '{section.kinds[name]}')" if name in section.kinds else ""
            raise TaskError(f"{task.texts[name].path} {problem}{meant}")
    if section.prompt is not None:
        ((module, text),) = task.seed_texts().items()
        return prompt_program(text, module=module)
    retrievers = {
        name: Retriever.read(project / one.file, name=one.file, text=one.text, top=one.top)
        for name, one in section.retrievers.items()
    }
    return Program(task.seed_texts(), _quiet(_run(task, project)), retrievers)


def refuse_changed(task: Task, project: Path) -> None:
    """Raises `UsageError` where a file that the program consists of has changed since the task was loaded.

    A run that goes on would mix rollouts of two programs.
    """
    for path, digest in task.sources.items():
        file = project / path
        if not file.is_file():
            raise UsageError(f"{path}, which the task's program needs, is no longer there; put it back to go on")
        if source_hash(file) != digest:
            raise UsageError(
                f"{path} has changed since the run was made; put it back to go on, or start a new run, for which the "
                "recorded replies are free"
            )


def _quiet(run: Run) -> Run:
    """The same, but what it prints goes to stderr."""

    async def quiet(example: Example, call: Call) -> str:
        with prints_to_stderr():
            return await run(example, call)

    return quiet


def _run(task: Task, project: Path) -> Run:
    section = task.program
    if section.alone is not None:
        seed = task.seed_texts()[section.alone]
        return alone_run(section.alone, section.kind_of(section.alone), seed, task.data.inputs)
    if section.graph is not None:
        found = load_object(project, section.graph, key="program.graph")
        return graph_run(found, output=section.output, name=section.graph)
    assert section.code is not None
    function = load_object(project, section.code, key="program.code")
    if not inspect.iscoroutinefunction(function) or len(inspect.signature(function).parameters) != 2:
        raise TaskError(
            f"program.code = '{section.code}' should be a function `async def {section.code.partition(':')[2]}"
            "(example, call)` that gives the answer as text"
        )

    async def run(example: Example, call: Call) -> str:
        answer: str = await function(example, call)
        return answer

    return run
