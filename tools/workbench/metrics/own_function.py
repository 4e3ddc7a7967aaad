"""A person's own function judges. Whatever it does wrong stops the run: a metric that fails is no score.

It runs as their code, with their rights, once they said that they trust the project.
"""

import asyncio
import contextlib
import inspect
import os
from collections.abc import Callable, Sequence
from contextvars import copy_context
from pathlib import Path
from threading import Thread
from typing import Any

from toishi.tools.workbench.errors import MetricFailed, TaskError, ToishiError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.metrics.shapes import SHAPES, judgement
from toishi.tools.workbench.own_code.loading import load_object, told
from toishi.tools.workbench.own_code.output import prints_to_stderr
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.task.kinds.code import PythonKind


class OwnFunction:
    """`function` as the task names it. A plain function runs in a thread, so that others go on meanwhile."""

    def __init__(self, function: Callable[..., Any], section: PythonKind, file: Path) -> None:
        self._function = function
        self._section = section
        self._file = file
        self._takes_calls = _takes_calls(function, section)
        self._slots = asyncio.Semaphore(2 * (os.cpu_count() or 1))

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """What the function says. Raises `MetricFailed` where it raises, takes too long or gives something else."""
        given = (example, output, calls) if self._takes_calls else (example, output)
        name = f"metric.function = '{self._section.function}'"
        limit = asyncio.timeout(self._section.timeout)
        try:
            async with self._slots, limit:
                answer = await self._answer(given)
        except ToishiError:
            raise
        except (Exception, SystemExit) as error:
            if limit.expired():
                raise MetricFailed(
                    f"{name} takes over {self._section.timeout:g} seconds on row {example.id}; "
                    "make it faster, or set metric.timeout"
                ) from None
            raise MetricFailed(f"{name} fails on row {example.id}: {told(error, self._file)}") from error
        try:
            return judgement(answer, example, output)
        except ValueError as error:
            raise MetricFailed(f"{name} gave {error} for row {example.id}; it should give {SHAPES}") from None

    async def _answer(self, given: tuple[Any, ...]) -> Any:
        with prints_to_stderr():
            if inspect.iscoroutinefunction(self._function):
                return await self._function(*given)
            answer = await _in_a_thread(self._function, *given)
            return await answer if inspect.isawaitable(answer) else answer


def build(section: PythonKind, context: MetricContext) -> Metric:
    """The metric of a table.

    Raises `TrustNeeded` where nobody said that the project's code may run, and `TaskError` for a function that is not
    there or does not take an example and an output.
    """
    function = load_object(context.project, section.function, key="metric.function")
    if not callable(function):
        raise TaskError(f"metric.function = '{section.function}' is {type(function).__name__}, not a function")
    return OwnFunction(function, section, (context.project / section.function.rpartition(":")[0]).resolve())


async def _in_a_thread(function: Callable[..., Any], *given: Any) -> Any:
    """The function's answer. The thread is given up with whoever waits for it, and does not keep the process alive.

    A thread of the loop's own pool would: the process could not end before a function that never does.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()
    context = copy_context()

    def work() -> None:
        end: tuple[Any, BaseException | None]
        try:
            end = context.run(function, *given), None
        except BaseException as error:
            end = None, error
        # Where nobody waits any more, the loop may be closed.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, end)

    def settle(end: tuple[Any, BaseException | None]) -> None:
        if not future.done():
            future.set_result(end)

    Thread(target=work, name="metric", daemon=True).start()
    answer, error = await future
    if error is not None:
        raise error
    return answer


def _takes_calls(function: Callable[..., Any], section: PythonKind) -> bool:
    """Whether it takes the trace as a third argument. Raises `TaskError` where it does not take even two."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False
    for count in (3, 2):
        with contextlib.suppress(TypeError):
            signature.bind(*range(count))
            return count == 3
    raise TaskError(
        f"metric.function = '{section.function}' takes {signature}; it is called with the example and the output, "
        "and with the trace where it takes a third"
    )
