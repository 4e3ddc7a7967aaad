"""Metrics that run something: the code that a model wrote (code), and a person's own function (python)."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator

from toishi.tools.workbench.task.kinds.kind import Kind, Place


class CodeKind(Kind):
    """The answer is code, and what it does is right."""

    kind: Literal["code"]


class PythonKind(Kind):
    """A person's own function judges."""

    kind: Literal["python"]
    function: str = Field(
        description="the function, as in 'metric.py:score'. It is given the example and the answer (and the trace, "
        "where it takes a third argument), may be async, and returns a score from 0 to 1, or (score, feedback), or a "
        "table of named objectives of which the score is the mean, or a Judgement"
    )
    timeout: float = Field(default=60.0, gt=0, description="seconds that it may take for one example")

    @field_validator("function")
    @classmethod
    def _names_a_file_and_a_function(cls, function: str) -> str:
        file, _, name = function.rpartition(":")
        if not file.endswith(".py") or not name.isidentifier():
            raise ValueError(f"'{function}' should name a file and a function in it, as in 'metric.py:score'")
        return function

    @property
    def needs_expected(self) -> bool:
        """Only the function knows, so rows without an expected answer are let through to it."""
        return False

    @property
    def own_code(self) -> tuple[str, ...]:
        """The file with the function."""
        return (self.function.rpartition(":")[0],)

    def placed(self, place: Place, project: Path, at: str) -> Self:
        """The same with the file as the project sees it."""
        file, _, name = self.function.rpartition(":")
        return self.model_copy(update={"function": f"{place(f'{at}.function', file)}:{name}"})
